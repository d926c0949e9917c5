"""The Zoom webinar attendee report, in its layouts since 2020.

Sections with a title line and a header of their own: a preamble with one summary
row, ``Host Details``, ``Panelist Details``, ``Attendee Details`` and, in 2020,
``Other Attended`` (telephone callers). One row is one stay; the cells about the
registration stand on a person's first row only.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from sync_core.errors import FatalError, RowRejected
from tap_events.files.naming import to_names
from tap_events.files.report import Fact, Person, Report, ReportSession, to_live_end
from tap_events.files.times import to_minutes
from tap_events.files.zoom_sections import (
    PLATFORM,
    Summary,
    to_clock,
    to_sections,
    to_summary,
)
from tap_events.records import ActivityKind, Role

if TYPE_CHECKING:
    from tap_events.files.sheet import Row, Sheet
    from tap_events.files.times import Clock

TITLE = "attendee report"
ROLES = {
    "host details": Role.HOST,
    "panelist details": Role.SPEAKER,
    "attendee details": Role.ATTENDEE,
    "other attended": Role.ATTENDEE,
}
_DETAILS = {
    "first_name": ("first name",),
    "last_name": ("last name",),
    "phone": ("phone",),
    "city": ("city",),
    "country": ("country/region name", "country/region"),
    "company": ("organization", "company"),
    "job_title": ("job title",),
}
_NOT_CUSTOM = frozenset(
    (
        "",
        "attended",
        "user name (original name)",
        "user name",
        "email",
        "registration time",
        "approval status",
        "join time",
        "leave time",
        "time in session (minutes)",
        "duration (minutes)",
        "is guest",
        *(name for names in _DETAILS.values() for name in names),
    )
)


def matches(sheet: Sheet) -> bool:
    """Whether the title and the summary header are those of an attendee report."""
    return any(line.title == TITLE for line in sheet.head[:3]) and any(
        "webinar id" in line.keys and "topic" in line.keys for line in sheet.head
    )


def read(sheet: Sheet) -> tuple[Report, ...]:
    """Read one attendee report."""
    preamble, sections = to_sections(sheet.lines(), ROLES)
    rows = [row for part in sections.values() for row in part]
    clock = to_clock(sheet, rows)
    summary = to_summary(preamble, clock)
    if summary is None or summary.wall_start is None:
        raise FatalError(
            f"{sheet.path}: this Zoom attendee report has no 'Actual Start Time' in "
            "its summary. Export the report again after the webinar has ended.",
            setting="files_path",
        )
    people: list[Person] = []
    facts: list[Fact] = []
    for title, part in sections.items():
        to_entry = functools.partial(_to_entry, clock=clock, role=ROLES[title])
        for person, fact in sheet.each(part, to_entry):
            people.append(person)
            facts.extend([fact] if fact else [])
    return (_to_report(summary, people, facts),)


def _to_report(summary: Summary, people: list[Person], facts: list[Fact]) -> Report:
    ends_at = to_live_end(summary.ends_at, facts)
    return Report(
        platform=PLATFORM,
        native_id=f"{summary.webinar_id}:{summary.wall_start:%Y-%m-%d}",
        webinar_id=summary.webinar_id,
        topic=summary.topic,
        starts_at=summary.starts_at,
        ends_at=ends_at,
        sessions=(
            ReportSession(
                name=summary.topic,
                starts_at=summary.starts_at,
                ends_at=ends_at,
            ),
        ),
        people=tuple(people),
        facts=tuple(facts),
    )


def _to_entry(row: Row, clock: Clock, role: Role) -> tuple[Person, Fact | None]:
    """Return the person of a row and the stay it tells of, if any."""
    start, end = clock.to_stay(
        (row.get("join time"), "Join Time"), (row.get("leave time"), "Leave Time")
    )
    person = _to_person(row, clock, role)
    if start is None:
        return person, None
    if end is not None:
        seconds: float = (end - start).total_seconds()
    else:
        minutes = row.get("time in session (minutes)", "duration (minutes)")
        seconds = to_minutes(minutes, "Time in Session (minutes)") or 0
    stay = Fact(
        activity=ActivityKind.TIME_IN_SESSION,
        who=person,
        quantity=seconds,
        occurred_at=start,
        ended_at=end,
    )
    return person, stay


def _to_person(row: Row, clock: Clock, role: Role) -> Person:
    email = row.get("email")
    whole = f"{row.get('first name')} {row.get('last name')}".strip()
    shown = row.get("user name (original name)", "user name")
    names = tuple(dict.fromkeys((*to_names(shown), *([whole] if whole else []))))
    if not email and not names:
        raise RowRejected("the row names nobody: no e-mail and no name")
    return Person(
        email=email or None,
        names=names,
        role=role,
        attended=row.get("attended").casefold() == "yes" or bool(row.get("join time")),
        registered_at=clock.to_moment(
            row.get("registration time"), "Registration Time"
        ),
        details={
            field: value
            for field, names in _DETAILS.items()
            if (value := row.get(*names))
        },
        custom=_to_custom(row) if role is Role.ATTENDEE else {},
    )


def _to_custom(row: Row) -> dict[str, str]:
    """Return the answers to registration questions, which add columns of any name."""
    return {
        row.header.names[place]: value
        for column, place in row.header.places.items()
        if column not in _NOT_CUSTOM and (value := row.at(place))
    }
