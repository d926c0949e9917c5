"""Contacts of HubSpot: batch upsert by e-mail and batch read, row by row accounted.

Facts (seen 2026-11): at most 100 inputs; a trace id on every input makes HubSpot answer
207 and write the good ones; results come in any order; one duplicate refuses the whole
batch; a refusal of the whole batch does not say which row, so the batch is halved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_crm.crm import Found
from target_crm.hubspot.answers import Reason, Refused, to_reason
from target_crm.outcomes import Kind, Outcome
from target_crm.values import to_canonical

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_crm.crm import Contact
    from target_crm.hubspot.wire import Wire
    from target_crm.mapping import PropertySet

BATCH = 100
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
            "properties": ["email", *properties.properties],
            "propertiesWithHistory": [],
            "inputs": [{"id": key} for key in keys],
        }
        try:
            reply = self._wire.send("POST contacts/batch/read", self._batch.read, body)
        except Refused as refusal:
            return self._read_halves(keys, properties, refusal)
        return {
            key: found
            for entry in reply.data.get("results") or []
            for key, found in [to_found(entry, properties)]
        }

    def _read_halves(
        self, keys: Sequence[str], properties: PropertySet, refusal: Refused
    ) -> dict[str, Found]:
        """One address that HubSpot cannot look up must not hide the others."""
        if len(keys) == 1:
            del refusal
            return {}
        middle = len(keys) // 2
        return {
            **self.read(keys[:middle], properties),
            **self.read(keys[middle:], properties),
        }

    def _settle(self, contacts: Mapping[str, Contact]) -> Ends:
        """Send until every contact has an outcome."""
        ends: Ends = {}
        left = dict(contacts)
        for last in (False,) * (PASSING_TRIES - 1) + (True,):
            found, again = self._send(left, last=last)
            ends |= found
            left = again
            if not left:
                break
        return ends

    def _send(
        self, contacts: Mapping[str, Contact], *, last: bool
    ) -> tuple[Ends, dict[str, Contact]]:
        """Send a batch; return the outcomes and the contacts to send again."""
        try:
            data = self._call(contacts)
        except Refused as refusal:
            return self._halved(list(contacts.values()), refusal.reason), {}
        ends, passing = to_ends(contacts, data)
        again = {key: c for key, c in contacts.items() if key not in ends}
        if not last:
            return ends, again
        for key in again:
            ends[key] = _rejected(passing.get(key, NO_ANSWER))
        return ends, {}

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
        ends, passing = to_ends(part, data)
        for key in part:
            ends.setdefault(key, _rejected(passing.get(key, NO_ANSWER)))
        return ends, None

    def _call(self, contacts: Mapping[str, Contact]) -> Mapping[str, Any]:
        inputs = [
            {
                "id": key,
                "idProperty": "email",
                "objectWriteTraceId": to_trace(place),
                "properties": {"email": key, **contact.properties},
            }
            for place, (key, contact) in enumerate(contacts.items())
        ]
        reply = self._wire.send(
            "POST contacts/batch/upsert", self._batch.upsert, {"inputs": inputs}
        )
        return reply.data if isinstance(reply.data, dict) else {}


def to_trace(place: int) -> str:
    """Return the trace id of an input, unique in its request."""
    return f"row-{place}"


def to_ends(
    contacts: Mapping[str, Contact], data: Mapping[str, Any]
) -> tuple[Ends, dict[str, Reason]]:
    """Return the outcomes that an answer tells, and reasons that may pass.

    Never by position: by trace id, by e-mail, or because only one is left. An input
    that the answer names in neither list has no outcome here, whatever ``numErrors``
    says; one that stands in both was refused.
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
    for entry in data.get("errors") or []:
        reason = to_reason(entry)
        for key in _blamed(entry, keys, contacts):
            ends.pop(key, None)
            if reason.is_passing:
                passing[key] = reason
            else:
                ends[key] = _rejected(reason)
    left = [key for key in contacts if key not in ends and key not in passing]
    if len(left) == 1 and len(strangers) == 1:
        ends[left[0]] = _written(strangers[0])
    return ends, passing


def _key_of(
    entry: Mapping[str, Any], keys: Mapping[str, str], contacts: Mapping[str, Contact]
) -> str | None:
    trace = str(entry.get("objectWriteTraceId") or "")
    if trace in keys:
        return keys[trace]
    email = str((entry.get("properties") or {}).get("email") or "").lower()
    return email if email in contacts else None


def _blamed(
    entry: Mapping[str, Any], keys: Mapping[str, str], contacts: Mapping[str, Contact]
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


def to_found(entry: Mapping[str, Any], properties: PropertySet) -> tuple[str, Found]:
    """Return a contact that was read, with its key."""
    values = entry.get("properties") or {}
    held = {
        name: to_canonical(spec.type, values.get(name))
        for name, spec in properties.properties.items()
    }
    found = Found(
        contact_id=str(entry.get("id") or ""),
        properties={name: text for name, text in held.items() if text},
    )
    return str(values.get("email") or "").lower(), found
