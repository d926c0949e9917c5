"""A table of whatever format, seen as named columns and numbered rows."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl

from sync_core.errors import FatalError
from tap_events.files.decoding import PARQUET_MAGIC, to_text
from tap_events.files.sheet import (
    DELIMITERS,
    Header,
    Sheet,
    to_cell,
    to_column_key,
    to_rows,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from tap_events.files.table_mapping import Table
    from tap_events.records import RejectedRow

Cell = str | datetime
_DEEPEST = 10


@dataclass(frozen=True, slots=True)
class Record:
    """One row: its number in the file and its filled cells by column key."""

    number: int
    cells: Mapping[str, Cell]

    def get(self, column: str) -> Cell:
        """Return a cell as it is; nothing where it is empty."""
        return self.cells.get(to_column_key(column), "")

    def text(self, column: str) -> str:
        """Return a cell as text on one line."""
        cell = self.get(column)
        if isinstance(cell, datetime):
            return cell.isoformat()
        return " ".join(cell.split())


@dataclass(frozen=True, slots=True)
class Source:
    """A table's columns as written, and its rows."""

    columns: tuple[str, ...]
    records: Iterable[Record]

    def lacks(self, table: Table) -> tuple[str, ...]:
        """Return the columns that a mapping reads and the table has not."""
        keys = {to_column_key(column) for column in self.columns}
        return tuple(name for name in table.columns if to_column_key(name) not in keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFile:
    """A file's bytes and the settings that reading it needs."""

    path: Path
    data: bytes
    zone: ZoneInfo
    on_rejected: Callable[[RejectedRow], None]

    @property
    def is_parquet(self) -> bool:
        """Whether the content is Parquet, whatever the name says."""
        return self.data.startswith(PARQUET_MAGIC)

    def sheets(self, encoding: str | None = None, skip: int = 0) -> list[Sheet]:
        """Return the text split at each delimiter that may be meant."""
        text = to_text(self.data, self.path, encoding)
        for _ in range(skip):
            text = text.partition("\n")[2]
        return [
            Sheet(self.path, text, delimiter, self.zone, self.on_rejected, skip + 1)
            for delimiter in DELIMITERS
        ]


def to_source(file: RawFile, table: Table) -> Source:
    """Return the file as a table; of several delimiters, the one that fits best."""
    if file.is_parquet:
        return from_parquet(file)
    sheets = file.sheets(table.encoding, table.skip_lines)
    if sheets[0].text.lstrip().startswith("{"):
        return _from_json_lines(sheets[0])
    sources = [_from_sheet(sheet) for sheet in sheets]
    return min(sources, key=lambda one: len(one.lacks(table)))


def _from_sheet(sheet: Sheet) -> Source:
    head = next((line for line in sheet.head if not line.is_blank), None)
    if head is None:
        return Source((), ())
    return Source(Header.of(head).names, _sheet_records(sheet))


def _sheet_records(sheet: Sheet) -> Iterator[Record]:
    lines = sheet.lines()
    header = next(line for line in lines if not line.is_blank)
    for row in to_rows(header, lines):
        places = row.header.places.items()
        yield Record(row.number, {key: row.at(n) for key, n in places})


def _from_json_lines(sheet: Sheet) -> Source:
    """Read JSON lines; nested objects become columns with dots in their names."""
    lines: list[tuple[int, dict[str, Any] | None]] = []
    columns: dict[str, None] = {}
    for number, line in enumerate(
        io.StringIO(sheet.text, newline=None), start=sheet.first_line
    ):
        if not line.strip():
            continue
        flat = _from_json(line)
        columns.update(dict.fromkeys(flat or ()))
        lines.append((number, flat))
    return Source(tuple(columns), _json_records(sheet, lines))


def _from_json(line: str) -> dict[str, Any] | None:
    try:
        return dict(_flat(msgspec.json.decode(line, type=dict[str, Any])))
    except (msgspec.MsgspecError, RecursionError):
        return None


def _json_records(
    sheet: Sheet, lines: Iterable[tuple[int, dict[str, Any] | None]]
) -> Iterator[Record]:
    """Yield the rows, telling bad ones only when the table is really read."""
    for number, flat in lines:
        if flat is None:
            sheet.reject(number, "the line is not one JSON object")
        else:
            yield _to_record(number, flat)


def _flat(
    data: Mapping[str, Any], prefix: str = "", depth: int = 0
) -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        if isinstance(value, Mapping) and depth < _DEEPEST:
            yield from _flat(value, f"{prefix}{key}.", depth + 1)
        else:
            yield f"{prefix}{key}", value


def _to_record(number: int, data: Mapping[str, Any]) -> Record:
    return Record(
        number,
        {to_column_key(key): _from_value(value) for key, value in data.items()},
    )


def _from_value(value: Any) -> Cell:
    """Return a typed value as a cell; whole numbers without a decimal point."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return to_cell(str(value))


def from_parquet(file: RawFile) -> Source:
    """Return a Parquet file as a table; nested fields get dotted names."""
    try:
        frame = pl.read_parquet(io.BytesIO(file.data))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise FatalError(
            f"{file.path} begins like Parquet and cannot be read as such. Write the "
            "file again.",
            setting="files_path",
        ) from error
    frame = _unnested(frame)
    rows = enumerate(frame.iter_rows(named=True), start=1)
    return Source(
        tuple(frame.columns),
        (_to_record(number, row) for number, row in rows),
    )


def _unnested(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame whose struct columns are columns with dots in their names."""
    for _ in range(_DEEPEST):
        structs = [
            name
            for name, kind in frame.schema.items()
            if isinstance(kind, pl.Struct) and kind.fields
        ]
        if not structs:
            break
        frame = frame.unnest(structs, separator=".")
    return frame
