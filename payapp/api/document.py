"""The OpenAPI document and the page made from it. Who may enter: anyone.

flask-smorest describes routes, input and output; what may be refused is added from PROBLEMS. The page is rendered
here: no script of others is needed, and the Content-Security-Policy stays as it is.
"""

from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import Any, cast

from flask import Blueprint, Flask, Response, current_app, jsonify, render_template
from flask_smorest import Api
from flask_smorest import Blueprint as SmorestBlueprint

from payapp.api.schemas import ProblemSchema
from payapp.web.problem_kinds import PROBLEMS

ACCESS = "anyone"
blueprint = Blueprint("api_docs", __name__)

ALWAYS = (
    *("bad_request", "api_key_missing", "api_key_invalid", "account_disabled"),
    *("rate_limited", "database_unavailable"),
)
ALWAYS_OF_POST = (
    *("insufficient_scope", "user_not_allowed", "user_not_found", "invalid_json", "invalid_request"),
    *("idempotency_key_missing", "idempotency_key_invalid", "idempotency_key_reused", "request_in_progress"),
    *("body_too_large", "unsupported_media_type"),
)
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Yours, new for each new request. The same key again gives the same answer, and nothing twice.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[\x21-\x7e]+$"},
}
REPLAYED = {"description": "`true` on a stored answer.", "schema": {"type": "string", "enum": ["true"]}}
DESCRIPTION = (
    "Read and spend an account's prepaid credits. Amounts are whole credits. Every POST needs an Idempotency-Key; its"
    " answer is kept for 72 hours, and its effect happens once for ever. Errors are problem documents (RFC 9457) whose"
    " `code` stays the same."
)


class SilentApi(Api):
    """flask-smorest for the document alone: errors are told by web/errors.py and api/problems.py."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_error_handlers(self) -> None:
        """Leave the application's own handlers where they are."""


def describe(app: Flask, described: SmorestBlueprint) -> None:
    """Let `app` tell what the blueprint's routes take and give, from the first time that somebody asks."""
    app.extensions["payapp_api_document"] = cache(lambda: build_document(app, described))


def get_document() -> dict[str, Any]:
    """Return this application's document: whoever asks for it gets the same, and changes nothing in it."""
    return cast(dict[str, Any], current_app.extensions["payapp_api_document"]())


@blueprint.get("/api/v1/openapi.json")
def show_document() -> Response:
    """The OpenAPI 3.1 document."""
    return jsonify(get_document())


@blueprint.get("/api/docs")
def show_docs() -> str:
    """The same for people."""
    document = get_document()
    operations = list(_operations(document))
    schemas = document["components"]["schemas"]
    return render_template(
        "api/docs.html", operations=operations, schemas=schemas, problems=PROBLEMS, about=DESCRIPTION
    )


def build_document(app: Flask, described: SmorestBlueprint) -> dict[str, Any]:
    """Return the OpenAPI document: a copy, since `to_dict()` gives away what the collector goes on using."""
    document: dict[str, Any] = deepcopy(_collect(app, described).spec.to_dict())
    document["servers"] = [{"url": app.extensions["payapp_settings"].app_base_url}]
    document["security"] = [{"apiKey": []}]
    document["components"].pop("responses", None)
    for _, method, operation in _operations(document):
        codes = [*operation.pop("codes", ()), *ALWAYS]
        if method == "post":
            codes += ALWAYS_OF_POST
            operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
        _describe_responses(operation, codes, method)
    return document


def _collect(app: Flask, described: SmorestBlueprint) -> SilentApi:
    """Return flask-smorest's own description. The blueprint is registered already, as Flask's others are."""
    api = SilentApi(
        app,
        spec_kwargs={
            "title": "payapp",
            "version": "1",
            "openapi_version": "3.1.0",
            "info": {"description": DESCRIPTION},
        },
    )
    api.spec.components.security_scheme("apiKey", {"type": "http", "scheme": "bearer"})
    api.spec.components.schema("Problem", schema=ProblemSchema)
    described.register_views_in_doc(api, app, api.spec, name=described.name, parameters=None)
    api.spec.tag({"name": described.name, "description": described.description})
    return api


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in ("get", "post"):
                yield path, method, operation


def _describe_responses(operation: dict[str, Any], codes: list[str], method: str) -> None:
    """Keep the success that the route documents, and say for each status of a refusal which codes it may have."""
    responses = {status: each for status, each in operation["responses"].items() if status.startswith("2")}
    if method == "post":
        for each in responses.values():
            each["headers"] = {"Idempotency-Replayed": REPLAYED}
    for code in sorted(codes, key=lambda code: PROBLEMS[code].status):
        kind = PROBLEMS[code]
        response = responses.setdefault(str(kind.status), {"description": "", "content": _problem_content()})
        response["description"] += f"`{code}`: {kind.title}. {kind.sentence}\n\n"
    operation["responses"] = responses


def _problem_content() -> dict[str, Any]:
    return {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
