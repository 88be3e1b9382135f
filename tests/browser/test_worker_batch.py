"""A list that the worker makes, in a real browser: the page follows it to the file, with JavaScript and without."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.batch_states import LINES
from tests.browser.guest import Guest
from tests.databases import SqliteDatabases
from tests.processes import Stack, running

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, sqlite_databases: SqliteDatabases) -> Iterator[Stack]:
    """The stack with a worker that takes its time."""
    folder: Path = tmp_path_factory.mktemp("stack")
    stack = Stack(sqlite_databases.create(), folder, with_job_worker=True, jobs="tests.jobs.slow_jobs.huey")
    with running(stack):
        yield stack


def test_the_page_follows_the_worker_to_the_file(guest: Guest) -> None:
    page = guest.page
    guest.come_from_paying()
    expect(page.get_by_text("500 credits added")).to_be_visible()
    page.goto(f"{guest.stack.url}/features/qr-code-batch")
    page.get_by_label("Links or texts").fill(LINES)
    page.get_by_role("button", name="Make 11 QR codes").dblclick()
    page.wait_for_url("**/features/qr-code-batch/*")
    expect(page.get_by_role("progressbar")).to_have_js_property("max", 11)
    expect(page.locator("#nav-balance")).to_contain_text("489")
    expect(page.get_by_text("of 11 made")).to_be_visible()
    expect_file(page, 11)
    expect(page.locator("#live")).to_have_text("11 QR codes: Ready")
    expect(page.get_by_role("progressbar")).to_have_count(0)
    page.go_back()
    page.get_by_role("link", name="11 QR codes").click()
    expect(page.locator("#nav-balance")).to_contain_text("489")
    assert guest.complaints == []


def test_it_follows_without_javascript(guest_without_javascript: Guest) -> None:
    guest = guest_without_javascript
    guest.come_from_paying()
    page = guest.page
    page.goto(f"{guest.stack.url}/features/qr-code-batch")
    page.get_by_label("Links or texts").fill(LINES)
    page.get_by_role("button", name="Check price").click()
    page.get_by_role("button", name="Make 11 QR codes").click()
    page.wait_for_url("**/features/qr-code-batch/*")
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect_file(page, 11)


def expect_file(page: Page, codes: int) -> None:
    """Wait for the link, follow it, and look into the file."""
    with page.expect_download() as caught:
        page.get_by_role("link", name="Download the ZIP file").click()
    assert caught.value.suggested_filename == "qr-codes.zip"
    with zipfile.ZipFile(caught.value.path()) as archive:
        assert len(archive.namelist()) == 2 * codes
