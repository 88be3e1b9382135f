"""What `make audit` makes of pip-audit's report: no run counts as a check that was none."""

from pathlib import Path
from typing import Any

import pytest

from tests import weaknesses

CLEAN = {"name": "flask", "version": "3.1.2", "vulns": []}
UNKNOWN = {"name": "wtforms", "skip_reason": "Dependency not found on PyPI and could not be audited"}
WEAK = {
    "name": "werkzeug",
    "version": "2.0.0",
    "vulns": [{"id": "PYSEC-2023-1", "aliases": ["CVE-2023-25577"], "fix_versions": ["2.2.3"], "description": "…"}],
}


def told(*packages: dict[str, Any]) -> tuple[str, int, int]:
    """Return the words, and the exit status without and with --strict."""
    found = weaknesses.read_report({"dependencies": list(packages)})
    return found.tell(), found.exit_status(is_strict=False), found.exit_status(is_strict=True)


def test_packages_that_were_looked_at() -> None:
    assert told(CLEAN) == ("checked: 1 packages, 0 weaknesses that nobody has answered", 0, 0)


def test_a_weakness_fails() -> None:
    words, status, _ = told(CLEAN, WEAK)
    assert "WEAK: werkzeug 2.0.0: PYSEC-2023-1, mended in 2.2.3" in words
    assert status == 1


def test_one_that_is_answered_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(weaknesses.ANSWERED, "CVE-2023-25577", "multipart forms are limited by our own parser")
    assert told(WEAK)[1] == 0


def test_a_package_that_nobody_could_be_asked_about_is_not_checked() -> None:
    words, status, strict = told(UNKNOWN)
    assert words.startswith("NOT CHECKED: 1 packages, such as wtforms")
    assert (status, strict) == (0, 1)
    assert told()[0] == "NOT CHECKED: nothing was asked"
    assert told()[2] == 1


def test_a_run_that_fails_has_checked_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(weaknesses, "PIP_AUDIT", tmp_path / "nowhere")
    assert "NOT CHECKED" in weaknesses.ask(tmp_path / "requirements.txt").tell()
    monkeypatch.setattr(weaknesses, "PIP_AUDIT", Path("/bin/false"))
    assert "NOT CHECKED" in weaknesses.ask(tmp_path / "requirements.txt").tell()
