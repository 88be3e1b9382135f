"""Users and their passwords, without any page."""

from types import SimpleNamespace

import pytest
from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from payapp.auth import accounts
from payapp.auth.accounts import (
    EmailTakenError,
    change_email,
    create_user,
    find_stronger_hash,
    find_user,
    find_user_id,
    is_right_password,
    replace_hash,
)
from tests.factories import make_user

PASSWORD = "correct horse battery"
HASHER_OF_THE_APPLICATION = accounts.hasher  # before the tests' own, quicker one takes its place


def test_it_works(session: Session) -> None:
    user = create_user(session, "ada@example.com", PASSWORD)
    session.commit()
    assert find_user(session, "ada@example.com") is user
    assert is_right_password(user.password_hash, PASSWORD)


def test_it_hashes_with_argon2id_as_its_authors_recommend(session: Session) -> None:
    assert create_user(session, "ada@example.com", PASSWORD).password_hash.startswith("$argon2id$v=19$")
    assert HASHER_OF_THE_APPLICATION.memory_cost >= 19 * 1024  # OWASP's least, in KiB
    assert HASHER_OF_THE_APPLICATION.time_cost >= 2


def test_it_salts_every_hash(session: Session) -> None:
    first = create_user(session, "ada@example.com", PASSWORD)
    second = create_user(session, "grace@example.com", PASSWORD)
    assert first.password_hash != second.password_hash


@pytest.mark.parametrize("typed", ["ADA@example.com", "ada@EXAMPLE.COM", "  Ada@Example.com "])
def test_it_compares_addresses_without_regard_to_capitals(session: Session, typed: str) -> None:
    user = create_user(session, "Ada@example.com", PASSWORD)
    assert user.email == "ada@example.com"
    assert find_user(session, typed) is user


def test_it_takes_a_composed_letter_and_its_parts_for_the_same(session: Session) -> None:
    user = create_user(session, "andr\N{LATIN SMALL LETTER E WITH ACUTE}@example.com", PASSWORD)
    assert find_user(session, "andre\N{COMBINING ACUTE ACCENT}@example.com") is user


class TestOldSpellings:
    """Two accounts of an earlier release, which are one mailbox; or one whose domain was kept in its own letters."""

    LETTERS, ASCII = "kim@b\u00fccher.example", "kim@xn--bcher-kva.example"

    def test_each_is_found_under_its_own(self, session: Session) -> None:
        letters = make_user(session, email=self.LETTERS)
        ascii_only = make_user(session, email=self.ASCII)
        assert find_user(session, self.LETTERS) is letters
        assert find_user(session, self.ASCII) is ascii_only
        assert find_user_id(session, self.LETTERS) == letters.id
        assert find_user_id(session, self.ASCII) == ascii_only.id

    def test_one_alone_is_found_under_both(self, session: Session) -> None:
        letters = make_user(session, email=self.LETTERS)
        assert find_user(session, self.ASCII) is letters
        assert find_user_id(session, self.ASCII.upper()) == letters.id

    @pytest.mark.parametrize("email", [LETTERS, ASCII])
    def test_it_is_taken_in_both(self, session: Session, email: str) -> None:
        make_user(session, email=self.LETTERS)
        other = make_user(session)
        with pytest.raises(EmailTakenError):
            create_user(session, email, PASSWORD)
        with pytest.raises(EmailTakenError):
            change_email(session, other.id, email)

    def test_its_owner_may_change_to_the_other(self, session: Session) -> None:
        user = make_user(session, email=self.LETTERS)
        change_email(session, user.id, self.LETTERS)
        session.commit()
        assert user.email == self.ASCII


def test_it_refuses_an_address_that_is_taken_in_other_capitals(session: Session) -> None:
    create_user(session, "ada@example.com", PASSWORD)
    session.commit()
    with pytest.raises(EmailTakenError):
        create_user(session, "ADA@EXAMPLE.COM", "another password")
    assert accounts.count_users(session) == 1


def test_an_address_can_be_changed(session: Session) -> None:
    user = create_user(session, "ada@example.com", PASSWORD)
    session.commit()
    change_email(session, user.id, "  Lovelace@Example.com ")
    session.commit()
    assert user.email == "lovelace@example.com"
    assert find_user(session, "ada@example.com") is None
    change_email(session, user.id, "LOVELACE@example.com")  # nobody else's
    session.commit()
    assert user.email == "lovelace@example.com"


def test_an_address_that_is_taken_is_refused(session: Session) -> None:
    user = create_user(session, "ada@example.com", PASSWORD)
    create_user(session, "grace@example.com", PASSWORD)
    session.commit()
    with pytest.raises(EmailTakenError):
        change_email(session, user.id, "Grace@Example.com")
    session.rollback()
    assert user.email == "ada@example.com"


def test_it_begins_without_credits_and_without_a_customer(session: Session) -> None:
    user = create_user(session, "ada@example.com", PASSWORD)
    session.commit()
    assert (user.credits, user.credits_held, user.stripe_customer_id) == (0, 0, None)


def test_it_refuses_a_wrong_password_and_an_unknown_address(session: Session) -> None:
    user = create_user(session, "ada@example.com", PASSWORD)
    assert [is_right_password(user.password_hash, password) for password in ("wrong", "")] == [False, False]
    assert not is_right_password(None, PASSWORD)
    assert not is_right_password(None, "the password of nobody")


def test_it_refuses_a_hash_that_is_none() -> None:
    assert not is_right_password("none", "none")


def test_it_verifies_for_an_unknown_address_too(monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []

    class Watched(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]
            verified.append(str(password))
            return super().verify(hash, password)

    monkeypatch.setattr(accounts, "hasher", Watched(time_cost=1, memory_cost=64))
    is_right_password(None, "guess")
    assert verified == ["guess"]  # so that the time it takes tells nothing


def test_it_renews_an_outdated_hash_once(session: Session) -> None:
    user = create_user(session, "ada@example.com", PASSWORD)
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    user.password_hash = weak
    session.commit()
    stronger = find_stronger_hash(weak, PASSWORD)
    assert stronger is not None
    replace_hash(session, user.id, weak, stronger)
    session.commit()
    assert user.password_hash == stronger != weak
    assert find_stronger_hash(stronger, PASSWORD) is None
    assert is_right_password(stronger, PASSWORD)


def test_a_password_that_was_changed_meanwhile_stays(session: Session) -> None:
    user = create_user(session, "ada@example.com", PASSWORD)
    session.commit()
    changed = user.password_hash
    replace_hash(session, user.id, "what it was before", "the same password, hashed anew")
    session.commit()
    assert user.password_hash == changed


def test_a_password_is_hashed_while_nothing_is_locked(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes its time, and on SQLite every webhook would wait for it."""
    was_open: list[bool] = []

    def hash_password(_password: str) -> str:
        was_open.append(session.in_transaction())
        return "hash"

    monkeypatch.setattr(accounts, "hasher", SimpleNamespace(hash=hash_password))
    session.rollback()
    create_user(session, "kim@example.com", PASSWORD)
    assert was_open == [False]


def test_a_new_database_has_no_accounts(session: Session) -> None:
    assert accounts.count_users(session) == 0
