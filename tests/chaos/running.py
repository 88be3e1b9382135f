"""Running `python -m tests.chaos` as `make chaos` does."""

import subprocess
import sys

from tests.processes import PROJECT_ROOT

SECONDS_MAX = 500


def run_chaos(*arguments: str) -> tuple[int, str]:
    """Run to the end; return exit status and everything printed. Raises subprocess.TimeoutExpired."""
    command = [sys.executable, "-m", "tests.chaos", *arguments]
    process = subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        output, _ = process.communicate(timeout=SECONDS_MAX)
    finally:
        process.terminate()  # politely, should it still run: it has servers to stop
        process.wait()
    return process.returncode, output
