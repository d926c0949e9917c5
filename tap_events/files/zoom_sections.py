"""What the Zoom reports have in common: titled sections and a summary."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_events.files.naming import to_digits
from tap_events.files.sheet import Header, Line, Row, to_rows
from tap_events.files.times import Clock, DateOrder, to_date_order, to_utc

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tap_events.files.sheet import Sheet

PLATFORM = "zoom"
TIME_COLUMNS = ("join time", "leave time", "actual start time", "start time")


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The one row that tells of the webinar itself."""

    webinar_id: str
    topic: str
    wall_start: datetime | None
    starts_at: datetime | None
    ends_at: datetime | None


def to_summary(lines: Iterable[Line], clock: Clock) -> Summary | None:
    """Return the summary row under the header that begins with ``Topic``."""
    for header, line in itertools.pairwise(lines):
        if header.first == "topic" and len(header.keys) > 1:
            return _read_summary(Row(line.number, line.cells, Header.of(header)), clock)
    return None


def _read_summary(row: Row, clock: Clock) -> Summary:
    start = row.get("actual start time", "start time")
    minutes = row.get("actual duration (minutes)", "duration (minutes)")
    wall = clock.to_wall(start, "Actual Start Time") if start else None
    starts_at = to_utc(wall, clock.zone) if wall else None
    known = starts_at and minutes.isdecimal()
    return Summary(
        webinar_id=to_digits(row.get("webinar id", "meeting id", "id")),
        topic=row.get("topic"),
        wall_start=wall,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=int(minutes))
        if known and starts_at
        else None,
    )


def to_sections(
    lines: Iterable[Line], titles: Iterable[str]
) -> tuple[list[Line], dict[str, list[Row]]]:
    """Split a report into its preamble and the rows of each titled section."""
    known, preamble = frozenset(titles), list[Line]()
    sections: dict[str, list[Line]] = {}
    current = preamble
    for line in lines:
        if line.title in known:
            current = sections.setdefault(line.title, [])
        else:
            current.append(line)
    return preamble, {
        title: list(to_rows(part[0], part[1:])) if part else []
        for title, part in sections.items()
    }


def to_clock(sheet: Sheet, rows: Iterable[Row]) -> Clock:
    """Return a clock for the dates of these rows (Zoom writes the month first)."""
    stamps = [row.get(column) for row in rows for column in TIME_COLUMNS]
    return Clock(sheet.zone, to_date_order(stamps, DateOrder.MONTH_FIRST))
