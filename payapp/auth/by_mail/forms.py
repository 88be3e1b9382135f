"""Forms for getting back in by mail."""

from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField
from wtforms.validators import DataRequired, Length

from payapp.auth.forms import EMAIL_LENGTH_MAX
from payapp.auth.passwords import GoodPassword


class ForgotPasswordForm(FlaskForm):
    """The address of an account, if there is one. An address that no rule of today's allows may have one, too."""

    email = EmailField("Email", validators=[DataRequired("Enter your e-mail address."), Length(max=EMAIL_LENGTH_MAX)])


class NewPasswordForm(FlaskForm):
    """A new password, by the rules of a sign-up. `address` is the account's."""

    address = ""
    password = PasswordField(
        "New password", validators=[DataRequired("Choose a password."), GoodPassword(lambda form: form.address)]
    )
