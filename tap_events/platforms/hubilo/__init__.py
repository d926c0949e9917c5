"""Hubilo (Virtual PRO): public API v1.2, joined with report files where configured.

The API knows people, sessions and the time watched. The other eight activities are in
no endpoint of it (public documentation, 2026-11), so they come from exports.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sync_core.errors import RowRejected
from tap_events.platforms.files import read_files
from tap_events.platforms.hubilo import rows
from tap_events.platforms.hubilo.api import HubiloApi
from tap_events.platforms.hubilo.merge import find_matching, merge_bundle
from tap_events.platforms.hubilo.paging import (
    ATTENDANCE,
    DELETED,
    EVENTS,
    SESSIONS,
    USERS,
)
from tap_events.platforms.hubilo.people import People
from tap_events.records import Bundle, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from typing import TypeVar

    from tap_events.platforms.base import Tools
    from tap_events.platforms.hubilo.paging import Listing, Row
    from tap_events.records import Activity, Event, Session
    from tap_events.settings import Settings

    T = TypeVar("T")

# streamType -> the window it stands for; both must be asked for
STREAMS = {"LIVE": Window.LIVE, "RECORDED": Window.ON_DEMAND}


class HubiloPlatform:
    """Reads events, people and time watched; adds what exports know of the same event.

    Args:
        settings: ``hubilo_access_token`` is required.
        tools: See `Tools`.
    """

    def __init__(self, settings: Settings, tools: Tools) -> None:
        self._api = HubiloApi(settings, tools)
        self._rejected = tools.rejected
        self._files = read_files(settings, tools)
        self._source_now: datetime | None = None
        self._is_running = False

    def now(self) -> datetime:
        """Return the server's own time; also the check of the credential."""
        if self._source_now is None:
            self._source_now = self._api.now()
        return self._source_now

    def list_events(self) -> Sequence[Event]:
        """Return the events that have begun; those to come have nothing to send."""
        now = self.now()
        found = self._parse(EVENTS, {}, lambda row: rows.to_event(row, now))
        begun = [e for e in found if e.starts_at is None or e.starts_at <= now]
        return [self._to_last_change(event, now) for event in begun]

    def read(self, event: Event) -> Bundle:
        """Return the event with everything that the API and the exports tell of it."""
        params = {"eventId": event.event_id.partition(":")[2]}
        self._is_running = event.updated_at >= self.now().replace(microsecond=0)
        sessions = list(
            self._parse(SESSIONS, params, lambda r: rows.to_session(r, event.event_id))
        )
        people = self._read_people(event, params)
        activities = list(self._read_stays(event, sessions, people))
        bundle = Bundle(
            event=event,
            sessions=sessions,
            attendees=people.attendees(),
            activities=activities,
        )
        return merge_bundle(bundle, self._files, people)

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def _to_last_change(self, event: Event, now: datetime) -> Event:
        """A newer export of an older event is a change of it."""
        changes = [b.event.updated_at for b in find_matching(event, self._files)]
        latest = max([event.updated_at, *changes])
        return replace(event, updated_at=min(latest, now).replace(microsecond=0))

    def _read_people(self, event: Event, params: dict[str, str]) -> People:
        people = People(event.event_id)
        registered = list(self._parse(USERS, params, rows.to_person))
        present = {person.key for person in registered}
        deleted = set(self._parse(DELETED, params, rows.to_deleted_key))
        people.leave_out(deleted - present)
        for person in registered:
            people.add(person)
        return people

    def _read_stays(
        self, event: Event, sessions: Sequence[Session], people: People
    ) -> Iterator[Activity]:
        native_id = event.event_id.partition(":")[2]
        for session in sessions:
            for stream, window in STREAMS.items():
                params = {
                    "eventId": native_id,
                    "agendaId": session.session_id,
                    "streamType": stream,
                }
                for found in self._parse(ATTENDANCE, params, rows.to_attendance):
                    attendee_id = people.add(found.person, attended=True)
                    if attendee_id is None:
                        continue
                    for stay in self._parse_stays(found):
                        yield rows.to_activity(
                            stay, attendee_id, session=session, window=window
                        )

    def _parse_stays(self, attendance: rows.Attendance) -> Iterator[rows.Stay]:
        """Yield the stays that count; one of no time is attendance and no more."""
        for number, entry in enumerate(attendance.history, start=1):
            try:
                stay = rows.to_stay(entry)
            except RowRejected as refusal:
                source = f"GET {ATTENDANCE.path} streamHistory"
                self._rejected.reject(source, number, str(refusal))
                continue
            if stay.duration:
                yield stay

    def _parse(
        self, listing: Listing, params: dict[str, str], parse: Callable[[Row], T]
    ) -> Iterator[T]:
        """Yield the parsed rows of a listing; those that do not parse are rejected."""
        found = self._api.read_all(listing, params, moving=self._is_running)
        for number, row in enumerate(found, start=1):
            try:
                yield parse(row)
            except RowRejected as refusal:
                self._rejected.reject(f"GET {listing.path}", number, str(refusal))
