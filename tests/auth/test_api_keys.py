"""Making, finding, rotating and revoking API keys."""

import re
from datetime import datetime, timedelta
from hashlib import sha256

import pytest
import time_machine
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from payapp.auth.api_keys import (
    SHAPE,
    NewApiKey,
    UnknownApiKeyError,
    create_api_key,
    find_active_key,
    is_use_to_note,
    list_api_keys,
    note_use,
    revoke_api_key,
    revoke_by_prefix,
    rotate_api_key,
)
from payapp.auth.api_keys.models import ApiKey
from payapp.database.clock import utc_now
from tests.factories import make_user


@pytest.fixture
def user_id(session: Session) -> int:
    return make_user(session).id


def make_key(session: Session, user_id: int | None, scope: str = "spend") -> NewApiKey:
    new = create_api_key(session, user_id, "test", scope)  # type: ignore[arg-type]
    session.commit()
    return new


def id_of(session: Session, new: NewApiKey) -> int:
    return session.scalars(select(ApiKey.id).where(ApiKey.prefix == new.prefix)).one()


def test_it_works(session: Session, user_id: int) -> None:
    new = make_key(session, user_id)
    found = find_active_key(session, new.secret)
    assert found is not None
    assert (found.user_id, found.scope, found.prefix) == (user_id, "spend", new.prefix)
    assert new.secret.startswith(f"{new.prefix}_")
    assert SHAPE.fullmatch(new.secret)


def test_only_the_hash_is_kept(session: Session, user_id: int) -> None:
    new = make_key(session, user_id)
    kept = session.execute(text("SELECT * FROM api_keys")).one()
    secret_part = new.secret.removeprefix(new.prefix)
    assert len(secret_part) == 1 + 64  # 256 bits
    assert not any(secret_part in str(value) or secret_part[1:] in str(value) for value in kept)
    assert sha256(new.secret.encode()).hexdigest() in kept


def test_no_two_are_alike(session: Session, user_id: int) -> None:
    keys = [make_key(session, user_id) for _ in range(50)]
    assert len({key.prefix for key in keys}) == len({key.secret for key in keys}) == 50


@pytest.mark.parametrize("change", ["", "upper", "cut", "longer", "last", "prefix only", "nul", "é"])
def test_nothing_else_opens(session: Session, user_id: int, change: str) -> None:
    secret = make_key(session, user_id).secret
    wrong = {
        "": "",
        "upper": secret.upper(),
        "cut": secret[:-1],
        "longer": secret + "0",
        "last": secret[:-1] + ("0" if secret[-1] != "0" else "1"),
        "prefix only": secret.rpartition("_")[0],
        "nul": secret + "\0",
        "é": "é" * 82,
    }[change]
    assert find_active_key(session, wrong) is None


def test_a_service_key_has_no_user(session: Session, user_id: int) -> None:
    found = find_active_key(session, make_key(session, None, "service").secret)
    assert found is not None
    assert (found.user_id, found.scope) == (None, "service")
    for wrong_user_id, scope in ((user_id, "service"), (None, "read"), (None, "spend"), (user_id, "all")):
        with pytest.raises(IntegrityError):
            make_key(session, wrong_user_id, scope)
        session.rollback()


def test_rotating_makes_a_second_beside_the_first(session: Session, user_id: int) -> None:
    old = make_key(session, user_id, "read")
    new = rotate_api_key(session, user_id, id_of(session, old))
    assert new.secret != old.secret
    both = [find_active_key(session, each.secret) for each in (old, new)]
    assert [found and found.scope for found in both] == ["read", "read"]
    revoke_api_key(session, user_id, id_of(session, old))
    assert find_active_key(session, old.secret) is None
    assert find_active_key(session, new.secret) is not None


def test_a_revoked_key_opens_nothing_and_stays_on_the_list(session: Session, user_id: int) -> None:
    new = make_key(session, user_id)
    assert revoke_api_key(session, user_id, id_of(session, new)) == new.prefix
    assert find_active_key(session, new.secret) is None
    (listed,) = list_api_keys(session, user_id)
    assert listed.revoked_at is not None
    with pytest.raises(UnknownApiKeyError):
        rotate_api_key(session, user_id, listed.id)
    with pytest.raises(UnknownApiKeyError):
        revoke_api_key(session, user_id, listed.id)


def test_other_peoples_keys_are_out_of_reach(session: Session, user_id: int) -> None:
    theirs = id_of(session, make_key(session, make_user(session).id))
    service = id_of(session, make_key(session, None, "service"))
    for key_id in (theirs, service, 2**60):
        with pytest.raises(UnknownApiKeyError):
            revoke_api_key(session, user_id, key_id)
        with pytest.raises(UnknownApiKeyError):
            rotate_api_key(session, user_id, key_id)
    assert list_api_keys(session, user_id) == []


def test_an_operator_revokes_any_key_by_its_prefix(session: Session) -> None:
    new = make_key(session, None, "service")
    assert revoke_by_prefix(session, new.prefix) == new.prefix
    assert find_active_key(session, new.secret) is None
    with pytest.raises(UnknownApiKeyError, match=new.prefix):
        revoke_by_prefix(session, new.prefix)


def test_its_use_is_noted_once_a_minute(session: Session, user_id: int) -> None:
    secret = make_key(session, user_id).secret
    first = use(session, secret)
    assert first is not None
    with time_machine.travel(first + timedelta(seconds=59), tick=False):
        assert use(session, secret) == first
    with time_machine.travel(first + timedelta(seconds=61), tick=False):
        assert use(session, secret) == utc_now()


def use(session: Session, secret: str) -> datetime | None:
    """Note a use where it is due, as the API does; return when the key was last used."""
    found = find_active_key(session, secret)
    assert found is not None
    if is_use_to_note(found):
        note_use(session, found.id)
    session.commit()
    again = find_active_key(session, secret)
    assert again is not None
    return again.last_used_at


def test_processes_that_note_it_at_once_write_it_once(session: Session, user_id: int) -> None:
    """Whoever comes second has read the old time, and finds the new one."""
    new = make_key(session, user_id)
    key_id = id_of(session, new)
    note_use(session, key_id)
    first = session.scalars(select(ApiKey.last_used_at).where(ApiKey.id == key_id)).one()
    note_use(session, key_id)
    assert session.scalars(select(ApiKey.last_used_at).where(ApiKey.id == key_id)).one() == first


def test_a_prefix_can_be_read_out(session: Session, user_id: int) -> None:
    assert re.fullmatch(r"payapp_[0-9a-f]{10}", make_key(session, user_id).prefix)
