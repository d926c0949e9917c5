"""The Webex attendance report: one row per stay, headed in the site's language."""

from __future__ import annotations

import dataclasses
import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync_core.errors import RowRejected
from tap_events.files.naming import to_name_key, to_names, to_native_id
from tap_events.files.report import Fact, Person, Report, ReportSession, to_live_end
from tap_events.files.sheet import Header, to_rows
from tap_events.files.times import Clock, DateOrder, to_date_order, to_seconds, to_utc
from tap_events.records import ActivityKind, Role

if TYPE_CHECKING:
    from datetime import datetime

    from tap_events.files.sheet import Line, Row, Sheet

PLATFORM = "webex"
# The columns in their order. The Portuguese names were seen in a report; the English
# ones are a guess (2026-11), so a header in any other language goes by place.
COLUMNS = (
    "meeting name",
    "meeting start time",
    "meeting end time",
    "display name",
    "first name",
    "last name",
    "role",
    "attendee email",
    "join time",
    "leave time",
    "attendance duration",
    "connection type",
    "session name",
)
LANGUAGES = (
    COLUMNS,
    (
        "nome da reunião",
        "data de início da reunião",
        "data de término da reunião",
        "nome de exibição",
        "nome",
        "sobrenome",
        "função",
        "e-mail do convidado",
        "hora da entrada",
        "hora da saída",
        "duração da presença",
        "tipo de conexão",
        "nome da sessão",
    ),
)
# Words for who runs the meeting and who speaks; everybody else attends.
_ROLES = {
    **dict.fromkeys(
        (
            "host",
            "organizer",
            "organizador",
            "anfitrião",
            "anfitrión",
            "organisateur",
            "hôte",
            "gastgeber",
            "veranstalter",
            "organizzatore",
        ),
        Role.HOST,
    ),
    **dict.fromkeys(
        (
            "panelist",
            "presenter",
            "cohost",
            "co-host",
            "painelista",
            "apresentador",
            "panelista",
            "panéliste",
            "diskussionsteilnehmer",
        ),
        Role.SPEAKER,
    ),
}
_MEETING_TIMES = (1, 2)
_STAY_TIMES = (8, 9)
_NEEDED = 11  # up to the duration; the rest is not read
_STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?")


@dataclass(frozen=True, slots=True)
class _Visit:
    """One row: the meeting it belongs to and a person's stay in it."""

    topic: str
    wall_start: datetime
    starts_at: datetime
    ends_at: datetime | None
    fact: Fact


def matches(sheet: Sheet) -> bool:
    """Whether the header is Webex's in a known language, or the cells are its own."""
    head = [line for line in sheet.head if not line.is_blank]
    if not head:
        return False
    if _to_names(Header.of(head[0])):
        return True
    return len(head) > 1 and '="' in sheet.text and _has_its_times(head[1])


def _has_its_times(line: Line) -> bool:
    """Whether the four times stand in the places where Webex has them."""
    if len(line.cells) < len(COLUMNS):
        return False
    times = (line.cells[place] for place in (*_MEETING_TIMES, *_STAY_TIMES))
    return all(_STAMP.fullmatch(cell) for cell in times)


def _to_names(header: Header) -> tuple[str, ...] | None:
    """Return the column names of the language that a header is in, if known."""
    for names in LANGUAGES:
        if header.places.keys() >= set(names[:_NEEDED]):
            return names
    return None


def read(sheet: Sheet) -> tuple[Report, ...]:
    """Read one report; it may tell of several meetings."""
    lines = [line for line in sheet.lines() if not line.is_blank]
    rows = [_in_order(row) for row in to_rows(lines[0], lines[1:])]
    stamps = [row.at(n) for row in rows for n in (*_MEETING_TIMES, *_STAY_TIMES)]
    clock = Clock(sheet.zone, to_date_order(stamps, DateOrder.MONTH_FIRST))
    meetings: dict[str, list[_Visit]] = {}
    for visit in sheet.each(rows, functools.partial(_to_visit, clock=clock)):
        key = to_native_id(visit.topic, visit.wall_start)
        meetings.setdefault(key, []).append(visit)
    return tuple(_to_report(key, visits) for key, visits in meetings.items())


def _in_order(row: Row) -> Row:
    """Return a row with its cells in the order of `COLUMNS`."""
    names = _to_names(row.header)
    if names is None:
        return row
    cells = tuple(row.get(name) for name in names)
    return dataclasses.replace(row, cells=cells)


def _to_visit(row: Row, clock: Clock) -> _Visit:
    topic, meeting_start, meeting_end = (row.at(place) for place in range(3))
    if not meeting_start:
        raise RowRejected("the row has no time of the meeting's start")
    wall = clock.to_wall(meeting_start, COLUMNS[1])
    return _Visit(
        topic=topic,
        wall_start=wall,
        starts_at=to_utc(wall, clock.zone),
        ends_at=clock.to_moment(meeting_end, COLUMNS[2]),
        fact=_to_fact(row, clock),
    )


def _to_fact(row: Row, clock: Clock) -> Fact:
    start, end = clock.to_stay((row.at(8), COLUMNS[8]), (row.at(9), COLUMNS[9]))
    if start is None:
        raise RowRejected("the row has no time of joining")
    seconds = (end - start).total_seconds() if end else _to_duration(row.at(10))
    return Fact(
        activity=ActivityKind.TIME_IN_SESSION,
        who=_to_person(row),
        quantity=seconds or 0,
        occurred_at=start,
        ended_at=end,
    )


def _to_duration(text: str) -> int | None:
    """Return the seconds of ``28 min``, where only the number is sure."""
    number = text.split(maxsplit=1)[0] if text else ""
    return int(number) * 60 if number.isdecimal() else to_seconds(text, COLUMNS[10])


def _to_person(row: Row) -> Person:
    shown, first, last, role, email = (row.at(place) for place in range(3, 8))
    whole = f"{first} {last}".strip()
    names = tuple(dict.fromkeys(filter(None, (whole, *to_names(shown)))))
    if not email and not names:
        raise RowRejected("the row names nobody: no e-mail and no name")
    parts = {"first_name": first, "last_name": last}
    return Person(
        email=email or None,
        names=names,
        role=_ROLES.get(to_name_key(role), Role.ATTENDEE),
        attended=True,
        details={field: value for field, value in parts.items() if value},
    )


def _to_report(native_id: str, visits: list[_Visit]) -> Report:
    facts = tuple(visit.fact for visit in visits)
    ends = (visit.ends_at for visit in visits)
    first = visits[0]
    ends_at = to_live_end(max(filter(None, ends), default=None), facts)
    return Report(
        platform=PLATFORM,
        native_id=native_id,
        topic=first.topic,
        starts_at=first.starts_at,
        ends_at=ends_at,
        sessions=(
            ReportSession(name=first.topic, starts_at=first.starts_at, ends_at=ends_at),
        ),
        facts=facts,
    )
