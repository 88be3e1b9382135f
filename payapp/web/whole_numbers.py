"""Whole numbers in forms: what has more digits than any number here is none, as letters are none."""

from typing import Any

from wtforms import IntegerField

LENGTH_MAX = 20


class WholeNumberField(IntegerField):
    """WTForms' field; without the limit its NumberRange stumbles over numbers of some hundred digits."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Raises ValueError, which the form shows at the field."""
        if valuelist and len(valuelist[0]) > LENGTH_MAX:
            raise ValueError(self.gettext("Not a valid integer value."))
        super().process_formdata(valuelist)
