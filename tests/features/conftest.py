"""Fixtures of the features' tests."""

import pytest

from payapp.features import qr_code_batch


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two codes are made at once, three are the worker's: so no test draws many."""
    monkeypatch.setattr(qr_code_batch, "AT_ONCE_MAX", 2)
