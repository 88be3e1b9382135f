"""The forms of the page of second factors."""

from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField
from wtforms.validators import DataRequired, Length

from payapp.auth.factors.ceremonies import ANSWER_LENGTH_MAX
from payapp.auth.factors.passkeys import NAME_LENGTH_MAX


class ConfirmAppForm(FlaskForm):
    """The first code of an authenticator app: it shows that the app has the right secret."""

    code = StringField("Code", validators=[DataRequired("Enter the code that the app shows."), Length(max=64)])

    @property
    def typed(self) -> str:
        """The code without the blanks that apps show in it."""
        return "".join((self.code.data or "").split())


class NewPasskeyForm(FlaskForm):
    """What the owner calls a passkey, and the device's answer, as passkeys.js has put it there."""

    name = StringField(
        "Name",
        filters=[lambda text: text.strip() if text else text],
        validators=[
            DataRequired("Give the passkey a name, such as the device that it is on."),
            Length(max=NAME_LENGTH_MAX, message=f"Use at most {NAME_LENGTH_MAX} characters."),
        ],
    )
    answer = HiddenField(
        validators=[
            DataRequired("No passkey was made. Try again."),
            Length(max=ANSWER_LENGTH_MAX, message="This is no answer of a device."),
        ]
    )
