"""The forms of the pages that sell something."""

from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from payapp.features.qr_code_batch import Batch, BatchError, read_batch
from payapp.features.qr_codes import TEXT_LENGTH_MAX
from payapp.web.whole_numbers import WholeNumberField


class QrCodeForm(FlaskForm):
    """The text to encode."""

    text = StringField(
        "Link or text",
        validators=[
            DataRequired("Enter a link or a text."),
            Length(max=TEXT_LENGTH_MAX, message=f"Use at most {TEXT_LENGTH_MAX} characters."),
        ],
    )


class QrCodeBatchForm(FlaskForm):
    """The list to encode: pasted lines, a file, or both; and, once they have seen it, the price they agree to."""

    lines = StringField("Links or texts, one per line")
    file = FileField("Or a file")
    cost = WholeNumberField()
    batch: Batch | None = None

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether the list can be made; `batch` holds it then, else `lines.errors` says why not."""
        if not super().validate(extra_validators):
            return False
        upload = self.file.data
        try:
            self.batch = read_batch(
                self.lines.data or "", upload.filename if upload else "", upload.read() if upload else b""
            )
        except BatchError as error:
            self.lines.errors = [str(error)]
        return self.batch is not None

    def is_blank(self) -> bool:
        """Whether nothing has been entered."""
        return not (self.lines.data or "").strip() and not self.file.data
