"""Running chaos within a test: it uses the test process's own warm programs."""

from contextlib import redirect_stdout
from io import StringIO

from tests.chaos.__main__ import main


def run_chaos(*arguments: str) -> tuple[int, str]:
    """Do as `python -m tests.chaos` with these arguments; return its exit status and everything it printed."""
    printed = StringIO()
    with redirect_stdout(printed):
        status = main(list(arguments))
    return status, printed.getvalue()
