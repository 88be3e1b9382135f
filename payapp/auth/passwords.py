"""Which passwords are good: 8 to 128 characters that are neither easy to guess nor the owner's address. No other rules.

zxcvbn judges, offline: it knows tens of thousands of common passwords, names and words, and what people make of them.
"""

import re
from collections.abc import Callable
from typing import Any

from wtforms.validators import ValidationError

LENGTH_MIN = 8
LENGTH_MAX = 128
SITE_NAME = "payapp"
# Of zxcvbn's scale to 4: it holds against guessing at the login, however long (10**6 guesses at least).
SCORE_MIN = 2
# zxcvbn takes 2 ms for what people type, but for 128 well-chosen characters six seconds, and for 16 of them 55 ms.
JUDGED_LENGTH = 16
OWN_WORD_LENGTH_MIN = 3

EASY = "This password is easy to guess. A few words in a row that do not belong together are better."
OWN = f"This password is made of your e-mail address or of “{SITE_NAME}”, which others try first. Choose another."


class GoodPassword:
    """WTForms validator of a new password, not of one that somebody logs in with: old ones may be of other rules.

    `find_email` returns the owner's address for the form; the form's own field `email` unless given. The message is a
    sentence for the person, and never holds the password.
    """

    def __init__(self, find_email: Callable[[Any], str | None] | None = None) -> None:
        """Tell the browser too how many characters there must be at least. Not at most: it would cut what is pasted."""
        self._find_email = find_email or (lambda form: form.email.data)
        self.field_flags = {"minlength": LENGTH_MIN}

    def __call__(self, form: Any, field: Any) -> None:
        """Raise WTForms' ValidationError with what is wrong."""
        if fault := find_fault(field.data or "", self._find_email(form) or ""):
            raise ValidationError(fault)


def find_fault(password: str, email: str) -> str | None:
    """Return what is wrong with a new password of the person with this address, in a sentence; None if it is good."""
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        return f"Use {LENGTH_MIN} to {LENGTH_MAX} characters."
    rest = _without(_own_words(email), password)
    if not _is_easy(rest):
        return None
    return EASY if rest == password or _is_easy(password) else OWN


def _own_words(email: str) -> set[str]:
    """Return what others know of the account: the parts of its address, but for the end of the domain, and the site."""
    local, _, domain = email.strip().casefold().partition("@")
    parts = {local, *re.split(r"[\W_]+", local), *domain.split(".")[:-1], SITE_NAME}
    return {part for part in parts if len(part) >= OWN_WORD_LENGTH_MIN}


def _without(words: set[str], password: str) -> str:
    """Return the password without these words, however they are written: what is left must be good by itself."""
    longest_first = sorted(words, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, longest_first)), "", password, flags=re.IGNORECASE)


def _is_easy(password: str) -> bool:
    """Whether its beginning, and its end too, are easy to guess. A part that is hard makes the whole hard."""
    return all(_is_easy_part(part) for part in {password[:JUDGED_LENGTH], password[-JUDGED_LENGTH:]})


def _is_easy_part(part: str) -> bool:
    # Not needed to start: its lists take 30 ms to load, and 14 MB. Nor are own words given to it: it keeps them in a
    # dictionary that all threads share.
    from zxcvbn import zxcvbn

    return not part or bool(zxcvbn(part)["score"] < SCORE_MIN)
