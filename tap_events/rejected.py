"""Rows of a source that could not be used: counted, listed, never dropped unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sync_core.errors import FatalError
from tap_events.records import RejectedRow

if TYPE_CHECKING:
    from sync_core.workdir import WorkDir

FILE_NAME = "rejected_rows.jsonl"


class RejectedRows:
    """Collects a run's rejected rows; the list says where and why, never who.

    Args:
        work: Where the list is written.
        limit: How many are allowed; None for any number.
    """

    def __init__(self, work: WorkDir, limit: int | None = None) -> None:
        self._work = work
        self._limit = limit
        self._rows: list[RejectedRow] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: RejectedRow) -> None:
        """Count a row."""
        self._rows.append(row)

    def reject(self, source: str, number: int, reason: str) -> None:
        """Count a row of an answer; ``number`` is its place, from 1."""
        self.add(RejectedRow(file=source, row=number, reason=reason))

    def check(self) -> None:
        """Raise if more rows were rejected than the settings allow."""
        if self._limit is None or len(self._rows) <= self._limit:
            return
        first = self._rows[0]
        path = self.write()
        raise FatalError(
            f"{len(self._rows)} rows cannot be used and `max_rejected_rows` allows "
            f"{self._limit}. The first: {first.file}, row {first.row}: "
            f"{first.reason.rstrip('.')}. All are listed in {path}.",
            setting="max_rejected_rows",
        )

    def write(self) -> str:
        """Write the list of this run, replacing the last run's; return its path."""
        path = self._work.path / FILE_NAME
        if self._rows or path.exists():
            lines = msgspec.json.Encoder().encode_lines(self._rows)
            self._work.write_whole(FILE_NAME, lines)
        return str(path)
