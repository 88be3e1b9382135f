"""Whole numbers in forms: whatever somebody types, it is a number within bounds, or an error at the field."""

from typing import Any

import pytest
from werkzeug.datastructures import MultiDict
from wtforms import Form
from wtforms.validators import NumberRange

from payapp.web.whole_numbers import WholeNumberField


class AmountForm(Form):
    amount = WholeNumberField(validators=[NumberRange(-1000, 1000)])


def errors_of(text: str) -> Any:
    form = AmountForm(MultiDict({"amount": text}))
    form.validate()
    return form.amount.errors


@pytest.mark.parametrize("text", ["0", "-1000", "1000", " 7 ", "+7"])
def test_it_takes_numbers(text: str) -> None:
    assert not errors_of(text)


@pytest.mark.parametrize("text", ["1001", "9" * 20, "9" * 21, "9" * 400, "-" + "9" * 400, "9" * 5000, "x", "1.5"])
def test_it_refuses_the_rest(text: str) -> None:
    assert errors_of(text)
