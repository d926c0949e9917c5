"""Links between records: a note belongs to contacts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sandbox.hubspot import records
from sandbox.hubspot.definitions import CONTACT
from sandbox.hubspot.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.hubspot.api import Call
    from sandbox.hubspot.records import Record

NOTE_TO_CONTACT = 202  # HubSpot docs, association type ids


class Target(msgspec.Struct):
    """The other record."""

    id: str | int


class LinkType(msgspec.Struct, rename="camel"):
    """What kind of link it is."""

    association_category: str
    association_type_id: int


class Association(msgspec.Struct):
    """One link of a new record."""

    to: Target
    types: list[LinkType]


def associate(call: Call, record: Record, links: Sequence[Association]) -> None:
    """Link a new record to contacts.

    Raises:
        ApiError: The kind of link or the contact does not exist.
    """
    # HubSpot docs, notes: association type 202, note to contact; wording inferred.
    for link in links:
        for kind in link.types:
            if (kind.association_category, kind.association_type_id) != (
                "HUBSPOT_DEFINED",
                NOTE_TO_CONTACT,
            ):
                raise invalid(
                    f"{kind.association_category} association type "
                    f"{kind.association_type_id} is not valid from {record.kind}"
                )
        text = str(link.to.id)
        number = int(text) if text.isdecimal() else -1
        found = records.load(call.db, CONTACT, [number])
        if number not in found:
            raise invalid(f"Contact {text} does not exist and cannot be associated")
        call.db.execute(
            "INSERT OR IGNORE INTO hs_association VALUES (?, ?, ?)",
            (record.id, found[number].id, NOTE_TO_CONTACT),
        )
