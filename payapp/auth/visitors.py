"""Who is trying: from which address, and in a browser in which the account was logged in before."""

import secrets
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import cast

from flask import current_app, request
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from payapp.web.cookies import name_cookie, sign_by_sha256
from payapp.web.services import get_settings

COOKIE = "known_browser"
KNOWN_FOR_SECONDS = 365 * 24 * 3600
ACCOUNTS_MAX = 5  # a browser at home is shared by a family
IPV6_PREFIX = 64  # what one household is given: whoever has one address has all of these


def visitors_address() -> str:
    """Return the address that limits count by: an IPv4 address, or the network of an IPv6 address."""
    given = request.remote_addr or ""
    try:
        address = ip_address(given)
    except ValueError:
        return given  # no address: a socket of this machine
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(IPv6Network((int(address), IPV6_PREFIX), strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)


def find_known_browser(user_id: int) -> str | None:
    """Return what this browser is known by to the account; None when nobody has logged in to it here before."""
    browser_id, user_ids = _read_cookie()
    return f"browser {browser_id} of {user_id}" if user_id in user_ids else None


def remember_browser(response: Response, user_id: int) -> None:
    """Let the account know this browser from now on, for a year after its last login."""
    browser_id, user_ids = _read_cookie()
    others = [known for known in user_ids if known != user_id]
    response.set_cookie(
        _cookie_name(),
        _signer().dumps([browser_id, [user_id, *others][:ACCOUNTS_MAX]]),
        max_age=KNOWN_FOR_SECONDS,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )


def _read_cookie() -> tuple[str, list[int]]:
    """Return the browser's id and the users it is known to; a fresh id, and nobody, without a cookie of ours."""
    try:
        browser_id, user_ids = _signer().loads(request.cookies.get(_cookie_name(), ""), max_age=KNOWN_FOR_SECONDS)
    except BadData:
        return secrets.token_hex(16), []
    return cast(str, browser_id), cast(list[int], user_ids)


def _cookie_name() -> str:
    return name_cookie(COOKIE, is_secure=get_settings().is_https)


def _signer() -> URLSafeTimedSerializer:
    settings = get_settings()
    return URLSafeTimedSerializer(
        [*settings.secret_key_fallbacks, settings.secret_key],
        salt="payapp.known-browser",
        signer_kwargs=sign_by_sha256(),
    )
