"""Who is asking: the API key of a request, what it may do, how often, and for which account."""

import logging
from collections.abc import Callable
from math import ceil
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, request

from payapp.api.problems import ApiError, invalid_field
from payapp.api.remembered_keys import get_remembered_keys
from payapp.api.request_counts import get_request_counts
from payapp.auth.accounts import find_identity
from payapp.auth.api_keys import ActiveApiKey, find_active_key, is_use_to_note, note_use
from payapp.database.base import expect_reads_only, writing
from payapp.database.one_statement import can_attempt
from payapp.extensions import db
from payapp.ledger.makers import USER, service
from payapp.web.errors import DATABASE_DOWN

log = logging.getLogger(__name__)

View = TypeVar("View", bound=Callable[..., Any])

# For each key. They stop a program that has run wild, not one that has much to do; a service key works for many
# customers. Nothing counts wrong keys: nobody can guess one.
REQUESTS_A_MINUTE = 30_000
REQUESTS_OF_A_SERVICE_A_MINUTE = 120_000


def authenticate() -> None:
    """Find the key and keep it in `g.api_key`. Only the Authorization header counts: no cookie opens the API.

    Where the view says that its one statement looks the key up, a key seen before is believed until then: see
    confirm_key(). Raises ApiError (401, 403, 422, 429).
    """
    expect_reads_only()
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise ApiError("api_key_missing", headers={"WWW-Authenticate": 'Bearer realm="payapp"'})
    g.secret, g.is_looked_up = secret.strip(), False
    remembered = get_remembered_keys().find(g.secret) if _looks_its_key_up() else None
    if remembered is None:
        confirm_key()
    else:
        g.api_key = remembered
    key: ActiveApiKey = g.api_key
    count_request(key)
    if key.scope == "read" and request.method not in ("GET", "HEAD", "OPTIONS"):
        raise _refuse("insufficient_scope", "insufficient_scope")
    if request.query_string:
        _refuse_ambiguous_query()


def looks_its_key_up(view: View) -> View:
    """Say of a view that the statement by which it does its work, or tells something, also looks the key up."""
    view.looks_its_key_up = True  # type: ignore[attr-defined]
    return view


def confirm_key() -> None:
    """Look the key up, unless this request has done so.

    Raises ApiError: 401 when it is not valid, or no longer, 403 when its owner is disabled.
    """
    if "secret" not in g or g.is_looked_up:
        return
    g.is_looked_up = True
    key = find_active_key(db.session(), g.secret)
    if key is None:
        raise _refuse("api_key_invalid", "invalid_token")
    if key.is_disabled:
        raise ApiError("account_disabled")
    g.api_key = key
    get_remembered_keys().keep(key, g.secret)


def _looks_its_key_up() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    return can_attempt(db.engine) and getattr(view, "looks_its_key_up", False)


def _refuse_ambiguous_query() -> None:
    """Refuse a query that would be ignored, or read in part: any on a POST, and a name that stands twice.

    Raises ApiError (422).
    """
    for name, values in request.args.lists():
        if request.method == "POST":
            raise invalid_field(name, "A POST has its fields in the body.")
        if len(values) > 1:
            raise invalid_field(name, "It stands twice in the address.")


def find_account(reference: int | str | None) -> int:
    """Return the id of the user whose account the request is about: the key's own, or the one a service key names.

    Raises ApiError.
    """
    key: ActiveApiKey = g.api_key
    if key.user_id is not None:
        if reference is not None:
            raise ApiError("user_not_allowed")
        return key.user_id
    if reference is None:
        raise invalid_field("user", "A service key says for whom it acts.")
    user = find_identity(db.session(), reference)
    if user is None:
        raise ApiError("user_not_found")
    if user.is_disabled:
        raise ApiError("account_disabled")
    return user.id


def require_enabled(user_id: int) -> None:
    """Look once more whether the account is in use, now that the work begins. Raises ApiError (403)."""
    user = find_identity(db.session(), user_id)
    if user is None or user.is_disabled:
        raise ApiError("account_disabled")


def find_maker() -> str:
    """Return who is asking, for the ledger: the user's own programs, or one service whichever of its keys it uses."""
    key: ActiveApiKey = g.api_key
    return service(key.name) if key.user_id is None else USER


def finish(response: Response) -> Response:
    """Tell the caller how many requests are left, and until when (in seconds since 1970).

    And have the key's use noted once the answer is sent: the caller does not wait for it.
    """
    if (count := g.get("request_count")) is not None:
        headers = response.headers
        headers["X-RateLimit-Limit"] = str(count.limit)
        headers["X-RateLimit-Remaining"] = str(count.remaining)
        headers["X-RateLimit-Reset"] = str(ceil(count.resets_at))
    key: ActiveApiKey | None = g.get("api_key")
    if key and is_use_to_note(key):
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        response.call_on_close(lambda: _note_use(app, key.id))
    return response


def _note_use(app: Flask, key_id: int) -> None:
    with app.app_context(), writing():
        try:
            note_use(db.session(), key_id)
            db.session.commit()
        except DATABASE_DOWN as error:
            log.warning("the use of API key %s is not noted: %s", key_id, error)


def count_request(key: ActiveApiKey) -> None:
    """Count the request against its key. Raises ApiError when it was one too many in this minute."""
    limit = REQUESTS_OF_A_SERVICE_A_MINUTE if key.scope == "service" else REQUESTS_A_MINUTE
    count = get_request_counts().count(limit, f"api-key:{key.id}")
    g.request_count = count
    if not count.is_within:
        raise ApiError("rate_limited", headers={"Retry-After": str(count.retry_after_seconds)})


def _refuse(code: str, error: str) -> ApiError:
    """Return the refusal with the header of RFC 6750."""
    return ApiError(code, headers={"WWW-Authenticate": f'Bearer realm="payapp", error="{error}"'})
