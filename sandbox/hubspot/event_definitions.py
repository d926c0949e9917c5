"""The types of custom events that an account has defined.

HubSpot docs, custom events: Enterprise only; at most 500 definitions with 50
properties each; names of at most 50 characters.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from sandbox.hubspot.api import NO_CONTENT, Call, Operation, Reply
from sandbox.hubspot.clock import to_iso
from sandbox.hubspot.errors import PORTAL_ID, ApiError, invalid, not_found
from sandbox.hubspot.properties import Option  # noqa: TC001 - msgspec reads it
from sandbox.hubspot.records import to_json

MAX_DEFINITIONS, MAX_PROPERTIES, MAX_NAME = 500, 50, 50
_NAME = re.compile(r"[a-z][a-z0-9_-]*")


class NewEventProperty(msgspec.Struct):
    """A property of an event type."""

    label: str
    type: str
    name: str | None = None
    description: str = ""
    options: list[Option] = []


class NewDefinition(msgspec.Struct, rename="camel"):
    """Body of a definition's create."""

    label: str
    property_definitions: list[NewEventProperty] = []
    include_default_properties: bool = False
    name: str | None = None
    description: str = ""
    primary_object: str = "CONTACT"


class ChangedDefinition(msgspec.Struct):
    """Body of a definition's update."""

    label: str | None = None
    description: str | None = None


def create(call: Call) -> Reply:
    """Define an event type."""
    new = call.body
    check_tier(call)
    name = new.name or re.sub(r"[^a-z0-9]+", "_", new.label.lower()).strip("_")
    # HubSpot docs, event definitions: names, 500 definitions, 50 properties each.
    if not _NAME.fullmatch(name) or len(name) > MAX_NAME:
        raise invalid(f"Event name {name!r} is not valid")
    (count,) = call.db.execute("SELECT count(*) FROM hs_event_definition").fetchone()
    if count >= MAX_DEFINITIONS:
        raise invalid(f"At most {MAX_DEFINITIONS} event definitions are allowed")
    if len(new.property_definitions) > MAX_PROPERTIES:
        raise invalid(f"At most {MAX_PROPERTIES} properties are allowed")
    body = _to_definition(call, new, name)
    full = body["fullyQualifiedName"]
    done = call.db.execute(
        "INSERT OR IGNORE INTO hs_event_definition VALUES (?, ?)", (full, to_json(body))
    )
    if not done.rowcount:
        raise ApiError(409, "OBJECT_ALREADY_EXISTS", f"{full} already exists")
    return Reply(body)


def list_all(call: Call) -> Reply:
    """Return every event type."""
    rows = call.db.execute("SELECT body FROM hs_event_definition ORDER BY name")
    found = [msgspec.json.decode(body) for (body,) in rows]
    return Reply({"total": len(found), "results": found})


def read(call: Call) -> Reply:
    """Return one event type."""
    return Reply(find_definition(call, call.path["name"]))


def update(call: Call) -> Reply:
    """Change what an event type is called."""
    body = find_definition(call, call.path["name"])
    if call.body.label is not None:
        body["labels"] = {"singular": call.body.label}
    if call.body.description is not None:
        body["description"] = call.body.description
    _store(call, body)
    return Reply(body)


def add_property(call: Call) -> Reply:
    """Give an event type one more property."""
    body = find_definition(call, call.path["name"])
    # HubSpot docs, event definitions: 50 properties each.
    if len(body["properties"]) >= MAX_PROPERTIES:
        raise invalid(f"At most {MAX_PROPERTIES} properties are allowed")
    made = _to_property(call.body)
    if made["name"] in {one["name"] for one in body["properties"]}:
        raise ApiError(
            409, "OBJECT_ALREADY_EXISTS", f"Property {made['name']} already exists"
        )
    body["properties"].append(made)
    _store(call, body)
    return Reply(made)


def archive(call: Call) -> Reply:
    """Remove an event type and everything that was recorded with it."""
    name = find_definition(call, call.path["name"])["fullyQualifiedName"]
    call.db.execute("DELETE FROM hs_event_definition WHERE name = ?", (name,))
    call.db.execute("DELETE FROM hs_event_occurrence WHERE name = ?", (name,))
    return NO_CONTENT


def check_tier(call: Call) -> None:
    """Refuse an account whose subscription has no custom events."""
    # HubSpot docs, custom events: Enterprise subscriptions only.
    if not call.account.tier.custom_events:
        raise ApiError(
            403,
            "MISSING_SCOPES",
            "The account's subscription does not include custom events.",
        )


def find_definition(call: Call, name: str, *, status: int = 404) -> dict[str, Any]:
    """Return an event type by its short or full name."""
    row = call.db.execute(
        "SELECT body FROM hs_event_definition WHERE name IN (?, ?)",
        (name, f"pe{PORTAL_ID}_{name}"),
    ).fetchone()
    if row is not None:
        body: dict[str, Any] = msgspec.json.decode(row[0])
        return body
    message = f"Event definition {name} does not exist"
    # HubSpot docs, event definitions: known by their name or full name.
    raise invalid(message) if status != 404 else not_found(message)  # noqa: PLR2004


def _store(call: Call, body: dict[str, Any]) -> None:
    body["updatedAt"] = to_iso(call.now)
    call.db.execute(
        "UPDATE hs_event_definition SET body = ? WHERE name = ?",
        (to_json(body), body["fullyQualifiedName"]),
    )


def _to_definition(call: Call, new: NewDefinition, name: str) -> dict[str, Any]:
    (number,) = call.account.next_ids(call.db, 1)
    return {
        "id": str(number),
        "objectTypeId": f"6-{number}",
        "name": name,
        "fullyQualifiedName": f"pe{PORTAL_ID}_{name}",
        "labels": {"singular": new.label},
        "description": new.description,
        "primaryObject": new.primary_object,
        "archived": False,
        "associations": [],
        "properties": [_to_property(one) for one in new.property_definitions],
        "createdAt": to_iso(call.now),
        "updatedAt": to_iso(call.now),
    }


def _to_property(new: NewEventProperty) -> dict[str, Any]:
    return {
        "name": new.name or re.sub(r"[^a-z0-9]+", "_", new.label.lower()).strip("_"),
        "label": new.label,
        "type": new.type,
        "fieldType": "select" if new.type == "enumeration" else "text",
        "description": new.description,
        "groupName": "custom_event_properties",
        "options": msgspec.to_builtins(new.options),
    }


_DEFINE = frozenset({"behavioral_events.event_definitions.read_write"})


def _definitions(method: str, path: str, handler: Any, body: Any = None) -> Operation:
    return Operation(
        method=method,
        base="events",
        path="/event-definitions" + path,
        handler=handler,
        body=body,
        scopes=_DEFINE,
    )


OPERATIONS = (
    _definitions("POST", "", create, NewDefinition),
    _definitions("GET", "", list_all),
    _definitions("GET", "/{name}", read),
    _definitions("PATCH", "/{name}", update, ChangedDefinition),
    _definitions("DELETE", "/{name}", archive),
    _definitions("POST", "/{name}/property", add_property, NewEventProperty),
)
