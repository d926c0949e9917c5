"""Attendance of a marketing event: the timeline entry that every HubSpot edition has.

One participation state a contact and event, so telling it twice changes nothing
(HubSpot's Marketing Events specification).
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from sync_core.errors import FatalError
from target_crm.hubspot.answers import Reason, Refused, to_reason
from target_crm.outcomes import Kind, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_crm.crm import Attendance, Event
    from target_crm.hubspot.wire import Wire

ATTEND = "attend"
NOT_FOUND = 404
NO_ANSWER = Reason(code="TIMELINE_NO_ANSWER", message="The answer left this row out.")


class MarketingEvents:
    """The timeline as attendance of marketing events.

    Args:
        wire: Sends the requests.
        account_id: Our name for the account that the events come from.
        organizer: Shown as the organizer of the events.
    """

    batch_size = 100

    def __init__(self, wire: Wire, *, account_id: str, organizer: str) -> None:
        self._wire = wire
        self._account_id = account_id
        self._organizer = organizer
        self._events = wire.api("hubspot.marketing.events", "BasicApi")
        self._attendees = wire.api("hubspot.marketing.events", "AddEventAttendeesApi")

    def takes(self, values: Mapping[str, Any]) -> bool:
        """Tell whether the person attended."""
        return bool(values.get("attended"))

    def state(self, attendance: Attendance) -> str:
        """Return what the attendance says."""
        return f"{ATTEND} {attendance.joined_at} {attendance.left_at}".strip()

    def event_state(self, event: Event) -> str:
        """Return what the event says."""
        return _digest(self._to_body(event))

    def tell_event(self, event: Event) -> None:
        """Create or update the event.

        Raises:
            FatalError: HubSpot refuses it.
        """
        try:
            self._wire.send(
                "PUT marketing event",
                self._events.upsert,
                event.event_id,
                self._to_body(event),
            )
        except Refused as refusal:
            raise _refused(refusal) from refusal

    def tell(self, entries: Sequence[Attendance]) -> list[Outcome]:
        """Write attendances of one event; one outcome each, in order."""
        by_key = {entry.email_key: entry for entry in entries}
        ends = self._send(by_key)
        left = {key: entry for key, entry in by_key.items() if key not in ends}
        for key, entry in left.items():
            ends |= self._send({key: entry})
            ends.setdefault(key, _rejected(NO_ANSWER))
        return [ends[entry.email_key] for entry in entries]

    def _send(
        self, entries: Mapping[str, Attendance], *, again: bool = False
    ) -> dict[str, Outcome]:
        event = next(iter(entries.values())).event
        inputs = [to_input(entry) for entry in entries.values()]
        try:
            reply = self._wire.send(
                "POST marketing event attendance",
                self._by_email,
                event.event_id,
                {"inputs": inputs},
            )
        except Refused as refusal:
            if refusal.status == NOT_FOUND and not again:
                self.tell_event(event)  # somebody deleted it in HubSpot
                return self._send(entries, again=True)
            if len(entries) == 1:
                return dict.fromkeys(entries, _rejected(refusal.reason))
            return self._halved(list(entries.values()))
        return to_ends(entries, reply.data or {})

    def _by_email(self, event_id: str, body: Any, **options: Any) -> Any:
        return self._attendees.record_by_contact_emails(
            event_id, ATTEND, body, external_account_id=self._account_id, **options
        )

    def _halved(self, entries: Sequence[Attendance]) -> dict[str, Outcome]:
        middle = len(entries) // 2
        halves = (entries[:middle], entries[middle:])
        return {
            key: outcome
            for half in halves
            for key, outcome in self._send({e.email_key: e for e in half}).items()
        }

    def _to_body(self, event: Event) -> dict[str, Any]:
        body = {
            "externalAccountId": self._account_id,
            "externalEventId": event.event_id,
            "eventName": event.name,
            "eventType": "WEBINAR",
            "eventOrganizer": self._organizer,
            "startDateTime": event.starts_at,
            "endDateTime": event.ends_at,
            "eventUrl": event.url,
        }
        return {name: value for name, value in body.items() if value}


def to_input(entry: Attendance) -> dict[str, Any]:
    """Return an attendance in HubSpot's form."""
    times = {"joinedAt": entry.joined_at, "leftAt": entry.left_at}
    return {
        "email": entry.email_key,
        "interactionDateTime": _milliseconds(entry.joined_at or entry.event.starts_at),
        "properties": {name: text for name, text in times.items() if text},
    }


def to_ends(
    entries: Mapping[str, Attendance], data: Mapping[str, Any]
) -> dict[str, Outcome]:
    """Return the outcomes that an answer tells, by e-mail."""
    ends: dict[str, Outcome] = {}
    for entry in data.get("results") or []:
        key = str(entry.get("email") or "").lower()
        if key in entries:
            ends[key] = Outcome(
                kind=Kind.CREATED, contact_id=str(entry.get("vid") or "")
            )
    for entry in data.get("errors") or []:
        context = entry.get("context")
        named = context if isinstance(context, dict) else {}
        for names in (named.get("email"), named.get("emails"), named.get("ids")):
            for name in names if isinstance(names, list) else []:
                if str(name).lower() in entries:
                    ends[str(name).lower()] = _rejected(to_reason(entry))
    return ends


def _rejected(reason: Reason) -> Outcome:
    return Outcome(
        kind=Kind.REJECTED,
        code=reason.code,
        field=reason.blamed,
        message=reason.message,
    )


def _refused(refusal: Refused) -> FatalError:
    return FatalError(
        f"HubSpot refused the marketing event ({refusal.reason.code}). Set `timeline` "
        "to none to write without a timeline, or look at the event's name and times.",
        setting="timeline",
    )


def _milliseconds(stamp: str) -> int:
    """HubSpot takes this one time as milliseconds; 0 if nothing is known."""
    return int(datetime.fromisoformat(stamp).timestamp() * 1000) if stamp else 0


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(msgspec.json.encode(body)).hexdigest()
