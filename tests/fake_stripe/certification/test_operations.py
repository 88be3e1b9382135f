"""The SDK drives every operation end to end; the register says of each what the SDK says."""

import json
import re

import pytest
import stripe

from fake_stripe import registers  # noqa: F401  (fills them)
from fake_stripe.resources.operations import OPERATIONS, Operation
from tests.fake_stripe.certification.operation_drives import DRIVES
from tests.fake_stripe.certification.sdk_calls import find_call
from tests.fake_stripe.certification.shapes import RESOURCES, problems_of_object, undocumented
from tests.fake_stripe.certification.sides import Side


def test_no_operation_goes_undriven() -> None:
    assert {operation.name for operation in OPERATIONS} == set(DRIVES)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_the_register_names_the_sdk_s_own_type(operation: Operation) -> None:
    call = find_call(operation.method, operation.path.replace("<", "{").replace(">", "}"))
    assert call.params_type is not None
    module, _, name = call.params_type.partition(":")
    assert (
        operation.params_type
        == f"{module.removeprefix('stripe.params').rpartition('.')[0].strip('.')}.{name}".strip(".")
    )


@pytest.mark.parametrize("name", DRIVES)
def test_the_sdk_drives_it(side: Side, name: str) -> None:
    answer = DRIVES[name](side)
    body = json.loads(answer.last_response.body)
    found = [one for one in problems_of_object(body, name) if side.stand_in or not undocumented(one)]
    assert (answer.last_response.code, found) == (200, [])
    assert isinstance(answer, stripe.ListObject if body["object"] == "list" else RESOURCES[body["object"]])
    if name.startswith("GET") and isinstance(answer, stripe.ListObject):
        assert answer.data
    if side.stand_in:
        logged = side.control("GET", "/requests")["requests"]
        assert any(is_call_of(name, one["method"], one["path"]) and one["status"] == 200 for one in logged[-8:])


def is_call_of(name: str, method: str, path: str) -> bool:
    """Whether a request is one of this operation."""
    return re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", name), f"{method} {path}") is not None
