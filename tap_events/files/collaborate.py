"""The Class Collaborate attendance export: a row per attendee and session, in UTC."""

from __future__ import annotations

import functools
from collections import defaultdict
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sync_core.errors import RowRejected
from sync_core.identity import to_email_key
from tap_events.files.naming import to_names
from tap_events.files.report import Fact, Person, Report, ReportSession
from tap_events.files.sheet import to_rows
from tap_events.files.times import Clock, DateOrder, to_seconds
from tap_events.records import ActivityKind, Role, Window

if TYPE_CHECKING:
    from tap_events.files.sheet import Row, Sheet

PLATFORM = "collaborate"
_COLUMNS = frozenset(
    {"sessiondate", "sessionname", "sessionidentifier", "nameofattendee"}
)
_ROLES = {"moderator": Role.HOST, "presenter": Role.SPEAKER}


def matches(sheet: Sheet) -> bool:
    """Whether the header is that of an attendance export."""
    return bool(sheet.head) and set(sheet.head[0].keys) >= _COLUMNS


def read(sheet: Sheet) -> tuple[Report, ...]:
    """Read one export; it may tell of several sessions, each an event."""
    lines = sheet.lines()
    rows = to_rows(next(lines), lines)
    # The vendor's help page: all times are UTC, written MM/DD/YYYY HH:MM.
    clock = Clock(ZoneInfo("UTC"), DateOrder.MONTH_FIRST)
    reports = sheet.each(rows, functools.partial(_to_report, clock=clock))
    events: dict[str, list[Report]] = defaultdict(list)
    for report in reports:
        events[report.native_id or ""].append(report)
    return tuple(_to_whole(parts) for parts in events.values())


def _to_report(row: Row, clock: Clock) -> Report:
    """Return what one row tells, as a report of one person."""
    name, date = row.get("sessionname"), row.get("sessiondate")
    if not date:
        raise RowRejected("the cell in column 'SessionDate' is empty")
    starts_at = clock.to_moment(date, "SessionDate")
    ends_at = clock.to_moment(row.get("roomclosed"), "RoomClosed")
    person = _to_person(row)
    session = ReportSession(name=name, starts_at=starts_at, ends_at=ends_at)
    return Report(
        platform=PLATFORM,
        native_id=f"{row.get('sessionidentifier')}:{starts_at:%Y-%m-%dT%H%M}",
        topic=name,
        starts_at=starts_at,
        ends_at=ends_at,
        sessions=(session,),
        people=(person,),
        facts=_to_time(row, clock, person),
    )


def _to_time(row: Row, clock: Clock, person: Person) -> tuple[Fact, ...]:
    """Return the total, which has no end: rejoins leave gaps that nobody tells."""
    seconds = to_seconds(
        row.get("attendeetotaltimeinsession"), "AttendeeTotalTimeInSession"
    )
    moment = clock.to_moment(row.get("attendeefirstjointime"), "AttendeeFirstJoinTime")
    if not seconds:
        return ()
    return (
        Fact(
            activity=ActivityKind.TIME_IN_SESSION,
            who=person,
            window=Window.LIVE,
            quantity=seconds,
            occurred_at=moment,
            is_total=True,
        ),
    )


def _to_person(row: Row) -> Person:
    first, last = row.get("firstnameofattendee"), row.get("lastnameofattendee")
    names = tuple(dict.fromkeys((*to_names(row.get("nameofattendee")),)))
    user = row.get("username")  # a guest's repeats the display name
    if not names and not to_email_key(user):
        raise RowRejected("the row names nobody: no e-mail and no name")
    parts = {"first_name": first, "last_name": last}
    return Person(
        email=to_email_key(user),
        names=names,
        role=_ROLES.get(row.get("attendeerole").casefold(), Role.ATTENDEE),
        attended=True,
        details={field: value for field, value in parts.items() if value},
    )


def _to_whole(parts: list[Report]) -> Report:
    """Return one session's report, made of its rows."""
    first = parts[0]
    return Report(
        platform=PLATFORM,
        native_id=first.native_id,
        topic=first.topic,
        starts_at=first.starts_at,
        ends_at=first.ends_at,
        sessions=first.sessions,
        people=tuple(person for part in parts for person in part.people),
        facts=tuple(fact for part in parts for fact in part.facts),
    )
