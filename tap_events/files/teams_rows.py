"""The rows of a Teams attendance report: stays, sums, and what was done."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sync_core.errors import RowRejected
from tap_events.files.naming import is_telephone, to_name_key, to_teams_name, to_turned
from tap_events.files.report import Fact, Person
from tap_events.files.times import Clock, to_seconds
from tap_events.records import ActivityKind, Role, Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from tap_events.files.sheet import Row, Sheet

UTC_ZONE = ZoneInfo("UTC")
_FIRST = ("first join", "first join time", "first join (utc)")
_LAST = ("last leave", "last leave time", "last leave (utc)")
_JOIN = ("join time", "join time (utc)")
_LEAVE = ("leave time", "leave time (utc)")
COMINGS = ("user action", "timestamp")
TIME_COLUMNS = (*_FIRST, *_LAST, *_JOIN, *_LEAVE, "time", "timestamp")
# Whoever organises hosts; a presenter speaks. Others are attendees.
_ROLES = {
    "organizer": Role.HOST,
    "co-organizer": Role.HOST,
    "organiser": Role.HOST,
    "co-organiser": Role.HOST,
    "presenter": Role.SPEAKER,
}
_ENGAGEMENT = "engagement: "
_REACTION = "reaction-"
_HANDS = frozenset({"raise hands", "raise hand", "raised hand"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one row tells: a person and what he or she did."""

    person: Person
    facts: tuple[Fact, ...] = ()


def to_stay(row: Row, clock: Clock) -> Seen:
    """Return one stay of one person."""
    person = _to_person(row)
    start, end = _zoned(row, clock).to_stay(
        (row.get(*_JOIN), "Join Time"), (row.get(*_LEAVE), "Leave Time")
    )
    seconds = to_seconds(row.get("duration"), "Duration")
    if start and end:
        seconds = round((end - start).total_seconds())
    if not start or not seconds:
        return Seen(person=person)
    return Seen(person=person, facts=(_to_time(person, seconds, start, end),))


def to_total(row: Row, clock: Clock) -> Seen:
    """Return a participant's sums: time, reactions by kind, raised hands."""
    person = _to_person(row)
    counts = tuple(_to_counts(row, person))
    start, end = _zoned(row, clock).to_stay(
        (row.get(*_FIRST), "First Join"), (row.get(*_LAST), "Last Leave")
    )
    seconds = to_seconds(
        row.get("in-meeting duration", "duration"), "In-Meeting Duration"
    )
    if start and end and seconds in {None, round((end - start).total_seconds())}:
        seconds = round((end - start).total_seconds())
    else:
        end = None  # the person came and went: when, only single stays tell
    if not start or not seconds:
        return Seen(person=person, facts=counts)
    total = dataclasses.replace(_to_time(person, seconds, start, end), is_total=True)
    return Seen(person=person, facts=(total, *counts))


def to_action(row: Row, clock: Clock) -> Seen:
    """Return one deed with its time."""
    person = _to_person(row)
    moment = _zoned(row, clock).to_moment(row.get("time"), "Time")
    known = _to_deed(row.get("engagement type"))
    if known is None:
        return Seen(person=person)
    activity, object_id = known
    deed = Fact(activity=activity, who=person, object_id=object_id, occurred_at=moment)
    return Seen(person=person, facts=(deed,))


def to_visits(sheet: Sheet, rows: Iterable[Row], clock: Clock) -> list[Seen]:
    """Return the stays in a list of who ``Joined`` and who ``Left``, in that order."""
    seen: list[Seen] = []
    joined: dict[str, datetime] = {}
    for row, person, moment in _comings(sheet, rows, clock):
        key = to_name_key(person.names[0])
        if row.get("user action").casefold().startswith("joined"):
            joined[key] = moment
            seen.append(Seen(person=person))
        elif start := joined.pop(key, None):
            seconds = round((moment - start).total_seconds())
            stay = _to_time(person, seconds, start, moment)
            seen.append(Seen(person=person, facts=(stay,)))
    return seen


def _comings(
    sheet: Sheet, rows: Iterable[Row], clock: Clock
) -> Iterator[tuple[Row, Person, datetime]]:
    for row in rows:
        try:
            person = _to_person(row)
            moment = clock.to_moment(row.get("timestamp"), "Timestamp")
        except RowRejected as problem:
            sheet.reject(row.number, str(problem))
            continue
        if moment is None:
            sheet.reject(row.number, "the cell in column 'Timestamp' is empty")
        else:
            yield row, person, moment


def to_facts(seen: Iterable[Seen]) -> tuple[Fact, ...]:
    """Return all deeds; a count gives way to as many deeds that have a time."""
    facts = [fact for one in seen for fact in one.facts]
    timed = Counter(_to_kind(fact) for fact in facts if fact.occurred_at)
    return tuple(_without_timed(facts, timed))


def _without_timed(
    facts: Iterable[Fact], timed: Counter[tuple[str, str, str | None]]
) -> Iterator[Fact]:
    for fact in facts:
        kind = _to_kind(fact)
        if fact.occurred_at is not None:
            yield fact
        elif fact.quantity > timed[kind]:
            yield dataclasses.replace(fact, quantity=fact.quantity - timed[kind])
            timed[kind] = 0


def _to_kind(fact: Fact) -> tuple[str, str, str | None]:
    name = to_name_key(fact.who.names[0]) if fact.who and fact.who.names else ""
    return name, fact.activity, fact.object_id


def _to_person(row: Row) -> Person:
    email = row.get("email", "registration email")
    name = to_teams_name(row.at(0))
    if not name and not email:
        raise RowRejected("the row names nobody: no e-mail and no name")
    turned = to_turned(name)
    return Person(
        email=email or None,
        names=tuple(dict.fromkeys(filter(None, (turned, name)))),
        role=_ROLES.get(row.get("role").casefold(), Role.ATTENDEE),
        attended=True,
        details={"phone": name} if is_telephone(name) else {},
    )


def _to_counts(row: Row, person: Person) -> Iterator[Fact]:
    """Yield the columns ``Engagement: …`` that hold a number and count here."""
    for column, place in row.header.places.items():
        known = _to_deed(column.removeprefix(_ENGAGEMENT))
        if column.startswith(_ENGAGEMENT) and known and row.at(place):
            count = row.at(place)
            if not count.isdecimal():
                name = row.header.names[place]
                raise RowRejected(
                    f"the cell in column '{name}' is not a number", field=name
                )
            activity, object_id = known
            yield Fact(
                activity=activity,
                who=person,
                window=Window.LIVE,
                object_id=object_id,
                quantity=int(count),
            )


def _to_deed(name: str) -> tuple[ActivityKind, str | None] | None:
    """Return what a name of an engagement means; camera and microphone count not."""
    key = name.casefold()
    if key in _HANDS:
        return ActivityKind.RAISE_HAND, None
    if key.startswith(_REACTION):
        return ActivityKind.REACTION, key.removeprefix(_REACTION)
    return None


def _to_time(
    person: Person, seconds: int, start: datetime, end: datetime | None
) -> Fact:
    return Fact(
        activity=ActivityKind.TIME_IN_SESSION,
        who=person,
        window=None if end else Window.LIVE,
        quantity=seconds,
        occurred_at=start,
        ended_at=end,
    )


def _zoned(row: Row, clock: Clock) -> Clock:
    """Return the clock of a row: some columns are headed as UTC."""
    if any(column.endswith("(utc)") for column in row.header.places):
        return dataclasses.replace(clock, zone=UTC_ZONE)
    return clock
