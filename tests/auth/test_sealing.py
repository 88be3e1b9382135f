"""Secrets at rest: encrypted with today's SECRET_KEY, opened by former ones too, good for their owner only."""

import pyotp
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from payapp.auth.factors.models import TotpSecret
from payapp.auth.factors.sealing import Sealer
from payapp.auth.factors.totp import use_totp_code
from tests.auth.factor_owners import later_code, make_owner, user_id_of

OLD, NEW = "a key for tests only", "the key of today"


def sealed(session: Session) -> str:
    session.rollback()
    return session.execute(select(TotpSecret.sealed_secret)).scalar_one()


def test_it_works() -> None:
    box = Sealer((NEW,)).seal(1, "SECRET")
    assert "SECRET" not in box
    assert Sealer((NEW,)).unseal(1, box) == "SECRET"
    assert Sealer((NEW,)).seal(1, "SECRET") != box


def test_a_former_key_opens_and_another_does_not() -> None:
    box = Sealer((OLD,)).seal(1, "SECRET")
    assert Sealer((NEW, OLD)).unseal(1, box) == "SECRET"
    assert Sealer((NEW,)).unseal(1, box) is None


@pytest.mark.parametrize("box", ["", "x", "gAAAAA", "é"])
def test_what_was_never_sealed_is_nothing(box: str) -> None:
    assert Sealer((OLD,)).unseal(1, box) is None


def test_what_was_changed_or_moved_to_another_user_is_nothing() -> None:
    box = Sealer((OLD,)).seal(2, "SECRET")
    assert Sealer((OLD,)).unseal(1, box) is None
    assert Sealer((OLD,)).unseal(2, box[:30] + ("B" if box[30] == "A" else "A") + box[31:]) is None


def test_it_does_not_show_its_keys() -> None:
    assert OLD not in repr(Sealer((OLD,)))


def test_a_secret_moves_to_the_key_of_today_when_it_is_used(session: Session) -> None:
    secret, _ = make_owner(session)
    user_id = user_id_of(session)
    assert use_totp_code(session, Sealer((NEW, OLD)), user_id, later_code(session, secret))
    session.commit()
    assert Sealer((NEW,)).unseal(user_id, sealed(session)) == secret


def test_without_its_key_no_code_is_right(session: Session, caplog: pytest.LogCaptureFixture) -> None:
    secret, _ = make_owner(session)
    assert not use_totp_code(session, Sealer((NEW,)), user_id_of(session), later_code(session, secret))
    assert "no key opens the authenticator secret" in caplog.text
    assert secret not in caplog.text


def test_a_secret_copied_from_another_user_is_none(session: Session) -> None:
    """Whoever can write to the database still can't log in as others with an app of their own."""
    make_owner(session)
    eves, _ = make_owner(session, "eve@example.com")
    ada, eve = user_id_of(session), user_id_of(session, "eve@example.com")
    hers = session.execute(select(TotpSecret.sealed_secret).where(TotpSecret.user_id == eve)).scalar_one()
    session.execute(update(TotpSecret).where(TotpSecret.user_id == ada).values(sealed_secret=hers, last_step=None))
    session.commit()
    assert not use_totp_code(session, Sealer((OLD,)), ada, pyotp.TOTP(eves).now())
