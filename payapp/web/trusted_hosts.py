"""Host names: probes are answered under any, and a name that is refused is told to the operator, once."""

import logging
from collections.abc import Iterable
from threading import Lock
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, current_app

from payapp.web.sessions import PROBES

log = logging.getLogger(__name__)

NAMES_LOGGED_MAX = 50  # anybody can send new names for ever
NAME_LENGTH_MAX = 100


class ProbesUnderAnyName:
    """WSGI middleware: a probe arrives with `host`, one that is trusted, whatever its Host header says.

    Balancers ask for a machine's address, or with HTTP/1.0 for none at all.
    """

    def __init__(self, app: WSGIApplication, host: str) -> None:
        self._app = app
        self._host = host

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") in PROBES:
            environ["HTTP_HOST"] = self._host
        return self._app(environ, start_response)


class RefusedNames:
    """The host names that were refused since the start: each is logged once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._names: set[str] = set()

    def note(self, name: str) -> None:
        """Log the name and the setting that would allow it, if it is new and there were not too many before."""
        name = name[:NAME_LENGTH_MAX]
        with self._lock:
            if name in self._names or len(self._names) >= NAMES_LOGGED_MAX:
                return
            self._names.add(name)
        log.warning("refused a request for the host %r: if it is yours, add its name to TRUSTED_HOSTS", name)


def init_app(app: Flask, trusted_hosts: list[str]) -> None:
    """Let probes of `app` arrive under any name. Names that begin with a dot stand for all below them."""
    app.wsgi_app = ProbesUnderAnyName(app.wsgi_app, trusted_hosts[0].lstrip("."))  # type: ignore[method-assign]
    app.extensions["payapp_refused_names"] = RefusedNames()


def note_refused_name(name: str) -> None:
    """Tell the operator of a request that was refused for its Host header; `name` is empty when it had none."""
    names: RefusedNames = current_app.extensions["payapp_refused_names"]
    names.note(name)
