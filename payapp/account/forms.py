"""Forms about one's own account."""

from typing import Any

from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired, Length, ValidationError

from payapp.auth.email_addresses import normalize_email
from payapp.auth.forms import EMAIL_LENGTH_MAX
from payapp.auth.passwords import GoodPassword


class ChangePasswordForm(FlaskForm):
    """The password of now, and a good one instead."""

    current_password = PasswordField(
        "Current password", validators=[DataRequired("Enter your current password."), Length(max=1024)]
    )
    new_password = PasswordField(
        "New password",
        validators=[DataRequired("Choose a new password."), GoodPassword(lambda _form: current_user.email)],
    )

    def validate_new_password(self, field: Any) -> None:
        """A change that changes nothing is one that somebody takes for done."""
        if field.data == self.current_password.data:
            raise ValidationError("This is your current password. Choose another.")


class DeleteAccountForm(FlaskForm):
    """The own address, typed as a confirmation."""

    confirm = StringField(
        "Your e-mail address",
        validators=[DataRequired("Enter your e-mail address to confirm."), Length(max=EMAIL_LENGTH_MAX)],
    )

    def validate_confirm(self, field: Any) -> None:
        """It may be spelled as at the login."""
        if normalize_email(field.data) != current_user.email:
            raise ValidationError("This is not the e-mail address of this account.")
