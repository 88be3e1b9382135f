"""The form for a new API key."""

from flask_wtf import FlaskForm
from wtforms import RadioField, StringField
from wtforms.validators import DataRequired, Length

from payapp.auth.api_keys import NAME_LENGTH_MAX

SCOPES = ["read", "spend"]


class ApiKeyForm(FlaskForm):
    """What the key is for, and what it may do. Only operators make service keys."""

    name = StringField(
        "Name",
        filters=[lambda text: text.strip() if text else text],
        validators=[
            DataRequired("Give the key a name, such as the program that will use it."),
            Length(max=NAME_LENGTH_MAX, message=f"Use at most {NAME_LENGTH_MAX} characters."),
        ],
    )
    scope = RadioField(
        "What it may do",
        choices=SCOPES,
        default="read",
        validators=[DataRequired("Choose what the key may do.")],
    )
