"""Canaries: secrets that are like no other text, so that wherever one turns up it is found.

A journey plants them where people, programs and operators put real ones. `find_in_…()` say where they came out. To add
one: plant() it, and name the steps whose answer may show it; to add a step: a block of `with journey.step(…)`.
"""

import base64
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
from sqlalchemy import create_engine, inspect, text

TIMEOUT_SECONDS = 20
LENGTH_MIN = 12  # shorter ones could turn up by chance


@dataclass(frozen=True)
class Canary:
    """A secret. `may_be_in` names the steps whose answer shows it, as it should; `pages` stands for every HTML page."""

    name: str
    value: str
    may_be_in: frozenset[str] = frozenset()

    def forms(self) -> Iterator[bytes]:
        """Yield what it looks like: plain, in an address, in hexadecimal digits, in base64 from its first byte on."""
        plain = self.value.encode()
        yield from (plain, quote(self.value).encode(), plain.hex().encode())
        yield base64.b64encode(plain).rstrip(b"=")[:-1]

    def is_in(self, content: bytes) -> bool:
        return any(form in content for form in self.forms())


def invent(kind: str) -> str:
    """Return a secret that stands nowhere else in the world."""
    return f"{kind}-{secrets.token_hex(12)}"


@dataclass
class Journey:
    """What is done with the secrets, step by step; each answer is kept."""

    canaries: dict[str, Canary] = field(default_factory=dict)
    answers: list[tuple[str, str, bytes]] = field(default_factory=list)
    printed: dict[str, str] = field(default_factory=dict)
    _step: str = ""

    def plant(self, name: str, value: str, *may_be_in: str) -> str:
        """Keep a secret under a name of its own; return it."""
        assert len(value) >= LENGTH_MIN, f"{name} is too short to be found"
        assert name not in self.canaries, name
        self.canaries[name] = Canary(name, value, frozenset(may_be_in))
        return value

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Name what is answered in the block."""
        self._step = name
        yield
        self._step = ""

    def send(self, http: requests.Session, method: str, url: str, *statuses: int, **options: Any) -> requests.Response:
        """Send a request, keep its answer, and follow no redirect. Raises AssertionError for another status."""
        answer = http.request(method, url, allow_redirects=False, timeout=TIMEOUT_SECONDS, **options)
        self._keep_cookies(answer)
        headers = [f"{key}: {value}" for key, value in answer.headers.items() if key.lower() != "set-cookie"]
        kind = answer.headers.get("Content-Type", "")
        self.answers.append((self._step, kind, "\n".join(headers).encode() + b"\n\n" + answer.content))
        assert answer.status_code in statuses, f"{self._step}: {answer.status_code} {answer.text[:500]}"
        return answer

    def _keep_cookies(self, answer: requests.Response) -> None:
        """Nearly every answer sets a login cookie anew; that header is its place, and none other."""
        for cookie in answer.cookies:
            self.canaries.setdefault(f"cookie {cookie.value}", Canary(f"cookie {cookie.name}", str(cookie.value)))

    def find_in_answers(self) -> list[str]:
        """Return where a canary stands in an answer that should not have it."""
        return [
            f"{canary.name} in the answer to: {step}"
            for step, kind, content in self.answers
            for canary in self.canaries.values()
            if canary.is_in(content) and not (canary.may_be_in & {step, "pages" if "html" in kind else ""})
        ]

    def find_in_texts(self, texts: Mapping[str, str]) -> list[str]:
        """Return which of the texts, logs and what commands print, have a canary."""
        return self._find((name, content.encode()) for name, content in texts.items())

    def find_in_files(self, paths: Iterable[Path]) -> list[str]:
        """Return which files have a canary in them, whatever they are."""
        return self._find((path.name, path.read_bytes()) for path in paths)

    def find_in_database(self, database_url: str) -> list[str]:
        """Return which columns have a canary, of all tables that are there: also those of the job queue."""
        return self._find(read_columns(database_url))

    def _find(self, contents: Iterable[tuple[str, bytes]]) -> list[str]:
        return [
            f"{canary.name} in {name}"
            for name, content in contents
            for canary in self.canaries.values()
            if canary.is_in(content)
        ]


def read_columns(database_url: str) -> Iterator[tuple[str, bytes]]:
    """Yield each column's name with all that stands in it."""
    engine = create_engine(database_url)
    try:
        with engine.connect() as connection:
            for table in inspect(engine).get_table_names():
                rows = connection.execute(text(f'SELECT * FROM "{table}"'))
                columns = list(rows.keys())
                values = rows.all()
                for index, column in enumerate(columns):
                    yield f"{table}.{column}", b"\n".join(as_bytes(row[index]) for row in values)
    finally:
        engine.dispose()


def as_bytes(value: Any) -> bytes:
    if isinstance(value, memoryview | bytes):
        return bytes(value)
    return str(value).encode("utf-8", "surrogateescape")
