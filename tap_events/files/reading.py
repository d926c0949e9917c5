"""One file to the reports in it: by the user's mappings, else by a reader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sync_core.errors import FatalError, RowRejected, SettingError
from tap_events.files.decoding import read_bytes
from tap_events.files.grouping import Found
from tap_events.files.readers import READERS, Reader
from tap_events.files.table import find_table, read_table, to_misfits
from tap_events.files.table_mapping import load_tables
from tap_events.files.table_source import RawFile, from_parquet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tap_events.files.report import Report
    from tap_events.files.sheet import Sheet
    from tap_events.files.table_mapping import Table
    from tap_events.records import RejectedRow

_SHOWN_CELLS = 12
_SHOWN_CHARACTERS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReader:
    """Reads files with the zone, the mappings and the place for rejected rows."""

    zone: ZoneInfo
    on_rejected: Callable[[RejectedRow], None]
    tables: tuple[Table, ...] = ()

    @classmethod
    def of(
        cls,
        mapping_path: str | None,
        timezone: str,
        on_rejected: Callable[[RejectedRow], None],
    ) -> FileReader:
        """Return a reader for these settings, checked."""
        return cls(
            zone=to_zone(timezone),
            on_rejected=on_rejected,
            tables=load_tables(mapping_path),
        )

    def read(self, path: Path) -> list[Found]:
        """Read one file.

        Raises:
            FatalError: If neither a mapping nor a reader knows the file.
        """
        changed_at = to_changed_at(path)
        return [
            Found(path=path, changed_at=changed_at, report=report)
            for report in self._to_reports(path, read_bytes(path))
        ]

    def _to_reports(self, path: Path, data: bytes) -> tuple[Report, ...]:
        file = RawFile(
            path=path, data=data, zone=self.zone, on_rejected=self.on_rejected
        )
        if fit := find_table(file, self.tables):
            return read_table(file, *fit)
        if file.is_parquet:
            seen = to_shown(from_parquet(file).columns)
            raise unknown_file(path, seen, to_misfits(file, self.tables))
        sheets = file.sheets()
        for sheet in sheets:
            for reader in READERS:
                if reader.matches(sheet):
                    return read_whole(reader, sheet)
        raise unknown_file(path, to_seen(sheets), to_misfits(file, self.tables))


def read_whole(reader: Reader, sheet: Sheet) -> tuple[Report, ...]:
    """Read a sheet; what is wrong outside its rows concerns the whole file."""
    try:
        return reader.read(sheet)
    except RowRejected as problem:
        raise FatalError(
            f"{sheet.path} ({reader.name}): {problem}, and it stands in the summary "
            "that tells of the event. Export the report again.",
            setting="files_path",
        ) from problem


def to_zone(name: str) -> ZoneInfo:
    """Return the time zone of a setting."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise SettingError(
            f"`files_timezone` is {name!r}, which is no time zone. Use a name of the "
            "tz database such as 'UTC', 'Europe/Berlin' or 'America/New_York'.",
            setting="files_timezone",
        ) from error


def to_changed_at(path: Path) -> datetime:
    """Return when a file came to be as and where it is.

    A report copied into the folder keeps its old modification time; its inode change
    time is new, so a bookmark does not pass it by.
    """
    status = path.stat()
    return datetime.fromtimestamp(max(status.st_mtime, status.st_ctime), tz=UTC)


def unknown_file(path: Path, seen: str, misfits: list[str]) -> FatalError:
    """Tell what was seen at the top of a file that nothing knows."""
    names = ", ".join(reader.name for reader in READERS)
    told = f"Of your mapping, {'; '.join(misfits)}. " if misfits else ""
    return FatalError(
        f"{path} is no report that a reader knows. Its first line holds: "
        f"{seen}. Readers: {names}. {told}Remove the file, or describe its "
        "columns in a mapping for generic tables and name that in `files_mapping`.",
        setting="files_path",
    )


def to_seen(sheets: list[Sheet]) -> str:
    """Return the header cells of a file, cut short; rows are never shown."""
    heads = [next((x for x in sheet.head if not x.is_blank), None) for sheet in sheets]
    return to_shown(max((head.cells for head in heads if head), key=len, default=()))


def to_shown(cells: tuple[str, ...]) -> str:
    """Return some header cells as a message may show them."""
    shown = [
        f"'{_to_printable(cell)[:_SHOWN_CHARACTERS]}'" for cell in cells[:_SHOWN_CELLS]
    ]
    more = (
        [f"and {len(cells) - _SHOWN_CELLS} more"] if len(cells) > _SHOWN_CELLS else []
    )
    return ", ".join([*shown, *more]) or "nothing"


def _to_printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
