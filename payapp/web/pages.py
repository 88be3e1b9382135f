"""What every page shares: filters, asset addresses, security headers.

Who may enter: anyone.
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, current_app, request, session, url_for
from flask.typing import ResponseReturnValue

from payapp.web import formats
from payapp.web.sessions import is_for_people, is_for_programs

FILTERS = ("number", "signed", "money", "day", "minute", "moment", "iso", "plural", "size")

# htmx comes in a wheel that `make setup` unpacks outside the virtual environment; nothing of it is imported.
HTMX_PATH = Path("build/vendor/django_htmx/static/django_htmx/htmx-2.min.js")

# A year is the longest that RFC 9111 caches are asked to keep; the digest in the path changes with the content.
FOREVER = "public, max-age=31536000, immutable"

ACCESS = "anyone"
blueprint = Blueprint("pages", __name__)


@blueprint.get("/assets/<digest>/<name>")
def show_asset(digest: str, name: str) -> ResponseReturnValue:
    """Serve a file of `payapp/static`, or htmx, for a year. 404 for a digest that is not the file's."""
    asset = _assets().get(name)
    if asset is None or asset.digest != digest:
        abort(404)
    return asset.respond(accepts_gzip=request.accept_encodings.quality("gzip") > 0)


@dataclass(frozen=True)
class Asset:
    """A static file, read once. `packed` is the same body, gzipped once, for every browser of today."""

    name: str
    body: bytes
    packed: bytes
    digest: str

    def respond(self, *, accepts_gzip: bool) -> Response:
        mimetype = mimetypes.guess_type(self.name)[0] or "application/octet-stream"
        response = Response(self.packed if accepts_gzip else self.body, mimetype=mimetype)
        if accepts_gzip:
            response.content_encoding = "gzip"
        response.headers["Cache-Control"] = FOREVER
        response.vary.add("Accept-Encoding")
        return response


def init_app(app: Flask) -> None:
    """Give `app` the filters, `asset()` and `has_htmx` for templates, the security headers and the pages.

    Files are read, packed and digested here, once; a changed file is served after the next start.
    """
    assets = _load_assets(app)
    app.extensions["payapp_assets"] = assets
    # Lines that hold only a tag leave nothing behind: a tenth of a page.
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update({name: getattr(formats, name) for name in FILTERS})
    app.jinja_env.globals.update(asset=_asset_url, has_htmx="htmx.js" in assets)
    app.after_request(security_headers)
    app.register_blueprint(blueprint)


def security_headers(response: Response) -> Response:
    """Add the headers that every answer carries; a header that a route has set already stays.

    What programs read is no page: nothing in it is shown, so it needs no word on what a page may do.
    """
    if is_for_programs(request.path) and response.mimetype != "text/html":
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Cache-Control", "no-store")
        return _pin_https(response)
    for name, value in _build_headers(tuple(current_app.config.get("CHECKOUT_ORIGINS", ()))).items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", _default_caching())
    return _pin_https(response)


def _pin_https(response: Response) -> Response:
    if current_app.config["SESSION_COOKIE_SECURE"]:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def _default_caching() -> str:
    """Only who says so is kept by others: even a stranger's page carries the token of their own session."""
    if not is_for_people(request.path):
        return "no-store"
    # Asked of the cookie, not of current_user: that would query the database for every page.
    return "no-store" if "_user_id" in session else "private, no-cache"


@cache
def _build_headers(checkout_origins: tuple[str, ...]) -> dict[str, str]:
    """`form-action` names Stripe too, because Chromium checks where a form's redirect leads."""
    form_action = " ".join(["'self'", *checkout_origins])
    return {
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            f"form-action {form_action}; base-uri 'none'; frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }


def _load_assets(app: Flask) -> dict[str, Asset]:
    """Read the files of payapp/static and, if it is there, htmx. Without htmx pages work, only less live."""
    root = Path(app.root_path)
    paths = {path.name: path for path in sorted((root / "static").iterdir()) if path.is_file()}
    htmx_path = root.parent / HTMX_PATH
    if htmx_path.is_file():
        paths["htmx.js"] = htmx_path
    return {name: _load_asset(name, path) for name, path in paths.items()}


def _load_asset(name: str, path: Path) -> Asset:
    body = path.read_bytes()
    digest = hashlib.sha256(body).hexdigest()[:16]
    return Asset(name, body, packed=gzip.compress(body, compresslevel=9, mtime=0), digest=digest)


def _assets() -> Mapping[str, Asset]:
    assets: Mapping[str, Asset] = current_app.extensions["payapp_assets"]
    return assets


def _asset_url(name: str) -> str:
    """Return the address of a static file, digest included. Raises KeyError for a file that is not there."""
    return url_for("pages.show_asset", digest=_assets()[name].digest, name=name)
