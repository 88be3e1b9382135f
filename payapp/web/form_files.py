"""Files that are sent where a form has a field for text: they are left out, as if nothing had been entered there.

Flask-WTF lays files and texts together by their names, so a password could be a file, over which everything stumbles.
"""

from typing import Any

from flask import request
from flask_wtf import FlaskForm
from werkzeug.datastructures import CombinedMultiDict, MultiDict
from wtforms import FileField, Form, MultipleFileField

FOR_FILES = (FileField, MultipleFileField)

_wrap_as_before = FlaskForm.Meta.wrap_formdata


def keep_files_to_their_fields() -> None:
    """Have every form, also those of features to come, take files for its file fields alone."""
    FlaskForm.Meta.wrap_formdata = _wrap


def _wrap(meta: Any, form: Form, formdata: Any) -> Any:
    data = _wrap_as_before(meta, form, formdata)
    if not isinstance(data, CombinedMultiDict):  # no files
        return data
    names = {name for name, field in type(form)._unbound_fields or () if issubclass(field.field_class, FOR_FILES)}
    files = [(name, file) for name, file in request.files.items(multi=True) if name in names]
    return CombinedMultiDict([MultiDict(files), request.form])
