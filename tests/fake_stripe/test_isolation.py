"""The stand-in stands alone: it runs without payapp, and only two of its files know the SDK."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "fake_stripe"


def imported_modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield node.module or ""


def imports_by_file() -> dict[str, list[str]]:
    return {str(path.relative_to(SOURCE)): list(imported_modules(path)) for path in SOURCE.rglob("*.py")}


def test_it_runs_where_there_is_no_payapp(tmp_path: Path) -> None:
    shutil.copytree(SOURCE, tmp_path / SOURCE.name)
    program = "import fake_stripe.server, fake_stripe.panel.pages, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "fake_stripe.server" in loaded.stdout.split()
    assert "payapp" not in loaded.stdout.split()


def test_it_knows_the_sdk_in_two_files_only() -> None:
    knowing = {path for path, modules in imports_by_file().items() if any(m.split(".")[0] == "stripe" for m in modules)}
    assert knowing == {"webhooks/signing.py", "checks/validation.py"}
