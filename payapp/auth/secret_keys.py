"""Which keys may sign login cookies: long ones that nobody else has. A guessed key lets anybody be anybody."""

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

KEY_BYTES_MIN = 32  # as long as what SHA-256 makes of it: https://www.rfc-editor.org/rfc/rfc2104#section-3
CHARACTERS_MIN = 8  # 32 random hexadecimal digits have about fourteen different ones
REPEATED_PART_MAX = 15

# Long enough, and printed in a manual or tutorial: Flask's (twice), FastAPI's, jwt.io's, and two much-copied courses'.
EXAMPLES = {
    "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
    "192b9bdd22ab9ed4d12e236c78afcb9a",
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
    "astringsecretatleast256bitslong",
    "asecretkeyatleast256bitslong",
    "5791628bb0b13ce0c676dfde280ba245",
    "mysupersecretkeythatnobodyknows",
    "thisisaverysecretkeythatnobodywillguess",
}
# Whoever wrote one of these meant it to be replaced. No random key holds them.
PLACEHOLDERS = (
    "changeme",
    "changethis",
    "replaceme",
    "replacethis",
    "insecure",
    "yoursecret",
    "supersecretstring",
    "notasecret",
    "placeholder",
)


def find_weakness(key: str) -> str | None:
    """Return what makes this key easy to guess, as the end of a sentence about it; None when nothing does."""
    letters = re.sub(r"[^a-z0-9]", "", key.lower())
    if letters in EXAMPLES or any(word in letters for word in PLACEHOLDERS):
        return "is an example that everybody can read"
    if len(key.encode()) < KEY_BYTES_MIN:
        return "is too short"
    if len(set(key)) < CHARACTERS_MIN or _repeated_part(key) <= REPEATED_PART_MAX:
        return "repeats itself"
    return None


def keep_key_at(path: Path) -> str:
    """Return the key in this file, which is made on the first call; empty when somebody has emptied it.

    Processes that start at once agree on one key.
    """
    if not path.exists():
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        with open(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as stream:
            stream.write(secrets.token_hex(32))
        with suppress(FileExistsError):
            os.link(draft, path)  # whole or not at all, and only for the first to come
        draft.unlink()
    return path.read_text().strip()


def _repeated_part(key: str) -> int:
    """Return the length of the part that `key` consists of: 3 for abcabcab, its own length when nothing repeats."""
    return next(length for length in range(1, len(key) + 1) if key.startswith(key[length:]))
