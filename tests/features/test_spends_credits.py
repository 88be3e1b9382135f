"""spends_credits(): hold, work, capture; release if the work fails. Around a block, and on a view."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, Response, abort, redirect, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from payapp.auth.models import User
from payapp.extensions import csrf, db
from payapp.features import FEATURES, Feature, spends_credits
from payapp.ledger.balances import get_balance, list_entries
from payapp.ledger.errors import HoldNotOpenError, InsufficientCreditsError
from payapp.ledger.holds import capture_hold, expire_holds, place_hold, release_hold
from payapp.ledger.models import Hold
from payapp.ledger.verification import verify
from tests.factories import make_user
from tests.people import Visitor, give_credits


@pytest.fixture(autouse=True)
def features(monkeypatch: pytest.MonkeyPatch) -> None:
    """One feature of each kind: three credits, a credit a letter, and one that asks the request."""
    monkeypatch.setitem(FEATURES, "fixed", Feature("fixed", "Fixed", 3, "Always the same."))
    monkeypatch.setitem(FEATURES, "by-letter", Feature("by-letter", "By letter", len, "A credit a letter."))
    monkeypatch.setitem(FEATURES, "asked", Feature("asked", "Asked", lambda r: int(r.form["n"]), "As many as wished."))


def numbers(session: Session, user_id: int) -> tuple[int, int]:
    balance = get_balance(session, user_id)
    return balance.posted, balance.held


class TestAroundABlock:
    def test_it_works(self, session: Session) -> None:
        user = make_user(session, credits=5)
        with spends_credits("fixed", user_id=user.id) as charge:
            assert numbers(session, user.id) == (5, 3)
            assert (charge.held, charge.amount) == (3, 3)
        assert numbers(session, user.id) == (2, 0)
        assert list_entries(session, user.id, limit=1)[0].note == "Fixed"
        assert verify(session) == []

    def test_it_has_committed_the_hold_while_the_work_runs(self, session: Session) -> None:
        user = make_user(session, credits=5)
        with spends_credits("fixed", user_id=user.id):
            assert not session.in_transaction()

    def test_it_costs_what_the_input_says(self, session: Session) -> None:
        user = make_user(session, credits=5)
        with spends_credits("by-letter", input="four", user_id=user.id, note="a word"):
            assert numbers(session, user.id) == (5, 4)
        assert numbers(session, user.id) == (1, 0)
        assert list_entries(session, user.id, limit=1)[0].note == "a word"

    @pytest.mark.parametrize(("amount", "posted"), [(1, 4), (3, 2), (0, 5)])
    def test_it_takes_less_when_the_work_was_cheaper(self, session: Session, amount: int, posted: int) -> None:
        user = make_user(session, credits=5)
        with spends_credits("fixed", user_id=user.id) as charge:
            charge.amount = amount
        assert numbers(session, user.id) == (posted, 0)
        assert verify(session) == []

    @pytest.mark.parametrize("amount", [4, -1, 1.0, True, None])
    def test_it_takes_no_more_than_was_held(self, session: Session, amount: Any) -> None:
        user = make_user(session, credits=5)
        with pytest.raises(ValueError, match="from 0 to the 3"), spends_credits("fixed", user_id=user.id) as charge:
            charge.amount = amount
        assert numbers(session, user.id) == (5, 0)

    @pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, SystemExit, GeneratorExit])
    def test_it_releases_whatever_the_work_raises(self, session: Session, error: type[BaseException]) -> None:
        user = make_user(session, credits=5)
        with pytest.raises(error), spends_credits("fixed", user_id=user.id):
            raise error
        assert numbers(session, user.id) == (5, 0)
        assert verify(session) == []

    def test_it_rolls_back_what_failed_work_wrote(self, session: Session) -> None:
        user_id = make_user(session, credits=5).id
        with pytest.raises(ZeroDivisionError), spends_credits("fixed", user_id=user_id):
            fail_after(rename(session, user_id, "lost@example.com"))
        assert session.scalar(select(User).where(User.email == "lost@example.com")) is None

    def test_it_commits_what_the_work_wrote(self, session: Session) -> None:
        user_id = make_user(session, credits=5).id
        with spends_credits("fixed", user_id=user_id):
            rename(session, user_id, "kept@example.com")
        session.rollback()
        assert session.scalar(select(User).where(User.email == "kept@example.com"))

    def test_it_does_not_begin_the_work_without_credits(self, session: Session) -> None:
        user = make_user(session, credits=2)
        with pytest.raises(InsufficientCreditsError) as caught, spends_credits("fixed", user_id=user.id):
            pytest.fail("the work began")
        assert (caught.value.required, caught.value.available) == (3, 2)

    def test_it_does_not_count_what_is_set_aside(self, session: Session) -> None:
        user = make_user(session, credits=5)
        place_hold(session, user.id, 3, feature="fixed")
        with pytest.raises(InsufficientCreditsError) as caught, spends_credits("fixed", user_id=user.id):
            pytest.fail("the work began")
        assert caught.value.available == 2

    def test_a_use_within_a_use_is_refused(self, session: Session) -> None:
        """It would commit what the outer one may have to undo, and be paid though the outer one fails."""
        user = make_user(session, credits=9)
        again = spends_credits("fixed", user_id=user.id)
        for inner in (spends_credits("by-letter", input="four", user_id=user.id), again):
            with pytest.raises(RuntimeError, match="within"), again, inner:
                pytest.fail("the work began")
            assert numbers(session, user.id) == (9, 0)
        with again:
            pass
        with inner:
            pass
        assert numbers(session, user.id) == (3, 0)

    def test_a_cost_of_zero_is_free(self, session: Session) -> None:
        user = make_user(session)
        with spends_credits("by-letter", input="", user_id=user.id) as charge:
            user.email = "written@example.com"
        assert (charge.held, charge.amount, numbers(session, user.id)) == (0, 0, (0, 0))
        session.expire_all()
        assert user.email == "written@example.com"
        assert session.scalars(select(Hold)).all() == []

    def test_it_holds_for_as_long_as_it_is_told(self, session: Session) -> None:
        user = make_user(session, credits=5)
        with spends_credits("fixed", user_id=user.id, expires_in_seconds=7200):
            hold = session.scalars(select(Hold)).one()
            assert hold.expires_at - hold.created_at > timedelta(minutes=119)

    def test_work_that_outlasts_its_hold_is_not_charged(self, session: Session) -> None:
        user = make_user(session, credits=5)
        with pytest.raises(HoldNotOpenError), spends_credits("fixed", user_id=user.id):
            outlast(session)
        session.rollback()
        assert numbers(session, user.id) == (5, 0)

    def test_work_that_outlasts_its_hold_and_fails_says_how_it_failed(self, session: Session) -> None:
        user = make_user(session, credits=5)
        with pytest.raises(ZeroDivisionError), spends_credits("fixed", user_id=user.id):
            fail_after(outlast(session))
        assert numbers(session, user.id) == (5, 0)

    def test_a_use_with_a_key_is_paid_once(self, session: Session) -> None:
        user = make_user(session, credits=3)
        worked = 0
        for _ in range(3):
            with spends_credits("fixed", user_id=user.id, idempotency_key="fixed:1"):
                worked += 1
        assert (worked, numbers(session, user.id)) == (3, (0, 0))
        assert verify(session) == []

    def test_a_use_with_a_key_that_failed_is_paid_when_it_works(self, session: Session) -> None:
        user = make_user(session, credits=3)
        for _ in range(3):
            with (
                pytest.raises(ZeroDivisionError),
                spends_credits("fixed", user_id=user.id, idempotency_key="fixed:1"),
            ):
                raise ZeroDivisionError
        for _ in range(2):
            with spends_credits("fixed", user_id=user.id, idempotency_key="fixed:1"):
                assert session.scalar(select(Hold.idempotency_key).order_by(Hold.id.desc()).limit(1)) != "fixed:1"
        assert numbers(session, user.id) == (0, 0)
        assert verify(session) == []

    def test_of_two_uses_with_one_key_at_once_one_pays(self, session: Session) -> None:
        user = make_user(session, credits=3)
        with spends_credits("fixed", user_id=user.id, idempotency_key="fixed:1"):
            capture_hold(session, session.scalars(select(Hold.id)).one())  # as the other one does
            session.commit()
        assert numbers(session, user.id) == (0, 0)
        assert verify(session) == []

    def test_a_key_does_not_make_a_failure_cost(self, session: Session) -> None:
        """Two at once, of which one fails: the other's work is given up rather than given away or charged twice."""
        user = make_user(session, credits=3)
        use = spends_credits("fixed", user_id=user.id, idempotency_key="fixed:1")
        use.__enter__()
        release_hold(session, session.scalars(select(Hold.id)).one())  # as the other one does
        session.commit()
        with pytest.raises(HoldNotOpenError):
            use.__exit__(None, None, None)
        session.rollback()
        assert numbers(session, user.id) == (3, 0)

    def test_it_rejects_an_unknown_feature(self) -> None:
        with pytest.raises(KeyError, match="only qr-code"):
            spends_credits("unknown")

    @pytest.mark.parametrize("cost", [-1, 1.5, "3", None, True])
    def test_it_rejects_what_is_no_number_of_credits(
        self, session: Session, monkeypatch: pytest.MonkeyPatch, cost: Any
    ) -> None:
        user = make_user(session, credits=5)
        monkeypatch.setitem(FEATURES, "odd", Feature("odd", "Odd", lambda _: cost, "Costs nonsense."))
        with pytest.raises(ValueError, match="odd costs"), spends_credits("odd", input=1, user_id=user.id):
            pytest.fail("the work began")
        with pytest.raises(ValueError, match="constant costs"):
            Feature("constant", "Constant", cost, "Costs nonsense.")
        assert numbers(session, user.id) == (5, 0)

    def test_outside_a_request_it_asks_for_what_it_needs(self, session: Session) -> None:
        user = make_user(session, credits=5)
        with pytest.raises(RuntimeError, match="input"), spends_credits("by-letter", user_id=user.id):
            pytest.fail("the work began")
        with pytest.raises(RuntimeError, match="user_id"), spends_credits("fixed"):
            pytest.fail("the work began")

    @pytest.mark.parametrize("seconds", [0, -5, float("nan")])
    def test_it_rejects_a_hold_that_would_not_last(self, seconds: float) -> None:
        with pytest.raises(ValueError, match="more than 0"):
            spends_credits("fixed", user_id=1, expires_in_seconds=seconds)

    @pytest.mark.parametrize("note", ["x" * 501, "a\0b"])
    def test_it_rejects_a_note_that_can_not_be_kept(self, note: str) -> None:
        with pytest.raises(ValueError, match="note"):
            spends_credits("fixed", user_id=1, note=note)

    def test_a_cost_that_cannot_be_told_holds_nothing(self, session: Session) -> None:
        user = make_user(session, credits=5)
        with pytest.raises(TypeError), spends_credits("by-letter", input=7, user_id=user.id):
            pytest.fail("the work began")
        assert numbers(session, user.id) == (5, 0)


def fail_after(_done: object) -> None:
    raise ZeroDivisionError


def rename(session: Session, user_id: int, email: str) -> str:
    session.get_one(User, user_id).email = email
    session.flush()
    return email


def outlast(session: Session) -> int:
    """Let so much time go by that the hold is over, and the job comes by."""
    hold = session.scalars(select(Hold).where(Hold.status == "open")).one()
    hold.expires_at -= timedelta(hours=1)
    session.flush()
    ended = expire_holds(session)
    session.commit()
    return ended


class TestOnAView:
    @pytest.fixture
    def serve(self, app: Flask) -> Callable[..., None]:
        """Return what puts a view at /work, charged for."""
        app.add_url_rule("/work", "work", methods=["GET", "POST"])

        def serve(view: Callable[[], Any], feature_id: str = "fixed") -> None:
            app.view_functions["work"] = csrf.exempt(spends_credits(feature_id)(view))

        return serve

    def test_it_works(self, serve: Callable[..., None], visitor: Visitor, session: Session) -> None:
        user_id = give_credits(visitor, session, 5)
        serve(lambda: "done")
        response = visitor.client.post("/work")
        assert (response.status_code, response.text) == (200, "done")
        assert numbers(session, user_id) == (2, 0)
        assert verify(session) == []

    def test_each_call_is_a_use_of_its_own(
        self, serve: Callable[..., None], visitor: Visitor, session: Session
    ) -> None:
        user_id = give_credits(visitor, session, 7)
        serve(lambda: "done")
        assert [visitor.client.post("/work").status_code for _ in range(3)] == [200, 200, 402]
        assert numbers(session, user_id) == (1, 0)

    def test_it_costs_what_the_request_says(
        self, serve: Callable[..., None], visitor: Visitor, session: Session
    ) -> None:
        user_id = give_credits(visitor, session, 5)
        serve(lambda: "done", "asked")
        assert visitor.client.post("/work", data={"n": "4"}).status_code == 200
        assert numbers(session, user_id) == (1, 0)

    @pytest.mark.parametrize(
        "answer",
        [("no", 400), ("no", 422), ("no", 500), Response("no", 503), ({"error": "no"}, 404), ("no", 409, {"X-A": "b"})],
    )
    def test_an_error_answer_costs_nothing(
        self, serve: Callable[..., None], visitor: Visitor, session: Session, answer: Any
    ) -> None:
        user_id = give_credits(visitor, session, 5)

        def refuse() -> Any:
            rename(db.session(), user_id, "lost@example.com")
            return answer

        serve(refuse)
        assert visitor.client.post("/work").status_code >= 400
        assert numbers(session, user_id) == (5, 0)
        assert session.scalar(select(User).where(User.email == "lost@example.com")) is None

    @pytest.mark.parametrize("status", [400, 422, 503])
    def test_an_abort_costs_nothing(
        self, serve: Callable[..., None], visitor: Visitor, session: Session, status: int
    ) -> None:
        user_id = give_credits(visitor, session, 5)
        serve(lambda: abort(status))
        assert visitor.client.post("/work").status_code == status
        assert numbers(session, user_id) == (5, 0)

    @pytest.mark.parametrize("result", [None, object()])
    def test_no_answer_costs_nothing(
        self, serve: Callable[..., None], app: Flask, visitor: Visitor, session: Session, result: Any
    ) -> None:
        user_id = give_credits(visitor, session, 5)
        app.testing = False
        serve(lambda: result)
        assert visitor.client.post("/work").status_code == 500
        assert numbers(session, user_id) == (5, 0)

    def test_a_redirect_is_work_done(self, serve: Callable[..., None], visitor: Visitor, session: Session) -> None:
        user_id = give_credits(visitor, session, 5)
        serve(lambda: redirect("/", 303))
        assert visitor.client.post("/work").status_code == 303
        assert numbers(session, user_id) == (2, 0)

    def test_nobody_is_sent_to_log_in(self, serve: Callable[..., None], visitor: Visitor) -> None:
        serve(lambda: pytest.fail("the work began"))
        assert visitor.client.post("/work").headers["Location"] == "/login"

    def test_it_refuses_a_get(self, serve: Callable[..., None], app: Flask, visitor: Visitor, session: Session) -> None:
        user_id = give_credits(visitor, session, 5)
        app.testing = False
        serve(lambda: request.method)
        assert visitor.get("/work").status_code == 500
        assert numbers(session, user_id) == (5, 0)

    def test_it_keeps_the_name_and_arguments_of_the_view(self) -> None:
        def show_shout(text: str) -> str:
            """Says it louder."""
            return text

        charged = spends_credits("fixed")(show_shout)
        assert (charged.__name__, charged.__doc__) == ("show_shout", "Says it louder.")
