"""The results as a small Markdown page."""

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

import psutil

from bench.comparison import Comparison, Rates, divide
from bench.footprint import WorkerMemory
from bench.load import CLIENT_PROCESSES, CONNECTIONS
from bench.loads import API_SPENDS, HOT_SPENDS
from bench.plan import Plan

RATIO_MIN = 0.5
WORKER_MEGABYTES_MAX = 120
START_SECONDS_MAX = 1.5

PAGE = """# Benchmark

Written by `{command}` on {date}: {machine}; {software}.

| what, a second | payapp | baseline | ratio (lowest to highest round) | aim |
|---|--:|--:|--:|--:|
{rates}

| what | measured | aim |
|---|--:|--:|
{figures}

{remarks}
"""

REMARKS = """\
**How.** PostgreSQL {postgres} with fsync {fsync} and synchronous_commit {synchronous_commit}. payapp and baseline, each
under gunicorn with 2 workers and payapp's `gunicorn.conf.py`, take turns on one database: {rounds} rounds of
{seconds:g} s a load, after one to warm up. {processes} client processes send over {connections} keep-alive connections
without a pause; server, database and clients share the machine. Rates are medians of the rounds; a ratio is the
median of the rounds' ratios. An answer that is no success ends the run, and so does `flask ledger verify` afterwards
if a law is broken, by the baseline's entries too.

**What is compared.** `bench/baseline/` is the smallest Flask and psycopg app that does the same to the same tables:
it checks signature, login cookie, CSRF token and API key, and sends payapp's statements in payapp's transactions, over
one open connection a thread. Both get the same bytes, and both let psycopg prepare what they send often.

- *Webhook grants:* `POST /webhooks/stripe` with a signed `checkout.session.completed`, each of another purchase: the
  event is recorded, the purchase fulfilled, the account changed, the entry written, in one commit.
- *Feature spends:* `POST /features/qr-codes` as htmx sends it, with login cookie and CSRF token: hold, commit, capture,
  commit, balance. Drawing a QR code is pure Python, the feature's own work, and costs more than all the rest; so here
  it comes ready-made (`bench/undrawn.py`), and the baseline draws none. All else is payapp's: form, page, headers.
- *Spends with the drawing* are the same requests to payapp as it is.
- *API spends:* `POST /api/v1/spends` with an API key and a new `Idempotency-Key`: key, request and its answer, account,
  hold, entry, in one commit. Each connection spends of its own account, or all of them of one hot account, whose row
  they want one after the other.
- *API holds with their capture:* `POST /api/v1/holds`, then `…/capture`: two requests and two commits, counted as one.
- *Start-up* is from the start of gunicorn to the first 200 of `/healthz`, the median of {starts}. *Memory* is the
  bigger worker's after all the load. *Pages* are the median of {page_views} views by a person who has spent all the
  time."""


@dataclass(frozen=True)
class Results:
    """All that was measured, and of which database server (`postgres`: its settings by name).

    `pages` and `commit` are in milliseconds, `starts` in seconds.
    """

    rates: Rates
    starts: list[float]
    memory: WorkerMemory
    pages: dict[str, float]
    commit: float
    postgres: dict[str, str]


def render(results: Results, plan: Plan, command: str) -> str:
    """Return the page."""
    return PAGE.format(
        command=command,
        date=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        machine=_describe_machine(),
        software=_describe_software(),
        rates="\n".join(_rate_line(name, rates) for name, rates in results.rates.items()),
        figures="\n".join(_figure_lines(results)),
        remarks=REMARKS.format(
            postgres=results.postgres["server_version"],
            fsync=results.postgres["fsync"],
            synchronous_commit=results.postgres["synchronous_commit"],
            rounds=plan.rounds,
            seconds=plan.load_seconds,
            processes=CLIENT_PROCESSES,
            connections=CONNECTIONS,
            starts=plan.starts,
            page_views=plan.page_views,
        ),
    )


def _rate_line(name: str, rates: Comparison) -> str:
    ours = f"{median(rates.payapp):.0f}"
    if not rates.baseline:
        return f"| {name} | {ours} | | | |"
    return f"| {name} | {ours} | {median(rates.baseline):.0f} | {_show_ratios(rates.ratios)} | ≥ {RATIO_MIN} |"


def _show_ratios(ratios: list[float]) -> str:
    return f"**{median(ratios):.2f}** ({min(ratios):.2f} to {max(ratios):.2f})"


def _figure_lines(results: Results) -> list[str]:
    memory, starts = results.memory, results.starts
    hot = divide(results.rates[HOT_SPENDS].payapp, results.rates[API_SPENDS].payapp)
    return [
        f"| API spends of one hot account, of those of many | {_show_ratios(hot)} | ≥ {RATIO_MIN} |",
        f"| Start-up | {median(starts):.2f} s | ≤ {START_SECONDS_MAX} s |",
        f"| Memory of a worker, RSS | {memory.rss:.0f} MB | ≤ {WORKER_MEGABYTES_MAX} MB |",
        f"| Memory of a worker, PSS | {memory.pss:.0f} MB | ≤ {WORKER_MEGABYTES_MAX} MB |",
        *(f"| {name} | {milliseconds:.1f} ms | |" for name, milliseconds in results.pages.items()),
        f"| A commit alone, for comparison | {results.commit:.1f} ms | |",
    ]


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
