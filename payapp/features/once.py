"""One form, one charge: a form that is sent twice (a reload, a second press, a lost answer) is one use, paid once.

The field tells a form that is sent twice from a thing that is wanted twice: each form that is shown has another id.
"""

import json
from hashlib import sha256
from typing import Any
from uuid import uuid4

from flask import g, has_request_context, request
from markupsafe import Markup
from werkzeug.datastructures import FileStorage

FIELD = "request_id"
NOT_OF_THE_USE = (FIELD, "csrf_token")  # the token may change while the page is open, by a login in another tab


def once_field() -> Markup:
    """Return the hidden field that makes a form's use a use of its own. It belongs into every form that spends."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, uuid4().hex)


def key_of_form(feature_id: str, user_id: int, cost: int) -> str | None:
    """Return the idempotency key of this use: the same form of the same person, with the same content and price.

    None where there is no form, or one without the field: then each request is a use of its own. Several uses within
    one request are told apart by their order.
    """
    form_id = request.form.get(FIELD) if has_request_context() else None
    if not form_id:
        return None
    g.uses_of_form = g.get("uses_of_form", 0) + 1
    content = json.dumps([form_id, user_id, cost, g.uses_of_form, request.full_path, _list_content()])
    return f"form:{feature_id}:{sha256(content.encode()).hexdigest()}"


def _list_content() -> list[Any]:
    fields: list[Any] = [pair for pair in request.form.items(multi=True) if pair[0] not in NOT_OF_THE_USE]
    return fields + [(name, file.filename, _digest(file)) for name, file in request.files.items(multi=True)]


def _digest(file: FileStorage) -> str:
    """Return the digest of an upload, and leave it as it was: the work reads it from its beginning."""
    place = file.stream.tell()
    file.stream.seek(0)
    digest = sha256(file.stream.read()).hexdigest()
    file.stream.seek(place)
    return digest
