"""The form for another address."""

from flask_wtf import FlaskForm
from wtforms import PasswordField
from wtforms.validators import DataRequired, Length

from payapp.auth.forms import SignUpForm


class ChangeEmailForm(FlaskForm):
    """A new address, by the rules of a sign-up, and the password of today."""

    email = SignUpForm.email
    current_password = PasswordField(
        "Current password", validators=[DataRequired("Enter your current password."), Length(max=1024)]
    )
