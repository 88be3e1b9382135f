"""Checkout at an address that the security policy does not name: Buy opens it, with JavaScript and without."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.guest import Guest
from tests.databases import SqliteDatabases
from tests.processes import Stack, free_port, running

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, sqlite_databases: SqliteDatabases) -> Iterator[Stack]:
    """The app calls the stand-in by its number; the stand-in calls itself by its name, also in sessions."""
    folder: Path = tmp_path_factory.mktemp("stack")
    stripe_port = free_port()
    settings = {"STRIPE_API_BASE": f"http://127.0.0.1:{stripe_port}"}
    database_url = sqlite_databases.create()
    with running(Stack(database_url, folder, settings=settings, stripe_port=stripe_port)) as stack:
        yield stack


def test_buy_opens_the_payment_page(guest: Guest) -> None:
    guest.sign_up()
    guest.buy()
    guest.expect_balance("500")
    assert guest.complaints == []


def test_it_does_without_javascript(guest_without_javascript: Guest) -> None:
    guest_without_javascript.sign_up()
    guest_without_javascript.press_buy()
