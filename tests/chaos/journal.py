"""What the clients have done and what they were told: a file each, which outlives whatever is killed."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Line:
    """One deed. `outcome`: `acknowledged`, `refused` (nothing happened), or `unclear` (it may have happened).

    `subject` is whom or what it is about: the shopper's address, the id of an event. `status` is that of the answer,
    0 if none came.
    """

    deed: str
    subject: str
    outcome: str
    status: int


class JournalWriter:
    """One client's journal."""

    def __init__(self, folder: Path, name: str) -> None:
        self._stream = (folder / f"{name}.journal").open("a", buffering=1)

    def write(self, deed: str, subject: str, outcome: str, status: int) -> None:
        """Add a line, whole and at once."""
        self._stream.write(json.dumps(asdict(Line(deed, subject, outcome, status))) + "\n")


class Journals:
    """All clients' journals, read on from where the last look ended."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._offsets: dict[Path, int] = {}
        self.lines: list[Line] = []

    def read_on(self) -> list[Line]:
        """Return all lines so far."""
        for path in sorted(self._folder.glob("*.journal")):
            with path.open() as stream:
                stream.seek(self._offsets.get(path, 0))
                whole, _, _ = stream.read().rpartition("\n")
            self._offsets[path] = self._offsets.get(path, 0) + len(whole) + bool(whole)
            self.lines += [Line(**json.loads(text)) for text in whole.splitlines()]
        return self.lines

    def select(self, deed: str, outcome: str) -> list[Line]:
        """Return the lines of one deed with one outcome."""
        return [line for line in self.lines if (line.deed, line.outcome) == (deed, outcome)]
