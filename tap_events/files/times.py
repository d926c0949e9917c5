"""Dates, durations and stays as report files write them."""

from __future__ import annotations

import enum
import functools
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sync_core.errors import RowRejected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from zoneinfo import ZoneInfo

# No webinar is longer; two dates of one report further apart are read wrongly.
_LONGEST_TEXT = 60
_LONGEST_EVENT = timedelta(days=2)

_TIME = r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d+)?)?"
_HALF = r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?"
_NUMERIC = re.compile(
    r"(?P<first>\d{1,2})(?P<mark>[/.-])(?P<middle>\d{1,2})(?P=mark)(?P<year>\d{4}|\d{2})"
    rf",?\s+{_TIME}{_HALF}"
)
_NAMED = re.compile(
    r"(?P<month>[A-Za-z]{3})[a-z]*\.?\s+(?P<day>\d{1,2}),?\s+(?P<year>\d{4}),?"
    rf"\s+{_TIME}{_HALF}"
)
_SORTED = re.compile(
    r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})"
    rf"(?:,?\s+|T){_TIME}{_HALF}(?P<offset>Z|[+-]\d\d:?\d\d)?"
)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905
_DURATION = re.compile(
    r"(?:(?P<hours>\d+)\s*h[a-z]*\.?)?[\s,]*(?:(?P<minutes>\d+)\s*m[a-z]*\.?)?[\s,]*"
    r"(?:(?P<seconds>\d+)\s*s[a-z]*\.?)?",
    re.IGNORECASE,
)
_CLOCKED = re.compile(r"(?:(?P<hours>\d+):)?(?P<minutes>\d+):(?P<seconds>\d{2})")


class DateOrder(enum.Enum):
    """Which number of ``9/10/26`` is the month."""

    MONTH_FIRST = "month first"
    DAY_FIRST = "day first"


@dataclass(frozen=True, slots=True)
class Clock:
    """Reads the wall times of one file: their date order and their zone."""

    zone: ZoneInfo
    order: DateOrder = DateOrder.MONTH_FIRST

    def to_moment(self, text: str, column: str) -> datetime | None:
        """Return a cell in UTC, ``None`` if it is empty.

        Raises:
            RowRejected: If the cell holds something else than a time.
        """
        return to_utc(self.to_wall(text, column), self.zone) if text else None

    def to_wall(self, text: str, column: str) -> datetime:
        """Return a cell as it stands, without zone unless the cell names one."""
        try:
            return to_wall(text, self.order)
        except ValueError as error:
            raise RowRejected(
                f"the cell in column '{column}' is not a date and time",
                field=column,
            ) from error

    def to_stay(
        self, join: tuple[str, str], leave: tuple[str, str]
    ) -> tuple[datetime | None, datetime | None]:
        """Return when a stay began and ended, both given as (cell, column)."""
        start = self.to_moment(*join)
        end = self.to_moment(*leave)
        if start and end and end < start:
            end = self._in_the_repeated_hour(start, leave)
        return start, end

    def _in_the_repeated_hour(
        self, start: datetime, leave: tuple[str, str]
    ) -> datetime:
        """Read an end once more, as after clocks were put back."""
        end = to_utc(self.to_wall(*leave).replace(fold=1), self.zone)
        if end < start:
            raise RowRejected(
                f"the time in column '{leave[1]}' is before the time of joining",
                field=leave[1],
            )
        return end


def to_utc(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return a wall time of a zone (or a time with its own offset) in UTC."""
    return (wall if wall.tzinfo else wall.replace(tzinfo=zone)).astimezone(UTC)


@functools.lru_cache(maxsize=100_000)
def to_wall(text: str, order: DateOrder) -> datetime:
    """Return a written date and time as a naive datetime.

    Raises:
        ValueError: If the text has none of the known forms.
    """
    plain = " ".join(text.split())  # also straightens narrow no-break spaces
    if len(plain) > _LONGEST_TEXT:
        raise ValueError("too long for a date and time")
    if found := _SORTED.fullmatch(plain):
        return _join(found, int(found["month"]), int(found["day"]))
    if found := _NAMED.fullmatch(plain):
        return _join(found, _to_month(found["month"]), int(found["day"]))
    if found := _NUMERIC.fullmatch(plain):
        numbers = int(found["first"]), int(found["middle"])
        month, day = numbers if order is DateOrder.MONTH_FIRST else numbers[::-1]
        return _join(found, month, day)
    raise ValueError("no known form of a date and time")


def _to_month(name: str) -> int:
    return _MONTHS.index(name.casefold()) + 1


def _join(found: re.Match[str], month: int, day: int) -> datetime:
    year = int(found["year"])
    wall = datetime(  # noqa: DTZ001 - the file names no zone; the caller knows it
        year + 2000 if year < 100 else year,  # noqa: PLR2004 - a two-digit year
        month,
        day,
        _to_hour(int(found["hour"]), found["half"]),
        int(found["minute"]),
        int(found["second"] or 0),
    )
    offset = found.groupdict().get("offset")
    if not offset:
        return wall
    return datetime.fromisoformat(wall.isoformat() + offset)


def _to_hour(hour: int, half: str | None) -> int:
    """Return the hour of 24; ``20:00 PM`` is taken as 20, as spreadsheets write it."""
    if half is None or hour > 12:  # noqa: PLR2004 - noon
        return hour
    return hour % 12 + (12 if half in "Pp" else 0)


def to_date_order(stamps: Iterable[str], default: DateOrder | None = None) -> DateOrder:
    """Decide between ``9/10`` and ``10/9`` from all dates of one event's report.

    A number above 12 tells; then the order in which all dates lie within one event;
    then, unless the reader knows better (``default``), the habits of writing: dots
    and dashes, a 24-hour clock and a lower-case ``pm`` go with the day first.
    """
    found = [match for text in stamps if (match := _to_numeric(text))]
    for first_known in (_by_range, _by_span):
        if order := first_known(found):
            return order
    if default or not found:
        return default or DateOrder.MONTH_FIRST
    habit = found[0]
    american = habit["mark"] == "/" and habit["half"] in {"A", "P"}
    return DateOrder.MONTH_FIRST if american else DateOrder.DAY_FIRST


def _to_numeric(text: str) -> re.Match[str] | None:
    return _NUMERIC.fullmatch(" ".join(text.split()))


def _by_range(found: list[re.Match[str]]) -> DateOrder | None:
    days_first = sum(int(match["first"]) > 12 for match in found)  # noqa: PLR2004
    months_first = sum(int(match["middle"]) > 12 for match in found)  # noqa: PLR2004
    if days_first == months_first:
        return None
    return DateOrder.DAY_FIRST if days_first > months_first else DateOrder.MONTH_FIRST


def _by_span(found: list[re.Match[str]]) -> DateOrder | None:
    texts = [match[0] for match in found]
    fitting = [order for order in DateOrder if _is_one_event(texts, order)]
    return fitting[0] if len(fitting) == 1 else None


def _is_one_event(texts: list[str], order: DateOrder) -> bool:
    walls = list(_walls(texts, order))
    return len(walls) == len(texts) and (
        not walls or max(walls) - min(walls) <= _LONGEST_EVENT
    )


def _walls(texts: list[str], order: DateOrder) -> Iterator[datetime]:
    for text in texts:
        try:
            yield to_wall(text, order)
        except ValueError:
            return


def to_seconds(text: str, column: str) -> int | None:
    """Return a duration such as ``1h 30m 5s``, ``28 min`` or ``00:59:39``.

    Raises:
        RowRejected: If the cell holds something else.
    """
    if not text:
        return None
    plain = " ".join(text.split())[: _LONGEST_TEXT + 1]
    found = _CLOCKED.fullmatch(plain) or _DURATION.fullmatch(plain)
    if not found or len(plain) > _LONGEST_TEXT:
        raise RowRejected(
            f"the cell in column '{column}' is not a duration", field=column
        )
    parts = [int(found[name] or 0) for name in ("hours", "minutes", "seconds")]
    return parts[0] * 3600 + parts[1] * 60 + parts[2]


def to_minutes(text: str, column: str) -> int | None:
    """Return the seconds of a cell that counts minutes."""
    if not text:
        return None
    if not text.isdecimal():
        raise RowRejected(
            f"the cell in column '{column}' is not a number of minutes", field=column
        )
    return int(text) * 60


def to_union_seconds(stays: Iterable[tuple[datetime, datetime]]) -> float:
    """Return how long somebody was there, overlapping stays counted once."""
    total, reached = 0.0, None
    for start, end in sorted(stays):
        begin = start if reached is None else max(start, reached)
        if end > begin:
            total += (end - begin).total_seconds()
        reached = end if reached is None else max(end, reached)
    return total
