"""Small help that every resource needs to build and change its objects."""

import copy
import re

from fake_stripe.errors import JsonObject, not_in_stand_in, parameter_error
from fake_stripe.resources.metadata import merge_metadata
from fake_stripe.resources.operations import Params
from fake_stripe.state.ids import new_id
from fake_stripe.work import Work

LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
EMAIL = re.compile(rf"[a-z0-9.!#$%&'*+/=?^_`{{|}}~-]+@(?:{LABEL}\.)+{LABEL}", re.IGNORECASE | re.ASCII)


def new_object(work: Work, blank: JsonObject, **fields: object) -> JsonObject:
    """Return a new object of the blank's kind: fresh id, created now, test mode, the given fields filled in."""
    body = {"id": new_id(blank["object"]), **copy.deepcopy(blank), "created": work.now, "livemode": False}
    return {**body, **fields}


def refuse_others(params: Params, *implemented: str) -> None:
    """Raise for parameters that Stripe knows and the stand-in would have to ignore."""
    for name in params:
        if name not in implemented and name not in ("expand", "metadata"):
            raise not_in_stand_in(name)


def pick(params: Params, *names: str) -> Params:
    """Return the named parameters that were sent; an empty string unsets and becomes null."""
    return {name: (None if params[name] == "" else params[name]) for name in names if name in params}


def changed_metadata(body: JsonObject, params: Params) -> JsonObject:
    """Return the `metadata` change of an update, nothing when none was sent."""
    if "metadata" not in params:
        return {}
    return {"metadata": merge_metadata(body["metadata"], params["metadata"])}


def deleted(body: JsonObject) -> JsonObject:
    """Return what Stripe shows of an object that was deleted."""
    return {"id": body["id"], "object": body["object"], "deleted": True}


def check_email(email: str | None, param: str = "email") -> None:
    """Raise Stripe's `email_invalid` for what is no address in ASCII, or has a domain without a dot.

    Letters beyond ASCII are refused on both sides of the @: a domain of such letters has an ASCII spelling.
    """
    if email is not None and (EMAIL.fullmatch(email) is None or len(email) > 512):
        raise parameter_error(f"Invalid email address: {email}", param, "email_invalid")


def check_url(url: str, param: str) -> None:
    """Raise Stripe's `url_invalid` unless it is an absolute http or https address."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        is_absolute = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_absolute = False
    if not is_absolute or any(map(str.isspace, url)):
        raise parameter_error("Not a valid URL", param, "url_invalid")
