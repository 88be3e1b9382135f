"""The two conversations with a device about a passkey (WebAuthn): making one, and showing one.

Each is a challenge of ours and the device's answer. The package webauthn checks what was signed: our challenge, our
origin, and that the device has made sure who holds it (a finger, a face, a PIN). So one passkey is two factors.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from payapp.auth.factors.challenges import CHALLENGE_SECONDS_MAX, make_challenge, use_challenge
from payapp.auth.factors.passkeys import (
    PASSKEYS_MAX,
    KnownPasskey,
    count_passkeys,
    find_passkey,
    find_user_handle,
    keep_passkey,
    list_credential_ids,
    note_use,
)

log = logging.getLogger(__name__)

ANSWER_LENGTH_MAX = 32 * 1024
SITE_NAME = "payapp"

Checked = TypeVar("Checked")


class PasskeyRefusedError(Exception):
    """The device's answer is none of ours: wrong, late, repeated, or made for another site."""


class TooManyPasskeysError(Exception):
    """The user has as many passkeys as anybody may have."""


@dataclass(frozen=True)
class Site:
    """For whom passkeys are made: the origin of our pages, and its host, which is their scope."""

    origin: str

    @property
    def host(self) -> str:
        return urlsplit(self.origin).hostname or ""


def ask_for_new_passkey(session: Session, site: Site, user_id: int, email: str, bound_to: str) -> str:
    """Return, as JSON, what the browser needs to have a passkey made for the user; none on a device that has one."""
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    user_handle = find_user_handle(session, user_id)
    options = generate_registration_options(
        rp_id=site.host,
        rp_name=SITE_NAME,
        user_id=user_handle,
        user_name=email,
        challenge=make_challenge(session, bound_to, user_handle),
        timeout=CHALLENGE_SECONDS_MAX * 1000,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,  # where it is kept so, it needs no address typed
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in list_credential_ids(session, user_id)],
    )
    return options_to_json(options)


def register_passkey(session: Session, site: Site, user_id: int, name: str, bound_to: str, answer: str) -> None:
    """Keep the passkey that the device has made. The caller has the user's row locked, and commits in any case.

    Raises PasskeyRefusedError, and TooManyPasskeysError.
    """
    from webauthn import verify_registration_response
    from webauthn.helpers import parse_registration_credential_json

    credential = _read(lambda: parse_registration_credential_json(answer))
    challenge, user_handle = _take_challenge(session, credential.response.client_data_json, bound_to)
    if count_passkeys(session, user_id) >= PASSKEYS_MAX:
        raise TooManyPasskeysError
    checked = _read(
        lambda: verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    )
    if not keep_passkey(
        session,
        user_id,
        name,
        credential_id=checked.credential_id,
        public_key=checked.credential_public_key,
        user_handle=user_handle,
        sign_count=checked.sign_count,
    ):
        raise PasskeyRefusedError("known already")


def ask_for_passkey(session: Session, site: Site, bound_to: str, user_id: int | None = None) -> str:
    """Return, as JSON, what the browser needs to have a passkey shown: one of the user's, or any that it has for us."""
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor, UserVerificationRequirement

    theirs = [] if user_id is None else list_credential_ids(session, user_id)
    options = generate_authentication_options(
        rp_id=site.host,
        challenge=make_challenge(session, bound_to),
        timeout=CHALLENGE_SECONDS_MAX * 1000,
        allow_credentials=[PublicKeyCredentialDescriptor(id=each) for each in theirs],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


def check_passkey(session: Session, site: Site, bound_to: str, answer: str, user_id: int | None = None) -> int:
    """Return whose passkey was shown. The caller commits in any case: the challenge is used up.

    Raises PasskeyRefusedError, also when it is not `user_id`'s, if one is given.
    """
    from webauthn import verify_authentication_response
    from webauthn.helpers import parse_authentication_credential_json

    credential = _read(lambda: parse_authentication_credential_json(answer))
    challenge, _ = _take_challenge(session, credential.response.client_data_json, bound_to)
    passkey = find_passkey(session, credential.raw_id)
    if passkey is None or not _is_of(passkey, user_id, credential.response.user_handle):
        raise PasskeyRefusedError("not a passkey of this user")
    checked = _read(
        lambda: verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    )
    if not note_use(session, passkey, checked.new_sign_count):
        raise PasskeyRefusedError("used by another at the same moment")
    return passkey.user_id


def _is_of(passkey: KnownPasskey, user_id: int | None, user_handle: bytes | None) -> bool:
    """Whether the passkey is the user's, and the device means the same user, where it names one."""
    return (
        passkey.user_id == (user_id or passkey.user_id) and (user_handle or passkey.user_handle) == passkey.user_handle
    )


def _take_challenge(session: Session, client_data: bytes, bound_to: str) -> tuple[bytes, bytes]:
    """Use up, and return, the challenge that was answered, with its user handle.

    Raises PasskeyRefusedError for none of ours.
    """
    from webauthn.helpers import parse_client_data_json

    said = _read(lambda: parse_client_data_json(client_data))
    if said.cross_origin:
        raise PasskeyRefusedError("shown inside a page of another site")
    user_handle = use_challenge(session, said.challenge, bound_to)
    if user_handle is None:
        raise PasskeyRefusedError("not a challenge of ours, or answered before, or too late")
    return said.challenge, user_handle


def _read(check: Callable[[], Checked]) -> Checked:
    """Return what the package makes of an answer. Raises PasskeyRefusedError whatever is wrong with it."""
    try:
        return check()
    # The package raises its own errors, and for bytes that no browser sends whatever its parsers do.
    except Exception as error:
        log.info("a passkey's answer was refused: %s: %r", type(error).__name__, str(error))
        raise PasskeyRefusedError(str(error)) from error
