"""Join what report files tell of an event to what the API tells of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tap_events.records import Bundle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tap_events.platforms.hubilo.people import People
    from tap_events.records import Activity, Event, Session


def find_matching(event: Event, others: Iterable[Bundle]) -> list[Bundle]:
    """Return the bundles of the same event: same native id, else the exact name."""
    native_id = event.event_id.partition(":")[2]
    found = list(others)
    by_id = [b for b in found if b.event.event_id.partition(":")[2] == native_id]
    return by_id or [b for b in found if b.event.name.strip() == event.name.strip()]


def merge_bundle(bundle: Bundle, others: Sequence[Bundle], people: People) -> Bundle:
    """Return the bundle with the activities of every matching one.

    People are joined by e-mail, sessions by id, else by exact name. ``people`` holds
    those of the bundle and decides who is left out.
    """
    sessions = list(bundle.sessions)
    activities = list(bundle.activities)
    for other in find_matching(bundle.event, others):
        ids = {a.attendee_id: people.add_attendee(a) for a in other.attendees}
        rooms = _to_rooms(sessions, other.sessions)
        activities += _adopt(bundle.event, other.activities, ids, rooms)
    return Bundle(
        event=bundle.event,
        sessions=sessions,
        attendees=people.attendees(),
        activities=list({a.activity_id: a for a in activities}.values()),
    )


def _to_rooms(
    known: Sequence[Session], others: Iterable[Session]
) -> Mapping[str, str | None]:
    """Return which session of ours another one is; None for one that we lack."""
    ids = {session.session_id for session in known}
    names = {session.name.strip(): session.session_id for session in known}
    only = known[0].session_id if len(known) == 1 else None
    return {
        other.session_id: (
            other.session_id
            if other.session_id in ids
            else names.get(other.name.strip(), only)
        )
        for other in others
    }


def _adopt(
    event: Event,
    activities: Iterable[Activity],
    ids: Mapping[str, str | None],
    rooms: Mapping[str, str | None],
) -> Iterator[Activity]:
    for activity in activities:
        attendee_id = ids.get(activity.attendee_id or "")
        if attendee_id is None and not activity.anonymous:
            continue  # somebody whom the organiser deleted
        yield replace(
            activity,
            event_id=event.event_id,
            attendee_id=attendee_id,
            session_id=rooms.get(activity.session_id or ""),
        )
