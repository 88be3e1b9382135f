"""What payapp writes: each kind of mail, in words. A new one is an entry here.

`{…}` stand for the texts that the mail was ordered with (`data`), and for `address`, `home` and `link`.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Purpose = Literal["verify", "reset", "change"]

DAYS_TRIED_MAX = 3


@dataclass(frozen=True)
class LinkKind:
    """A link that is good once: `path` is where `<token>` stands in, `lifetime` begins when the mail is sent."""

    purpose: Purpose
    path: str
    lifetime: timedelta


@dataclass(frozen=True)
class Kind:
    """A mail. `tried_for` is how long it is worth sending: who waits for a link asks for another meanwhile.

    `path` is where its button leads when it has no link that is good once.
    """

    subject: str
    paragraphs: tuple[str, ...]
    button: str
    small: str
    link: LinkKind | None = None
    path: str = "/login"
    tried_for: timedelta = timedelta(days=DAYS_TRIED_MAX)


NOT_ME = "If this was not you, somebody may know your password. Set a new one at once: {home}/forgot-password"

KINDS = {
    "verify": Kind(
        "Confirm your e-mail address",
        ("An account at payapp was made with {address}. Please confirm that this is your address.",),
        "Confirm address",
        "The button works once, for three days. If you have no account at payapp, do nothing: somebody has typed your "
        "address by mistake.",
        LinkKind("verify", "/verify-email/", timedelta(days=3)),
    ),
    "account-exists": Kind(
        "You have an account already",
        (
            "Somebody, probably you, wanted to make an account at payapp with {address}. There is one already, so "
            "nothing was changed.",
            "Log in with the password you have. If you have forgotten it, set a new one: {home}/forgot-password",
        ),
        "Log in",
        "If this was not you, there is nothing to do. Nobody has come into your account by this.",
    ),
    "reset": Kind(
        "Set a new password",
        ("Somebody, probably you, has asked for a new password for the account of {address} at payapp.",),
        "Set a new password",
        "The button works once, for one hour. If this was not you, do nothing: your password stays as it is.",
        LinkKind("reset", "/reset-password/", timedelta(hours=1)),
        tried_for=timedelta(hours=1),
    ),
    "password-changed": Kind(
        "Your password was changed",
        (
            "The password of your account {address} at payapp was changed just now. Other browsers are logged out.",
            NOT_ME,
        ),
        "Log in",
        "This mail is sent whenever a password is changed, so that nobody does it behind your back.",
    ),
    "change-address": Kind(
        "Confirm your new e-mail address",
        (
            "The account of {old} at payapp wants to use {address} from now on.",
            "To change it, log in to payapp in your browser, then press the button.",
        ),
        "Confirm new address",
        "The button works once, for one day. If you have no account at payapp, do nothing: somebody has typed your "
        "address by mistake.",
        LinkKind("change", "/change-email/", timedelta(days=1)),
        tried_for=timedelta(days=1),
    ),
    "address-taken": Kind(
        "You have an account already",
        (
            "Somebody, probably you, wanted to use {address} for another account at payapp. It belongs to an account "
            "already, so nothing was changed.",
        ),
        "Log in",
        "If this was not you, there is nothing to do. Nobody has come into your account by this.",
    ),
    "address-change-asked": Kind(
        "Your e-mail address is about to change",
        (
            "Your account {address} at payapp shall use {new} from now on. We have written to {new}; the address "
            "changes when that mail's button is pressed.",
            NOT_ME,
        ),
        "Log in",
        "A new password also makes that mail's button worthless.",
    ),
    "address-changed": Kind(
        "Your e-mail address was changed",
        (
            "Your account at payapp uses {new} from now on, and no longer {address}.",
            "If this was not you, write to the people who run payapp at {home}.",
        ),
        "Open payapp",
        "This is the last mail to this address.",
        path="/",
    ),
    "factors-changed": Kind(
        "Your second factors were changed",
        ("Of your account {address} at payapp: {what} Other browsers were logged out where that matters.", NOT_ME),
        "Look at them",
        "This mail is sent whenever a passkey or an authenticator app is added or removed, or a recovery code is used.",
        path="/dashboard/account/factors",
    ),
    "account-deleted": Kind(
        "Your account is deleted",
        (
            "Your account {address} at payapp was deleted just now, and what was kept about you with it. Of payments "
            "the book keeps amounts and dates, without your address.",
            "If this was not you, write to the people who run payapp at {home}.",
        ),
        "Open payapp",
        "This is the last mail to this address.",
        path="/",
    ),
}
