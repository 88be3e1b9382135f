"""The form that asks for the password once more."""

from flask_wtf import FlaskForm
from wtforms import PasswordField
from wtforms.validators import DataRequired, Length


class LogInAgainForm(FlaskForm):
    """The password of whoever is logged in; no rule of today's is applied to a password of yesterday's."""

    password = PasswordField("Password", validators=[DataRequired("Enter your password."), Length(max=1024)])
