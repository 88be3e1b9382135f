"""What the documents say of the house: every file they name stands there, and every step of a walk is in its file."""

import re
from pathlib import PurePath

import pytest

from tests.source_rules import PACKAGE, PROJECT_ROOT

FOLDERS = ("payapp", "fake_stripe", "local_mailbox", "clients", "migrations", "tests", "bench", "docs")
FOUND = [path for folder in FOLDERS for path in (PROJECT_ROOT / folder).rglob("*")] + list(PROJECT_ROOT.glob("*"))
DOCUMENTS = sorted(path.relative_to(PROJECT_ROOT).as_posix() for path in FOUND if path.suffix == ".md")
NAMED_FILE = re.compile(r"(?<![\w./-])((?:\w+/)*\w+\.py)\b")
STEP = re.compile(r"^ ((?:\w+/)+\w+\.py) +(\w+)\(\)", re.MULTILINE)


def stands_somewhere(named: str) -> bool:
    parts = PurePath(named).parts
    return any(path.parts[-len(parts) :] == parts for path in FOUND)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_it_names_stands_there(document: str) -> None:
    named = set(NAMED_FILE.findall((PROJECT_ROOT / document).read_text()))
    assert sorted(path for path in named if not stands_somewhere(path)) == []


def test_a_file_that_is_gone_is_noticed() -> None:
    assert stands_somewhere("ledger/holds.py")
    assert not stands_somewhere("payapp/db.py")
    assert not stands_somewhere("edger/holds.py")


def test_every_step_of_the_walks_is_in_its_file() -> None:
    steps = STEP.findall((PROJECT_ROOT / "docs" / "architecture.md").read_text())
    lost = [(path, step) for path, step in steps if f"def {step}(" not in (PACKAGE / path).read_text()]
    assert lost == []
    assert len(steps) > 15
