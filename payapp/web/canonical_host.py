"""One host for people: whoever opens a page under another name of ours is led to it, before they are known there.

A login is known under the name it was made under. Checkout leads back to APP_BASE_URL, so that is the name.
"""

from urllib.parse import quote, urlsplit

from flask import redirect, request
from werkzeug.wrappers import Response

from payapp.web.cookies import name_cookie
from payapp.web.htmx import is_htmx
from payapp.web.services import get_settings

LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
# A proxy that hides the name it was asked under makes every request look as if it came astray: leading on would never
# end. A browser that was just led, and comes back with this cookie, is under the right name already.
LED = "payapp_led"
LED_SECONDS = 5


def lead_home() -> Response | None:
    """Answer 302 to who looks at a page under another name. What is sent (a POST) is answered where it arrives."""
    if request.method not in ("GET", "HEAD"):
        return None
    settings = get_settings()
    led = name_cookie(LED, is_secure=settings.is_https)
    home, here = urlsplit(settings.app_base_url), urlsplit(request.host_url)
    if here.hostname == home.hostname or is_htmx() or led in request.cookies:
        return None
    # On one's own machine the port stays: it may be another than the settings say, and logins don't ask for it.
    is_local = home.hostname in LOCAL_NAMES and here.hostname in LOCAL_NAMES
    netloc = f"{home.hostname}:{here.port}" if is_local and here.port else home.netloc
    query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
    answer = redirect(f"{home.scheme}://{netloc}{quote(request.path)}{query}", 302)
    answer.headers["Cache-Control"] = "no-store"
    answer.set_cookie(led, "1", max_age=LED_SECONDS, secure=settings.is_https, httponly=True, samesite="Lax")
    return answer
