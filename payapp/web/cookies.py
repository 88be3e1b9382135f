"""Cookies: what they are called where there is HTTPS, and by what they are signed."""

from hashlib import sha256
from typing import Any


def name_cookie(name: str, *, is_secure: bool) -> str:
    """Return the cookie's name; with HTTPS one that browsers take from this very host alone, over HTTPS, for all paths.

    So nobody who has another host of the domain, or the line without TLS, can plant one.
    """
    return f"__Host-{name}" if is_secure else name


def sign_by_sha256() -> dict[str, Any]:
    """Return what itsdangerous is to be told: its own default is SHA-1."""
    return {"digest_method": sha256}
