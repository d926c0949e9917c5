"""One text file seen as lines of cells, split at one delimiter."""

from __future__ import annotations

import csv
import io
import itertools
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from sync_core.errors import FatalError, RowRejected
from tap_events.records import RejectedRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path
    from zoneinfo import ZoneInfo

T = TypeVar("T")

DELIMITERS = (",", ";", "\t", "|")
HEAD_LINES = 40
_HEAD_CHARACTERS = 256 * 1024
_END = "\x1fend of file\x1f"
# A spreadsheet's way to keep a date as text: ="2026-11-12 16:00:00"
_AS_TEXT = re.compile(r'="(.*)"', re.DOTALL)
_NOTHING = frozenset({"", "--", "-"})


def to_cell(raw: str) -> str:
    """Trim a cell, unwrap ``="…"`` and straighten exotic spaces."""
    cell = raw.strip()
    if cell.startswith("=") and (wrapped := _AS_TEXT.fullmatch(cell)):
        cell = wrapped[1].strip()
    return cell


def to_column_key(name: str) -> str:
    """Normalise a header cell so that case and spacing do not matter."""
    return " ".join(name.split()).casefold().rstrip(":")


@dataclass(frozen=True, slots=True)
class Line:
    """The cells of one row and the line of the file it begins on."""

    number: int
    cells: tuple[str, ...]

    @property
    def is_blank(self) -> bool:
        """Whether nothing stands on the line."""
        return not any(self.cells)

    @property
    def title(self) -> str:
        """The first cell's key when it stands alone, else nothing."""
        return "" if any(self.cells[1:]) else self.first

    @property
    def first(self) -> str:
        """The first cell's key."""
        return to_column_key(self.cells[0]) if self.cells else ""

    @property
    def keys(self) -> tuple[str, ...]:
        """All cells as column keys, without the empty ones at the end."""
        keys = [to_column_key(cell) for cell in self.cells]
        while keys and not keys[-1]:
            keys.pop()
        return tuple(keys)


@dataclass(frozen=True)
class Sheet:
    """A text file, the delimiter it is tried with, and where bad rows are told."""

    path: Path
    text: str
    delimiter: str
    zone: ZoneInfo
    on_rejected: Callable[[RejectedRow], None]
    first_line: int = 1

    @cached_property
    def head(self) -> tuple[Line, ...]:
        """The first lines, enough to tell what the file is."""
        source = io.StringIO(self.text[:_HEAD_CHARACTERS], newline="")
        reader = csv.reader(source, delimiter=self.delimiter)
        lines: list[Line] = []
        try:
            for cells in itertools.islice(reader, HEAD_LINES):
                lines.append(Line(len(lines) + 1, tuple(map(to_cell, cells))))
        except csv.Error:
            return tuple(lines)
        return tuple(lines)

    def lines(self) -> Iterator[Line]:
        """Yield every row with the number of the line it begins on."""
        source = io.StringIO(self.text, newline="")
        end = [_END] if self.text.endswith(("\n", "\r")) else ["\n", _END]
        rows = csv.reader(itertools.chain(source, end), delimiter=self.delimiter)
        begun = last = self.first_line
        try:
            for cells in rows:
                if cells == [_END]:
                    return
                yield Line(begun, tuple(map(to_cell, cells)))
                begun, last = rows.line_num + self.first_line, begun
        except csv.Error as error:
            raise self._broken_quote(begun) from error
        raise self._broken_quote(last)

    def _broken_quote(self, number: int) -> FatalError:
        return FatalError(
            f"{self.path}: the row that begins on line {number} never ends: a quote "
            "is opened and not closed, or a cell is longer than 131,072 characters. "
            "Export the report again or mend that row.",
            setting="files_path",
        )

    def reject(self, row: int, reason: str) -> None:
        """Tell that a row cannot be used and why."""
        self.on_rejected(RejectedRow(file=str(self.path), row=row, reason=reason))

    def each(self, rows: Iterable[Row], convert: Callable[[Row], T]) -> list[T]:
        """Convert rows, telling those that cannot be."""
        done: list[T] = []
        for row in rows:
            try:
                done.append(convert(row))
            except RowRejected as problem:
                self.reject(row.number, str(problem))
        return done


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a table: how they are written, and where each stands."""

    names: tuple[str, ...]
    places: Mapping[str, int]

    @classmethod
    def of(cls, line: Line) -> Header:
        """Return the header that a line is; of two equal names the first counts."""
        places: dict[str, int] = {}
        for place, key in enumerate(line.keys):
            places.setdefault(key, place)
        return cls(line.cells[: len(line.keys)], places)


@dataclass(frozen=True, slots=True)
class Row:
    """One row under its header; cells are found by any of a column's names."""

    number: int
    cells: tuple[str, ...]
    header: Header

    def get(self, *names: str) -> str:
        """Return the first filled cell among columns of these names, else nothing."""
        for name in names:
            if cell := self.at(self.header.places.get(name, len(self.cells))):
                return cell
        return ""

    def at(self, place: int) -> str:
        """Return the cell at a place; nothing where the row is too short."""
        cell = self.cells[place] if place < len(self.cells) else ""
        return "" if cell in _NOTHING else cell


def to_rows(header: Line, lines: Iterable[Line]) -> Iterator[Row]:
    """Put the lines after a header under it, leaving blank ones out."""
    columns = Header.of(header)
    for line in lines:
        if not line.is_blank:
            yield Row(line.number, line.cells, columns)
