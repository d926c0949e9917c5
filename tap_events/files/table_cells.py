"""Cells of a mapped table as texts, times and numbers, or a reason to reject."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sync_core.errors import RowRejected
from tap_events.files.table_mapping import Constant
from tap_events.files.times import DateOrder, to_seconds, to_utc, to_wall

if TYPE_CHECKING:
    from tap_events.files.table_mapping import Times, Value
    from tap_events.files.table_source import Record

_ORDERS = {"month_first": DateOrder.MONTH_FIRST, "day_first": DateOrder.DAY_FIRST}
_EPOCHS = {"epoch_s": 1, "epoch_ms": 1000}
_UNITS = {"count": 1, "seconds": 1, "minutes": 60, "hours": 3600}
_YES = frozenset({"yes", "y", "true", "1", "x", "attended"})
_NO = frozenset({"", "no", "n", "false", "0"})


@dataclass(frozen=True, slots=True)
class TimeForm:
    """How a table writes times."""

    format: str
    zone: ZoneInfo

    def to_moment(self, text: str, column: str) -> datetime:
        """Return a written time in UTC.

        Raises:
            RowRejected: If it is not written in this form.
        """
        try:
            return to_utc(self._parse(text), self.zone)
        except (ValueError, OverflowError, OSError) as error:
            raise RowRejected(
                f"the cell in column '{column}' is not a time of the form "
                f"'{self.format}'",
                field=column,
            ) from error

    def _parse(self, text: str) -> datetime:
        if self.format == "iso":
            return datetime.fromisoformat(text)
        if order := _ORDERS.get(self.format):
            return to_wall(text, order)
        if per_second := _EPOCHS.get(self.format):
            return datetime.fromtimestamp(float(text) / per_second, tz=UTC)
        return datetime.strptime(text, self.format)  # noqa: DTZ007 - the zone is ours


@dataclass(frozen=True, slots=True)
class Cells:
    """One row read with the table's form of times."""

    record: Record
    form: TimeForm

    def text(self, value: Value | None) -> str:
        """Return the text of a column, or the constant."""
        if isinstance(value, Constant):
            return str(value.constant)
        return self.record.text(value) if value else ""

    def moment(self, value: Value | None) -> datetime | None:
        """Return a time in UTC; constants and typed cells need no form."""
        if isinstance(value, Constant):
            iso = TimeForm("iso", self.form.zone)
            return iso.to_moment(str(value.constant), "constant")
        cell = self.record.get(value) if value else ""
        if isinstance(cell, datetime):
            return to_utc(cell, self.form.zone)
        return self.form.to_moment(cell, value or "") if cell else None

    def flag(self, column: str | None) -> bool:
        """Return whether a cell says yes."""
        word = self.record.text(column).casefold() if column else ""
        if word in _YES or word in _NO:
            return word in _YES
        raise RowRejected(
            f"the cell in column '{column}' is neither yes nor no", field=column
        )

    def number(self, column: str, unit: str) -> float | None:
        """Return a count, or seconds of whatever unit; ``None`` where empty."""
        text = self.record.text(column)
        if not text:
            return None
        if unit == "HH:MM:SS":
            return to_seconds(text, column)
        try:
            number = float(text.replace(",", ".", 1)) * _UNITS[unit]
        except ValueError:
            number = -1
        if not 0 <= number < float("inf"):
            raise RowRejected(
                f"the cell in column '{column}' is not a number of 0 or more",
                field=column,
            )
        return number


def to_times_form(times: Times, zone: ZoneInfo) -> TimeForm:
    """Return the form of a table's times; its own zone goes before the setting's."""
    return TimeForm(times.format, ZoneInfo(times.timezone) if times.timezone else zone)
