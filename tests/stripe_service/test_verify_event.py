"""StripeService.verify_event(): which bytes, under which header, are believed to be Stripe's."""

import time

import pytest

from payapp.stripe_service import SIGNATURE_TOLERANCE_SECONDS, StripeService
from payapp.stripe_types.objects import Event, InvalidEventError
from tests.factories import event_payload, signature_of

SECRET = "whsec_first"
NEXT_SECRET = "whsec_next"
PAYLOAD = event_payload("customer.updated", {"id": "cus_1", "name": "Zoë"}, id="evt_1")


def verify(payload: str | bytes, signature: str | None, *secrets: str) -> Event:
    raw = payload.encode() if isinstance(payload, str) else payload
    return StripeService("sk_test_1", list(secrets or (SECRET,))).verify_event(raw, signature)


def refuses(payload: str | bytes, signature: str | None, *secrets: str) -> bool:
    """Whether it is refused with InvalidEventError; any other exception fails the test."""
    try:
        verify(payload, signature, *secrets)
    except InvalidEventError:
        return True
    return False


def test_it_works() -> None:
    event = verify(PAYLOAD, signature_of(PAYLOAD, SECRET))
    assert (event.id, event.event_type, event.payload) == ("evt_1", "customer.updated", PAYLOAD)


def test_it_accepts_either_secret_while_they_are_rolled() -> None:
    """Stripe signs with the old and the new secret for up to 24 h after rolling; we may hold both."""
    assert verify(PAYLOAD, signature_of(PAYLOAD, SECRET), SECRET, NEXT_SECRET).id == "evt_1"
    assert verify(PAYLOAD, signature_of(PAYLOAD, NEXT_SECRET), SECRET, NEXT_SECRET).id == "evt_1"


def test_it_accepts_a_header_with_several_signatures() -> None:
    now = int(time.time())
    stamp, ours = signature_of(PAYLOAD, SECRET, now).split(",")
    _, other = signature_of(PAYLOAD, "whsec_unknown", now).split(",")
    assert verify(PAYLOAD, f"{stamp},{other},{ours},v0=abc").id == "evt_1"


def test_it_accepts_a_signature_a_little_old_or_early() -> None:
    for age in (-290, 0, 290):
        assert verify(PAYLOAD, signature_of(PAYLOAD, SECRET, int(time.time()) - age)).id == "evt_1"


def test_it_refuses_a_wrong_secret() -> None:
    assert refuses(PAYLOAD, signature_of(PAYLOAD, "whsec_other"))
    assert refuses(PAYLOAD, signature_of(PAYLOAD, "whsec_other"), SECRET, NEXT_SECRET)


def test_it_refuses_a_stale_signature() -> None:
    assert refuses(PAYLOAD, signature_of(PAYLOAD, SECRET, int(time.time()) - SIGNATURE_TOLERANCE_SECONDS - 5))
    assert refuses(PAYLOAD, signature_of(PAYLOAD, SECRET, 1))


def test_it_refuses_a_signature_from_the_future() -> None:
    assert refuses(PAYLOAD, signature_of(PAYLOAD, SECRET, int(time.time()) + SIGNATURE_TOLERANCE_SECONDS + 5))
    assert refuses(PAYLOAD, signature_of(PAYLOAD, SECRET, 10**30))


def test_it_refuses_changed_bytes() -> None:
    signature = signature_of(PAYLOAD, SECRET)
    assert refuses(PAYLOAD.replace("cus_1", "cus_2"), signature)
    assert refuses(PAYLOAD + " ", signature)
    assert refuses("\ufeff" + PAYLOAD, signature)


def test_it_refuses_a_signature_of_another_moment() -> None:
    """The timestamp is signed too, so a captured request can't be made young again."""
    now = int(time.time())
    old = signature_of(PAYLOAD, SECRET, now - 1000).replace(f"t={now - 1000}", f"t={now}")
    assert refuses(PAYLOAD, old)


def test_it_refuses_a_second_timestamp_that_makes_an_old_signature_look_young() -> None:
    now = int(time.time())
    old = signature_of(PAYLOAD, SECRET, now - 1000)
    assert refuses(PAYLOAD, f"{old},t={now}")
    assert refuses(PAYLOAD, f"t={now},{old}")
    early = signature_of(PAYLOAD, SECRET, now + 1000)
    assert refuses(PAYLOAD, early.replace("t=", "t=+") + f",t={now}")
    assert refuses(PAYLOAD, f"{early},t={now}")
    assert refuses(PAYLOAD, f"t={now},{early}")


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        " ",
        ",",
        "=",
        "t=",
        "t",
        "v1=abc",
        "t=now",
        "t=now,v1=",
        "t=now,v1",
        "t=now,v1=ä",
        "t=now,v1=\xff\xfe",
        "t=now,v1=😀",
        "t=now,v0=abc",
        "t=now,v1=abc",
        "t=now.5,v1=abc",
        "t=NaN,v1=abc",
        "t=²,v1=abc",
        "t=-now,v1=abc",
        "t=" + "9" * 5000 + ",v1=abc",
        "t=1,t=2,v1=abc",
        "nonsense",
        "\x00",
        "," * 8000,
    ],
)
def test_it_refuses_a_garbage_header(signature: str | None) -> None:
    signature = signature and signature.replace("now", str(int(time.time())))  # in a test's name it would differ
    assert refuses(PAYLOAD, signature)
    assert refuses(PAYLOAD, signature, SECRET, NEXT_SECRET)


def test_it_refuses_an_odd_way_to_write_the_time() -> None:
    """The package reads the time with int(), which allows more than digits; our own look at it does not."""
    now = int(time.time())
    _, ours = signature_of(PAYLOAD, SECRET, now).split(",")
    for stamp in (f"t=+{now}", f"t= {now}", f"t={now:_}"):
        assert refuses(PAYLOAD, f"{stamp},{ours}")


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe\x00", b"\x80abc", PAYLOAD.encode("utf-16"), '{"name": "Zoë"}'.encode("latin-1")]
)
def test_it_refuses_bytes_that_are_no_text(body: bytes) -> None:
    assert refuses(body, signature_of(PAYLOAD, SECRET))


@pytest.mark.parametrize("text", ["", "null", "[]", '"x"', "0", "{}", "{", "[" * 100_000, '{"a":' * 100_000, "\0"])
def test_it_refuses_signed_text_that_is_no_event(text: str) -> None:
    assert refuses(text, signature_of(text, SECRET))


def test_it_refuses_everything_without_a_secret() -> None:
    service = StripeService("sk_test_1", [])
    assert not service.receives_events
    with pytest.raises(InvalidEventError):
        service.verify_event(PAYLOAD.encode(), signature_of(PAYLOAD, SECRET))


def test_it_refuses_what_is_signed_with_an_empty_secret() -> None:
    assert refuses(PAYLOAD, signature_of(PAYLOAD, ""))
