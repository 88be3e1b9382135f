"""/admin/users/…: a user's whole story on one page, and each of its lists by itself."""

from collections.abc import Callable
from typing import Any

from flask import Response, abort

from payapp.admin.blueprint import blueprint, get_user, place_asked, show
from payapp.audit.reading import AuditFilter, list_audit
from payapp.database.paging import NewestFirst, Place
from payapp.extensions import db
from payapp.ledger.balances import get_balance
from payapp.staff import user_story

LISTED = 10

# What stands in the address → how the list is called, and what reads it.
LISTS: dict[str, tuple[str, Callable[..., NewestFirst[Any]]]] = {
    "purchases": ("Purchases", user_story.list_purchases_of),
    "entries": ("Credits", user_story.list_entries_of),
    "holds": ("Holds", user_story.list_holds_of),
    "api-keys": ("API keys", user_story.list_keys_of),
    "logins": ("Logins", user_story.list_logins_of),
    "mails": ("Mails", user_story.list_mails_of),
}


@blueprint.get("/users/<int:user_id>")
def show_user(user_id: int) -> Response:
    """All there is about a user, the newest of each kind."""
    session, user, place = db.session(), get_user(user_id), Place(None, LISTED)
    lists = {name: (title, read(session, user_id, place)) for name, (title, read) in LISTS.items()}
    audit = list_audit(session, AuditFilter(user_id=user_id), place)
    return show("user.html", user=user, balance=get_balance(session, user_id), lists=lists, audit=audit)


@blueprint.get("/users/<int:user_id>/<name>")
def show_user_list(user_id: int, name: str) -> Response:
    """One list of a user's, a page at a time."""
    title, read = LISTS.get(name) or abort(404)
    user, found = get_user(user_id), read(db.session(), user_id, place_asked())
    return show("user_list.html", user=user, name=name, title=title, found=found)
