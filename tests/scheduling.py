"""Which test process runs what, and when. pytest calls the two functions below; conftest.py hands them over."""

import gc

import pytest

# Garbage is looked for less often than a web server needs: what the tests hold is mostly theirs until the end.
OBJECTS_BETWEEN_LOOKS = 50_000


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests that share what a module starts in one process, and begin with what takes long.

    Else each process would start the module's servers for itself, and at the end all would wait for the slowest test.
    """
    for item in items:
        shared = _shared_by_module(item)
        if shared and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group("-".join(shared)))
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish() -> None:
    """Leave what is there by now out of every later search for garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_LOOKS, 20, 20)


def _shared_by_module(item: pytest.Item) -> list[str]:
    """Return the module and, of what it starts once for each of several parameters, the one for this test."""
    fixtures = item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}
    names = [name for name, found in fixtures.items() if found[-1].scope == "module"]
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    module = item.nodeid.partition("::")[0]
    return [module, *(str(parameters[name]) for name in names if name in parameters)] if names else []
