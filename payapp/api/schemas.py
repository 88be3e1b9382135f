"""What the API takes and gives, field by field. The OpenAPI document is made from these."""

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from payapp.ledger.posting import MAX_AMOUNT

FEATURE_LENGTH_MAX = 80
NOTE_LENGTH_MAX = 500
EMAIL_LENGTH_MAX = 254
CURSOR_LENGTH_MAX = 80  # the longest of ours has 70
ROW_ID_MAX = 2**63 - 1
PAGE_MAX = 100
PAGE_DEFAULT = 25
EXPIRES_SECONDS_MAX = 7 * 24 * 3600
NO_NUL = r"^[^\u0000]*$"


def require_storable(text: str) -> None:
    """Refuse what no database can hold: NUL characters and halves of characters."""
    if "\0" in text:
        raise ValidationError("Must not contain NUL characters.")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ValidationError("Must be valid Unicode.")


class UserReference(fields.Field[int | str]):
    """A user by id or by e-mail address. In a query, and in a text, digits alone are an id."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int | str:
        if isinstance(value, str) and 0 < len(value) <= EMAIL_LENGTH_MAX:
            require_storable(value)
            is_id = value.isascii() and value.isdecimal() and len(value) < 20 and 0 < int(value) <= ROW_ID_MAX
            return int(value) if is_id else value
        if type(value) is int and 0 < value <= ROW_ID_MAX:
            return value
        raise ValidationError("Must be a user's id or e-mail address.")


def amount_field(**options: Any) -> fields.Integer:
    """Whole credits: no text, no fraction, not even `1.0`."""
    options.setdefault("metadata", {"description": "Whole credits.", "examples": [5]})
    return fields.Integer(strict=True, validate=validate.Range(1, MAX_AMOUNT), **options)


def user_field() -> UserReference:
    """For service keys alone: whose account it is about."""
    description = "For service keys, and needed there: the user's id or e-mail address."
    whichever = [
        {"type": "integer", "minimum": 1, "maximum": ROW_ID_MAX},
        {"type": "string", "minLength": 1, "maxLength": EMAIL_LENGTH_MAX, "pattern": NO_NUL},
    ]
    return UserReference(metadata={"description": description, "anyOf": whichever})


def made_by_field(**options: Any) -> fields.String:
    """Who has made a hold: the maker as the ledger names it."""
    description = (
        "Who alone can capture or release it: `app` (payapp's own features), `user` (any key of the account),"
        " `service:<name>` (any key of this service), `program` (any key that may act for the account: of old holds)."
    )
    return fields.String(metadata={"description": description, "examples": ["user"]}, **options)


class Input(Schema):
    """Fields that nobody knows are refused: a misspelled one must not be ignored where credits are at stake."""

    class Meta:
        unknown = RAISE


class AccountQuery(Input):
    user = user_field()


class EntriesQuery(AccountQuery):
    cursor = fields.String(
        validate=validate.Length(max=CURSOR_LENGTH_MAX), metadata={"description": "`next_cursor` of the page before."}
    )
    limit = fields.Integer(
        load_default=PAGE_DEFAULT, validate=validate.Range(1, PAGE_MAX), metadata={"description": "Entries on a page."}
    )


class HoldsQuery(AccountQuery):
    status = fields.String(
        validate=validate.OneOf(["open"]), metadata={"description": "The only ones that are listed, and the default."}
    )


class AccountBody(Input):
    user = user_field()


class CaptureBody(AccountBody):
    amount = amount_field(
        metadata={"description": "Whole credits, as many as were held at most. Default: all of them."}
    )


class SpendBody(AccountBody):
    amount = amount_field(required=True)
    feature = fields.String(
        required=True,
        validate=[validate.Length(1, FEATURE_LENGTH_MAX), require_storable],
        metadata={"description": "What the credits buy.", "examples": ["qr-code"], "pattern": NO_NUL},
    )
    note = fields.String(
        allow_none=True,
        validate=[validate.Length(max=NOTE_LENGTH_MAX), require_storable],
        metadata={"description": "Shown beside the entry. Default: the feature.", "pattern": NO_NUL},
    )


class HoldBody(SpendBody):
    expires_in_seconds = fields.Integer(
        strict=True,
        validate=validate.Range(1, EXPIRES_SECONDS_MAX),
        metadata={"description": "When the hold ends by itself. Default: 900."},
    )


class BalanceSchema(Schema):
    posted = fields.Integer(required=True, metadata={"description": "Below zero after a refund of spent credits."})
    held = fields.Integer(required=True, metadata={"description": "Set aside by open holds, until they expire."})
    available = fields.Integer(required=True, metadata={"description": "posted less held: what can be spent."})


class EntrySchema(Schema):
    id = fields.Integer(required=True)
    created_at = fields.DateTime(required=True)
    entry_type = fields.String(required=True, metadata={"description": "`capture` for credits that were used."})
    amount = fields.Integer(required=True, metadata={"description": "Signed: below zero for credits that were used."})
    balance_after = fields.Integer(required=True, metadata={"description": "posted after this entry."})
    note = fields.String(required=True, allow_none=True)


class EntriesSchema(Schema):
    entries = fields.List(fields.Nested(EntrySchema), required=True, metadata={"description": "Newest first."})
    next_cursor = fields.String(required=True, allow_none=True, metadata={"description": "Null on the last page."})


class HoldSchema(Schema):
    id = fields.Integer(required=True)
    status = fields.String(required=True, validate=validate.OneOf(["open", "captured", "released", "expired"]))
    amount = fields.Integer(required=True)
    captured_amount = fields.Integer(required=True, allow_none=True)
    feature = fields.String(required=True)
    note = fields.String(required=True, allow_none=True)
    created_at = fields.DateTime(required=True)
    expires_at = fields.DateTime(required=True)
    made_by = made_by_field(required=True)


class HoldsSchema(Schema):
    holds = fields.List(
        fields.Nested(HoldSchema), required=True, metadata={"description": "Newest first, all of them: at most 100."}
    )


class FieldErrorSchema(Schema):
    field = fields.String(required=True)
    message = fields.String(required=True)


class PackageSchema(Schema):
    id = fields.String(required=True)
    name = fields.String(required=True)
    credits = fields.Integer(required=True)
    unit_amount = fields.Integer(required=True, metadata={"description": "In minor units of the currency."})
    currency = fields.String(required=True)


class ProblemSchema(Schema):
    type = fields.String(required=True)
    status = fields.Integer(required=True)
    title = fields.String(required=True)
    code = fields.String(required=True, metadata={"description": "Stays the same; titles and details may change."})
    detail = fields.String(required=True)
    errors = fields.List(
        fields.Nested(FieldErrorSchema), metadata={"description": "Of `invalid_request` and `invalid_cursor`."}
    )
    required = fields.Integer(metadata={"description": "Of `insufficient_credits`."})
    available = fields.Integer(metadata={"description": "Of `insufficient_credits`."})
    package = fields.Nested(PackageSchema, metadata={"description": "Of `insufficient_credits`."})
    limit = fields.Integer(metadata={"description": "Of `too_many_holds`."})
    hold_status = fields.String(metadata={"description": "Of `hold_not_open`."})
    made_by = fields.String(metadata={"description": "Of `hold_belongs_to_another`: the hold's `made_by`."})
    held = fields.Integer(metadata={"description": "Of `capture_too_large`."})
