"""Bytes to text to cells: encodings, delimiters, line ends and hostile files."""

from __future__ import annotations

import codecs
import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_core.errors import FatalError, RowRejected
from tap_events.files import teams, zoom_chat
from tap_events.files.decoding import read_bytes, to_text
from tap_events.files.naming import to_names, to_teams_name
from tap_events.files.sheet import (
    DELIMITERS,
    Header,
    Line,
    Row,
    Sheet,
    to_cell,
    to_rows,
)
from tap_events.files.times import DateOrder, to_date_order, to_seconds, to_wall

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Look

ENCODINGS = {
    "utf-8": b"",
    "utf-8-sig": b"",
    "utf-16-le with BOM": codecs.BOM_UTF16_LE,
    "utf-16-be with BOM": codecs.BOM_UTF16_BE,
    "utf-16-le": b"",
    "utf-16-be": b"",
}
PLACE = Path("report.csv")
HEADER = ["E-mail", "Name", "Answer"]
cells = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12
).filter(lambda text: text == to_cell(text))
lines = st.lists(
    st.lists(cells | st.just("two\r\nlines"), min_size=3, max_size=3), max_size=5
)


def encode(text: str, encoding: str) -> bytes:
    """Return text in an encoding, with its byte order mark if it is named so."""
    return ENCODINGS[encoding] + text.encode(encoding.removesuffix(" with BOM"))


def to_sheet(text: str, delimiter: str = ",") -> Sheet:
    """Return a sheet that must not reject anything."""
    return Sheet(
        PLACE, text, delimiter, ZoneInfo("UTC"), lambda row: pytest.fail(str(row))
    )


def write(rows: list[list[str]], delimiter: str, end: str = "\r\n") -> str:
    """Return rows as a table of text."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)
    return out.getvalue()


@given(
    lines,
    st.sampled_from(DELIMITERS),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(sorted(ENCODINGS)),
)
def test_a_table_survives_any_encoding_and_delimiter(
    rows: list[list[str]], delimiter: str, end: str, encoding: str
) -> None:
    """What was written is what is read."""
    rows = [HEADER, *rows]
    data = encode(write(rows, delimiter, end), encoding)
    # Without a mark, UTF-16 is told by its ASCII letters: the header has enough.
    text = to_text(data, PLACE)
    found = [list(line.cells) for line in to_sheet(text, delimiter).lines()]
    assert found == rows


def test_rows_are_numbered_by_the_line_they_begin_on() -> None:
    """A cell with a line break does not shift the count."""
    sheet = to_sheet('a,b\n"1\n2",x\ny,z\n')
    assert [line.number for line in sheet.lines()] == [1, 2, 4]


def test_nul_bytes_inside_rows_are_dropped() -> None:
    """Zoom reports with NUL bytes inside rows have been seen."""
    assert to_text(b"Ada\x00 Brook,ada@example.com\n", PLACE) == (
        "Ada Brook,ada@example.com\n"
    )


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ('="2026-11-12 16:00:00"', "2026-11-12 16:00:00"),
        ("  Ada ", "Ada"),
        ("=HYPERLINK(1)", "=HYPERLINK(1)"),
        ('=""', ""),
    ],
)
def test_a_cell_is_trimmed_and_unwrapped(raw: str, expected: str) -> None:
    """A formula is text like any other; only ``="…"`` is a text in disguise."""
    assert to_cell(raw) == expected


def test_a_short_row_has_empty_cells() -> None:
    """Teams cuts rows after their last filled cell."""
    [row] = to_rows(Line(1, ("A", "B", "C")), [Line(2, ("1",))])
    assert (row.get("a"), row.get("b"), row.get("x", "c")) == ("1", "", "")


def test_of_two_equal_columns_the_first_counts() -> None:
    """A repeated header hides nothing."""
    row = Row(2, ("1", "2"), Header.of(Line(1, ("A", "a"))))
    assert row.get("a") == "1"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('a,b\n"open,1\n2,3\n', id="an open quote"),
        pytest.param("a,b\n" + "x" * 200_000 + ",1\n", id="a huge cell"),
    ],
)
def test_a_row_that_never_ends_stops_the_run(text: str) -> None:
    """Else the rest of the file would be lost inside one cell."""
    with pytest.raises(FatalError, match=r"report\.csv: the row that begins on line 2"):
        list(to_sheet(text).lines())


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"PK\x03\x04rest", "an Excel workbook", id="xlsx"),
        pytest.param(b"\xd0\xcf\x11\xe0rest", "an old Excel workbook", id="xls"),
        pytest.param(b"\x1f\x8brest", "a gzip archive", id="gzip"),
        pytest.param(b"%PDF-1.7", "a PDF", id="pdf"),
        pytest.param(b"\x89PNG\r\n", "a picture", id="png"),
        pytest.param(b"caf\xe9,1\n", "is not utf-8 text", id="cp1252"),
        pytest.param(bytes(range(128, 256)), "is not utf-8 text", id="binary"),
    ],
)
def test_a_file_that_is_no_text_is_refused(data: bytes, reason: str) -> None:
    """The message says what it is and how to save it."""
    with pytest.raises(FatalError, match=reason) as info:
        to_text(data, PLACE)
    assert "ave" in str(info.value)
    assert info.value.setting == "files_path"


def test_a_named_encoding_is_used() -> None:
    """A mapping may say what no mark tells."""
    assert to_text(b"caf\xe9", PLACE, "cp1252") == "café"


def test_an_empty_file_is_refused(put: Callable[..., Path]) -> None:
    """Nothing cannot be a report."""
    with pytest.raises(FatalError, match=r"empty\.csv is empty \(0 bytes\)"):
        read_bytes(put("empty.csv", b""))


def test_a_file_beyond_the_bound_is_refused(put: Callable[..., Path]) -> None:
    """Memory is bounded by the bound."""
    with pytest.raises(FatalError, match="has 5 bytes; at most 4 are read"):
        read_bytes(put("big.csv", b"12345"), max_bytes=4)


@given(st.binary(min_size=1, max_size=600))
def test_any_bytes_end_in_text_or_a_clear_refusal(data: bytes) -> None:
    """No file, however broken, ends in anything else than a message."""
    try:
        text = to_text(data, PLACE)
    except FatalError as error:
        assert str(PLACE) in str(error)  # noqa: PT017 - both ends are fine
    else:
        assert "\x00" not in text


@given(st.text(max_size=300), st.sampled_from(DELIMITERS))
def test_any_text_ends_in_lines_or_a_clear_refusal(text: str, delimiter: str) -> None:
    """Every row of any text is seen, or the file is refused."""
    sheet = to_sheet(text.replace("\x00", ""), delimiter)
    try:
        found = list(sheet.lines())
    except FatalError as error:
        assert "never ends" in str(error)  # noqa: PT017 - both ends are fine
    else:
        numbers = [line.number for line in found]
        assert numbers == sorted(numbers)


@pytest.mark.parametrize(
    "cell",
    [
        pytest.param(unit * (100_000 // len(unit)), id=name)
        for name, unit in {
            "spaces": " ",
            "commas": ",",
            "brackets": "[",
            "parentheses": "(a",
            "digits": "1",
            "words": " to",
            "hours": "1h ",
        }.items()
    ],
)
def test_a_hostile_cell_costs_no_time(cell: str) -> None:
    """Each of these ends at once; a pattern that backtracks would take hours."""
    for text in (cell, f"x{cell}x", f"2026-11-12 16:03:10 From {cell}"):
        sheet = to_sheet(f"{text}\n")
        assert not zoom_chat.matches(sheet)
        assert len(to_teams_name(text)) <= 300
        assert all(len(name) <= 300 for name in to_names(text))
        assert to_date_order([text]) is DateOrder.MONTH_FIRST
        assert teams.to_parts([Line(1, (text,))]).tables == ()
        with pytest.raises(ValueError):  # noqa: PT011 - any means "not a time"
            to_wall(text, DateOrder.DAY_FIRST)
        if text.strip():
            with pytest.raises(RowRejected):
                to_seconds(text, "x")


def test_ten_thousand_columns_are_only_an_unknown_file(
    put: Callable[..., Path], look: Look
) -> None:
    """The message shows a few header cells, not all."""
    path = put("wide.csv", ",".join(f"c{n}" for n in range(10_000)) + "\n1\n")
    with pytest.raises(FatalError, match="and 9988 more") as info:
        look.at(path)
    assert len(str(info.value)) < 1000
