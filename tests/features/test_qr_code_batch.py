"""A list of texts: what is read from it, what is refused, and the ZIP file. Nothing here asks a database."""

import io
import string
import time
import zipfile

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from payapp.features.qr_code_batch import (
    CODES_MAX,
    LINE_LENGTH_MAX,
    Batch,
    BatchError,
    count_codes,
    list_file_names,
    make_zip,
    read_batch,
)


def texts_of(pasted: str, file_name: str = "", content: bytes = b"") -> list[str]:
    return list(read_batch(pasted, file_name, content).texts)


# ---- reading


def test_it_works() -> None:
    batch = read_batch("https://a.example\nhttps://b.example\n")
    assert batch == Batch(["https://a.example", "https://b.example"], blank=0, repeated=0)
    assert count_codes(batch) == 2


def test_it_skips_blank_lines_and_repeated_ones() -> None:
    assert read_batch("\n b \r\n\r\na\r b\n\t\na") == Batch(["b", "a"], blank=3, repeated=2)


def test_lines_that_differ_in_case_differ() -> None:
    assert texts_of("https://a.example/X\nhttps://a.example/x") == ["https://a.example/X", "https://a.example/x"]


def test_it_takes_the_first_column_of_a_csv_file() -> None:
    content = b'\xef\xbb\xbfURL,name\r\nhttps://a.example,"A, the first"\r\n\r\n"one, two",B\r\n'
    batch = read_batch("", "links.CSV", content)
    assert batch == Batch(["https://a.example", "one, two"], blank=1)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_it_notices_how_columns_are_divided(delimiter: str) -> None:
    content = f"link{delimiter}name\nhttps://a.example/?a=1{delimiter}A\n".encode()
    assert texts_of("", "a.csv", content) == ["https://a.example/?a=1"]


def test_it_takes_whole_lines_of_any_other_file() -> None:
    assert texts_of("", "notes.txt", b"text\nHello, world\n") == ["text", "Hello, world"]


def test_it_takes_pasted_lines_before_the_files() -> None:
    assert read_batch("b\na", "a.txt", b"a\nc") == Batch(["b", "a", "c"], repeated=1)


@pytest.mark.parametrize("pasted", ["", "\n", " \r\n\t", "\ufeff\n"])
def test_it_rejects_an_empty_list(pasted: str) -> None:
    with pytest.raises(BatchError, match="at least one line"):
        read_batch(pasted.replace("\ufeff", ""))


def test_it_rejects_too_many() -> None:
    most = "\n".join(map(str, range(CODES_MAX)))
    assert len(texts_of(most + "\n0\n1")) == CODES_MAX
    with pytest.raises(BatchError, match=f"{CODES_MAX + 1} different lines; a batch has {CODES_MAX} at most"):
        read_batch(f"{most}\nmore")


@pytest.mark.parametrize(
    ("pasted", "name", "content", "place"),
    [
        (f"a\n\n{'x' * (LINE_LENGTH_MAX + 1)}", "", b"", "Line 3 does not fit"),
        ("a", "a.txt", b"b\n" + b"x" * 301, "Line 2 of the file does not fit"),
        ("a", "a.csv", b"url\nb\n" + b"x" * 301, "Row 3 of the file does not fit"),
        ("", "a.csv", b'b\n"two\nlines"\n', "Row 2 of the file has a line break"),
        ("", "a.txt", b"b\na\0b\n", "Line 2 of the file has"),
        ("a\nb\x1bc", "", b"", "Line 2 has"),
        ("", "a.csv", b'"' + b"x" * 200_000, "Row 1 of the file cannot be read"),
        ("", "a.csv", b"\xff\xfea\0", "The file is not text in UTF-8"),
        ("", "a.xlsx", b"PK\x03\x04\xff\xfe", "The file is not text in UTF-8"),
    ],
)
def test_it_names_the_line_that_cannot_be_made(pasted: str, name: str, content: bytes, place: str) -> None:
    with pytest.raises(BatchError, match=place):
        read_batch(pasted, name, content)


@pytest.mark.long
@given(st.binary(max_size=200), st.sampled_from(["a.csv", "a.txt"]))
def test_no_file_breaks_it(content: bytes, name: str) -> None:
    try:
        batch = read_batch("", name, content)
    except BatchError:
        return
    assert 1 <= count_codes(batch) == len(set(batch.texts))


@pytest.mark.long
@given(st.lists(st.text(max_size=LINE_LENGTH_MAX), max_size=20))
def test_the_list_on_the_page_is_the_list_that_is_made(lines: list[str]) -> None:
    """The page sends back what it has read; reading that again changes nothing."""
    try:
        batch = read_batch("\n".join(lines))
    except BatchError:
        return
    assert read_batch("\r\n".join(batch.texts)) == Batch(batch.texts)


# ---- making


def test_it_makes_a_png_and_an_svg_of_each() -> None:
    with zipfile.ZipFile(io.BytesIO(make_zip(Batch(["https://www.example.com/menu", "Grüße"])))) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == [
            *("png/01-example-com-menu.png", "png/02-grusse.png", "svg/01-example-com-menu.svg", "svg/02-grusse.svg"),
        ]
        expected = io.BytesIO()
        segno.make("Grüße", error="m", micro=False).save(expected, kind="png", scale=10, border=4, light="#fff")
        assert archive.read("png/02-grusse.png") == expected.getvalue()
        assert b"<svg" in archive.read("svg/01-example-com-menu.svg")


def test_the_same_list_makes_the_same_file() -> None:
    first = make_zip(Batch(["a", "b"]))
    assert make_zip(Batch(["a", "b"])) == first


@pytest.mark.parametrize("letter", ["x", "ü", "€", "漢", "😀"])
def test_whatever_the_letters_a_line_fits(letter: str) -> None:
    assert make_zip(read_batch(letter * LINE_LENGTH_MAX))


@pytest.mark.long
@given(st.lists(st.text(max_size=60), min_size=1, max_size=30))
def test_file_names_are_safe_and_unique(texts: list[str]) -> None:
    names = list_file_names([*texts, "../../etc/passwd", "con", "C:\\x", "-", "x" * 300])
    assert len({name.lower() for name in names}) == len(names)
    assert {letter for name in names for letter in name} <= set(string.ascii_lowercase + string.digits + "-")
    assert all(name[0].isdigit() and len(name) <= 44 for name in names)


def test_the_largest_batch_is_made_long_before_its_hold_ends() -> None:
    began = time.process_time()
    make_zip(Batch([f"{number:03}".ljust(LINE_LENGTH_MAX, "é") for number in range(5)]))
    assert (time.process_time() - began) * CODES_MAX / 5 < 120
