"""Custom events: the richest timeline entry, for accounts with an Enterprise edition.

One occurrence a person and webinar, with the scores as its properties. HubSpot refuses
a repeated ``uuid``, and ours is made of webinar and person: telling it twice changes
nothing. An occurrence cannot be changed, so that it keeps the scores of its first
telling. (HubSpot's guide to custom events.)
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from sync_core.errors import FatalError
from target_crm.hubspot.answers import Refused
from target_crm.hubspot.entries import to_entry_id
from target_crm.hubspot.properties import EXISTS
from target_crm.outcomes import Kind, Outcome
from target_crm.texts import to_reasons

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_crm.crm import Attendance, Event
    from target_crm.hubspot.wire import Wire

NAME = "webinar_engagement"
MAX_VALUE = 256
NOT_FOUND = 404
TOLD = "told"
# name, label, type, field of lead_scores
PROPERTIES = (
    ("webinar", "Webinar", "string", "event_name"),
    ("live_lead_score", "Live lead score", "number", "live_lead_score"),
    ("live_level", "Live level", "string", "live_level"),
    ("live_rank", "Live rank", "number", "live_rank"),
    ("on_demand_lead_score", "On-demand lead score", "number", "on_demand_lead_score"),
    ("on_demand_level", "On-demand level", "string", "on_demand_level"),
    ("on_demand_rank", "On-demand rank", "number", "on_demand_rank"),
)
REASONS = ("reasons", "Reasons", "string")


class CustomEvents:
    """The timeline as custom events.

    Args:
        wire: Sends the requests.
        account_id: Our name for the account that the webinars come from.
    """

    batch_size = 500

    def __init__(self, wire: Wire, *, account_id: str) -> None:
        self._wire = wire
        self._account_id = account_id
        self._send_api = wire.api("hubspot.events.send", "BatchApi")
        self._lock = threading.Lock()
        self._full_name = ""

    def takes(self, values: Mapping[str, Any]) -> bool:  # noqa: ARG002 - all of them
        """Tell whether a person gets an entry: every participant does."""
        return True

    def state(self, attendance: Attendance) -> str:  # noqa: ARG002 - never told again
        """Return the same for ever: an occurrence cannot be changed."""
        return TOLD

    def event_state(self, event: Event) -> str:  # noqa: ARG002 - it has no record
        """Return nothing: the webinar is a property of each occurrence."""
        return ""

    def tell_event(self, event: Event) -> None:
        """Do nothing: the webinar has no record of its own."""

    def tell(self, entries: Sequence[Attendance]) -> list[Outcome]:
        """Send occurrences; one outcome each, in order.

        HubSpot answers 204 for a batch, or refuses it whole: then it is halved.
        """
        name = self._ensure()
        inputs = [self._to_input(name, entry) for entry in entries]
        try:
            self._wire.send(
                "POST events/send/batch", self._send_api.send, {"inputs": inputs}
            )
        except Refused as refusal:
            if len(entries) > 1:
                middle = len(entries) // 2
                return [*self.tell(entries[:middle]), *self.tell(entries[middle:])]
            reason = refusal.reason
            return [
                Outcome(kind=Kind.REJECTED, code=reason.code, message=reason.message)
            ]
        return [Outcome(kind=Kind.CREATED)] * len(entries)

    def _ensure(self) -> str:
        """Return the event type's full name; create it once."""
        with self._lock:
            if not self._full_name:
                self._full_name = self._find() or self._create()
            return self._full_name

    def _find(self) -> str:
        request = self._wire.plain("GET", f"/events/v3/event-definitions/{NAME}")
        try:
            data = self._wire.send("GET event definition", request).data
        except Refused as refusal:
            if refusal.status == NOT_FOUND:
                return ""
            raise _refused(refusal) from refusal
        return _full_name(data)

    def _create(self) -> str:
        properties = [(*facts[:3],) for facts in PROPERTIES] + [REASONS]
        definition = {
            "name": NAME,
            "label": "Webinar engagement",
            "description": "Took part in a webinar, with the lead scores and reasons.",
            "primaryObject": "CONTACT",
            "includeDefaultProperties": False,
            "propertyDefinitions": [
                {"name": name, "label": label, "type": kind}
                for name, label, kind in properties
            ],
        }
        request = self._wire.plain("POST", "/events/v3/event-definitions", definition)
        try:
            data = self._wire.send("POST event definition", request).data
        except Refused as refusal:
            if refusal.reason.code in EXISTS:  # an earlier answer was lost
                return self._find()
            raise _refused(refusal) from refusal
        return _full_name(data)

    def _to_input(self, name: str, entry: Attendance) -> dict[str, Any]:
        values = {key: entry.scores.get(source) for key, _, _, source in PROPERTIES}
        values["reasons"] = to_reasons(entry.scores)
        body = {
            "eventName": name,
            "objectId": entry.contact_id,
            "occurredAt": entry.joined_at or entry.event.starts_at,
            "uuid": to_entry_id(self._account_id, entry),
            "properties": {
                key: str(value)[:MAX_VALUE]
                for key, value in values.items()
                if value is not None
            },
        }
        return {key: value for key, value in body.items() if value}


def _full_name(data: Any) -> str:
    name = data.get("fullyQualifiedName") if isinstance(data, dict) else None
    if not isinstance(name, str):
        raise FatalError(
            "HubSpot's event definition has no name. Check that `api_url` is HubSpot's "
            "API, or set `timeline` to marketing_event.",
            setting="timeline",
        )
    return name


def _refused(refusal: Refused) -> FatalError:
    return FatalError(
        f"HubSpot refused the custom event ({refusal.reason.code}: "
        f"{refusal.reason.message}). Custom events need an Enterprise edition; set "
        "`timeline` to marketing_event, which every edition has.",
        setting="timeline",
    )
