"""Notes: one a person and webinar, with the reasons and the breakdown as text.

HubSpot has no key of its own for notes, so ours is a property with unique values: a
note that is made twice, because an answer or the ledger was lost, is refused by HubSpot
and changed instead. (Properties guide: ``hasUniqueValue``; notes guide: association
type 202 is note to contact. That a repeated value is refused is documented for
contacts; for notes it is inferred.)
"""

from __future__ import annotations

import hashlib
import html
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sync_core.errors import FatalError
from target_crm.hubspot.answers import Refused
from target_crm.hubspot.entries import to_entry_id
from target_crm.hubspot.properties import EXISTS
from target_crm.hubspot.row_answers import Ends, to_answer, to_trace
from target_crm.outcomes import Kind, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_crm.crm import Attendance, Event
    from target_crm.hubspot.answers import Reason, Reply
    from target_crm.hubspot.wire import Wire

NOTES = "notes"
KEY = "webinar_entry_key"
GROUP = {"name": "webinar_engagement", "label": "Webinar engagement"}
NOTE_TO_CONTACT = 202
MAX_BODY = 65_536
NOT_FOUND = 404
TAKEN = EXISTS | {"CONFLICTING_UNIQUE_VALUE"}


class Notes:
    """The timeline as notes.

    Args:
        wire: Sends the requests.
        account_id: Our name for the account that the webinars come from.
        remedy: What to set if HubSpot refuses notes: a setting and its value.
    """

    batch_size = 100

    def __init__(
        self,
        wire: Wire,
        *,
        account_id: str,
        remedy: tuple[str, str] = ("timeline", "marketing_event"),
    ) -> None:
        self._wire = wire
        self._remedy = remedy
        self._account_id = account_id
        self._notes = wire.api("hubspot.crm.objects.notes", "BatchApi")
        self._properties = wire.api("hubspot.crm.properties", "CoreApi")
        self._groups = wire.api("hubspot.crm.properties", "GroupsApi")
        self._lock = threading.Lock()
        self._is_ready = False

    def takes(self, values: Mapping[str, Any]) -> bool:  # noqa: ARG002 - all of them
        """Tell whether a person gets a note: every participant does."""
        return True

    def state(self, attendance: Attendance) -> str:
        """Return what the note says, so that a changed score changes the note."""
        return hashlib.sha256(to_body(attendance).encode()).hexdigest()

    def event_state(self, event: Event) -> str:  # noqa: ARG002 - it has no record
        """Return nothing: the webinar stands in each note."""
        return ""

    def tell_event(self, event: Event) -> None:
        """Do nothing: the webinar has no record of its own."""

    def tell(self, entries: Sequence[Attendance]) -> list[Outcome]:
        """Make notes, or change those that are there; one outcome each, in order."""
        self._ensure()
        keyed = {to_entry_id(self._account_id, entry): entry for entry in entries}
        ends = {
            key: replace(end, kind=Kind.CREATED) if end.is_accepted else end
            for key, end in self._send(keyed, self._create).items()
        }
        taken = {
            key: keyed[key]
            for key, end in ends.items()
            if end.kind is Kind.REJECTED and end.code in TAKEN
        }
        if taken:
            ends |= self._send(taken, self._change)
        return [ends[key] for key in keyed]

    def _send(self, entries: Mapping[str, Attendance], call: Any) -> Ends:
        try:
            reply: Reply = call(entries)
        except Refused as refusal:
            return self._halved(entries, call, refusal.reason)
        return to_answer(entries, reply.data or {}).closed(entries)

    def _halved(
        self, entries: Mapping[str, Attendance], call: Any, reason: Reason
    ) -> Ends:
        keys = list(entries)
        if len(keys) == 1:
            code, message = reason.code, reason.message
            return {keys[0]: Outcome(kind=Kind.REJECTED, code=code, message=message)}
        middle = len(keys) // 2
        halves = (keys[:middle], keys[middle:])
        first, second = ({key: entries[key] for key in half} for half in halves)
        return {**self._send(first, call), **self._send(second, call)}

    def _create(self, entries: Mapping[str, Attendance]) -> Reply:
        inputs = [
            {
                "objectWriteTraceId": to_trace(place),
                "properties": to_properties(key, entry),
                "associations": [_to_contact(entry.contact_id)],
            }
            for place, (key, entry) in enumerate(entries.items())
        ]
        return self._wire.send(
            "POST notes/batch/create", self._notes.create, {"inputs": inputs}
        )

    def _change(self, entries: Mapping[str, Attendance]) -> Reply:
        inputs = [
            {
                "id": key,
                "idProperty": KEY,
                "objectWriteTraceId": to_trace(place),
                "properties": to_properties(key, entry),
            }
            for place, (key, entry) in enumerate(entries.items())
        ]
        return self._wire.send(
            "POST notes/batch/upsert", self._notes.upsert, {"inputs": inputs}
        )

    def _ensure(self) -> None:
        """Make the property that keeps notes unique, once."""
        with self._lock:
            if not self._is_ready:
                self._find_or_create()
                self._is_ready = True

    def _find_or_create(self) -> None:
        try:
            self._wire.send(
                "GET note property", self._properties.get_by_name, NOTES, KEY
            )
        except Refused as refusal:
            if refusal.status != NOT_FOUND:
                raise self._refused(refusal) from refusal
            self._make("POST note group", self._groups.create, GROUP)
            self._make("POST note property", self._properties.create, _DEFINITION)

    def _make(self, what: str, call: Any, body: Mapping[str, Any]) -> None:
        try:
            self._wire.send(what, call, NOTES, body)
        except Refused as refusal:
            if refusal.reason.code not in EXISTS:
                raise self._refused(refusal) from refusal

    def _refused(self, refusal: Refused) -> FatalError:
        setting, value = self._remedy
        return FatalError(
            f"HubSpot refused the property {KEY} of notes ({refusal.reason.code}: "
            f"{refusal.reason.message}). Set `{setting}` to {value}, which needs no "
            "property.",
            setting=setting,
        )


_DEFINITION = {
    "name": KEY,
    "label": "Webinar entry key",
    "description": "Keeps one note a person and webinar. Do not change.",
    "groupName": GROUP["name"],
    "type": "string",
    "fieldType": "text",
    "hasUniqueValue": True,
}


def to_properties(key: str, entry: Attendance) -> dict[str, str]:
    """Return a note's properties."""
    return {
        "hs_timestamp": entry.joined_at or entry.event.starts_at,
        "hs_note_body": to_body(entry),
        KEY: key,
    }


def to_body(entry: Attendance) -> str:
    """Return a note's text; HubSpot reads it as HTML, so it is escaped."""
    head = "" if entry.title else f"Webinar: {entry.event.name}\n"
    text = f"{head}{entry.note}".strip()
    return html.escape(text, quote=False).replace("\n", "<br>")[:MAX_BODY]


def _to_contact(contact_id: str) -> dict[str, Any]:
    kind = {
        "associationCategory": "HUBSPOT_DEFINED",
        "associationTypeId": NOTE_TO_CONTACT,
    }
    return {"to": {"id": contact_id}, "types": [kind]}
