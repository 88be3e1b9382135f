"""The figures as a small Markdown page: a row for each path, a column for each size, and how much it grew."""

from collections.abc import Mapping

from bench.growth.filling import HEAVY_ENTRIES_MAX, HEAVY_SHARE
from bench.report import tell_origin

Figures = Mapping[int, Mapping[str, float]]  # entries → what → how much

PAGE = """# Growth

{origin}

{engines}
**How.** One database grows from size to size: so many ledger entries, with their holds and purchases, spread over
{users:,} users and over a year; every {share}th is of one heavy account, which ends at {heavy:,}, and as many in the
first half of each step are of one that is idle since then. The database makes them itself, by INSERT … SELECT, with two
of the guards off: those which compare each row with the balance of its moment (`bench/growth/filling.py`).
`flask ledger verify` asks for the same laws afterwards, and a single fault ends the run. ANALYZE follows, and on
PostgreSQL VACUUM. Then payapp is started with 2 workers, and one client asks over one connection, {times} times each:
medians. The commands' time is without Python's start; Stripe's lists are made of our purchases. A deep page is that
behind which the heavy account's first hundred entries stand.

**What may grow.** The two commands look at every entry; that is their work. The credits page and the balance partial
read what their account used in the last 30 and 7 days, so they grow with its use, not with its age.
"""

ENGINE = """## {title}

| entries | {sizes} | largest / smallest |
|---|{columns}--:|
{rows}
"""


def render(engines: Mapping[str, Figures], users: int, times: int, command: str) -> str:
    """Return the page. Every size of an engine has the same paths."""
    return PAGE.format(
        origin=tell_origin(command),
        engines="\n".join(_render_engine(name, figures) for name, figures in engines.items()),
        users=users,
        share=HEAVY_SHARE,
        heavy=HEAVY_ENTRIES_MAX,
        times=times,
    )


def _render_engine(name: str, figures: Figures) -> str:
    sizes = sorted(figures)
    return ENGINE.format(
        title={"postgresql": "PostgreSQL", "sqlite": "SQLite"}[name],
        sizes=" | ".join(f"{size:,}" for size in sizes),
        columns="--:|" * len(sizes),
        rows="\n".join(_row(path, [figures[size][path] for size in sizes]) for path in figures[sizes[0]]),
    )


def _row(path: str, found: list[float]) -> str:
    return f"| {path} | {' | '.join(_show(each) for each in found)} | **{found[-1] / found[0]:.1f}** |"


def _show(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.1f}" if figure >= 1 else f"{figure:.2f}"
