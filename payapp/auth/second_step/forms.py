"""The forms of a login's second step."""

from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField
from wtforms.validators import DataRequired, Length

from payapp.auth.factors.ceremonies import ANSWER_LENGTH_MAX

CODE_LENGTH_MAX = 64


class CodeForm(FlaskForm):
    """A code: six digits of the authenticator app, or a recovery code."""

    code = StringField(
        "Code", validators=[DataRequired("Enter a code."), Length(max=CODE_LENGTH_MAX, message="No code is this long.")]
    )

    @property
    def typed(self) -> str:
        """The code without the blanks that apps show in it."""
        return "".join((self.code.data or "").split())

    @property
    def is_of_app(self) -> bool:
        """Whether it looks like a code of an app; all else may be a recovery code."""
        return len(self.typed) == 6 and self.typed.isdecimal()


class PasskeyForm(FlaskForm):
    """What the device has signed, as passkeys.js has put it there."""

    answer = HiddenField(
        validators=[
            DataRequired("The passkey was not used. Try again, or use a code."),
            Length(max=ANSWER_LENGTH_MAX, message="This is no answer of a passkey."),
        ]
    )
