"""Which keys are too easy to guess."""

import secrets
from collections.abc import Callable

import pytest

from payapp.auth.secret_keys import find_weakness


@pytest.mark.parametrize("make", [secrets.token_hex, secrets.token_urlsafe])
@pytest.mark.parametrize("size", [24, 32, 64])
def test_random_keys_are_fine(make: Callable[[int], str], size: int) -> None:
    assert {find_weakness(make(size)) for _ in range(500)} == {None}


def test_sixteen_random_bytes_in_hexadecimal_are_fine() -> None:
    assert {find_weakness(secrets.token_hex(16)) for _ in range(500)} == {None}


@pytest.mark.parametrize("key", ["dev", "secret", "changeme", "super secret string", "x" * 31, '_5#y2L"F4Q8z\n\xec]/'])
def test_short_keys_are_not(key: str) -> None:
    assert find_weakness(key)


@pytest.mark.parametrize(
    "key",
    [
        "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
        "5791628BB0B13CE0C676DFDE280BA245",
        "a-string-secret-at-least-256-bits-long",
        "please change me before you go to production, 1234",
        "django-insecure-8s7#k2$lq0v!x^w3z@m5n6b7c8d9f0g1",
        "YOUR_SECRET_KEY_GOES_HERE_0123456789",
    ],
)
def test_known_examples_are_not(key: str) -> None:
    assert find_weakness(key) == "is an example that everybody can read"


@pytest.mark.parametrize(
    "key", ["a" * 64, "ab" * 32, "12345678" * 4, "12345678901234567890123456789012", "secretkey" * 9]
)
def test_keys_that_repeat_themselves_are_not(key: str) -> None:
    assert find_weakness(key) == "repeats itself"
