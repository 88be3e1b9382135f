"""Login cookies: people's pages open a session and keep it; what programs ask and what caches keep has none."""

from hashlib import sha256

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin

# Files, programs, Stripe and balancers: whatever cookie comes along, there it is neither read nor set.
FOR_PROGRAMS = ("/api/v1/", "/webhooks/")
WITHOUT_COOKIES = ("/assets/", *FOR_PROGRAMS)
PROBES = ("/healthz", "/readyz")
WITHOUT_COOKIES_EXACTLY = (*PROBES, "/metrics")


def is_for_people(path: str) -> bool:
    """Whether a person with a browser opens this address, existing or not."""
    return path not in WITHOUT_COOKIES_EXACTLY and not path.startswith(WITHOUT_COOKIES)


def is_for_programs(path: str) -> bool:
    """Whether it is asked by a program, Stripe's or a balancer, which shows nothing to anybody."""
    return path.startswith(FOR_PROGRAMS) or path in WITHOUT_COOKIES_EXACTLY


class PeoplesSessions(SecureCookieSessionInterface):
    """Flask's signed cookie, for people only.

    A cache that ignores `Vary: Cookie` would hand a login that stands in a public answer to the next who asks. So such
    an answer never has one, whichever route made it, nor has a 304, with which caches renew the headers they keep.
    """

    digest_method = staticmethod(sha256)  # Flask's own default is SHA-1

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        return super().open_session(app, request) if is_for_people(request.path) else self.session_class()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if is_for_people(request.path) and not response.cache_control.public and response.status_code != 304:
            super().save_session(app, session, response)


def init_app(app: Flask) -> None:
    """Make `app` keep its sessions so."""
    app.session_interface = PeoplesSessions()
