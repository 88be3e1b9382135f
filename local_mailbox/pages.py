"""The page: a list of mails, and each of them. For this machine alone, and without a script."""

import re
from typing import Any

from flask import Flask, Response, abort, current_app, jsonify, render_template, request
from markupsafe import Markup, escape
from werkzeug.wrappers import Response as BaseResponse

from local_mailbox.store import ReceivedMail, Store

LOCAL_NAMES = ("localhost", "127.0.0.1")
ADDRESS = re.compile(r"https?://[^\s<>\"']+")
POLICY = "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'"
# A mail may have any HTML: it can neither run a script nor fetch anything, and has nothing of this page. Its links
# open in tabs of their own, which are no longer in the box.
POLICY_OF_MAIL = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; frame-ancestors 'self'"
)


def create_app(store: Store) -> Flask:
    """Return the pages of this store."""
    app = Flask(__name__, static_url_path="/_static")
    app.extensions["store"] = store
    app.before_request(refuse_other_names)
    app.after_request(add_headers)
    app.jinja_env.filters["linked"] = with_links
    app.add_url_rule("/", view_func=show_list)
    app.add_url_rule("/mails.json", view_func=tell_list)
    app.add_url_rule("/mails/<int:mail_id>", view_func=show_mail)
    app.add_url_rule("/mails/<int:mail_id>/html", view_func=show_html)
    app.add_url_rule("/health", view_func=lambda: "ready\n")
    return app


def refuse_other_names() -> None:
    """A site can make its own name point to this machine (DNS rebinding), and read what the browser is shown."""
    if request.host.partition(":")[0] not in LOCAL_NAMES:
        abort(403)


def add_headers(response: Response) -> Response:
    """Nothing is kept, nothing is run, and nobody is told where a link was pressed."""
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response


def show_list() -> str:
    """All mails, newest first; `?to=` only those to one address."""
    to = request.args.get("to", "")
    return render_template("list.html", mails=_store().list_mails(to), to=to)


def tell_list() -> BaseResponse:
    """The same for programs."""
    return jsonify([_describe(mail) for mail in _store().list_mails(request.args.get("to", ""))])


def show_mail(mail_id: int) -> str:
    """One mail: its HTML in a box of its own, and its text."""
    return render_template("mail.html", mail=_get(mail_id))


def show_html(mail_id: int) -> Response:
    """The HTML part, for the box on its page."""
    html, into_new_tabs = _get(mail_id).html, '<base target="_blank">'
    shown, count = re.subn(r"<head[^>]*>", lambda head: head.group() + into_new_tabs, html, count=1)
    response = Response(shown if count else into_new_tabs + html, mimetype="text/html")
    response.headers["Content-Security-Policy"] = POLICY_OF_MAIL
    return response


def with_links(text: str) -> Markup:
    """Return a text for HTML in which web addresses can be pressed."""
    shown, end = Markup(), 0
    for found in ADDRESS.finditer(text):
        link = Markup('<a href="{0}" target="_blank" rel="noreferrer">{0}</a>').format(found.group())
        shown += escape(text[end : found.start()]) + link
        end = found.end()
    return shown + escape(text[end:])


def _store() -> Store:
    store: Store = current_app.extensions["store"]
    return store


def _get(mail_id: int) -> ReceivedMail:
    return _store().find_mail(mail_id) or abort(404)


def _describe(mail: ReceivedMail) -> dict[str, Any]:
    return {
        "id": mail.id,
        "at": mail.at.isoformat(),
        "from": mail.sender,
        "to": list(mail.recipients),
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
    }
