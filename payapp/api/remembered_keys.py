"""API keys that this process has looked up: what is written of one never changes, but for its use and its end.

So who has been seen a moment ago is known again without a question, as long as the one statement of the request makes
sure that the key is not revoked. After a minute, when its use is to be noted, a key is looked up anew.
"""

from typing import cast

from flask import current_app

from payapp.auth.api_keys import ActiveApiKey, is_use_to_note
from payapp.auth.random_secrets import hash_secret

KEYS_MAX = 10_000  # some megabytes


class RememberedKeys:
    """The keys by the hashes of their secrets. Whoever sends one that is not valid is not remembered."""

    def __init__(self) -> None:
        self._keys: dict[str, ActiveApiKey] = {}

    def find(self, secret: str) -> ActiveApiKey | None:
        """Return the key as it was when it was looked up, perhaps revoked since; None when it must be looked up."""
        key = self._keys.get(hash_secret(secret))
        return None if key is None or is_use_to_note(key) else key

    def keep(self, key: ActiveApiKey, secret: str) -> None:
        if len(self._keys) >= KEYS_MAX:
            self._keys.clear()
        self._keys[hash_secret(secret)] = key


def get_remembered_keys() -> RememberedKeys:
    """Return this application's."""
    return cast(RememberedKeys, current_app.extensions["payapp_remembered_keys"])
