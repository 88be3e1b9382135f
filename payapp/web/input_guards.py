"""Input that no page can mean, refused with a 4xx before a route or the database stumbles over it."""

from collections.abc import Iterator
from typing import Any

from flask import Flask, Request, abort, request
from flask.json.provider import DefaultJSONProvider
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest
from werkzeug.formparser import FormDataParser
from werkzeug.routing import IntegerConverter, ValidationError

from payapp.web.form_files import keep_files_to_their_fields

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
ROW_ID_MAX = 2**63 - 1  # what both databases can hold


def init_app(app: Flask) -> None:
    """Guard addresses, forms and JSON bodies of `app`. Call it before blueprints are registered."""
    app.url_map.converters["int"] = RowIdConverter
    app.json = CautiousJson(app)
    app.request_class = CautiousRequest
    keep_files_to_their_fields()


class RowIdConverter(IntegerConverter):
    """`<int:…>` in an address: a number that no row can have is a page that does not exist."""

    def to_python(self, value: str) -> Any:
        number = super().to_python(value)
        if number > ROW_ID_MAX:
            raise ValidationError
        return number


class CautiousJson(DefaultJSONProvider):
    """JSON nested deeper than Python can follow is wrong JSON, not a crash of ours."""

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        try:
            return super().loads(s, **kwargs)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


class CautiousFormParser(FormDataParser):
    """Forms that end too early, say no boundary, or have a part without a name: Werkzeug reads them as empty."""

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        self.silent = False
        try:
            stream, form, files = super().parse(*args, **kwargs)
        except ValueError as error:
            raise BadRequest("The form can't be read.") from error
        if None in form or None in files:
            raise BadRequest("A part of the form has no name.")
        return stream, form, files


class CautiousRequest(Request):
    """A request whose form, whoever asks for it, is read whole or refused with a 400."""

    form_data_parser_class = CautiousFormParser


def refuse_json_forms() -> None:
    """Answer 415 to JSON where a page expects a form: there a field could be anything but a text."""
    if request.is_json and request.method == "POST" and not request.path.startswith(("/api/", "/webhooks/")):
        abort(415)


def refuse_nul_in_address() -> None:
    """Answer 400 to NUL characters in the address: PostgreSQL can't hold them, and nobody types them.

    And to a query with bytes that are neither percent-encoded nor UTF-8: Werkzeug can't read it.
    """
    try:
        has_nul = "\0" in request.path or (request.query_string and any("\0" in text for text in _texts(request.args)))
    except UnicodeDecodeError:
        has_nul = True
    if has_nul:
        abort(400)


def refuse_nul_in_form() -> None:
    """The same for a form. To find them it reads it before any other does: one that can't be read is refused, too."""
    if request.mimetype in FORMS and any("\0" in text for text in _texts(request.form)):
        abort(400)


def _texts(fields: MultiDict[str, str]) -> Iterator[str]:
    return (text for pair in fields.items(multi=True) for text in pair)
