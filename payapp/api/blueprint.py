"""The API's blueprint: who may enter, how input is read, how a refusal is told. Who may enter: API keys."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NoReturn

from flask import Request, Response
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, ValidationError
from webargs.flaskparser import FlaskParser

from payapp.api.authentication import (
    authenticate,
    confirm_key,
    finish,
)
from payapp.api.problems import ApiError, cut_name, invalid_fields
from payapp.api.strict_json import read_object
from payapp.extensions import csrf, db
from payapp.web.formats import iso

ACCESS = "API keys"
FIELD_ERRORS_MAX = 20


class StrictParser(FlaskParser):
    """Bodies by our own reader; fields that nobody knows are refused in the address, too."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"json": RAISE, "query": RAISE}

    def load_json(self, req: Request, schema: Schema) -> Any:
        return read_object()

    def handle_error(self, error: ValidationError, req: Request, schema: Schema, **_: Any) -> NoReturn:
        raise invalid_fields(list_field_errors(error)) from error


class ApiBlueprint(Blueprint):
    ARGUMENTS_PARSER = StrictParser()


blueprint = ApiBlueprint("api", __name__, url_prefix="/api/v1")
csrf.exempt(blueprint)  # a browser sends no Authorization header by itself, and no cookie opens the API
blueprint.before_request(authenticate)
blueprint.after_request(finish)


def answer(status: int, body: Mapping[str, Any]) -> Response:
    """Return the JSON answer; from 400 on it is a problem document."""
    return answer_text(status, write_json(body))


def write_json(body: Mapping[str, Any]) -> str:
    """Return the body as JSON, moments as ISO 8601 in UTC."""
    return json.dumps(body, default=_write_moment)


def answer_text(status: int, text: str) -> Response:
    """The same for a body that is JSON already."""
    kind = "application/problem+json" if status >= 400 else "application/json"
    response = Response(text, status, mimetype=kind)
    response.headers["Cache-Control"] = "no-store"
    return response


def documents(*codes: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Name what a route may refuse, for the OpenAPI document; beyond what every route may."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        documented: Callable[..., Any] = blueprint.doc(operationId=view.__name__, codes=list(codes))(view)
        return documented

    return decorate


@blueprint.errorhandler(ApiError)
def refuse(error: ApiError) -> Response:
    """Answer with the problem document. Whatever the request had begun is undone.

    Who was only believed to have a key is told what is wrong with the request only if it is so.
    """
    db.session.rollback()
    try:
        confirm_key()
    except ApiError as invalid_key:
        error = invalid_key
    response = answer(error.kind.status, error.document)
    response.headers.extend(error.headers)
    return response


def list_field_errors(error: ValidationError) -> list[dict[str, str]]:
    """Return one line for each field that is not valid; a few are enough, and their names are cut."""
    by_location: Any = error.messages
    fields = {name: messages for each in by_location.values() for name, messages in each.items()}
    return [
        {"field": cut_name(name), "message": " ".join(map(str, messages))}
        for name, messages in list(fields.items())[:FIELD_ERRORS_MAX]
    ]


def _write_moment(value: object) -> str:
    if isinstance(value, datetime):
        return iso(value)
    raise TypeError(f"{value!r} has no place in an answer")
