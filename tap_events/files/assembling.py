"""The files of one event become one bundle of records."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING

from tap_events.files.naming import to_digest
from tap_events.files.report import MAIN_SESSION
from tap_events.files.roster import Roster, to_attendee_id, to_merged
from tap_events.records import (
    Activity,
    Bundle,
    Event,
    Session,
    Window,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from tap_events.files.grouping import Group
    from tap_events.files.report import Fact, Person, Report, ReportSession

_LONGEST_DETAIL = 1000
_log = logging.getLogger("tap-events.files")


def to_bundle(group: Group) -> Bundle:
    """Return one event with its sessions, people and activities."""
    reports = [part.report for part in group.parts]
    people = [person for report in reports for person in _people(report)]
    facts = [fact for report in reports for fact in report.facts]
    roster = Roster.of(people)
    present = _present(facts, roster, group)
    event = _to_event(group)
    _tell_unclear(group, people, roster)
    return Bundle(
        event=event,
        sessions=_to_sessions(group, event, facts),
        attendees=[
            merged.to_attendee(group.event_id, was_there=merged.key in present)
            for merged in to_merged(people, roster)
        ],
        activities=_to_activities(group, roster),
    )


def _people(report: Report) -> Iterator[Person]:
    yield from report.people
    for fact in report.facts:
        if fact.who is not None:
            yield fact.who


def _was_there(fact: Fact, ends_at: datetime | None) -> bool:
    """Whether something was done during the event, not before its recording."""
    if fact.window is not None:
        return fact.window is Window.LIVE
    if fact.occurred_at is None or ends_at is None:
        return True
    return fact.occurred_at < ends_at


def _present(facts: Iterable[Fact], roster: Roster, group: Group) -> frozenset[str]:
    ends_at = group.ends_at
    return frozenset(
        roster.to_key(fact.who)
        for fact in facts
        if fact.who is not None and _was_there(fact, ends_at)
    )


def _tell_unclear(group: Group, people: Iterable[Person], roster: Roster) -> None:
    """Log how many people stay without e-mail, never who they are."""
    keys = {roster.to_key(person) for person in people}
    nameless = sum(key.startswith("n:") for key in keys)
    unclear = {
        roster.to_key(person) for person in people if roster.is_ambiguous(person)
    }
    if nameless:
        _log.info(
            "%s: %d of %d people have no e-mail (%d because several bear the same "
            "name); they are ranked, and never sent to a CRM",
            group.event_id,
            nameless,
            len(keys),
            len(unclear),
        )


def _to_event(group: Group) -> Event:
    reports = [part.report for part in group.parts]
    ends = (report.on_demand_ends_at for report in reports)
    return Event(
        event_id=group.event_id,
        platform=group.event_id.partition(":")[0],
        name=_first(report.topic for report in reports) or group.event_id,
        starts_at=group.starts_at,
        ends_at=group.ends_at,
        on_demand_ends_at=max(filter(None, ends), default=None),
        url=_first(report.url for report in reports),
        updated_at=max(part.changed_at for part in group.parts),
    )


def _first(texts: Iterable[str | None]) -> str | None:
    return next(filter(None, texts), None)


def _to_sessions(group: Group, event: Event, facts: Iterable[Fact]) -> list[Session]:
    """Return the sessions told of; the event itself where facts name none."""
    told: dict[str, list[ReportSession]] = {}
    for part in group.parts:
        for session in part.report.sessions:
            told.setdefault(session.session_id, []).append(session)
    if not told or any(fact.session_id == MAIN_SESSION for fact in facts):
        told.setdefault(MAIN_SESSION, [])
    return [_to_session(event, key, parts) for key, parts in told.items()]


def _to_session(event: Event, key: str, parts: list[ReportSession]) -> Session:
    whole = key == MAIN_SESSION
    starts = (part.starts_at for part in parts)
    ends = (part.ends_at for part in parts)
    return Session(
        event_id=event.event_id,
        session_id=key,
        name=_first(part.name for part in parts) or (event.name if whole else key),
        starts_at=min(filter(None, starts), default=event.starts_at),
        ends_at=max(filter(None, ends), default=event.ends_at),
    )


def _to_activities(group: Group, roster: Roster) -> list[Activity]:
    """Return what was done, a fact that stands in two files once.

    Equal facts of one file are different deeds and are numbered; the same number in a
    copy of the file is the same deed.
    """
    known: dict[str, Activity] = {}
    split = frozenset(_with_stays(group, roster))
    for part in group.parts:
        seen: Counter[str] = Counter()
        for fact in part.report.facts:
            key = roster.to_key(fact.who) if fact.who else ""
            if fact.is_total and key in split:
                continue
            same = to_digest(
                group.event_id,
                key,
                fact.activity,
                fact.session_id,
                fact.object_id,
                fact.window,
                fact.occurred_at,
            )
            seen[same] += 1
            activity = _to_activity(group, fact, key, to_digest(same, seen[same]))
            other = known.get(activity.activity_id)
            if other is None or other.quantity < activity.quantity:
                known[activity.activity_id] = activity
    return list(known.values())


def _with_stays(group: Group, roster: Roster) -> Iterator[str]:
    """Yield the people whose single stays are known."""
    for part in group.parts:
        for fact in part.report.facts:
            if fact.who and fact.ended_at and not fact.is_total:
                yield roster.to_key(fact.who)


def _to_activity(group: Group, fact: Fact, key: str, activity_id: str) -> Activity:
    return Activity(
        event_id=group.event_id,
        activity_id=activity_id,
        attendee_id=to_attendee_id(key) if key else None,
        activity=fact.activity,
        session_id=fact.session_id,
        window=fact.window,
        object_id=fact.object_id,
        quantity=fact.quantity,
        occurred_at=fact.occurred_at,
        ended_at=fact.ended_at,
        anonymous=not key,
        detail=fact.detail[:_LONGEST_DETAIL] if fact.detail else None,
    )
