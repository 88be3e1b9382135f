"""The figures as a small Markdown page."""

from collections.abc import Mapping, Sequence

from bench.pressure.plan import Plan
from bench.pressure.scenes import Row
from bench.report import tell_origin

PAGE = """# Pressure

{origin}

{engines}
**How.** payapp runs under gunicorn with 2 workers and payapp's `gunicorn.conf.py`, passwords hashed as slowly as they
should be{hashes}; server, database and clients share the machine. Webhooks and other people's pages are asked for at a
constant rate whatever becomes of those before, {pages} pages a second, a third of each kind, and measured from the
moment at which they were due. A silent Stripe lets every call hang for {silent:g} s and then closes the line.
Afterwards every purchase that was told of is granted, and `flask ledger verify` finds nothing, or the run fails.
"""

ENGINE = """## {title}

| milliseconds | goal of p99 | p50 | p99 | worst | of |
|---|--:|--:|--:|--:|--:|
{rows}
"""


def render(engines: Mapping[str, Sequence[Row]], plan: Plan, command: str, *, is_quick: bool) -> str:
    """Return the page."""
    return PAGE.format(
        origin=tell_origin(command),
        engines="\n".join(_render_engine(name, rows) for name, rows in engines.items()),
        hashes=" (not in this quick run)" if is_quick else "",
        pages=plan.pages_a_second,
        silent=plan.silent_seconds,
    )


def _render_engine(name: str, rows: Sequence[Row]) -> str:
    title = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}[name]
    return ENGINE.format(title=title, rows="\n".join(map(_line, rows)))


def _line(row: Row) -> str:
    what = f"{row.what} ({row.remark})" if row.remark else row.what
    if not row.took:  # over before a page was due
        return f"| {what} | | | | | 0 |"
    took = sorted(row.took)
    p99 = took[int(len(took) * 0.99)]
    goal = "" if row.goal is None else f"{'' if p99 <= row.goal else '**missed:** '}≤ {row.goal * 1000:.0f}"
    figures = " | ".join(f"{seconds * 1000:,.0f}" for seconds in (took[len(took) // 2], p99, took[-1]))
    return f"| {what} | {goal} | {figures} | {len(took):,} |"
