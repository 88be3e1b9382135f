"""Secrets that we have to read again are encrypted in the database, so that a copy of it gives none of them away.

The key is made from SECRET_KEY; what an earlier one has sealed is opened by SECRET_KEY_FALLBACKS. A sealed secret is
good for its own user only: moved to another's row it is nothing.
"""

import base64
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

PURPOSE = b"payapp: secrets of second factors"


@dataclass(frozen=True)
class Sealer:
    """Seals with the first of the keys, and opens with any."""

    keys: tuple[str, ...] = field(repr=False)

    def seal(self, user_id: int, secret: str) -> str:
        """Return the user's secret, encrypted."""
        return _make_fernet(self.keys).encrypt(f"{user_id}:{secret}".encode()).decode()

    def unseal(self, user_id: int, sealed: str) -> str | None:
        """Return the user's secret; None when no key opens it, or it is somebody else's."""
        from cryptography.fernet import InvalidToken

        try:
            owner, _, secret = _make_fernet(self.keys).decrypt(sealed.encode()).decode().partition(":")
        except InvalidToken:
            return None
        return secret if owner == str(user_id) else None


@cache
def _make_fernet(keys: tuple[str, ...]) -> "MultiFernet":
    # Not needed to start: few pages seal anything.
    from cryptography.fernet import Fernet, MultiFernet

    return MultiFernet([Fernet(_derive(key)) for key in keys])


def _derive(key: str) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return base64.urlsafe_b64encode(HKDF(SHA256(), length=32, salt=None, info=PURPOSE).derive(key.encode()))
