"""A list that the worker makes, as its owner sees it: asked for, waited for, downloaded; and as nobody else does."""

import re
from datetime import timedelta
from threading import Barrier, Thread

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from payapp.auth.api_keys import create_api_key
from payapp.database.clock import utc_now
from payapp.features.qr_batches import KEPT_FOR, claim_batch, forget_old_batches, note_progress
from payapp.features.qr_batches.models import QrBatch
from payapp.features.qr_code_batch import Batch, make_zip
from payapp.jobs import queue
from payapp.jobs.qr_batches import make_next_batch
from payapp.ledger.balances import get_balance, list_entries
from payapp.ledger.holds import capture_hold, release_hold
from payapp.ledger.verification import verify
from tests.features.batches import (
    CREDITS,
    ONCE,
    PAGE,
    TEXTS,
    ask,
    let_its_time_pass,
    row_of,
    start,
)
from tests.people import Visitor, give_credits

pytestmark = pytest.mark.usefixtures("few_at_once")
REFRESH = '<meta http-equiv="refresh"'


def balance_of(session: Session, user_id: int) -> tuple[int, int]:
    session.rollback()
    balance = get_balance(session, user_id)
    return balance.posted, balance.held


def poll_address(page: str) -> str | None:
    found = re.search(r'id="qr-batch"[^>]* hx-get="([^"]+)"', page)
    return found[1].replace("&amp;", "&") if found else None


def count_batches(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(QrBatch)) or 0


def test_it_works(visitor: Visitor, session: Session) -> None:
    user_id, address = start(visitor, session)
    assert re.fullmatch(rf"{PAGE}/\d+", address)
    assert balance_of(session, user_id) == (CREDITS, 3)
    assert "Waiting for its turn" in visitor.get(address).text

    assert make_next_batch(session) is False
    page = visitor.get(address).text
    assert "Ready" in page
    assert "<dt>Charged</dt><dd>3 credits</dd>" in page
    answer = visitor.get(f"{address}/zip")
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert answer.headers["Content-Disposition"] == "attachment; filename=qr-codes.zip"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.data == make_zip(Batch(TEXTS))
    assert balance_of(session, user_id) == (CREDITS - 3, 0)
    entry = list_entries(session, user_id, limit=1)[0]
    assert (entry.entry_type, entry.amount, entry.note) == ("capture", -3, "3 QR codes")
    assert verify(session) == []


def test_a_list_within_the_limit_is_made_at_once(visitor: Visitor, session: Session) -> None:
    give_credits(visitor, session, CREDITS)
    assert ask(visitor, TEXTS[:2]).mimetype == "application/zip"
    assert count_batches(session) == 0


def test_the_form_of_a_longer_list_is_a_plain_one(visitor: Visitor, session: Session) -> None:
    """The other is sent by a script, which saves what comes back as a file."""
    give_credits(visitor, session, CREDITS)
    assert "data-download" in visitor.submit(PAGE, lines="a\nb").text
    longer = visitor.submit(PAGE, lines="a\nb\nc").text
    assert "data-download" not in longer
    assert re.search(r'action="/features/qr-code-batch/zip" data-once>', longer)


def test_htmx_is_led_to_the_page(visitor: Visitor, session: Session) -> None:
    give_credits(visitor, session, CREDITS)
    form = {"csrf_token": visitor.csrf_token(), "lines": "a\nb\nc", "cost": "3", "request_id": ONCE}
    answer = visitor.client.post(f"{PAGE}/zip", data=form, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, f"{PAGE}/1")


@pytest.mark.parametrize("is_made", [False, True])
def test_the_same_form_is_one_batch_paid_once(visitor: Visitor, session: Session, is_made: bool) -> None:
    """Pressed twice, or again after going back; before the worker came, and after."""
    user_id, address = start(visitor, session)
    if is_made:
        make_next_batch(session)
    again = ask(visitor)
    assert (again.status_code, again.headers["Location"]) == (303, address)
    make_next_batch(session)
    assert balance_of(session, user_id) == (CREDITS - 3, 0)
    assert count_batches(session) == 1


def test_the_same_form_twice_at_once_is_one_batch(visitor: Visitor, session: Session, app: Flask) -> None:
    user_id = give_credits(visitor, session, 3)
    barrier, answers = Barrier(2), list[str | None]()

    def press(browser: Visitor) -> None:
        barrier.wait()
        answers.append(ask(browser).headers.get("Location"))

    browsers = [Visitor(app.test_client()) for _ in range(2)]
    for browser in browsers:
        browser.log_in()
    session.rollback()
    threads = [Thread(target=press, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [f"{PAGE}/1"] * 2
    assert balance_of(session, user_id) == (3, 3)


def test_looking_again_asks_for_nothing(visitor: Visitor, session: Session) -> None:
    user_id, address = start(visitor, session)
    for _ in range(2):
        assert visitor.get(address).status_code == 200
    assert balance_of(session, user_id) == (CREDITS, 3)


def test_another_form_is_another_batch(visitor: Visitor, session: Session) -> None:
    user_id, address = start(visitor, session)
    others = [ask(visitor, request_id=other).headers["Location"] for other in ("e" * 32, "", "")]
    assert len({address, *others}) == 4
    assert balance_of(session, user_id) == (CREDITS, 12)


def test_it_says_how_to_buy_when_credits_are_missing(visitor: Visitor, session: Session) -> None:
    give_credits(visitor, session, 2)
    answer = ask(visitor)
    assert answer.status_code == 402
    assert "This costs 3 credits, and you have 2. Nothing was taken." in answer.text
    assert count_batches(session) == 0


@pytest.mark.parametrize("cost", ["2", "4", "", "x"])
def test_it_charges_no_price_but_the_one_agreed_to(visitor: Visitor, session: Session, cost: str) -> None:
    user_id = give_credits(visitor, session, CREDITS)
    assert ask(visitor, cost=cost).status_code == 422
    assert balance_of(session, user_id) == (CREDITS, 0)
    assert count_batches(session) == 0


def test_the_worker_is_called(visitor: Visitor, session: Session, app: Flask) -> None:
    """And comes by itself where its queue can't be reached, which is no fault of the page."""
    settings = app.extensions["payapp_settings"]
    start(visitor, session)  # there is no queue yet: the worker makes it
    huey = queue.make_huey(settings)
    ask(visitor, request_id="e" * 32)
    [message] = [huey.serializer.deserialize(data) for data in huey.storage.enqueued_items()]
    assert message.name == "payapp.jobs.tasks.make_qr_batches"
    huey.storage.close()


# ---- while it is under way


def test_the_page_follows(visitor: Visitor, session: Session) -> None:
    _, address = start(visitor, session)
    page = visitor.get(address).text
    poll = poll_address(page)
    assert poll == f"{address}/status?state=waiting&made=0"
    assert f"<noscript>{REFRESH} content=" in page
    assert visitor.get(poll).status_code == 204

    claim = claim_batch(session)
    assert claim is not None
    session.commit()
    begun = visitor.get(poll)
    assert "0 of 3 made" in begun.text
    note_progress(session, claim.id, 2)
    session.commit()
    poll = poll_address(begun.text) or ""
    moved = visitor.get(poll)
    assert '<progress id="made" max="3" value="2">' in moved.text
    assert "<html" not in moved.text
    assert visitor.get(poll_address(moved.text) or "").status_code == 204


def test_the_page_stops_following_when_it_is_done(visitor: Visitor, session: Session) -> None:
    _, address = start(visitor, session)
    poll = poll_address(visitor.get(address).text) or ""
    make_next_batch(session)
    last = visitor.get(poll).text
    assert poll_address(last) is None
    assert 'data-announce="3 QR codes: Ready"' in last
    assert 'id="nav-balance"' in last
    whole = visitor.get(address).text
    assert poll_address(whole) is None
    assert REFRESH not in whole


@pytest.mark.parametrize("query", ["", "?state=done&made=9", "?state=&made=%00", "?made=" + "9" * 40])
def test_whatever_is_polled_is_answered(visitor: Visitor, session: Session, query: str) -> None:
    _, address = start(visitor, session)
    assert visitor.get(f"{address}/status{query}").status_code in (200, 400)


def test_it_is_found_again_where_it_was_asked_for(visitor: Visitor, session: Session) -> None:
    _, address = start(visitor, session)
    assert f'href="{address}"' in visitor.get(PAGE).text


# ---- what comes to nothing


def test_one_that_nobody_makes_is_not_charged_and_can_be_tried_again(visitor: Visitor, session: Session) -> None:
    user_id, address = start(visitor, session)
    poll = poll_address(visitor.get(address).text) or ""
    let_its_time_pass(session, address)
    assert make_next_batch(session) is False
    for page in (visitor.get(address).text, visitor.get(poll).text):
        assert "This batch was not made in time" in page
        assert "Nothing was charged" in page
        assert poll_address(page) is None
    assert get_balance(session, user_id).available == CREDITS
    found = re.search(r'name="lines" value="([^"]*)"', page)
    assert found
    again = visitor.submit(f"{PAGE}/zip", lines=found[1], cost="3", request_id="e" * 32)
    assert (again.status_code, again.headers["Location"] != address) == (303, True)
    make_next_batch(session)
    assert balance_of(session, user_id) == (CREDITS - 3, 0)
    assert verify(session) == []


def test_the_same_form_is_another_try_after_one_that_came_to_nothing(visitor: Visitor, session: Session) -> None:
    _, address = start(visitor, session)
    let_its_time_pass(session, address)
    again = [ask(visitor).headers["Location"] for _ in range(2)]
    assert again[0] == again[1] != address


@pytest.mark.parametrize(
    ("captured", "said"), [(None, "Nothing was charged"), (1, "Its credits have been used already")]
)
def test_one_whose_hold_is_gone_says_so(visitor: Visitor, session: Session, captured: int | None, said: str) -> None:
    user_id, address = start(visitor, session)
    hold_id = row_of(session, address).hold_id
    capture_hold(session, hold_id, captured) if captured else release_hold(session, hold_id)
    session.commit()
    page = visitor.get(address).text
    assert "This batch could not be made" in page
    assert said in page
    assert visitor.get(f"{address}/zip").headers["Location"] == address
    make_next_batch(session)
    assert balance_of(session, user_id) == (CREDITS - (captured or 0), 0)
    assert row_of(session, address).archive is None


# ---- after a day


def test_it_is_forgotten_after_a_day_and_the_charge_stays(visitor: Visitor, session: Session) -> None:
    user_id, address = start(visitor, session)
    make_next_batch(session)
    assert forget_old_batches(session) == 0
    with time_machine.travel(utc_now() + KEPT_FOR + timedelta(minutes=1)):
        assert (forget_old_batches(session), forget_old_batches(session)) == (1, 0)
        session.commit()
    row = row_of(session, address)
    assert (row.texts, row.archive) == (None, None)
    page = visitor.get(address).text
    assert "The file is no longer kept" in page
    assert "<dt>Charged</dt><dd>3 credits</dd>" in page
    answer = visitor.get(f"{address}/zip")
    assert (answer.status_code, answer.headers["Location"]) == (303, address)
    assert address not in visitor.get(PAGE).text
    assert ask(visitor).headers["Location"] == address
    assert balance_of(session, user_id) == (CREDITS - 3, 0)


def test_one_that_came_to_nothing_is_forgotten_too(visitor: Visitor, session: Session) -> None:
    _, address = start(visitor, session)
    let_its_time_pass(session, address)
    with time_machine.travel(utc_now() + KEPT_FOR + timedelta(minutes=1)):
        assert forget_old_batches(session) == 1
    session.commit()
    page = visitor.get(address).text
    assert "This batch was not made in time" in page
    assert "Try again for" not in page
    assert make_next_batch(session) is False


# ---- nobody else's


PATHS = ("", "/status", "/zip")


def test_strangers_are_asked_to_log_in(visitor: Visitor, session: Session, client: FlaskClient) -> None:
    _, address = start(visitor, session)
    make_next_batch(session)
    for path in PATHS:
        answer = client.get(address + path)
        assert (answer.status_code, answer.headers["Location"].startswith("/login")) == (303, True)


def test_it_is_nobody_elses(visitor: Visitor, session: Session, app: Flask) -> None:
    _, address = start(visitor, session)
    make_next_batch(session)
    bob = Visitor(app.test_client())
    give_credits(bob, session, CREDITS, "bob@example.com")
    assert [bob.get(address + path).status_code for path in PATHS] == [404] * 3
    assert address not in bob.get(PAGE).text
    missing = f"{PAGE}/{'9' * 15}"
    assert [visitor.get(missing + path).status_code for path in PATHS] == [404] * 3


def test_no_api_key_opens_it(visitor: Visitor, session: Session, client: FlaskClient) -> None:
    """Not even its owner's: pages are for people."""
    user_id, address = start(visitor, session)
    make_next_batch(session)
    headers = {"Authorization": f"Bearer {create_api_key(session, user_id, 'own', 'spend').secret}"}
    assert [client.get(address + path, headers=headers).status_code for path in PATHS] == [303] * 3


def test_the_same_form_of_another_is_their_own_batch(visitor: Visitor, session: Session, app: Flask) -> None:
    _, address = start(visitor, session)
    bob = Visitor(app.test_client())
    give_credits(bob, session, CREDITS, "bob@example.com")
    assert ask(bob).headers["Location"] != address
