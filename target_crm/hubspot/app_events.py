"""App events: timeline entries of an app partner's own event type.

Only apps with the scope ``timeline`` may send them, and the app defines the type: an
event template (version 3) or an event type (dated versions), with our names as its
tokens. An event cannot be changed, so that its id is made of webinar, person and what
it says: the same is never told twice, a changed score is told as another event.
(HubSpot's guides to timeline events and app events.)
"""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from target_crm.hubspot.answers import Refused
from target_crm.hubspot.custom_events import PROPERTIES, REASONS
from target_crm.hubspot.entries import NAMESPACE
from target_crm.outcomes import UNCHANGED, Kind, Outcome
from target_crm.texts import to_reasons

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_crm.crm import Attendance, Event
    from target_crm.hubspot.wire import Wire

CONFLICT = 409
CREATED = Outcome(kind=Kind.CREATED)


class AppEvents:
    """The timeline as events of an app.

    Args:
        wire: Sends the requests.
        account_id: Our name for the account that the webinars come from.
        kind: Id of the event template, or the event type's full name.
        version: ``v3`` or a date such as ``2026-03``.
    """

    batch_size = 100  # of the first version; later ones state none

    def __init__(self, wire: Wire, *, account_id: str, kind: str, version: str) -> None:
        self._wire = wire
        self._account_id = account_id
        self._kind = kind
        self._version = version
        self._events = wire.api("hubspot.crm.timeline", "EventsApi")

    def takes(self, values: Mapping[str, Any]) -> bool:  # noqa: ARG002 - all of them
        """Tell whether a person gets an entry: every participant does."""
        return True

    def state(self, attendance: Attendance) -> str:
        """Return what the event says, so that a changed score is told too."""
        return hashlib.sha256(msgspec.json.encode(to_tokens(attendance))).hexdigest()

    def event_state(self, event: Event) -> str:  # noqa: ARG002 - it has no record
        """Return nothing: the webinar stands in each event."""
        return ""

    def tell_event(self, event: Event) -> None:
        """Do nothing: the webinar has no record of its own."""

    def tell(self, entries: Sequence[Attendance]) -> list[Outcome]:
        """Send events; one outcome each, in order.

        A batch that is refused whole is halved; an event that is there already is
        what was wanted.
        """
        try:
            data = self._send(entries)
        except Refused as refusal:
            if len(entries) > 1:
                middle = len(entries) // 2
                return [*self.tell(entries[:middle]), *self.tell(entries[middle:])]
            if refusal.status == CONFLICT:
                return [UNCHANGED]
            code, message = refusal.reason.code, refusal.reason.message
            return [Outcome(kind=Kind.REJECTED, code=code, message=message)]
        return self._to_outcomes(entries, data)

    def _send(self, entries: Sequence[Attendance]) -> Any:
        if self._version == "v3":
            inputs = [self._to_timeline_event(entry) for entry in entries]
            call, arguments = self._events.create_batch, [{"inputs": inputs}]
        else:
            path = f"/integrators/timeline/{self._version}/events/batch"
            inputs = [self._to_occurrence(entry) for entry in entries]
            call, arguments = self._wire.plain("POST", path, {"inputs": inputs}), []
        return self._wire.send("POST timeline events", call, *arguments).data

    def _to_timeline_event(self, entry: Attendance) -> dict[str, Any]:
        kind = {"eventTemplateId": self._kind, "tokens": to_tokens(entry)}
        return kind | self._to_whom(entry)

    def _to_occurrence(self, entry: Attendance) -> dict[str, Any]:
        kind = {"eventTypeName": self._kind, "properties": to_tokens(entry)}
        return kind | self._to_whom(entry)

    def _to_whom(self, entry: Attendance) -> dict[str, str]:
        facts = {
            "id": self._to_id(entry),
            "objectId": entry.contact_id,
            "timestamp": entry.joined_at or entry.event.starts_at,
        }
        return {name: text for name, text in facts.items() if text}

    def _to_id(self, entry: Attendance) -> str:
        parts = (
            self._account_id,
            entry.event.event_id,
            entry.email_key,
            self.state(entry),
        )
        return str(uuid.uuid5(NAMESPACE, "\n".join(parts)))

    def _to_outcomes(self, entries: Sequence[Attendance], data: Any) -> list[Outcome]:
        """Read an answer: no body is all of them, else the results name them."""
        results = data.get("results") if isinstance(data, dict) else None
        if not isinstance(results, list):
            return [CREATED] * len(entries)
        made = {one.get("id") for one in results if isinstance(one, dict)}
        errors = data.get("errors") or [{}]
        refused = Outcome(
            kind=Kind.REJECTED, code=str(errors[0].get("category") or "NOT_CONFIRMED")
        )
        return [CREATED if self._to_id(one) in made else refused for one in entries]


def to_tokens(entry: Attendance) -> dict[str, str]:
    """Return what an event says; the names are the type's tokens."""
    values = {name: entry.scores.get(source) for name, _, _, source in PROPERTIES}
    values[REASONS[0]] = to_reasons(entry.scores)
    return {name: str(value) for name, value in values.items() if value is not None}
