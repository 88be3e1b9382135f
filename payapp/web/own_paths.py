"""Addresses that others send and that we may lead somebody to: paths of our own pages, and nothing else."""

from urllib.parse import urlsplit

from flask import current_app, request


def own_path(target: str) -> str | None:
    """Return `target` if it is a path of this site; None for anything that a browser could take for another site."""
    is_path = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if is_path and target.isprintable() and "\\" not in target else None


def page_before() -> str | None:
    """Return the path of our page that a form was sent from, if it can be looked at again; as the browser tells."""
    try:
        parts = urlsplit(request.referrer or "")
    except ValueError:
        return None
    adapter = current_app.create_url_adapter(request)
    if parts.netloc != request.host or adapter is None or not adapter.test(parts.path, "GET"):
        return None
    return own_path(f"{parts.path}?{parts.query}" if parts.query else parts.path)


def loggable_path() -> str:
    """Return the path of the request for a log; a token in it is left out, because whoever has it may use it."""
    token = (request.view_args or {}).get("token")
    return request.path.replace(token, "…") if token else request.path
