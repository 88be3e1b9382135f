"""Secrets that are made up here and handed out once: of cookies, mailed links and API keys. Their hashes are kept."""

import secrets
from hashlib import sha256


def make_secret() -> str:
    """Return 256 random bits, as text for a cookie or an address."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """Return what is kept of a random secret, which needs no salt and no slowness; of a password, see hashing.py.

    It takes whatever a request brings, also what is no text.
    """
    return sha256(secret.encode(errors="surrogatepass")).hexdigest()
