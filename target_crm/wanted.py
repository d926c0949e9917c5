"""What a contact should hold, compared with what it is known to hold. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from target_crm.crm import Contact
from target_crm.ledger import Known
from target_crm.rows import PERSON_FIELDS, WINDOWS
from target_crm.values import CLEARED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_crm.crm import Found
    from target_crm.mapping import PropertySet
    from target_crm.rows import Row

FILLED = "(filled)"  # stands in a plan for what says who somebody is


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A row with the properties it asks for.

    Attributes:
        row: The row.
        wanted: Property values the row asks for.
        known: What the contact is known to hold; None if nothing is known.
        exists: Whether the contact exists; None if nobody asked.
    """

    row: Row
    wanted: Mapping[str, str]
    known: Known | None = None
    exists: bool | None = None


def to_wish(properties: PropertySet, row: Row, known: Known | None) -> Wish:
    """Return what a row asks for, given what is known of its contact.

    Raises:
        RowRejected: A value does not fit its property.
    """
    wanted = properties.to_properties(row)
    wanted |= _tracked(properties, wanted, known, row)
    return Wish(row=row, wanted=wanted, known=known)


def with_found(properties: PropertySet, wish: Wish, found: Found | None) -> Wish:
    """Return the wish, knowing what the CRM really holds."""
    if found is None:
        return replace(wish, known=None, exists=False)
    before = wish.known
    starts_at = _held(properties, found, "event_starts_at")
    is_ours = before is not None and before.starts_at.startswith(starts_at)
    known = Known(
        email_key=wish.row.email_key or "",
        contact_id=found.contact_id,
        starts_at=starts_at,
        event_id=before.event_id if before and is_ours else "",
        properties=found.properties,
    )
    tracked = _tracked(properties, wish.wanted, known, wish.row)
    wanted = {**wish.wanted, **tracked}
    return replace(wish, wanted=wanted, known=known, exists=True)


def is_superseded(wish: Wish) -> bool:
    """Tell whether the contact holds the scores of a newer event.

    An event read from the CRM has no id there: then the start alone decides. The same
    event is never newer than itself, even if it was moved to an earlier day.
    """
    return wish.known is not None and is_older(wish.row, wish.known)


def is_older(row: Row, known: Known) -> bool:
    """Tell whether a row is of an older event than what is known of a contact."""
    if known.event_id == row.event_id:
        return False
    if known.event_id:
        return known.age > row.age
    return known.starts_at > row.starts_at


def changes(properties: PropertySet, wish: Wish) -> dict[str, tuple[str, str]]:
    """Return what would change: property to the value before and the value after."""
    held = wish.known.properties if wish.known else {}
    return {
        name: (held.get(name, CLEARED), text)
        for name, text in wish.wanted.items()
        if held.get(name, CLEARED) != text
        and not (name in properties.fill_only and held.get(name))
    }


def told_changes(
    properties: PropertySet, changed: Mapping[str, tuple[str, str]]
) -> dict[str, tuple[str, str]]:
    """Return changes as a plan tells them: what says who somebody is, is not told."""
    told = dict(changed)
    for name, (before, after) in changed.items():
        spec = properties.properties[name]
        if name in properties.fill_only or spec.source in PERSON_FIELDS:
            told[name] = (before and FILLED, after and FILLED)
    return told


def is_reason_to_write(
    properties: PropertySet, changed: Mapping[str, tuple[str, str]]
) -> bool:
    """Tell whether changes are worth a write: volatile ones alone are not."""
    return any(not properties.properties[name].volatile for name in changed)


def to_payload(properties: PropertySet, wish: Wish) -> dict[str, str]:
    """Return what to send: all our properties, and what may be filled.

    All of them: the CRM chooses whether it sends only what changed.
    """
    held = wish.known.properties if wish.known else {}
    return {
        name: text
        for name, text in wish.wanted.items()
        if not (name in properties.fill_only and held.get(name))
    }


def to_contact(properties: PropertySet, wish: Wish) -> Contact:
    """Return a wish in the form in which a CRM takes it."""
    values = wish.row.values
    payload = to_payload(properties, wish)
    known = wish.known
    return Contact(
        email_key=wish.row.email_key or "",
        properties=payload,
        contact_id=known.contact_id if known else "",
        changed=(
            frozenset(changes(properties, wish)) & payload.keys() if known else None
        ),
        person={name: str(values[name]) for name in PERSON_FIELDS if values.get(name)},
    )


def without_id(wish: Wish) -> Wish:
    """Return the wish of somebody whose contact is not there any more."""
    known = replace(wish.known, contact_id="") if wish.known else None
    return replace(wish, known=known)


def accepted(properties: PropertySet, wish: Wish, contact_id: str | None) -> Known:
    """Return what is known once the CRM has accepted a wish.

    What it was told, and what it holds beside that: a name that somebody typed is
    known as it is, not as the row has it.
    """
    before = wish.known
    held = before.properties if before else {}
    kept = {name: text for name, text in held.items() if text}
    return Known(
        email_key=wish.row.email_key or "",
        contact_id=contact_id or (before.contact_id if before else ""),
        starts_at=wish.row.starts_at,
        event_id=wish.row.event_id,
        properties={**kept, **to_payload(properties, wish)},
    )


def _tracked(
    properties: PropertySet,
    wanted: Mapping[str, str],
    known: Known | None,
    row: Row,
) -> dict[str, str]:
    """Return the level before and since when, carried on while the level stays."""
    found: dict[str, str] = {}
    sources = properties.by_source
    for window in WINDOWS:
        level = sources.get(f"{window}_level")
        previous = sources.get(f"{window}_level_previous")
        since = sources.get(f"{window}_level_since")
        if level is None or level.name not in wanted:
            continue
        held = known.properties if known else {}
        before, now = held.get(level.name, CLEARED), wanted[level.name]
        if previous:
            kept = held.get(previous.name, CLEARED)
            found[previous.name] = kept if before == now else before
        if since:
            kept = held.get(since.name, CLEARED)
            found[since.name] = (
                kept if before == now else (row.starts_at if now else CLEARED)
            )
    return found


def _held(properties: PropertySet, found: Found, source: str) -> str:
    spec = properties.by_source.get(source)
    return found.properties.get(spec.name, "") if spec else ""
