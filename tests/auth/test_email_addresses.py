"""One mailbox, one spelling."""

import pytest

from payapp.auth.email_addresses import normalize_email, spellings_of


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("ada@example.com", "ada@example.com"),
        ("  Ada@EXAMPLE.com ", "ada@example.com"),
        ("kim@b\u00fccher.example", "kim@xn--bcher-kva.example"),
        ("kim@BU\u0308CHER.example", "kim@xn--bcher-kva.example"),
        ("KIM@XN--BCHER-KVA.example", "kim@xn--bcher-kva.example"),
        ("kim@stra\u00dfe.example", "kim@xn--strae-oqa.example"),  # not strasse.example, which is another's
        ("kim@\uff45xample.com", "kim@example.com"),
        ("jose\u0301@example.com", "jos\u00e9@example.com"),
        ("\u7528\u6237@\u4f8b\u5b50.\u6d4b\u8bd5", "\u7528\u6237@xn--fsqu00a.xn--0zwm56d"),
    ],
)
def test_it_has_one_form(typed: str, stored: str) -> None:
    assert normalize_email(typed) == stored
    assert normalize_email(stored) == stored
    assert stored in spellings_of(typed)


@pytest.mark.parametrize(
    "typed", ["", "@", "ada", "\u00e9@", "@b\u00fccher.example", "kim@xn--zzzz.example", "a@\ud800"]
)
def test_what_is_no_address_is_left_alone(typed: str) -> None:
    assert normalize_email(typed) == typed
    assert spellings_of(typed) == [typed]


def test_what_was_typed_comes_first() -> None:
    letters, ascii_only = "kim@b\u00fccher.example", "kim@xn--bcher-kva.example"
    assert spellings_of(letters) == [letters, ascii_only]
    assert spellings_of(ascii_only) == [ascii_only, letters]
    assert spellings_of("ada@example.com") == ["ada@example.com"]
