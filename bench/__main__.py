"""python -m bench: measure payapp beside the baseline on a real PostgreSQL, write bench/RESULTS.md.

--quick measures everything in a few seconds, to see that the benchmark works; its figures mean little and are only
printed. --output writes them to another file.
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg

from bench.comparison import measure_rates
from bench.footprint import measure_commit, measure_memory, measure_pages, measure_starts
from bench.load import CLIENT_PROCESSES, CONNECTIONS
from bench.loads import make_loads
from bench.plan import FULL, QUICK, Plan
from bench.report import Results, render
from bench.seeding import Seeds, log_in, seed
from tests.databases import PostgresDatabases, running_postgres
from tests.processes import Stack

RESULTS_PATH = Path(__file__).parent / "RESULTS.md"
WEB_WORKERS = 2
SERVERS = {"payapp": "wsgi:app", "undrawn": "bench.undrawn:app", "baseline": "bench.baseline:app"}
POSTGRES_SETTINGS = ("server_version", "fsync", "synchronous_commit")


def main(arguments: list[str]) -> int:
    """Measure, print and write the results. Raises when a server does not start or gives a wrong answer."""
    options = _parse(arguments)
    plan = QUICK if options.quick else FULL
    began_at = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="payapp-bench-") as folder:
        results = _measure(plan, Path(folder))
    page = render(results, plan, f"python -m bench{' --quick' if options.quick else ''}")
    output = options.output or (None if options.quick else RESULTS_PATH)
    if output:
        output.write_text(page)
    print(f"\n{page}\nTook {time.monotonic() - began_at:.0f} s.{f' Written to {output}.' if output else ''}")
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds instead of two minutes; writes no file")
    parser.add_argument("--output", type=Path, help="where to write the page (default: bench/RESULTS.md)")
    return parser.parse_args(arguments)


def _measure(plan: Plan, folder: Path) -> Results:
    with ExitStack() as cleanup:
        say("starting PostgreSQL, filling a database")
        server_url = cleanup.enter_context(running_postgres(in_memory=False))
        database_url = PostgresDatabases(server_url, folder).create()
        seeds = seed(database_url, folder, CONNECTIONS * plan.purchases_each)
        stacks = {
            name: _make_stack(database_url, folder / name, application, is_quick=plan is QUICK)
            for name, application in SERVERS.items()
        }
        say("timing the start of payapp")
        starts = measure_starts(stacks["payapp"], plan.starts)
        say("starting payapp, payapp with ready-made QR codes, and the baseline")
        for stack in stacks.values():
            cleanup.callback(stack.stop)
            stack.start_web()
        # Spawned, not forked: a client shares nothing with this process.
        spawn = multiprocessing.get_context("spawn")
        clients = cleanup.enter_context(ProcessPoolExecutor(CLIENT_PROCESSES, mp_context=spawn))
        try:
            return _measure_servers(plan, stacks, clients, seeds, starts)
        except AssertionError:
            for name, stack in stacks.items():
                print(f"\n\nThe last words of {name}:\n{stack.log_of('web')[-3000:]}", file=sys.stderr)
            raise


def _measure_servers(
    plan: Plan, stacks: dict[str, Stack], clients: Executor, seeds: Seeds, starts: list[float]
) -> Results:
    payapp = stacks["payapp"]
    people = log_in(payapp.url, seeds.spenders)
    ports = {name: stack.port for name, stack in stacks.items()}
    rates = measure_rates(plan, clients, ports, make_loads(plan, seeds, people))
    say("looking at memory and pages, verifying the ledger")
    memory = measure_memory(payapp.processes["web"].pid)
    pages = measure_pages(payapp.port, people[0], plan)
    say(payapp.run("flask", "ledger", "verify").strip())
    commit = measure_commit(payapp.database_url)
    return Results(rates, starts, memory, pages, commit, _read_settings(payapp.database_url))


def _make_stack(database_url: str, folder: Path, application: str, *, is_quick: bool) -> Stack:
    folder.mkdir()
    return Stack(
        database_url,
        folder,
        web_workers=WEB_WORKERS,
        application=application,
        is_loaded_once=is_quick,  # else as the Procfile starts it
        is_warm=is_quick,
    )


def _read_settings(database_url: str) -> dict[str, str]:
    """Return what the server says of itself: that a commit reaches the disk should be seen, not believed."""
    with psycopg.connect(database_url) as connection:
        rows = {name: connection.execute(f"SHOW {name}").fetchone() for name in POSTGRES_SETTINGS}
    return {name: str(row[0]) for name, row in rows.items() if row}


def say(what: str) -> None:
    """Print a step as it begins."""
    print(f"  {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
