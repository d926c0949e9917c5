"""Contacts of HubSpot: known ones by id, others by e-mail, row by row accounted.

Facts: an id outlives a change of the address, and after a merge the ids of both lead to
the contact that is left, which has an id of its own (changelog "Updated merge
functionality for contacts and companies"). HubSpot warns of partial upserts by e-mail,
not of updates by id (contacts guide). An id that stands twice in a batch refuses all of
it. (Seen 2026-11.)
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from target_crm.crm import Found
from target_crm.hubspot.answers import Refused
from target_crm.hubspot.sending import Sender, Way
from target_crm.values import to_canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from target_crm.crm import Contact
    from target_crm.hubspot.row_answers import Ends
    from target_crm.hubspot.wire import Wire
    from target_crm.mapping import PropertySet
    from target_crm.outcomes import Outcome

BATCH = 100
ALIASES = "hs_additional_emails"
MERGED = "hs_merged_object_ids"


class Contacts:
    """The contacts of one account.

    Args:
        wire: Sends the requests.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._batch = wire.api("hubspot.crm.contacts", "BatchApi")
        self._merged: set[str] = set()
        self._by_id = Sender(
            wire,
            Way(
                what="POST contacts/batch/update",
                call=self._batch.update,
                name=lambda contact: contact.contact_id,
                to_input=to_update,
            ),
        )
        self._by_email = Sender(
            wire,
            Way(
                what="POST contacts/batch/upsert",
                call=self._batch.upsert,
                name=lambda contact: contact.email_key,
                to_input=to_upsert,
            ),
        )

    def upsert(self, contacts: Sequence[Contact]) -> list[Outcome]:
        """Write contacts with distinct e-mails; one outcome each, in order."""
        new = {c.email_key: c for c in contacts if not c.contact_id}
        ends = self._update([c for c in contacts if c.contact_id])
        if new:
            ends |= self._by_email.settle(new)
        return [ends[contact.email_key] for contact in contacts]

    def _update(self, contacts: Sequence[Contact]) -> Ends:
        """Write contacts by their ids.

        What a merged contact holds beside the values that changed is another's, so
        that it is sent all of them.
        """
        times = Counter(contact.contact_id for contact in contacts)
        self._merged |= {contact_id for contact_id, count in times.items() if count > 1}
        ends: Ends = {}
        for part in to_rounds(self._whole(contacts)):
            ends |= self._by_id.settle(part)
        moved = [
            replace(contact, contact_id=now, changed=None)
            for contact in contacts
            if contact.changed is not None
            and (now := ends[contact.email_key].contact_id or contact.contact_id)
            != contact.contact_id
        ]
        self._merged |= {contact.contact_id for contact in moved}
        return ends | self._update(moved) if moved else ends

    def _whole(self, contacts: Iterable[Contact]) -> list[Contact]:
        return [
            replace(contact, changed=None)
            if contact.contact_id in self._merged
            else contact
            for contact in contacts
        ]

    def read(
        self,
        keys: Sequence[str],
        properties: PropertySet,
        ids: Mapping[str, str],
    ) -> dict[str, Found]:
        """Return the contacts that exist: by their id where that leads to one."""
        wanted = {key: ids[key] for key in keys if ids.get(key)}
        by_id = {
            name: to_found(entry, properties)
            for entry in self._entries(list(dict.fromkeys(wanted.values())), properties)
            for name in to_ids(entry)
        }
        found = {key: by_id[name] for key, name in wanted.items() if name in by_id}
        left = [key for key in keys if key not in found]
        by_email = {
            key: to_found(entry, properties)
            for entry in self._entries(left, properties, idProperty="email")
            for key in to_keys(entry)
        }
        return {**by_email, **found}

    def _entries(
        self, names: Sequence[str], properties: PropertySet, **way: str
    ) -> list[Mapping[str, Any]]:
        """Read contacts; one that HubSpot cannot look up must not hide the others."""
        if not names:
            return []
        body = {
            **way,
            "properties": ["email", ALIASES, MERGED, *properties.properties],
            "propertiesWithHistory": [],
            "inputs": [{"id": name} for name in names],
        }
        try:
            reply = self._wire.send("POST contacts/batch/read", self._batch.read, body)
        except Refused:
            if len(names) == 1:
                return []
            middle = len(names) // 2
            return [
                *self._entries(names[:middle], properties, **way),
                *self._entries(names[middle:], properties, **way),
            ]
        entries: list[Mapping[str, Any]] = reply.data.get("results") or []
        self._merged |= {to_ids(e)[0] for e in entries if len(to_keys(e)) > 1}
        return entries


def to_upsert(contact: Contact) -> dict[str, Any]:
    """Return a contact with all its values, matched by its address."""
    return {
        "id": contact.email_key,
        "idProperty": "email",
        "properties": {"email": contact.email_key, **contact.properties},
    }


def to_update(contact: Contact) -> dict[str, Any]:
    """Return what changed of a contact, all of it if that is not known.

    Never the address: it may be one that somebody wrote there since.
    """
    chosen = contact.properties if contact.changed is None else contact.changed
    return {
        "id": contact.contact_id,
        "properties": {
            name: text
            for name, text in contact.properties.items()
            if name in chosen and name != "email"
        },
    }


def to_rounds(contacts: Iterable[Contact]) -> list[dict[str, Contact]]:
    """Return contacts by key, for requests in which no id stands twice."""
    rounds: list[dict[str, Contact]] = []
    times: Counter[str] = Counter()
    for contact in contacts:
        place = times[contact.contact_id]
        times[contact.contact_id] += 1
        if place == len(rounds):
            rounds.append({})
        rounds[place][contact.email_key] = contact
    return rounds


def to_ids(entry: Mapping[str, Any]) -> list[str]:
    """Return the ids of a contact: its own, and those of merged ones."""
    values = entry.get("properties") or {}
    others = str(values.get(MERGED) or "").split(";")
    return [str(entry.get("id") or ""), *filter(None, others)]


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
        email_keys=frozenset(to_keys(entry)),
    )
