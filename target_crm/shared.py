"""Contacts that several addresses lead to: those that were merged in the CRM.

Each address has a latest event of its own; the contact holds the newest of them all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from target_crm import wanted
from target_crm.crm import Contact
from target_crm.ledger import Known
from target_crm.outcomes import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from target_crm.crm import Crm
    from target_crm.ledger import Ledger
    from target_crm.mapping import PropertySet
    from target_crm.outcomes import Outcome
    from target_crm.rows import Row
    from target_crm.wanted import Wish


class SharedContacts:
    """What is known of contacts by their ids.

    Args:
        crm: The account.
        ledger: What the CRM has accepted.
        properties: Of contacts.
    """

    def __init__(self, crm: Crm, ledger: Ledger, properties: PropertySet) -> None:
        self._crm = crm
        self._ledger = ledger
        self._properties = properties
        self._ids: frozenset[str] = frozenset()

    def older(self, wishes: Sequence[Wish]) -> set[str]:
        """Return the addresses whose contact holds, or is to get, a newer event."""
        told = self._ledger.holders({to_id(wish) for wish in wishes} - {""})
        for wish in wishes:
            if to_id(wish):
                asked = _to_known(wish.row, to_id(wish))
                told.setdefault(asked.contact_id, {})[asked.email_key] = asked
        self._ids = frozenset(name for name, by_key in told.items() if len(by_key) > 1)
        return {
            wish.row.email_key or ""
            for wish in wishes
            if to_id(wish) in self._ids
            and any(
                wanted.is_older(wish.row, known) for known in told[to_id(wish)].values()
            )
        }

    def is_shared(self, contact_id: str) -> bool:
        """Tell whether several addresses led to a contact when `older` was asked."""
        return contact_id in self._ids

    def overwritten(
        self, written: Iterable[tuple[Wish, Outcome]], *, may_ask: bool
    ) -> list[Known]:
        """Return what contacts must be told again, as an older event came after it.

        Only the answer to a write tells of a merge that was not known before. What
        such a contact was told is forgotten, so that its row is sent again at the
        latest when it comes again.

        Args:
            written: What the CRM has accepted, with its answers.
            may_ask: Whether the CRM may be asked who else became part of a contact.
        """
        moved: dict[str, list[Row]] = {}
        merged: dict[str, str] = {}
        for wish, outcome in written:
            now = outcome.contact_id or ""
            if now and now != to_id(wish) and outcome.kind is not Kind.CREATED:
                moved.setdefault(now, []).append(wish.row)
                if to_id(wish):
                    merged[wish.row.email_key or ""] = now
        if may_ask and self._crm.merges_into_new_ids:
            self._follow(merged)
        newest = {
            contact_id: max(by_key.values(), key=lambda known: known.age)
            for contact_id, by_key in self._ledger.holders(moved).items()
        }
        keys = [
            newest[contact_id].email_key
            for contact_id, rows in moved.items()
            if any(wanted.is_older(row, newest[contact_id]) for row in rows)
        ]
        lost = list(self._ledger.contacts(keys).values())
        self._ledger.accept_contacts(replace(known, properties={}) for known in lost)
        return lost

    def _follow(self, ids: Mapping[str, str]) -> None:
        """Remember the new id of everybody who became part of these contacts."""
        size = self._crm.batch_size
        for start in range(0, len(ids), size):
            keys = list(ids)[start : start + size]
            found = self._crm.read(keys, self._properties, ids)
            owners = {key: f.contact_id for f in found.values() for key in f.email_keys}
            self._ledger.accept_contacts(
                replace(known, contact_id=owners[key])
                for key, known in self._ledger.contacts(list(owners)).items()
            )

    def to_contact(self, known: Known) -> Contact:
        """Return what a contact was told, to be told again."""
        ours = self._properties.properties.keys() - self._properties.fill_only
        return Contact(
            email_key=known.email_key,
            contact_id=known.contact_id,
            properties={n: text for n, text in known.properties.items() if n in ours},
        )


def to_id(wish: Wish) -> str:
    """Return the CRM's id of a wish's contact; empty if it is not known."""
    return wish.known.contact_id if wish.known else ""


def _to_known(row: Row, contact_id: str) -> Known:
    return Known(
        email_key=row.email_key or "",
        contact_id=contact_id,
        starts_at=row.starts_at,
        event_id=row.event_id,
    )
