"""Every place into which somebody can put a value: found in the routes, the forms, the source and the OpenAPI document.

A new route, form field or JSON field is a new place by itself.
"""

import io
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote_from_bytes
from uuid import uuid4

from flask import Flask
from flask_wtf import FlaskForm
from werkzeug.routing import Rule
from werkzeug.test import TestResponse
from wtforms import FileField

from payapp.web.sessions import is_for_people
from tests.source_rules import PACKAGE
from tests.web.access_table import SENT
from tests.web.callers import World
from tests.web.hostile_values import Literal

PERSON, PROGRAM, STRANGER, SERVICE, STAFF = "user", "spend key", "anonymous", "service key", "staff"
ACTS = ("POST", "PUT", "PATCH", "DELETE")

# What Flask, Flask-Login, Flask-WTF, htmx and the server read, beside the names that the source asks for.
HEADERS_OF_THE_FRAME = {
    *("Host", "Cookie", "Referer", "Origin", "User-Agent", "Authorization", "Range", "If-Range", "If-Match"),
    *("Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Cache-Control", "Connection", "Upgrade"),
    *(
        "If-None-Match",
        "If-Modified-Since",
        "If-Unmodified-Since",
        "Content-Type",
        "Content-Length",
        "Content-Encoding",
    ),
    *("Transfer-Encoding", "Expect", "TE", "Trailer", "Via", "Date", "From", "Max-Forwards", "Pragma", "Warning"),
    *("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Real-IP"),
    *("X-HTTP-Method-Override", "X-Original-URL", "X-Rewrite-URL", "X-Requested-With", "X-CSRFToken", "X-CSRF-Token"),
    *("HX-Request", "HX-Boosted", "HX-Current-URL", "HX-Target", "HX-Trigger", "HX-Prompt", "Sec-Fetch-Site"),
}
COOKIES = ("session", "known_browser", "payapp_led", "remember_token")
# One route of each kind, for what does not depend on the route.
SAMPLES = (
    ("credits.show_balance", "GET", PERSON),
    ("features.price_qr_code_batch", "POST", PERSON),
    ("api.create_spend", "POST", PROGRAM),
    ("webhooks.receive_event", "POST", STRANGER),
)
JSON_OF_PAGES = {"credits.start_checkout": ("packageId",)}  # not in the OpenAPI document


@dataclass(frozen=True)
class Place:
    """`send` puts a value there, and sends a request that is otherwise as it should be."""

    name: str
    send: Callable[[World, Any], TestResponse]


def as_text(value: Any) -> str:
    """Return the value as somebody would type it."""
    if isinstance(value, str):
        return value
    return value.decode("latin-1") if isinstance(value, bytes) else write_json(value)


def as_bytes(value: Any) -> bytes:
    """Return the value as bytes: of halves of characters those that no decoder takes."""
    return value if isinstance(value, bytes) else as_text(value).encode("utf-8", "surrogatepass")


def as_header(value: Any) -> str:
    """Return what a server hands on: line breaks and NUL it refuses itself (tests/web/test_raw_requests.py)."""
    return re.sub(r"[\r\n\0]", " ", as_bytes(value).decode("latin-1"))[:8000]


def write_json(value: Any) -> str:
    if isinstance(value, Literal):
        return value
    return json.dumps(value.decode("latin-1") if isinstance(value, bytes) else value)


def find_places(app: Flask) -> list[Place]:
    """Return all of them, in an order that stays."""
    finders = (in_paths, in_queries, in_headers, in_cookies, in_forms, in_uploads, in_json)
    return [place for find in finders for place in find(app)]


# ---- addresses


def rules_of(app: Flask) -> list[tuple[Rule, str]]:
    """Return every rule with each method that it names."""
    rules = sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint))
    return [(rule, method) for rule in rules for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]


def who_asks(rule: Rule) -> str:
    """Return somebody whom the route lets in, where there is one."""
    if rule.endpoint.startswith("api."):
        return PROGRAM
    if rule.rule.startswith("/admin"):
        return STAFF
    return PERSON if is_for_people(rule.rule) and not rule.endpoint.startswith("auth.") else STRANGER


def in_paths(app: Flask) -> Iterator[Place]:
    for rule, method in rules_of(app):
        for argument in sorted(rule.arguments):
            yield Place(f"{method} {rule.rule} <{argument}>", partial(_send_path, rule, method, argument))
    for prefix in ("/", "/dashboard/", "/api/v1/", "/assets/", "/webhooks/", "/admin/"):
        yield Place(f"GET {prefix}…", partial(_send_anywhere, prefix))


def _send_path(rule: Rule, method: str, argument: str, world: World, value: Any) -> TestResponse:
    address = world.address(rule.endpoint, who_asks(rule))
    pattern = re.escape(rule.rule)
    for name in rule.arguments:
        pattern = re.sub(rf"<(?:[a-z]+(?:\([^)]*\))?:)?{name}>", f"(?P<{name}>[^/]+)", pattern)
    found = re.fullmatch(pattern, address)
    assert found, (rule.rule, address)
    path = address[: found.start(argument)].encode() + as_bytes(value) + address[found.end(argument) :].encode()
    return send(world, rule.endpoint, method, who_asks(rule), path=path)


def _send_anywhere(prefix: str, world: World, value: Any) -> TestResponse:
    return send(world, "landing.show_landing", "GET", PERSON, path=prefix.encode() + as_bytes(value))


def names_asked_for(what: str) -> list[str]:
    """Return the names that the source asks a request's `what` for: `request.args.get("next")`."""
    asked = re.compile(rf'request\.{what}(?:\.get\(|\.getlist\(|\[)"([^"]+)"')
    files = [path for kind in ("*.py", "*.html") for path in PACKAGE.rglob(kind)]
    return sorted({name for path in files for name in asked.findall(path.read_text())})


def in_queries(app: Flask) -> Iterator[Place]:
    document = read_document(app)
    for rule, method in rules_of(app):
        names = names_asked_for("args") if is_for_people(rule.rule) else queries_of(document, rule, method)
        for name in names if method == "GET" or rule.endpoint.startswith("auth.") else []:
            yield Place(f"{method} {rule.rule}?{name}=", partial(_send_query, rule, method, name))
        yield Place(f"{method} {rule.rule}?…=", partial(_send_query_name, rule, method))


def _send_query(rule: Rule, method: str, name: str, world: World, value: Any) -> TestResponse:
    values = value if isinstance(value, list) and len(value) < 100 else [value]
    pairs = [f"{name}={quote_from_bytes(as_bytes(one))}" for one in values]
    caller = SERVICE if name == "user" else who_asks(rule)
    fields = {"success": "true"} if name == "session_id" else {}
    query = "&".join([*(f"{field}={word}" for field, word in fields.items()), *pairs])
    return send(world, rule.endpoint, method, caller, query=query)


def _send_query_name(rule: Rule, method: str, world: World, value: Any) -> TestResponse:
    return send(world, rule.endpoint, method, who_asks(rule), query=as_bytes(value).decode("latin-1"))


# ---- headers


def in_headers(app: Flask) -> Iterator[Place]:
    for name in sorted(HEADERS_OF_THE_FRAME | set(names_asked_for("headers"))):
        for endpoint, method, caller in SAMPLES:
            yield Place(f"{method} {endpoint} {name}:", partial(_send_header, endpoint, method, caller, name))


def _send_header(endpoint: str, method: str, caller: str, name: str, world: World, value: Any) -> TestResponse:
    return send(world, endpoint, method, caller, headers={name: as_header(value)})


def in_cookies(app: Flask) -> Iterator[Place]:
    names = {*COOKIES, *names_asked_for("cookies")}
    for name in sorted(names):
        for endpoint, method, caller in (*SAMPLES[:2], ("auth.log_in", "POST", STRANGER)):
            yield Place(f"{method} {endpoint} cookie {name}", partial(_send_cookie, endpoint, method, caller, name))


def _send_cookie(endpoint: str, method: str, caller: str, name: str, world: World, value: Any) -> TestResponse:
    own = world.log_in(caller).get("Cookie", "")
    kept = own if name != "session" else "a=b"
    return send(world, endpoint, method, caller, headers={"Cookie": f"{kept}; {name}={as_header(value)}"})


# ---- forms


def forms_of(app: Flask, endpoint: str) -> list[type[FlaskForm]]:
    """Return the forms that the module of a route knows."""
    names = vars(sys.modules[app.view_functions[endpoint].__module__]).values()
    found = {one for one in names if isinstance(one, type) and issubclass(one, FlaskForm) and one is not FlaskForm}
    return sorted(found, key=lambda form: form.__name__)


def fields_of(app: Flask, endpoint: str) -> dict[str, bool]:
    """Return the names of a form's fields, and whether it is a file's."""
    with app.test_request_context():
        found = {
            field.name: isinstance(field, FileField)
            for form in forms_of(app, endpoint)
            for field in form(meta={"csrf": False})
        }
    return {"csrf_token": False, "request_id": False, "": False} | found | dict.fromkeys(SENT.get(endpoint, {}), False)


def takes_forms(rule: Rule, method: str) -> bool:
    return method in ACTS and is_for_people(rule.rule)


def in_forms(app: Flask) -> Iterator[Place]:
    for rule, method in rules_of(app):
        if takes_forms(rule, method):
            for name in fields_of(app, rule.endpoint):
                yield Place(f"{method} {rule.rule} form {name or '…'}=", partial(_send_field, rule, method, name))


def _send_field(rule: Rule, method: str, name: str, world: World, value: Any) -> TestResponse:
    """An empty name: the value is the name."""
    values = value if isinstance(value, list) and len(value) < 100 else [value]
    others = {key: as_bytes(one) for key, one in world.fields(rule.endpoint, PERSON).items() if key != name}
    hostile = [(name.encode(), as_bytes(one)) if name else (as_bytes(one), b"1") for one in values]
    pairs = [(key.encode(), one) for key, one in others.items()] + hostile
    body = b"&".join(quote_from_bytes(key).encode() + b"=" + quote_from_bytes(one).encode() for key, one in pairs)
    kind = "application/x-www-form-urlencoded"
    without = {"X-CSRFToken": ""} if name == "csrf_token" else {}
    return send(world, rule.endpoint, method, who_asks(rule), body=body, headers={"Content-Type": kind} | without)


def in_uploads(app: Flask) -> Iterator[Place]:
    for rule, method in rules_of(app):
        if takes_forms(rule, method):
            for name in [name for name, is_file in fields_of(app, rule.endpoint).items() if is_file]:
                for part in ("name", "content", "type"):
                    yield Place(
                        f"{method} {rule.rule} file {name}'s {part}", partial(_send_file, rule, method, name, part)
                    )


def _send_file(rule: Rule, method: str, name: str, part: str, world: World, value: Any) -> TestResponse:
    words = {"name": b"list.csv", "content": b"one\ntwo", "type": b"text/csv"} | {part: as_bytes(value)}
    head = b'Content-Disposition: form-data; name="%s"; filename="%s"\r\nContent-Type: %s'
    body = b"--b\r\n" + head % (name.encode(), words["name"], words["type"]) + b"\r\n\r\n" + words["content"]
    kind = "multipart/form-data; boundary=b"
    return send(
        world, rule.endpoint, method, who_asks(rule), body=body + b"\r\n--b--\r\n", headers={"Content-Type": kind}
    )


# ---- JSON


def read_document(app: Flask) -> dict[str, Any]:
    document: dict[str, Any] = app.test_client().get("/api/v1/openapi.json").get_json()
    return document


def operation_of(document: dict[str, Any], rule: Rule, method: str) -> dict[str, Any]:
    path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
    operation: dict[str, Any] = document["paths"].get(path, {}).get(method.lower(), {})
    return operation


def queries_of(document: dict[str, Any], rule: Rule, method: str) -> list[str]:
    parameters = operation_of(document, rule, method).get("parameters", [])
    return [one["name"] for one in parameters if one.get("in") == "query"]


def json_fields_of(document: dict[str, Any], rule: Rule, method: str) -> list[str]:
    content = operation_of(document, rule, method).get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return sorted(schema.get("properties", {}))


def in_json(app: Flask) -> Iterator[Place]:
    document = read_document(app)
    for rule, method in rules_of(app):
        names = [*json_fields_of(document, rule, method), *JSON_OF_PAGES.get(rule.endpoint, ())]
        for name in names:
            yield Place(f"{method} {rule.rule} JSON {name}", partial(_send_json, rule, method, name))
        if method in ACTS:
            yield Place(f"{method} {rule.rule} JSON {{…}}", partial(_send_json, rule, method, None))
            yield Place(f"{method} {rule.rule} JSON {{…: 1}}", partial(_send_json, rule, method, ""))


def _send_json(rule: Rule, method: str, name: str | None, world: World, value: Any) -> TestResponse:
    """None: the value is the whole body. Empty: it is a name in it."""
    caller = SERVICE if name == "user" else who_asks(rule)
    others = {key: write_json(one) for key, one in world.fields(rule.endpoint, PERSON).items() if key != name}
    if name is not None:
        others[name or as_text(value)] = write_json(value) if name else "1"
    text = ", ".join(f"{json.dumps(key)}: {one}" for key, one in others.items())
    body = write_json(value) if name is None else f"{{{text}}}"
    return send(world, rule.endpoint, method, caller, body=body.encode(), headers={"Content-Type": "application/json"})


# ---- sending


def send(
    world: World,
    endpoint: str,
    method: str,
    caller: str,
    *,
    path: bytes | None = None,
    query: str = "",
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
) -> TestResponse:
    """Send what a server would hand to the application. Where nothing is said, a request that the route understands."""
    acts = method in ACTS
    given = world.log_in(caller) if acts else world.known(caller)
    letter = world.letter(endpoint, caller, given) if acts else {"headers": given}
    content: dict[str, Any] = (
        {"input_stream": io.BytesIO(body), "content_length": len(body)} if body is not None else {}
    )
    content = content or {name: letter[name] for name in ("data", "json") if name in letter}
    address = path if path is not None else world.address(endpoint, caller, is_fresh=acts).encode()
    if caller == SERVICE and "user=" not in query and not acts:
        query = f"user={world.id_of(PERSON)}"
    # Set last, and past the client's own care: the values go as they are.
    raw = {_environ_name(name): text for name, text in {**letter["headers"], **(headers or {})}.items()}
    raw |= {"PATH_INFO": address.decode("latin-1"), "QUERY_STRING": query, "REMOTE_ADDR": _somebodys_address()}
    if "HTTP_TRANSFER_ENCODING" in raw:
        raw["wsgi.input_terminated"] = "1"  # as gunicorn says
    return world.client.open("/", method=method, environ_overrides=raw, **content)


def _environ_name(header: str) -> str:
    name = header.upper().replace("-", "_")
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"


def _somebodys_address() -> str:
    """Everybody comes from another place: nobody is kept out for what others have tried."""
    parts = uuid4().bytes
    return f"10.{parts[0]}.{parts[1]}.{parts[2]}"
