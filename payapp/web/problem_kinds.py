"""Everything that the API refuses: each kind has a `code` that stays the same.

PROBLEMS is the one list: the OpenAPI document and the page about the API are made from it. It stands outside of
api/, because errors.py tells programs what goes wrong before a request has reached the API.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of refusal: its HTTP status, its title, and what the caller can do."""

    status: int
    title: str
    sentence: str


PROBLEMS = {
    "bad_request": Kind(
        400, "Bad request", "The request can't be read: a NUL character in the address, an unknown host."
    ),
    "invalid_json": Kind(400, "The body can't be read", "Send one JSON object in UTF-8, no name in it twice."),
    "idempotency_key_missing": Kind(400, "Idempotency-Key is missing", "Every POST needs one: a fresh UUID is right."),
    "idempotency_key_invalid": Kind(400, "Idempotency-Key is not valid", "1 to 255 visible ASCII characters."),
    "api_key_missing": Kind(401, "An API key is needed", "Send `Authorization: Bearer <key>`."),
    "api_key_invalid": Kind(401, "The API key is not valid", "It is unknown, or it has been revoked."),
    "insufficient_credits": Kind(
        402,
        "Not enough credits",
        "`required` and `available` say what is missing, `package` is the smallest that helps, or the largest there"
        " is.",
    ),
    "account_disabled": Kind(403, "The account is disabled", "Nothing is read or spent there until staff enable it."),
    "insufficient_scope": Kind(403, "The key may only read", "Use a key with scope `spend`."),
    "user_not_allowed": Kind(403, "The key has a user of its own", "Only a service key says for which `user` it acts."),
    "hold_belongs_to_another": Kind(
        403,
        "The hold is another's",
        "`made_by` says who has made it: nobody else can capture or release it.",
    ),
    "not_found": Kind(404, "There is nothing here", "Look at the address."),
    "hold_not_found": Kind(404, "There is no such hold", "It never was, or it belongs to another account."),
    "user_not_found": Kind(404, "There is no such user", "Neither an id nor an e-mail address of anybody."),
    "method_not_allowed": Kind(405, "The address does not take this method", "`Allow` names those that it takes."),
    "hold_not_open": Kind(409, "The hold has ended", "`hold_status` says how: captured, released or expired."),
    "too_many_holds": Kind(
        409,
        "Too many open holds",
        "Capture or release some: GET /api/v1/holds lists them. `limit` is how many there may be.",
    ),
    "request_in_progress": Kind(
        409, "The same request is still at work", "Repeat it in a moment with the same key: then its answer is there."
    ),
    "body_too_large": Kind(413, "The body is too large", "A body has at most 1 MB."),
    "unsupported_media_type": Kind(415, "The body is not sent as JSON", "Send `Content-Type: application/json`."),
    "invalid_request": Kind(
        422, "Something in the request is not valid", "`errors` names each field, `detail` the first."
    ),
    "invalid_cursor": Kind(422, "The cursor is not valid", "Send `next_cursor` back as it was, for the same account."),
    "capture_too_large": Kind(409, "More than was held", "`held` is the most that can be captured."),
    "idempotency_key_reused": Kind(
        422, "The Idempotency-Key was used for another request", "A new request needs a new key."
    ),
    "rate_limited": Kind(429, "Too many requests", "Wait as many seconds as `Retry-After` says."),
    "database_unavailable": Kind(503, "Not available right now", "Repeat it with the same key after `Retry-After`."),
}
