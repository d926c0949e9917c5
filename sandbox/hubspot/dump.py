"""What the account holds, told without ids and times: equal accounts, equal text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sandbox.hubspot.definitions import CONTACT
from sandbox.hubspot.records import load_all

if TYPE_CHECKING:
    import sqlite3


def to_dump(db: sqlite3.Connection) -> str:
    """Return contacts, their timelines and the properties as canonical JSON."""
    contacts = load_all(db, CONTACT)
    names = {c.id: c.properties.get("email") or f"contact {c.id}" for c in contacts}
    held = {
        "contacts": {
            names[contact.id]: {
                "properties": {k: v for k, v in contact.properties.items() if v},
                "notes": _notes(db, contact.id),
                "attendance": _attendance(db, contact.id),
                "events": _events(db, contact.id),
                "app_events": _app_events(db, contact.id),
            }
            for contact in contacts
        },
        "marketing_events": _marketing_events(db),
        "properties": _custom_properties(db),
    }
    return msgspec.json.encode(held, order="deterministic").decode()


def _notes(db: sqlite3.Connection, contact_id: int) -> list[Any]:
    rows = db.execute(
        "SELECT properties FROM hs_object JOIN hs_association ON from_id = id "
        "WHERE to_id = ? AND archived IS NULL ORDER BY properties",
        (contact_id,),
    )
    return [msgspec.json.decode(text) for (text,) in rows]


def _attendance(db: sqlite3.Connection, contact_id: int) -> list[Any]:
    rows = db.execute(
        "SELECT account, external_id, state, at, properties FROM hs_participation "
        "JOIN hs_marketing_event ON event_id = id WHERE contact_id = ? "
        "ORDER BY account, external_id",
        (contact_id,),
    )
    return [list(row) for row in rows]


def _events(db: sqlite3.Connection, contact_id: int) -> list[Any]:
    rows = db.execute(
        "SELECT name, uuid, at, properties FROM hs_event_occurrence "
        "WHERE contact_id = ? ORDER BY name, uuid, at",
        (contact_id,),
    )
    return [list(row) for row in rows]


def _app_events(db: sqlite3.Connection, contact_id: int) -> list[Any]:
    rows = db.execute(
        "SELECT kind, id, at, tokens FROM hs_app_event WHERE contact_id = ? "
        "ORDER BY kind, id",
        (contact_id,),
    )
    return [list(row) for row in rows]


def _marketing_events(db: sqlite3.Connection) -> list[Any]:
    rows = db.execute(
        "SELECT account, external_id, body FROM hs_marketing_event "
        "ORDER BY account, external_id"
    )
    return [[account, key, msgspec.json.decode(body)] for account, key, body in rows]


def _custom_properties(db: sqlite3.Connection) -> list[Any]:
    bodies = [
        msgspec.json.decode(body)
        for (body,) in db.execute("SELECT body FROM hs_property ORDER BY type, name")
    ]
    return [
        {k: body[k] for k in ("name", "label", "type", "fieldType", "groupName")}
        for body in bodies
        if not body.get("hubspotDefined")
    ]
