"""Trying a password: counted before it is tried, verified with no transaction open. Login, /login/again and changes.

Commits: what is counted must be seen by all who try at the same moment.
"""

from payapp.auth.accounts import find_stronger_hash, find_user, is_right_password, replace_hash
from payapp.auth.counting import count_tries
from payapp.auth.email_addresses import normalize_email
from payapp.auth.limits import LOGINS, WRONG_PASSWORDS, take_back
from payapp.auth.models import User
from payapp.auth.visitors import find_known_browser, visitors_address
from payapp.extensions import db


def check_password(email: str, password: str) -> User | None:
    """Return the user whose address and password these are, as they were then; None if there is none. Commits.

    Counts the try, verifies with no transaction open, then takes it back and renews an outdated hash. A browser that
    the account knows is counted by itself: what strangers try does not keep its owner out. Unknown addresses are
    counted as known ones are, so that a 429 does not tell which is which. Call it in a waiting_room(). Raises
    TooManyRequests (429).
    """
    session = db.session()
    user = find_user(session, email)
    password_hash = user.password_hash if user else None
    browser = find_known_browser(user.id) if user else None
    account = browser or normalize_email(email)
    count_tries(session, (LOGINS, browser or visitors_address()), (WRONG_PASSWORDS, account))
    if not is_right_password(password_hash, password) or user is None or password_hash is None:
        return None
    new_hash = find_stronger_hash(password_hash, password)
    take_back(session, WRONG_PASSWORDS, account)
    if new_hash:
        replace_hash(session, user.id, password_hash, new_hash)
    session.refresh(user)
    session.expunge(user)  # else it would be read anew, perhaps with a password that nobody has tried here
    user.password_hash = new_hash or password_hash
    session.commit()
    return user
