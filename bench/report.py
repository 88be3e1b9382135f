"""The results as a small Markdown page."""

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

import psutil

from bench.comparison import Comparison, Comparisons
from bench.footprint import PAGE as CREDITS_PAGE
from bench.footprint import UNCHANGED, WorkerMemory
from bench.load import CLIENT_PROCESSES, CONNECTIONS
from bench.plan import Plan
from bench.seeding import REGULAR_USES

WORKER_MEGABYTES_MAX = 110
START_SECONDS_MAX = 0.8
P99_RATIO_MAX = 1.6
CPU_RATIO_MAX = 1.5
PAGE_MILLISECONDS_MAX = {CREDITS_PAGE: 6, UNCHANGED: 1.5}

PAGE = """# Benchmark

{origin}

{engines}
{remarks}
"""

ENGINE = """## {title}

| requests a second | payapp | smallest app | ratio (lowest to highest round) | aim |
|---|--:|--:|--:|--:|
{rates}

| CPU and waiting, of payapp / of the smallest app | web, ms a request | database, ms a request | p99, ms |
|---|--:|--:|--:|
{costs}

| what | measured | aim |
|---|--:|--:|
{figures}
"""

REMARKS = """\
**How.** {postgres}. payapp and the smallest app, each under gunicorn with 2 workers and payapp's `gunicorn.conf.py`,
take turns on one database: {rounds} rounds of {seconds:g} s a load, after one to warm up. {processes} client processes
send over {connections} keep-alive connections without a pause; server, database and clients share the machine. All
figures are medians of the rounds; a ratio is the median of the rounds' ratios. CPU is what the processes of the server,
and of PostgreSQL, have used meanwhile: it hardly moves with the machine's noise. An answer that is no success ends the
run, and so does `flask ledger verify` afterwards if a law is broken, by the smallest app's entries too.

The aims are of PostgreSQL, where all that a request does is one statement. On SQLite payapp goes step by step through
SQLAlchemy, eight statements a spend, which costs twice the CPU of the smallest app's plain `sqlite3`; what spends wait
for there is the one writer's lock.

**What is compared.** `bench/baseline/` is the smallest Flask app that leaves the same rows behind, in as few statements
and commits as the engine allows: on PostgreSQL one statement a request, with the key's look-up in it, committed by
itself and prepared, over one open connection a thread; on SQLite plain statements in one `BEGIN IMMEDIATE`.

- *Webhook grants:* `POST /webhooks/stripe` with a signed `checkout.session.completed`, each of another purchase: the
  event is recorded, the purchase fulfilled, the account changed, the entry written, in one commit.
- *API spends:* `POST /api/v1/spends` with an API key and a new `Idempotency-Key`: key, request, account, hold, entry,
  in one commit. Each connection spends of its own account, or all of them of one hot account, whose row they want one
  after the other.
- *API holds with their capture:* `POST /api/v1/holds`, then `…/capture`: two requests and two commits, counted as one.
- *API balance reads:* `GET /api/v1/balance`.
- *Feature spends:* `POST /features/qr-codes` as htmx sends it, with login cookie and CSRF token: hold, commit, capture,
  commit, balance. Drawing a QR code is the feature's own work, so here it comes ready-made (`bench/undrawn.py`), and
  the smallest app draws none. All else is payapp's: form, page, headers.
- *By pgbench* the same connections send the smallest app's statements with no web server before them; a
  balance is read by a statement that writes nothing.
- *Start-up* is from the start of gunicorn to the first 200 of `/healthz`, the median of {starts}. *Memory* is the
  bigger worker's after all the load. *Pages* are the median of {page_views} views by a customer who has used credits
  {regular_uses} times this month; *of the busiest* is by one who has spent all through this run, whose chart counts
  thousands of uses of today."""


@dataclass(frozen=True)
class EngineResults:
    """What was measured on one engine, and of which database server (`postgres`: its settings by name).

    `pages` and `commit` are in milliseconds, `starts` in seconds, `ratios_min` by load; `by_pgbench` are its
    transactions a second, empty where it is not installed.
    """

    comparisons: Comparisons
    ratios_min: dict[str, float]
    starts: list[float]
    memory: WorkerMemory
    pages: dict[str, float]
    by_pgbench: dict[str, float]
    commit: float | None
    postgres: dict[str, str]


@dataclass(frozen=True)
class Results:
    """All that was measured, by the engine's name."""

    engines: dict[str, EngineResults]


def render(results: Results, plan: Plan, command: str) -> str:
    """Return the page."""
    return PAGE.format(
        origin=tell_origin(command),
        engines="\n".join(_render_engine(name, engine) for name, engine in results.engines.items()),
        remarks=REMARKS.format(
            postgres=_describe_postgres(results),
            rounds=plan.rounds,
            seconds=plan.load_seconds,
            processes=CLIENT_PROCESSES,
            connections=CONNECTIONS,
            starts=plan.starts,
            page_views=plan.page_views,
            regular_uses=REGULAR_USES,
        ),
    )


def _render_engine(name: str, results: EngineResults) -> str:
    return ENGINE.format(
        title={"postgresql": "PostgreSQL", "sqlite": "SQLite"}[name],
        rates="\n".join(
            _rate_line(load, compared, results.ratios_min[load]) for load, compared in results.comparisons.items()
        ),
        costs="\n".join(_cost_line(load, compared) for load, compared in results.comparisons.items()),
        figures="\n".join(_figure_lines(results)),
    )


def tell_origin(command: str) -> str:
    """Return the sentence that says by which command, when and where figures were measured."""
    date = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    return f"Written by `{command}` on {date}: {_describe_machine()}; {_describe_software()}."


def _describe_postgres(results: Results) -> str:
    postgres = next((each.postgres for each in results.engines.values() if each.postgres), None)
    if postgres is None:
        return "SQLite in the web processes, synchronous=FULL"
    return (
        f"PostgreSQL {postgres['server_version']} with fsync {postgres['fsync']} and synchronous_commit"
        f" {postgres['synchronous_commit']}; SQLite with synchronous=FULL"
    )


def _rate_line(name: str, compared: Comparison, aim: float) -> str:
    ours, theirs = compared.medians("rate")
    return f"| {name} | {ours:.0f} | {theirs:.0f} | {_show_ratios(compared.ratios('rate'))} | ≥ {aim:.2f} |"


def _cost_line(name: str, compared: Comparison) -> str:
    return f"| {name} | {' | '.join(_show_pair(compared, figure) for figure in ('web_cpu', 'database_cpu', 'p99'))} |"


def _show_pair(compared: Comparison, figure: str) -> str:
    """Return both medians, and their ratio where there is anything to divide by."""
    ours, theirs = compared.medians(figure)
    if not ours and not theirs:
        return "in the web's"
    digits = 0 if figure == "p99" else 2
    ratio = f"{ours / theirs:.2f}" if theirs else "?"  # less than the clock of processes can tell
    return f"{ours:.{digits}f} / {theirs:.{digits}f} = **{ratio}**"


def _show_ratios(ratios: list[float]) -> str:
    return f"**{median(ratios):.2f}** ({min(ratios):.2f} to {max(ratios):.2f})"


def _figure_lines(results: EngineResults) -> list[str]:
    memory, starts, spends = results.memory, results.starts, results.comparisons["API spends, many accounts"]
    lines = [
        f"| Web CPU of spends, of the smallest app's | {_show_ratios(spends.ratios('web_cpu'))} | ≤ {CPU_RATIO_MAX} |",
        f"| p99 of spends, of the smallest app's | {_show_ratios(spends.ratios('p99'))} | ≤ {P99_RATIO_MAX} |",
        f"| Start-up | {median(starts):.2f} s | ≤ {START_SECONDS_MAX} s |",
        f"| Memory of a worker, RSS | {memory.rss:.0f} MB | ≤ {WORKER_MEGABYTES_MAX} MB |",
        f"| Memory of a worker, PSS | {memory.pss:.0f} MB | ≤ {WORKER_MEGABYTES_MAX} MB |",
    ]
    for name, milliseconds in results.pages.items():
        aim = f"≤ {PAGE_MILLISECONDS_MAX[name]} ms" if name in PAGE_MILLISECONDS_MAX else ""
        lines.append(f"| {name} | {milliseconds:.1f} ms | {aim} |")
    for name, rate in results.by_pgbench.items():
        lines.append(f"| The smallest app's SQL by pgbench: {name} | {rate:.0f}/s | |")
    if results.commit is not None:
        lines.append(f"| A commit alone, for comparison | {results.commit:.1f} ms | |")
    return lines


def _describe_machine() -> str:
    memory = round(psutil.virtual_memory().total / 1024**3)
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} CPUs ({_processor()}), {memory} GB, load at the end {load:.1f}"


def _processor() -> str:
    """Return the processor's name; Linux alone tells more than the architecture."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _describe_software() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("flask", "sqlalchemy", "psycopg", "gunicorn"))
    return f"Python {platform.python_version()}, {packages}"
