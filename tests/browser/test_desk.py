"""The desk of staff: pages for everybody, as those of tests/browser/test_pages.py; and a refund with JavaScript off."""

import pytest
from playwright.sync_api import expect

from tests.browser import desk
from tests.browser.guest import Guest
from tests.browser.test_pages import WIDTH_MIN, WIDTHS_AND_SCHEMES, overflow, small_targets, violations
from tests.effort import pick

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.long
def test_its_pages_are_for_everybody(guest: Guest) -> None:
    desk.come_as_staff(guest)
    for turn, (name, page) in enumerate(desk.PAGES.items()):
        guest.page.set_viewport_size({"width": 1280, "height": 900})
        page(guest)
        first = turn % len(WIDTHS_AND_SCHEMES)
        for width, scheme in pick(WIDTHS_AND_SCHEMES[first : first + 1], WIDTHS_AND_SCHEMES):
            guest.page.set_viewport_size({"width": width, "height": 900})
            guest.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            guest.page.wait_for_timeout(100)
            assert violations(guest.page) == [], f"{name}, {width} px, {scheme}"
        guest.page.set_viewport_size({"width": WIDTH_MIN, "height": 900})
        assert overflow(guest.page) <= 0, f"{name} is wider than the screen"
        assert small_targets(guest.page) == [], name
    assert [each for each in guest.complaints if "422" not in each and "404" not in each] == []


def test_a_refund_works_without_javascript(guest_without_javascript: Guest) -> None:
    guest = guest_without_javascript
    guest.come_from_paying()
    guest.stack.run("flask", "users", "make-admin", guest.email)
    desk.follow(desk.own_page, "Purchase ", "The unspent part")(guest)
    expect(guest.page.get_by_text("$39.00 of $39.00")).to_be_visible()
    guest.page.get_by_label("Reason").fill("bought by mistake")
    guest.page.get_by_role("button", name="Refund $39.00").click()
    expect(guest.page.get_by_text("$39.00 refunded: re_")).to_be_visible()
