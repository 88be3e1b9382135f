"""python -m tests.browser.pictures: takes the README's picture anew, of an account with a month of use."""

import tempfile
from datetime import timedelta
from pathlib import Path

import time_machine
from playwright.sync_api import sync_playwright
from sqlalchemy import select

from payapp import create_app
from payapp.auth.models import User
from payapp.database.clock import utc_now
from payapp.extensions import db
from payapp.ledger.holds import spend
from payapp.ledger.posting import grant
from tests.browser.guest import Guest
from tests.chromium import ARGUMENTS, find_chromium
from tests.processes import PROJECT_ROOT, Stack, running

PICTURE = PROJECT_ROOT / "docs" / "pictures" / "credits.png"
# Credits used each day, today last: a working week with quiet weekends.
MONTH: tuple[int, ...] = (18, 22, 0, 4, 31, 44, 38, 27, 5, 0, 36, 52, 47, 61, 40)
MONTH += (12, 3, 58, 66, 49, 71, 54, 9, 6, 63, 77, 82, 59, 48, 35)


def main() -> None:
    """Start everything, use it for a month, and look at the credits page."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        with running(Stack(f"sqlite:///{folder}/payapp.db", Path(folder))) as stack:
            page = browser.new_page(viewport={"width": 1280, "height": 800}, device_scale_factor=1.5)
            guest = Guest(page, stack)
            guest.email = "ada@example.com"
            guest.sign_up()
            use_for_a_month(stack)
            guest.buy()
            page.goto(f"{stack.url}/dashboard/credits")
            PICTURE.parent.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=PICTURE, full_page=True)
            print(f"{PICTURE.relative_to(PROJECT_ROOT)} taken")


def use_for_a_month(stack: Stack) -> None:
    """Write the month's entries through the ledger, each on its day."""
    app = create_app({"DATABASE_URL": stack.database_url, "PAYAPP_INSTANCE_PATH": str(stack.folder)})
    with app.app_context():
        session = db.session()
        user_id = session.scalars(select(User.id)).one()
        today = utc_now()
        for days_ago, used in zip(range(len(MONTH) - 1, -1, -1), MONTH, strict=True):
            with time_machine.travel(today - timedelta(days=days_ago)):
                if days_ago == len(MONTH) - 1:
                    grant(session, user_id, 1857, idempotency_key="pictures:begin", note="Pro package")
                if used:
                    spend(session, user_id, used, feature="qr-code", note="QR codes")
        session.commit()


if __name__ == "__main__":
    main()
