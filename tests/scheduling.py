"""Which tests come first, and what the garbage collector may leave alone. pytest calls these; conftest.py has them.

A file's tests run in one process (`--dist loadfile` in the Makefile), so that what a module starts is started once.
"""

import gc
import os
from importlib import import_module
from pathlib import Path

import pytest

# Garbage is looked for less often than a web server needs: what the tests hold is mostly theirs until the end.
OBJECTS_BETWEEN_LOOKS = 50_000


def pytest_sessionstart(session: pytest.Session) -> None:
    """Let each process import a share of the files of its own first: else on a fresh clone all of them would compile
    each file at the same moment. In the end every process imports all of them."""
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if processes > 1:
        number = int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))
        for path in sorted(Path(__file__).parent.rglob("test_*.py"))[number::processes]:
            import_module(".".join(path.relative_to(session.config.rootpath).with_suffix("").parts))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that have slow tests: else at the end all processes would wait for one."""
    slow_files = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow_files)


def pytest_collection_finish() -> None:
    """Leave what is there by now out of every later search for garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_LOOKS, 20, 20)


def pytest_sessionfinish() -> None:
    """Look for garbage once. pytest looks five times before it ends, each time at everything that is there."""
    gc.collect()
    gc.freeze()
