"""The local mailbox and a mail of payapp's, in a real browser: a page for everybody, and a link that can be pressed."""

from collections.abc import Iterator
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from payapp.mail.kinds import KINDS
from payapp.mail.mail_url import SmtpServer
from payapp.mail.rendering import compose
from payapp.mail.transport import send
from tests.browser.test_pages import WIDTH_MIN, overflow, violations
from tests.local_mailbox.test_mailbox import Mailbox
from tests.mail.test_rendering import DATA

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Scheme = Literal["light", "dark"]

HOME = "http://localhost:9"


@pytest.fixture(scope="module")
def mailbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailbox]:
    mailbox = Mailbox(tmp_path_factory.mktemp("mailbox"))
    for number, kind in enumerate(KINDS.values()):
        link = f"{mailbox.url}/health?token={'x' * 43}{number}"
        address = f"quite.a.long.address.as.some.people.have.{number}@example.com"
        sender = "payapp <no-reply@example.com>"
        mail = compose(kind, sender=sender, address=address, home=HOME, link=link, data=DATA)
        send(SmtpServer("localhost", mailbox.smtp_port), mail)
    yield mailbox
    mailbox.process.terminate()
    mailbox.process.wait(timeout=10)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/mails/1"])
def test_it_is_a_page_for_everybody(page: Page, mailbox: Mailbox, path: str, scheme: Scheme) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(mailbox.url + path)
    # Nobody can look into the box from outside: no script runs there, not even axe.
    assert [each["id"] for each in Axe().run(page, options={"iframes": False}).response["violations"]] == []
    page.set_viewport_size({"width": WIDTH_MIN, "height": 900})
    assert overflow(page) <= 0, "wider than the screen"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("number", [1, 7])
def test_a_mail_is_for_everybody(page: Page, mailbox: Mailbox, number: int, scheme: Scheme) -> None:
    """By itself, as a mail program shows it. It is no page, and has no landmarks."""
    page.emulate_media(color_scheme=scheme)
    page.set_content(mailbox.get(f"/mails/{number}/html").text)
    assert [each for each in violations(page) if not each.startswith(("region", "landmark"))] == []
    page.set_viewport_size({"width": WIDTH_MIN, "height": 900})
    assert overflow(page) <= 0, "wider than the screen"


def test_a_link_in_the_box_opens_a_tab_of_its_own(page: Page, mailbox: Mailbox) -> None:
    page.goto(f"{mailbox.url}/mails/1")
    with page.context.expect_page() as opened:
        page.frame_locator("iframe").get_by_role("link", name="Confirm address").click()
    expect(opened.value.locator("body")).to_contain_text("ready")
