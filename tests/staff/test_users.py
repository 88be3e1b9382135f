"""disable_user(), enable_user(), make_admin(), end_admin(), and what being disabled means at every door."""

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from payapp.auth.accounts import anonymize_user
from payapp.auth.login_sessions import begin_login, find_logged_in
from payapp.auth.models import LoginSession
from payapp.billing.checkout.purchases import find_purchase
from payapp.ledger.balances import get_balance
from payapp.ledger.verification import verify
from payapp.staff.users import disable_user, enable_user, end_admin, make_admin
from tests.factories import event_payload, make_purchase, make_user, refund_object
from tests.people import Visitor, give_credits
from tests.staff.desk import acts_of, audit_of, id_of, reason_of_staff
from tests.webhooks.delivering import deliver, event_about


def test_each_change_is_made_and_written_down_once(session: Session) -> None:
    reason, user_id = reason_of_staff(session), make_user(session).id
    for act in (disable_user, enable_user, make_admin, end_admin):
        assert [act(session, reason, user_id) for _ in range(2)] == [True, False], act
        session.commit()
    assert acts_of(session) == ["admin_ended", "admin_made", "user_enabled", "user_disabled"]
    ended, made, enabled, disabled = audit_of(session)
    assert (made.before, made.after, ended.after) == ({"is_staff": False}, {"is_staff": True}, {"is_staff": False})
    assert (disabled.before, enabled.after) == ({"disabled_at": None}, {"disabled_at": None})
    assert disabled.after["disabled_at"][:19] == enabled.before["disabled_at"][:19]
    assert {entry.staff_id for entry in audit_of(session, user_id=user_id)} == {reason.actor.staff_id}


def test_of_nobody_nothing_is_changed_nor_written_down(session: Session) -> None:
    reason = reason_of_staff(session)
    assert not any(act(session, reason, 404) for act in (disable_user, enable_user, make_admin, end_admin))
    assert audit_of(session) == []


def test_what_is_rolled_back_is_not_written_down(session: Session) -> None:
    reason, user = reason_of_staff(session), make_user(session)
    user_id = user.id
    assert disable_user(session, reason, user_id)
    session.rollback()
    assert audit_of(session) == []
    assert user.disabled_at is None


def test_every_login_ends_at_once_and_none_comes_back(visitor: Visitor, session: Session) -> None:
    give_credits(visitor, session, 5)
    user_id, reason = id_of(session, "ada@example.com"), reason_of_staff(session)
    assert visitor.get("/dashboard/credits").status_code == 200
    disable_user(session, reason, user_id)
    session.commit()
    assert visitor.get("/dashboard/credits").status_code == 303
    assert visitor.submit("/features/qr-codes", text="x").status_code == 303
    assert session.scalar(select(func.count()).select_from(LoginSession)) == 0
    enable_user(session, reason, user_id)
    session.commit()
    assert visitor.get("/dashboard/credits").status_code == 303
    assert visitor.log_in().status_code == 303
    assert visitor.get("/dashboard/credits").status_code == 200


def test_a_login_that_began_while_disabling_does_not_come_alive(session: Session) -> None:
    reason, user_id = reason_of_staff(session), make_user(session).id
    disable_user(session, reason, user_id)
    token = begin_login(session, user_id, "a browser")  # its transaction did not see the other
    session.commit()
    assert find_logged_in(session, token) is None
    enable_user(session, reason, user_id)
    session.commit()
    assert find_logged_in(session, token) is None


def test_only_who_knows_the_password_is_told(visitor: Visitor, session: Session) -> None:
    give_credits(visitor, session, 5)
    visitor.submit("/logout")
    disable_user(session, reason_of_staff(session), id_of(session, "ada@example.com"))
    session.commit()
    right, wrong = visitor.log_in(), visitor.log_in(password="not the password")
    assert (right.status_code, wrong.status_code) == (422, 422)
    assert "This account is disabled" in right.text
    assert "disabled" not in wrong.text
    assert "The e-mail address or the password is wrong." in wrong.text
    assert visitor.get("/dashboard/credits").status_code == 303


def test_money_goes_its_way_all_the_same(app: Flask, session: Session) -> None:
    user_id = make_user(session).id
    purchase = make_purchase(session, session.get_one(type(make_user(session)), user_id))
    disable_user(session, reason_of_staff(session), user_id)
    session.commit()
    assert deliver(app.test_client(), event_about(purchase)).status_code == 200
    session.rollback()
    found = find_purchase(session, user_id, purchase.id)
    assert found is not None
    assert (found.status, get_balance(session, user_id).posted) == ("fulfilled", 500)
    told = event_payload("refund.created", refund_object(purchase, amount=purchase.amount_total))
    session.rollback()
    assert deliver(app.test_client(), told).status_code == 200
    session.rollback()
    assert get_balance(session, user_id).posted == 0
    assert verify(session) == []


def test_who_is_deleted_is_neither_enabled_nor_staff(session: Session) -> None:
    reason, user_id = reason_of_staff(session), make_user(session).id
    anonymize_user(session, user_id, "none")
    session.commit()
    assert not any(act(session, reason, user_id) for act in (enable_user, make_admin, disable_user))
    assert acts_of(session) == []
