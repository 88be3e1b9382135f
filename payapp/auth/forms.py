"""Forms for signing up and logging in."""

from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField
from wtforms.validators import DataRequired, Email, Length

from payapp.auth.passwords import GoodPassword

EMAIL_LENGTH_MAX = 254


class SignUpForm(FlaskForm):
    """An address and a good password."""

    email = EmailField(
        "Email",
        validators=[
            DataRequired("Enter your e-mail address."),
            Length(max=EMAIL_LENGTH_MAX, message="This e-mail address is too long."),
            # Addresses under .test belong to nobody and so harm nobody; whoever tries payapp out likes them.
            Email("Enter an e-mail address such as ada@example.com.", test_environment=True),
        ],
    )
    password = PasswordField("Password", validators=[DataRequired("Choose a password."), GoodPassword()])


class LogInForm(FlaskForm):
    """What was chosen at sign-up. No rule of today's is applied to a password of yesterday's."""

    email = EmailField("Email", validators=[DataRequired("Enter your e-mail address."), Length(max=EMAIL_LENGTH_MAX)])
    password = PasswordField("Password", validators=[DataRequired("Enter your password."), Length(max=1024)])
