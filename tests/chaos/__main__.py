"""python -m tests.chaos: kill everything at random, for minutes, and compare the books with Stripe's money afterwards.

Prints its seed first. Exit status 1, and the seed again, when something was lost, done twice or left undone.
"""

import argparse
import secrets
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from tests.chaos.plan import Plan
from tests.chaos.report import Report
from tests.chaos.run import run_chaos
from tests.databases import ENGINES

PROGRESS_SECONDS = 10


def main(arguments: list[str]) -> int:
    """Run on one engine after the other; return the exit status."""
    options = _parse(arguments)
    seed = options.seed if options.seed is not None else secrets.randbelow(10**6)
    engines = ENGINES if options.engine == "both" else (options.engine,)
    print(f"seed {seed}", flush=True)
    plans = [Plan(seed, engine, options.kills, options.events, options.application) for engine in engines]
    return max([_run(plan) for plan in plans])


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="kills of the web server's process group")
    parser.add_argument("--events", type=int, default=10_000, help="webhooks delivered, at least")
    parser.add_argument("--seed", type=int, help="as an earlier run has printed it")
    parser.add_argument("--engine", choices=(*ENGINES, "both"), default="postgresql")
    parser.add_argument("--application", default="wsgi:app", help="what gunicorn serves: see sabotage.py")
    return parser.parse_args(arguments)


def _run(plan: Plan) -> int:
    """Run one plan. The folder with the logs and journals stays when something is wrong."""
    folder = Path(tempfile.mkdtemp(prefix="payapp-chaos-"))
    print(f"\n{plan.kills} kills, {plan.events} events, {plan.engine}; logs in {folder}", flush=True)
    report = run_chaos(plan, folder, Progress())
    print(f"\n\n{report.render()}", flush=True)
    if report.problems:
        print(f"The logs are in {folder}.")
        return 1
    shutil.rmtree(folder)
    return 0


class Progress:
    """One line that changes, on a terminal; elsewhere a line now and then."""

    def __init__(self) -> None:
        self._said_at = 0.0

    def __call__(self, report: Report) -> None:
        if sys.stdout.isatty():
            print(f"\r{report.render_progress()}", end="", flush=True)
        elif report.seconds - self._said_at >= PROGRESS_SECONDS:
            self._said_at = report.seconds
            print(report.render_progress(), flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # else what was started would outlive us
    sys.exit(main(sys.argv[1:]))
