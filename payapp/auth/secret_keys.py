"""Which keys may sign login cookies: long ones that nobody else has. A guessed key lets anybody be anybody."""

import re

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


def _repeated_part(key: str) -> int:
    """Return the length of the part that `key` consists of: 3 for abcabcab, its own length when nothing repeats."""
    return next(length for length in range(1, len(key) + 1) if key.startswith(key[length:]))
