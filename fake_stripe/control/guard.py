"""Keeps other sites out: any page in the developer's browser could otherwise send these orders, or read the state."""

import ipaddress
from urllib.parse import urlsplit

from flask import request

from fake_stripe.errors import StripeError
from fake_stripe.stand_in import current_stand_in

_FROM_HERE = ("same-origin", "none")  # none: typed by the user, or not a browser


def refuse_other_sites() -> None:
    """Raise StripeError 403 for what a page of another origin makes a browser send.

    A form needs nobody's permission to post to this machine, and there is no session whose cookie could be kept from
    it. So the browser's own word decides: Sec-Fetch-Site, and Origin where that is missing. Another port of this
    machine is another origin too (`same-site`). Programs send neither and may do everything, as everybody who can
    open a socket here.
    """
    _refuse_foreign_host()
    if request.method in ("GET", "HEAD"):
        return
    origin = request.headers.get("Origin")
    is_foreign = origin is not None and _netloc(origin) != request.host.lower()
    if is_foreign or request.headers.get("Sec-Fetch-Site", "none") not in _FROM_HERE:
        raise StripeError(
            f"Orders are taken from this stand-in's own pages and from programs, not from {origin}.", status=403
        )


def _refuse_foreign_host() -> None:
    """A page can make its own name point to this machine (DNS rebinding); then its origin is ours and only the name
    tells. An IP address has no name to rebind; a name without a dot (localhost, a container's) is not in public DNS.
    """
    name = _host_name(f"//{request.host}")
    if name and (_is_address(name) or "." not in name or name.endswith(".localhost")):
        return
    if name and name == _host_name(current_stand_in().settings.public_url):
        return
    raise StripeError(f"This stand-in is not called {request.host}; start it with --public-url if it is.", status=403)


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _host_name(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
