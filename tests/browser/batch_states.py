"""The states of a batch that the worker makes, as a guest comes to see them."""

import re
import sqlite3

from playwright.sync_api import expect
from sqlalchemy.engine import make_url

from tests.browser.guest import Guest

LINES = "\n".join("abcdefghijk")


def batch_waiting(guest: Guest, lines: str = LINES) -> None:
    """One more than is made at once; no worker runs in the stack of the pages."""
    guest.come_from_paying()
    expect(guest.page.get_by_text("500 credits added")).to_be_visible()
    guest.page.goto(f"{guest.stack.url}/features/qr-code-batch")
    guest.page.get_by_label("Links or texts").fill(lines)
    guest.page.get_by_role("button", name=f"Make {lines.count(chr(10)) + 1} QR codes").click()
    expect(guest.page.get_by_text("Waiting for its turn")).to_be_visible()


def batch_ready(guest: Guest) -> None:
    batch_waiting(guest)
    guest.stack.run("tests.order_jobs", "--here", *["make_qr_batches"] * 2)  # one may wait that another guest asked for
    expect(guest.page.get_by_role("link", name="Download the ZIP file")).to_be_visible()


def batch_not_made(guest: Guest) -> None:
    batch_waiting(guest)
    change(guest, "UPDATE holds SET expires_at = '2026-01-01 00:00:00.000000' WHERE id = (SELECT MAX(id) FROM holds)")
    expect(guest.page.get_by_role("button", name=re.compile("Try again"))).to_be_visible()


def batches_of_the_day(guest: Guest) -> None:
    batch_ready(guest)
    guest.page.get_by_role("link", name="Make another batch").click()
    expect(guest.page.get_by_role("heading", name="Your batches of the last day")).to_be_visible()


def change(guest: Guest, statement: str) -> None:
    """Let time pass, as far as the database can tell."""
    with sqlite3.connect(str(make_url(guest.stack.database_url).database)) as connection:
        connection.execute(statement)
    connection.close()
