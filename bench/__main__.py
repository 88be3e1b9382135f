"""python -m bench: measure payapp beside the baseline on PostgreSQL and on SQLite, write bench/RESULTS.md.

--quick measures everything in a few seconds, to see that the benchmark works; its figures mean little and are only
printed. --engine measures one of the two and writes nothing either. --output writes the page to another file.
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path

import psutil
import psycopg

from bench.comparison import Servers, measure_loads
from bench.engines import ENGINES, add_options, is_sqlite, say, write_page
from bench.footprint import measure_commit, measure_memory, measure_pages, measure_starts
from bench.load import CLIENT_PROCESSES, CONNECTIONS
from bench.loads import make_loads
from bench.pgbench import measure_sql
from bench.plan import FULL, QUICK, Plan
from bench.report import EngineResults, Results, render
from bench.seeding import Seeds, log_in, seed
from tests.processes import Stack

RESULTS_PATH = Path(__file__).parent / "RESULTS.md"
WEB_WORKERS = 2
APPLICATIONS = {"payapp": "bench.undrawn:app", "baseline": "bench.baseline.app:app"}
POSTGRES_SETTINGS = ("server_version", "fsync", "synchronous_commit")


def main(arguments: list[str]) -> int:
    """Measure, print and write the results. Raises when a server does not start or gives a wrong answer."""
    options = _parse(arguments)
    plan = QUICK if options.quick else FULL
    began_at = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="payapp-bench-") as folder:
        results = _measure(plan, Path(folder), options.engine or list(ENGINES))
    page = render(results, plan, f"python -m bench{' --quick' if options.quick else ''}")
    written = write_page(page, options, RESULTS_PATH)
    print(f"\n{page}\nTook {time.monotonic() - began_at:.0f} s. {written}")
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    add_options(parser, RESULTS_PATH)
    return parser.parse_args(arguments)


def _measure(plan: Plan, folder: Path, engines: list[str]) -> Results:
    # Spawned, not forked: a client shares nothing with this process.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(CLIENT_PROCESSES, mp_context=spawn) as clients:
        measured = {}
        for name in engines:
            say(f"filling a database of {name}")
            (folder / name).mkdir()
            with ENGINES[name](folder / name) as database_url:
                measured[name] = _measure_engine(plan, clients, folder / name, database_url)
    return Results(measured)


def _measure_engine(plan: Plan, clients: Executor, folder: Path, database_url: str) -> EngineResults:
    seeds = seed(database_url, folder, CONNECTIONS * plan.purchases_each)
    stacks = {
        name: _make_stack(database_url, folder / name, application, is_quick=plan is QUICK)
        for name, application in APPLICATIONS.items()
    }
    say("timing the start of payapp")
    starts = measure_starts(stacks["payapp"], plan.starts)
    say("starting payapp and the baseline")
    try:
        for stack in stacks.values():
            stack.start_web()
        return _measure_servers(plan, stacks, clients, seeds, starts)
    except AssertionError:
        for name, stack in stacks.items():
            print(f"\n\nThe last words of {name}:\n{stack.log_of('web')[-3000:]}", file=sys.stderr)
        raise
    finally:
        for stack in stacks.values():
            stack.stop()


def _measure_servers(
    plan: Plan, stacks: dict[str, Stack], clients: Executor, seeds: Seeds, starts: list[float]
) -> EngineResults:
    payapp = stacks["payapp"]
    regular, *people = log_in(payapp.url, [seeds.regular, *seeds.spenders])
    ports = {name: stack.port for name, stack in stacks.items()}
    web = {name: psutil.Process(stack.processes["web"].pid) for name, stack in stacks.items()}
    servers = Servers(ports, web, _find_server(payapp.database_url))
    loads = make_loads(plan, seeds, people)
    comparisons = measure_loads(plan, clients, servers, loads)
    say("looking at memory and pages, verifying the ledger")
    memory = measure_memory(payapp.processes["web"].pid)
    pages = measure_pages(payapp.port, regular, people[0], plan)
    has_no_server = is_sqlite(payapp.database_url)
    by_pgbench = {} if has_no_server else measure_sql(payapp.database_url, seeds.api_keys, plan.load_seconds)
    say(payapp.run("flask", "ledger", "verify").strip())
    return EngineResults(
        comparisons,
        {load.name: load.ratio_min for load in loads},
        starts,
        memory,
        pages,
        by_pgbench,
        None if has_no_server else measure_commit(payapp.database_url),
        {} if has_no_server else _read_settings(payapp.database_url),
    )


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


def _find_server(database_url: str) -> psutil.Process | None:
    """Return PostgreSQL's first process, whose children do the work; None for SQLite, which is in the web's own."""
    if is_sqlite(database_url):
        return None
    with psycopg.connect(database_url) as connection:
        return psutil.Process(connection.info.backend_pid).parent()


def _read_settings(database_url: str) -> dict[str, str]:
    """Return what the server says of itself: that a commit reaches the disk should be seen, not believed."""
    with psycopg.connect(database_url) as connection:
        rows = {name: connection.execute(f"SHOW {name}").fetchone() for name in POSTGRES_SETTINGS}
    return {name: str(row[0]) for name, row in rows.items() if row}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
