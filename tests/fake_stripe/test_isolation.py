"""The stand-in stands alone: it imports nothing of payapp's, and only two of its files know the SDK."""

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "payapp" / "fake_stripe"


def imported_modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield node.module or ""


def imports_by_file() -> dict[str, list[str]]:
    return {str(path.relative_to(SOURCE)): list(imported_modules(path)) for path in SOURCE.rglob("*.py")}


def test_it_imports_nothing_else_of_payapp() -> None:
    for path, modules in imports_by_file().items():
        for module in modules:
            assert not module.startswith("payapp") or module.startswith("fake_stripe"), f"{path}: {module}"


def test_it_knows_the_sdk_in_two_files_only() -> None:
    knowing = {path for path, modules in imports_by_file().items() if any(m.split(".")[0] == "stripe" for m in modules)}
    assert knowing == {"signing.py", "validation.py"}
