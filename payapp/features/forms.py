"""The form of the QR code page."""

from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from payapp.features.qr_codes import TEXT_LENGTH_MAX


class QrCodeForm(FlaskForm):
    """The text to encode."""

    text = StringField(
        "Link or text",
        validators=[
            DataRequired("Enter a link or a text."),
            Length(max=TEXT_LENGTH_MAX, message=f"Use at most {TEXT_LENGTH_MAX} characters."),
        ],
    )
