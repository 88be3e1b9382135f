"""Running `python -m tests.chaos` as `make chaos` does."""

import subprocess
import sys

from tests.processes import PROJECT_ROOT

SECONDS_MAX = 400


def run_chaos(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run to the end and return exit status and output."""
    return subprocess.run(
        [sys.executable, "-m", "tests.chaos", *arguments],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
    )
