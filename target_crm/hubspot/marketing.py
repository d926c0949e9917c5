"""Attendance of a marketing event: the timeline entry that every HubSpot edition has.

One participation state a contact and event, so telling it twice changes nothing
(HubSpot's Marketing Events specification).
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from sync_core.errors import FatalError
from target_crm.hubspot.answers import Reason, Refused, to_reason
from target_crm.outcomes import GONE, Kind, Outcome

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
        """Write attendances of one event; one outcome each, in order.

        By the contact's id where we know it: by e-mail HubSpot makes a contact of
        everybody whose address it does not find.
        """
        known = [entry for entry in entries if entry.contact_id.isdecimal()]
        ends = self._settle({e.email_key: e for e in known}, by_id=True)
        left = {e.email_key: e for e in entries if not _is_told(ends.get(e.email_key))}
        ends |= self._settle(left, by_id=False)
        return [ends[entry.email_key] for entry in entries]

    def _settle(
        self, entries: Mapping[str, Attendance], *, by_id: bool
    ) -> dict[str, Outcome]:
        """Send until every entry has an outcome: those without one by themselves."""
        ends = self._send(entries, by_id=by_id) if entries else {}
        for key in [key for key in entries if key not in ends]:
            ends |= self._send({key: entries[key]}, by_id=by_id)
            ends.setdefault(key, _rejected(NO_ANSWER))
        return ends

    def _send(
        self, entries: Mapping[str, Attendance], *, by_id: bool, again: bool = False
    ) -> dict[str, Outcome]:
        event = next(iter(entries.values())).event
        to_one, call = WAYS[by_id]
        inputs = [to_one(entry) for entry in entries.values()]
        try:
            reply = self._wire.send(
                "POST marketing event attendance",
                partial(
                    getattr(self._attendees, call), external_account_id=self._account_id
                ),
                event.event_id,
                ATTEND,
                {"inputs": inputs},
            )
        except Refused as refusal:
            if refusal.status == NOT_FOUND and not again:
                self.tell_event(event)  # somebody deleted it in HubSpot
                return self._send(entries, by_id=by_id, again=True)
            if len(entries) == 1:
                return dict.fromkeys(entries, _rejected(refusal.reason))
            return self._halved(list(entries.values()), by_id=by_id)
        return to_ends(entries, reply.data or {})

    def _halved(
        self, entries: Sequence[Attendance], *, by_id: bool
    ) -> dict[str, Outcome]:
        middle = len(entries) // 2
        halves = (entries[:middle], entries[middle:])
        return {
            key: outcome
            for half in halves
            for key, outcome in self._send(
                {e.email_key: e for e in half}, by_id=by_id
            ).items()
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
    """Return an attendance in HubSpot's form, of whoever has the address."""
    return {"email": entry.email_key, **_to_part(entry)}


def to_input_by_id(entry: Attendance) -> dict[str, Any]:
    """Return an attendance in HubSpot's form, of a contact."""
    return {"vid": int(entry.contact_id), **_to_part(entry)}


WAYS = {
    True: (to_input_by_id, "record_by_contact_ids"),
    False: (to_input, "record_by_contact_emails"),
}


def _to_part(entry: Attendance) -> dict[str, Any]:
    times = {"joinedAt": entry.joined_at, "leftAt": entry.left_at}
    return {
        "interactionDateTime": _milliseconds(entry.joined_at or entry.event.starts_at),
        "properties": {name: text for name, text in times.items() if text},
    }


def to_ends(
    entries: Mapping[str, Attendance], data: Mapping[str, Any]
) -> dict[str, Outcome]:
    """Return the outcomes that an answer tells, by e-mail or by the contact's id.

    A merged contact answers with an id that nobody asked for: it is told by itself.
    """
    names = _to_names(entries)
    ends: dict[str, Outcome] = {}
    for entry in data.get("results") or []:
        told = Outcome(kind=Kind.CREATED, contact_id=str(entry.get("vid") or ""))
        for key in _named(names, entry.get("email") or entry.get("vid")):
            ends[key] = told
    for entry in data.get("errors") or []:
        context = entry.get("context")
        named = context if isinstance(context, dict) else {}
        for listed in (named.get("email"), named.get("emails"), named.get("ids")):
            for key in _named(names, *(listed if isinstance(listed, list) else [])):
                ends[key] = _rejected(to_reason(entry))
    results = data.get("results") or []
    if not ends and len(entries) == len(results) == 1 and not data.get("errors"):
        kind, vid = Kind.CREATED, str(results[0].get("vid") or "")
        return dict.fromkeys(entries, Outcome(kind=kind, contact_id=vid))
    return ends


def _to_names(entries: Mapping[str, Attendance]) -> dict[str, list[str]]:
    """Return the entries' keys by what HubSpot may call them."""
    names: dict[str, list[str]] = {}
    for key, entry in entries.items():
        for name in filter(None, (key, entry.contact_id)):
            names.setdefault(name, []).append(key)
    return names


def _named(names: Mapping[str, Sequence[str]], *said: Any) -> list[str]:
    return [key for name in said for key in names.get(str(name).lower(), ())]


def _is_told(outcome: Outcome | None) -> bool:
    return outcome is not None and outcome.code != GONE


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
