"""Contacts of HubSpot: batch upsert by e-mail and batch read, row by row accounted.

Facts (seen 2026-11): at most 100 inputs; a trace id on every input makes HubSpot answer
207 and write the good ones; results come in any order; one duplicate refuses the whole
batch; a refusal of the whole batch does not say which row, so the batch is halved.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from target_crm.crm import Found
from target_crm.hubspot.answers import LOCKED_WAIT, Reason, Refused, to_reason
from target_crm.outcomes import Kind, Outcome
from target_crm.setup import MISSING
from target_crm.values import to_canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from target_crm.crm import Contact
    from target_crm.hubspot.wire import Wire
    from target_crm.mapping import PropertySet

BATCH = 100
ALIASES = "hs_additional_emails"
PASSING_TRIES = 3
NO_ANSWER = Reason(code="NO_ANSWER", message="HubSpot's answer left this row out.")
Ends = dict[str, Outcome]


class Contacts:
    """The contacts of one account.

    Args:
        wire: Sends the requests.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._batch = wire.api("hubspot.crm.contacts", "BatchApi")

    def upsert(self, contacts: Sequence[Contact]) -> list[Outcome]:
        """Write contacts with distinct e-mails; one outcome each, in order."""
        by_key = {contact.email_key: contact for contact in contacts}
        ends = self._settle(by_key)
        return [ends[contact.email_key] for contact in contacts]

    def read(self, keys: Sequence[str], properties: PropertySet) -> dict[str, Found]:
        """Return the contacts that exist."""
        body = {
            "idProperty": "email",
            "properties": ["email", ALIASES, *properties.properties],
            "propertiesWithHistory": [],
            "inputs": [{"id": key} for key in keys],
        }
        try:
            reply = self._wire.send("POST contacts/batch/read", self._batch.read, body)
        except Refused:
            return self._read_halves(keys, properties)
        return {
            key: to_found(entry, properties)
            for entry in reply.data.get("results") or []
            for key in to_keys(entry)
        }

    def _read_halves(
        self, keys: Sequence[str], properties: PropertySet
    ) -> dict[str, Found]:
        """One address that HubSpot cannot look up must not hide the others."""
        if len(keys) == 1:
            return {}
        middle = len(keys) // 2
        return {
            **self.read(keys[:middle], properties),
            **self.read(keys[middle:], properties),
        }

    def _settle(self, contacts: Mapping[str, Contact]) -> Ends:
        """Send until every contact has an outcome; what passes is waited for."""
        answer = self._send(contacts)
        for _ in range(PASSING_TRIES - 1):
            left = {key: contacts[key] for key in contacts if key not in answer.ends}
            if not left:
                return answer.ends
            if answer.passing:
                self._wire.pause(LOCKED_WAIT)
            more = self._send(left)
            answer = Answer(
                {**answer.ends, **more.ends}, more.passing, more.unattributed
            )
        return answer.closed(contacts)

    def _send(self, contacts: Mapping[str, Contact]) -> Answer:
        try:
            data = self._call(contacts)
        except Refused as refusal:
            return Answer(self._refused(list(contacts.values()), refusal.reason))
        return to_answer(contacts, data)

    def _refused(self, contacts: Sequence[Contact], reason: Reason) -> Ends:
        """A missing property concerns every row: halving would find nothing."""
        if reason.code == MISSING:
            return {contact.email_key: _rejected(reason) for contact in contacts}
        return self._halved(contacts, reason)

    def _halved(self, contacts: Sequence[Contact], reason: Reason) -> Ends:
        """Find the rows that a whole batch was refused for, and write the others.

        ``contacts`` are known to hold at least one such row, so if the first half is
        accepted, the second is halved without asking: at most 14 more calls for one
        bad row in a hundred.
        """
        if len(contacts) == 1:
            return {contacts[0].email_key: _rejected(reason)}
        middle = len(contacts) // 2
        first, second = contacts[:middle], contacts[middle:]
        ends, refused = self._part(first)
        if refused is None:
            return ends | self._alone_or_halved(second, reason)
        ends = self._halved(first, refused)
        more, refused = self._part(second)
        return ends | (more if refused is None else self._halved(second, refused))

    def _alone_or_halved(self, contacts: Sequence[Contact], reason: Reason) -> Ends:
        """A single row is sent once more: the reason must be its own."""
        if len(contacts) > 1:
            return self._halved(contacts, reason)
        ends, refused = self._part(contacts)
        return ends if refused is None else self._halved(contacts, refused)

    def _part(self, contacts: Sequence[Contact]) -> tuple[Ends, Reason | None]:
        part = {contact.email_key: contact for contact in contacts}
        try:
            data = self._call(part)
        except Refused as refusal:
            return {}, refusal.reason
        return to_answer(part, data).closed(part), None

    def _call(self, contacts: Mapping[str, Contact]) -> Mapping[str, Any]:
        inputs = [
            {
                "id": key,
                "idProperty": "email",
                "objectWriteTraceId": to_trace(place),
                "properties": _to_properties(contact),
            }
            for place, (key, contact) in enumerate(contacts.items())
        ]
        reply = self._wire.send(
            "POST contacts/batch/upsert", self._batch.upsert, {"inputs": inputs}
        )
        return reply.data if isinstance(reply.data, dict) else {}


def _to_properties(contact: Contact) -> Mapping[str, str]:
    """The address itself is only written to new people.

    It may be the second one of a merged contact, whose first one must stay.
    """
    if contact.contact_id:
        return contact.properties
    return {"email": contact.email_key, **contact.properties}


def to_trace(place: int) -> str:
    """Return the trace id of an input, unique in its request."""
    return f"row-{place}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer tells about the rows that were asked for.

    Attributes:
        ends: Outcomes of the rows it names.
        passing: Rows that may be accepted if they are sent again.
        unattributed: Reasons that do not say which row they belong to.
    """

    ends: Ends = field(default_factory=dict)
    passing: Mapping[str, Reason] = field(default_factory=dict)
    unattributed: Sequence[Reason] = ()

    def closed(self, contacts: Iterable[str]) -> Ends:
        """Return an outcome for every row: what was never answered is rejected."""
        reason = self.unattributed[0] if self.unattributed else NO_ANSWER
        return {
            key: self.ends.get(key) or _rejected(self.passing.get(key, reason))
            for key in contacts
        }


def to_answer(contacts: Mapping[str, object], data: Mapping[str, Any]) -> Answer:
    """Return what an answer tells.

    Never by position: by trace id, by e-mail, or because only one is left. A row that
    the answer names in neither list has no outcome here, whatever ``numErrors`` says;
    one that stands in both was refused.
    """
    keys = {to_trace(place): key for place, key in enumerate(contacts)}
    ends: Ends = {}
    strangers = []
    for entry in data.get("results") or []:
        key = _key_of(entry, keys, contacts)
        if key is None:
            strangers.append(entry)
        else:
            ends[key] = _written(entry)
    passing: dict[str, Reason] = {}
    unattributed = []
    for entry in data.get("errors") or []:
        reason = to_reason(entry)
        blamed = _blamed(entry, keys, contacts)
        if not blamed:
            unattributed.append(reason)
        for key in blamed:
            ends.pop(key, None)
            if reason.is_passing:
                passing[key] = reason
            else:
                ends[key] = _rejected(reason)
    left = [key for key in contacts if key not in ends and key not in passing]
    if len(left) == 1 and len(strangers) == 1:
        ends[left[0]] = _written(strangers[0])
    return Answer(ends, passing, unattributed)


def _key_of(
    entry: Mapping[str, Any], keys: Mapping[str, str], contacts: Mapping[str, object]
) -> str | None:
    trace = str(entry.get("objectWriteTraceId") or "")
    if trace in keys:
        return keys[trace]
    email = str((entry.get("properties") or {}).get("email") or "").lower()
    return email if email in contacts else None


def _blamed(
    entry: Mapping[str, Any], keys: Mapping[str, str], contacts: Mapping[str, object]
) -> list[str]:
    context = entry.get("context")
    if not isinstance(context, dict):
        return []
    traces = context.get("objectWriteTraceId") or []
    named = context.get("ids") or []
    return [keys[trace] for trace in traces if trace in keys] + [
        name.lower() for name in named if str(name).lower() in contacts
    ]


def _written(entry: Mapping[str, Any]) -> Outcome:
    kind = Kind.CREATED if entry.get("new") else Kind.UPDATED
    return Outcome(kind=kind, contact_id=str(entry.get("id") or ""))


def _rejected(reason: Reason) -> Outcome:
    return Outcome(
        kind=Kind.REJECTED,
        code=reason.code,
        field=reason.blamed,
        message=reason.message,
    )


def to_keys(entry: Mapping[str, Any]) -> list[str]:
    """Return the addresses of a contact: its own, and those of merged ones."""
    values = entry.get("properties") or {}
    own = str(values.get("email") or "").lower()
    others = str(values.get(ALIASES) or "").lower().split(";")
    return [key for key in (own, *others) if key]


def to_found(entry: Mapping[str, Any], properties: PropertySet) -> Found:
    """Return what a contact holds, in our spelling."""
    values = entry.get("properties") or {}
    held = {
        name: to_canonical(spec.type, values.get(name))
        for name, spec in properties.properties.items()
    }
    return Found(
        contact_id=str(entry.get("id") or ""),
        properties={name: text for name, text in held.items() if text},
    )
