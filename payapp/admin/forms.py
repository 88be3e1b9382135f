"""Forms of the desk. Each act has a reason, and an id by which a form that is sent twice acts once."""

from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, ValidationError

from payapp.audit import NOTE_LENGTH_MAX
from payapp.features.once import FIELD
from payapp.ledger.posting import MAX_AMOUNT
from payapp.web.whole_numbers import WholeNumberField


def _strip(text: str | None) -> str | None:
    return text.strip() if text else text


def one_line(_form: FlaskForm, field: Field) -> None:
    """Refuse what is not one line of characters that can be seen. Raises ValidationError."""
    if not field.data.isprintable():
        raise ValidationError("Write it in one line.")


def not_zero(_form: FlaskForm, field: Field) -> None:
    """Refuse an adjustment by nothing. Raises ValidationError."""
    if field.data == 0:
        raise ValidationError("Zero credits change nothing.")


class ActForm(FlaskForm):
    """Why something is done."""

    note = StringField(
        "Reason",
        filters=[_strip],
        validators=[
            DataRequired("Say why: it is kept in the log."),
            Length(max=NOTE_LENGTH_MAX, message=f"Use at most {NOTE_LENGTH_MAX} characters."),
            one_line,
        ],
    )


class OnceForm(ActForm):
    """An act that must not be done twice by one form."""

    request_id = HiddenField(
        name=FIELD, validators=[InputRequired("This form came without its number. Reload the page."), Length(max=64)]
    )


class AdjustForm(OnceForm):
    """Credits to give, or with a minus sign to take."""

    amount = WholeNumberField(
        "Credits",
        validators=[
            InputRequired("Say how many credits."),
            NumberRange(-MAX_AMOUNT, MAX_AMOUNT, message=f"At most {MAX_AMOUNT:,} credits at once."),
            not_zero,
        ],
    )


class RefundForm(OnceForm):
    """What the preview has shown: only just this is done."""

    amount = WholeNumberField(validators=[InputRequired()])
    credits = WholeNumberField(validators=[InputRequired()])
    available_after = WholeNumberField(validators=[InputRequired()])
