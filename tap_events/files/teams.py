"""The Teams attendance report of meetings and webinars.

Numbered sections: a summary of names and values, one row per participant with sums,
the single stays, and what was done when. Older reports have one table of stays, or of
people who ``Joined`` and ``Left``.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_events.files.naming import to_native_id
from tap_events.files.report import Report, ReportSession, to_live_end
from tap_events.files.sheet import to_rows
from tap_events.files.teams_rows import (
    COMINGS,
    TIME_COLUMNS,
    Seen,
    to_action,
    to_facts,
    to_stay,
    to_total,
    to_visits,
)
from tap_events.files.times import Clock, to_date_order, to_utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_events.files.sheet import Line, Row, Sheet

PLATFORM = "teams"
_NUMBER = re.compile(r"^\d{1,2}\.\s*")
_TITLES = frozenset(
    {
        "summary",
        "meeting summary",
        "participants",
        "in-meeting activities",
        "meeting engagement",
    }
)
_NAME_COLUMNS = frozenset({"name", "full name"})
_TABLES = (
    frozenset({"engagement type", "time"}),
    frozenset(COMINGS),
    frozenset({"join time"}),
    frozenset({"join time (utc)"}),
    frozenset({"first join"}),
    frozenset({"first join time"}),
    frozenset({"first join (utc)"}),
)


@dataclass(frozen=True, slots=True)
class Parts:
    """A report taken apart: the summary's values and each table's rows."""

    summary: Mapping[str, str]
    tables: tuple[tuple[Row, ...], ...]

    def value(self, *names: str) -> str:
        """Return the summary's first value of these names, on one line."""
        found = (self.summary[name] for name in names if name in self.summary)
        return " ".join(next(found, "").split())


def matches(sheet: Sheet) -> bool:
    """Whether a table of participants is headed as Teams heads it."""
    return any(_is_header(line) for line in sheet.head)


def read(sheet: Sheet) -> tuple[Report, ...]:
    """Read one attendance report."""
    parts = to_parts(sheet.lines())
    start = parts.value("start time", "meeting start time")
    end = parts.value("end time", "meeting end time")
    rows = [row for table in parts.tables for row in table]
    stamps = [row.get(column) for row in rows for column in TIME_COLUMNS]
    clock = Clock(sheet.zone, to_date_order(filter(None, [start, end, *stamps])))
    seen = [one for table in parts.tables for one in _read_table(sheet, table, clock)]
    facts = to_facts(seen)
    first = min((fact.occurred_at for fact in facts if fact.occurred_at), default=None)
    wall = clock.to_wall(start, "Start time") if start else first
    topic = parts.value("meeting title")
    starts_at = to_utc(wall, sheet.zone) if wall else None
    ends_at = to_live_end(clock.to_moment(end, "End time"), facts)
    return (
        Report(
            platform=PLATFORM,
            native_id=to_native_id(topic, wall),
            topic=topic,
            starts_at=starts_at,
            ends_at=ends_at,
            sessions=(ReportSession(name=topic, starts_at=starts_at, ends_at=ends_at),),
            people=tuple(one.person for one in seen),
            facts=facts,
        ),
    )


def to_parts(lines: Iterable[Line]) -> Parts:
    """Take a report apart by its headers, whatever its sections are called."""
    summary: dict[str, str] = {}
    tables: list[tuple[Line, list[Line]]] = []
    in_table = False
    for line in lines:
        if _is_title(line):
            in_table = False
        elif _is_header(line):
            tables.append((line, []))
            in_table = True
        elif in_table:
            tables[-1][1].append(line)
        elif len(line.cells) > 1:
            summary.setdefault(line.first, line.cells[1])
    return Parts(
        summary, tuple(tuple(to_rows(header, rows)) for header, rows in tables)
    )


def _is_title(line: Line) -> bool:
    return _NUMBER.sub("", line.title) in _TITLES


def _is_header(line: Line) -> bool:
    keys = frozenset(line.keys)
    return line.first in _NAME_COLUMNS and any(table <= keys for table in _TABLES)


def _read_table(sheet: Sheet, table: tuple[Row, ...], clock: Clock) -> list[Seen]:
    """Return what each row tells, whichever kind of table it stands in."""
    columns = table[0].header.places.keys() if table else frozenset[str]()
    if columns >= set(COMINGS):
        return to_visits(sheet, table, clock)
    if "engagement type" in columns:
        to_seen = to_action
    elif columns & {"join time", "join time (utc)"}:
        to_seen = to_stay
    else:
        to_seen = to_total
    return sheet.each(table, functools.partial(to_seen, clock=clock))
