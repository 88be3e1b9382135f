"""The second priced feature: many QR codes from a list, as one ZIP file. Its cost depends on the list."""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from payapp.features import qr_codes

CODES_MAX = 500
# 500 codes of this length take a processor about twenty seconds; and whatever the letters, they fit into a QR code.
LINE_LENGTH_MAX = 300
# Made while the page waits; more are made by the worker (qr_batches). Ten of the longest take a processor 0.4 seconds,
# 0.8 in Chinese, and ten links a tenth of one: measured on one core of two.
AT_ONCE_MAX = 10
CREDITS_PER_CODE = 1

NAME_LENGTH_MAX = 40
CSV_HEADINGS = ("text", "link", "url")
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same list gives the same file, byte for byte


class BatchError(Exception):
    """The list can't be made into QR codes. The message is for the person who gave it, and names the line."""


@dataclass(frozen=True)
class Batch:
    """The texts to encode, each once, in the order given, and how many lines were left out and why."""

    texts: Sequence[str]
    blank: int = 0
    repeated: int = 0


def count_codes(batch: Batch) -> int:
    """Return what the batch costs, in credits."""
    return len(batch.texts) * CREDITS_PER_CODE


def read_batch(pasted: str, file_name: str = "", file_content: bytes = b"") -> Batch:
    """Return the batch of the pasted lines and then of the file's.

    A file whose name ends in .csv gives its first column, without a heading; any other, its lines. Raises BatchError.
    """
    lines = [(f"Line {number}", line) for number, line in enumerate(_split(pasted), start=1)]
    lines += _read_file(file_name, file_content)
    filled = [(place, text) for place, line in lines if (text := line.strip())]
    for place, text in filled:
        _require_fit(place, text)
    texts = list(dict.fromkeys(text for _, text in filled))
    if not texts:
        raise BatchError("Enter at least one line, or choose a file.")
    if len(texts) > CODES_MAX:
        raise BatchError(f"These are {len(texts)} different lines; a batch has {CODES_MAX} at most.")
    return Batch(texts, blank=_count_blank(lines), repeated=len(filled) - len(texts))


def make_zip(batch: Batch, on_made: Callable[[int], None] | None = None) -> bytes:
    """Return a ZIP file with a PNG and an SVG of every text: `png/007-example-com.png`.

    `on_made` is told after each how many are made.
    """
    content = io.BytesIO()
    with ZipFile(content, "w") as archive:
        for made, (name, text) in enumerate(zip(list_file_names(batch.texts), batch.texts, strict=True), start=1):
            for kind, data in qr_codes.draw_files(text).items():
                archive.writestr(ZipInfo(f"{kind}/{name}.{kind}", ZIP_EPOCH), data, ZIP_DEFLATED)
            if on_made:
                on_made(made)
    return content.getvalue()


def list_file_names(texts: Sequence[str]) -> list[str]:
    """Return a name for each text, without its suffix: its place in the list, and what of it is safe in a file name.

    The place makes it unique, and harmless where a text is `con` or `../../etc`.
    """
    digits = max(2, len(str(len(texts))))
    return [f"{place:0{digits}}-{_slug(text)}".rstrip("-") for place, text in enumerate(texts, start=1)]


def _read_file(name: str, content: bytes) -> list[tuple[str, str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BatchError("The file is not text in UTF-8. Save it as “CSV UTF-8” or as plain text.") from None
    is_csv = name.lower().endswith(".csv")
    return list(_read_rows(text)) if is_csv else [(f"Line {n} of the file", t) for n, t in enumerate(_split(text), 1)]


def _read_rows(text: str) -> Iterator[tuple[str, str]]:
    """Yield the first column. Whichever of comma, semicolon and tab the first row has most of, divides the columns."""
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for number, row in enumerate(rows, start=1):
            cell = row[0] if row else ""
            if number > 1 or cell.strip().lower() not in CSV_HEADINGS:
                yield f"Row {number} of the file", cell
    except csv.Error as error:
        raise BatchError(f"Row {rows.line_num} of the file cannot be read: {error}.") from error


def _split(text: str) -> list[str]:
    """Return the lines. Not splitlines(): that also ends a line at characters which nobody sees."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _require_fit(place: str, text: str) -> None:
    if len(text) > LINE_LENGTH_MAX:
        raise BatchError(
            f"{place} does not fit into a code: it has {len(text)} characters; the limit is {LINE_LENGTH_MAX}."
        )
    if any(unicodedata.category(character) == "Cc" and character != "\t" for character in text):
        raise BatchError(f"{place} has a line break or another control character inside.")


def _count_blank(lines: Sequence[tuple[str, str]]) -> int:
    return sum(not line.strip() for _, line in lines)


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    without_scheme = re.sub(r"^[a-z]+://(www\.)?", "", plain)
    return re.sub(r"[^a-z0-9]+", "-", without_scheme).strip("-")[:NAME_LENGTH_MAX].rstrip("-")
