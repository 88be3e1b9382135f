"""Fixtures of the webhooks' tests."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from payapp.billing.models import Purchase
from tests.effort import pick
from tests.factories import make_purchase, make_user
from tests.processes import Stack, serving
from tests.webhooks.senders import Senders

WEB_WORKERS = 2


@pytest.fixture
def purchase(session: Session) -> Purchase:
    """A pending purchase of 500 credits, beside that of somebody else."""
    make_purchase(session, make_user(session))
    return make_purchase(session, make_user(session))


@pytest.fixture(scope="session")
def senders() -> Iterator[Senders]:
    senders = Senders()
    yield senders
    senders.stop()


@pytest.fixture
def web(database_url: str, tmp_path: Path) -> Iterator[str]:
    """The address of the real application under gunicorn, with two workers."""
    with serving(Stack(database_url, tmp_path, web_workers=WEB_WORKERS)) as stack:
        yield stack.url


@pytest.fixture
def return_orders() -> int:
    """How many random orders a scenario is told in; `RETURN_ORDERS=1000 make test-long ARGS=…` takes minutes."""
    return int(os.environ.get("RETURN_ORDERS", pick("8", "100")))
