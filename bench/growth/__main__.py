"""python -m bench.growth: fill a ledger, measure, fill more, measure again; write bench/GROWTH.md.

--entries are the sizes, ten million at the end: that takes about 7 GB of the disk and half an hour an engine. --quick
goes through all of it in a few seconds and writes no file; so does --engine, which measures one of the two.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from bench.engines import ENGINES, add_options, say, write_page
from bench.growth.filling import fill
from bench.growth.measuring import measure, open_accounts, open_app
from bench.growth.report import render
from payapp.extensions import db
from tests.processes import Stack

RESULTS_PATH = Path(__file__).parent.parent / "GROWTH.md"
ENTRIES, USERS, TIMES = [10_000, 1_000_000, 10_000_000], 100_000, 200
QUICK_ENTRIES, QUICK_USERS, QUICK_TIMES = [2_000, 4_000], 100, 5
WEB_WORKERS = 2


def main(arguments: list[str]) -> int:
    """Fill, measure, print, write. Raises AssertionError when the books are not right at any size."""
    options = _parse(arguments)
    times = QUICK_TIMES if options.quick else TIMES
    figures = {}
    with tempfile.TemporaryDirectory(prefix="payapp-growth-") as folder:
        for name in options.engine or list(ENGINES):
            (Path(folder) / name).mkdir()
            with ENGINES[name](Path(folder) / name) as database_url:
                stack = _make_stack(database_url, Path(folder) / name, is_quick=options.quick)
                figures[name] = _measure_engine(stack, options.entries, options.users, times)
    page = render(figures, options.users, times, " ".join(["python -m bench.growth", *arguments]))
    print(f"\n{page}{write_page(page, options, RESULTS_PATH)}")
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--entries", type=_read_sizes, help="the sizes, comma-separated, each at least 2000")
    parser.add_argument("--users", type=int, help=f"at least 3; {USERS:,} unless given")
    add_options(parser, RESULTS_PATH)
    options = parser.parse_args(arguments)
    options.entries = options.entries or (QUICK_ENTRIES if options.quick else ENTRIES)
    options.users = options.users or (QUICK_USERS if options.quick else USERS)
    return options


def _read_sizes(text: str) -> list[int]:
    sizes = sorted(int(size) for size in text.split(","))
    if sizes[0] < QUICK_ENTRIES[0]:
        raise argparse.ArgumentTypeError(f"the heavy account needs some entries: at least {QUICK_ENTRIES[0]}")
    return sizes


def _make_stack(database_url: str, folder: Path, *, is_quick: bool) -> Stack:
    return Stack(
        database_url,
        folder,
        web_workers=1 if is_quick else WEB_WORKERS,
        application="bench.undrawn:app",  # people log in before anything is measured
        is_loaded_once=is_quick,  # else as the Procfile starts it
        is_warm=is_quick,
    )


def _measure_engine(stack: Stack, sizes: list[int], users: int, times: int) -> dict[int, dict[str, float]]:
    app = open_app(stack)
    figures: dict[int, dict[str, float]] = {}
    accounts = None
    for size in sizes:
        say(f"filling up to {size:,} entries")
        began_at = time.monotonic()
        fill(stack.database_url, users, size)
        say(f"filled within {time.monotonic() - began_at:.0f} s")
        accounts = accounts or open_accounts(app)
        figures[size] = measure(stack, app, accounts, times)
        for path, figure in figures[size].items():
            say(f"  {path}: {figure:.2f}")
    with app.app_context():
        db.engine.dispose()
    return figures


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
