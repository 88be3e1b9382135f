"""flask api-keys …"""

import pytest
from sqlalchemy.orm import Session

from payapp.auth.api_keys import SHAPE, find_active_key, list_api_keys
from tests.cli.conftest import RunCommand
from tests.factories import make_user


def last_line(output: str) -> str:
    return output.splitlines()[-1]


def test_it_makes_a_key_for_a_user(session: Session, run: RunCommand) -> None:
    user_id = make_user(session, email="ada@example.com").id
    result = run("api-keys", "create", "Ada@example.com", "--name", "nightly report", "--scope", "read")
    assert result.exit_code == 0
    found = find_active_key(session, last_line(result.stdout))
    assert found is not None
    assert (found.user_id, found.scope) == (user_id, "read")
    assert list_api_keys(session, user_id)[0].name == "nightly report"


def test_it_may_spend_unless_told_otherwise(session: Session, run: RunCommand) -> None:
    make_user(session, email="ada@example.com")
    found = find_active_key(session, last_line(run("api-keys", "create", "ada@example.com").stdout))
    assert found is not None
    assert found.scope == "spend"


def test_it_makes_a_service_key(session: Session, run: RunCommand) -> None:
    result = run("api-keys", "create-service", "billing back end")
    assert result.exit_code == 0
    found = find_active_key(session, last_line(result.stdout))
    assert found is not None
    assert (found.user_id, found.scope) == (None, "service")


def test_it_lists_without_secrets(session: Session, run: RunCommand) -> None:
    make_user(session, email="ada@example.com")
    secrets = [
        last_line(run("api-keys", "create", "ada@example.com", "--name", name).stdout) for name in ("one", "two")
    ]
    run("api-keys", "revoke", secrets[0].rpartition("_")[0])
    lines = run("api-keys", "list", "ada@example.com").stdout.splitlines()
    assert ["two" in lines[0], "never used" in lines[0], "one" in lines[1], "revoked" in lines[1]] == [True] * 4
    assert not any(SHAPE.search(line) for line in lines)
    assert "There are none." in run("api-keys", "list").stderr
    run("api-keys", "create-service", "back end")
    assert "back end" in run("api-keys", "list").stdout


def test_it_revokes(session: Session, run: RunCommand) -> None:
    secret = last_line(run("api-keys", "create-service", "back end").stdout)
    prefix = secret.rpartition("_")[0]
    assert find_active_key(session, secret)
    assert run("api-keys", "revoke", prefix).exit_code == 0
    session.rollback()
    assert find_active_key(session, secret) is None
    again = run("api-keys", "revoke", prefix)
    assert (again.exit_code, prefix in again.stderr) == (1, True)


def test_it_rotates_service_keys_too(session: Session, run: RunCommand) -> None:
    old = last_line(run("api-keys", "create-service", "back end").stdout)
    result = run("api-keys", "rotate", old.rpartition("_")[0])
    found = [find_active_key(session, secret) for secret in (old, last_line(result.stdout))]
    assert [(key.user_id, key.scope) for key in found if key] == [(None, "service")] * 2
    assert [key.name for key in list_api_keys(session, None)] == ["back end"] * 2
    run("api-keys", "revoke", old.rpartition("_")[0])
    assert run("api-keys", "rotate", old.rpartition("_")[0]).exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (("create", "nobody@example.com"), 1),
        (("create", "ada@example.com", "--scope", "service"), 2),
        (("create", "ada@example.com", "--name", "x" * 81), 2),
        (("create-service", "  "), 2),
        (("list", "nobody@example.com"), 1),
        (("revoke", "payapp_nothing"), 1),
        (("rotate", "payapp_nothing"), 1),
    ],
)
def test_it_refuses(session: Session, run: RunCommand, arguments: tuple[str, ...], exit_code: int) -> None:
    user_id = make_user(session, email="ada@example.com").id
    result = run("api-keys", *arguments)
    assert result.exit_code == exit_code
    assert not SHAPE.search(result.output)
    assert list_api_keys(session, user_id) == []
