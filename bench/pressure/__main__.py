"""python -m bench.pressure: who waits while Stripe is silent, or while many log in at once; write bench/PRESSURE.md.

Five minutes of webhooks an engine (--seconds), then a minute for the rest. --quick goes through all of it in a few
seconds and writes no file; so does --engine, which measures one of the two.
"""

import argparse
import multiprocessing
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from sqlalchemy import create_engine, text

from bench.engines import ENGINES, add_options, say, write_page
from bench.pressure.clients import share_stop
from bench.pressure.people import make_people
from bench.pressure.plan import FULL, QUICK, Plan
from bench.pressure.report import render
from bench.pressure.scenes import Row, Stage, bring_webhooks, buy_at_once, log_in_at_once
from bench.seeding import seed, sign_event
from payapp.database.base import normalize_url
from tests.processes import Stack, running

RESULTS_PATH = Path(__file__).parent.parent / "PRESSURE.md"
WEB_WORKERS = 2


def main(arguments: list[str]) -> int:
    """Press, print and write. Raises AssertionError when anything is answered wrongly or lost."""
    options = _parse(arguments)
    plan = (QUICK if options.quick else FULL).lasting(options.seconds)
    rows = {}
    with tempfile.TemporaryDirectory(prefix="payapp-pressure-") as folder:
        for name in options.engine or list(ENGINES):
            (Path(folder) / name).mkdir()
            with ENGINES[name](Path(folder) / name) as database_url:
                stack = _make_stack(database_url, Path(folder) / name, is_quick=options.quick)
                rows[name] = _measure(stack, plan)
    page = render(rows, plan, " ".join(["python -m bench.pressure", *arguments]), is_quick=options.quick)
    print(f"\n{page}{write_page(page, options, RESULTS_PATH)}")
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.pressure", description=__doc__)
    parser.add_argument("--seconds", type=int, help=f"how long webhooks come; {FULL.seconds} unless given")
    add_options(parser, RESULTS_PATH)
    return parser.parse_args(arguments)


def _make_stack(database_url: str, folder: Path, *, is_quick: bool) -> Stack:
    return Stack(
        database_url,
        folder,
        web_workers=1 if is_quick else WEB_WORKERS,
        application="tests.quick_app:app" if is_quick else "wsgi:app",
        is_loaded_once=is_quick,  # else as the Procfile starts it
        is_warm=is_quick,
        settings={"TRUSTED_PROXIES": "1"},  # so that everybody comes from an address of their own
    )


def _measure(stack: Stack, plan: Plan) -> list[Row]:
    say("filling the database")
    purchases = seed(stack.database_url, stack.folder, plan.webhooks).purchases
    onlooker, *people = make_people(stack, 1 + plan.people)
    spawn = multiprocessing.get_context("spawn")  # not forked: a client shares nothing with this process
    stop = spawn.Event()
    with running(stack), ProcessPoolExecutor(1, spawn, share_stop, (stop,)) as clients:
        clients.submit(sign_event, "").result()  # so that it has started, and imported what it needs
        onlooker.log_in()
        stage = Stage(plan, stack, clients, stop, onlooker)
        rows: list[Row] = []
        for name, scene in (
            ("everybody logs in", log_in_at_once(stage, people)),
            ("everybody presses Buy while Stripe is silent", buy_at_once(stage, people)),
            ("webhooks come while Stripe is silent", bring_webhooks(stage, purchases, people[: plan.patrons])),
        ):
            say(name)
            rows += scene
        say(stack.run("flask", "ledger", "verify").strip())
    _check_grants(stack.database_url, plan.webhooks)
    return rows


def _check_grants(database_url: str, wanted: int) -> None:
    engine = create_engine(normalize_url(database_url))
    with engine.connect() as connection:
        found = connection.scalar(text("SELECT count(*) FROM purchases WHERE status = 'fulfilled'"))
    engine.dispose()
    assert found == wanted, f"{wanted} purchases were paid, {found} are granted"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
