"""What is imported is also required: by production, by the stand-in on top of it."""

import re
from importlib.metadata import packages_distributions

import pytest

from tests.source_rules import MAILBOX, PROJECT_ROOT, STAND_IN, Module, imports_of, read_modules

PAYAPP = read_modules()
OF_THE_STAND_IN = read_modules(STAND_IN)
OF_THE_MAILBOX = read_modules(MAILBOX)
PROGRAMS = {"payapp", "fake_stripe", "local_mailbox"}


def named_in(name: str) -> set[str]:
    """Return the packages that a requirements file names itself."""
    lines = (PROJECT_ROOT / name).read_text().splitlines()
    found = [re.match(r"[A-Za-z0-9._-]+", line) for line in lines if not line.startswith(("#", "-"))]
    return {normalized(one.group()) for one in found if one}


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def not_required(modules: list[Module], requirements: str) -> set[str]:
    """Return what the modules import and the file does not install."""
    distributions = packages_distributions()
    imported = {name.split(".")[0] for module in modules for name in imports_of(module)} - PROGRAMS
    required = named_in(requirements)
    return {name for name in imported if not {normalized(one) for one in distributions.get(name, [])} & required}


def test_production_installs_all_that_payapp_imports() -> None:
    assert not_required(PAYAPP, "requirements.txt") == set()


def test_the_stand_in_needs_more() -> None:
    assert not_required(OF_THE_STAND_IN, "requirements-stand-in.txt") == set()
    assert not_required(OF_THE_STAND_IN, "requirements.txt") == {"annotated_types", "pydantic"}


def test_so_does_the_mailbox() -> None:
    assert not_required(OF_THE_MAILBOX, "requirements-stand-in.txt") == set()
    assert not_required(OF_THE_MAILBOX, "requirements.txt") == {"aiosmtpd"}


def test_an_import_that_nobody_installs_is_noticed() -> None:
    assert not_required([Module("jobs.py", "import nowhere, flask")], "requirements.txt") == {"nowhere"}


def test_the_packages_of_the_stand_in_are_not_in_production() -> None:
    only_here = named_in("requirements-stand-in.in")
    assert only_here == {"aiosmtpd", "honcho", "pydantic"}
    assert only_here & named_in("requirements.txt") == set()


def test_settings_are_read_by_a_package_that_is_named() -> None:
    assert {"environs", "python-dotenv"} <= named_in("requirements.in")


@pytest.mark.parametrize("name", ["requirements", "requirements-stand-in", "requirements-dev"])
def test_everything_named_is_pinned(name: str) -> None:
    assert named_in(f"{name}.in") <= named_in(f"{name}.txt")


def test_all_files_pin_the_same_versions() -> None:
    production, stand_in, dev = (
        set((PROJECT_ROOT / f"{name}.txt").read_text().splitlines())
        for name in ("requirements", "requirements-stand-in", "requirements-dev")
    )
    assert production <= stand_in <= dev
