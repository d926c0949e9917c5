"""Custom events: definitions, occurrences, and what a contact did.

HubSpot docs, custom events: Enterprise only; 500 inputs to a batch, answered 204
without a body; 50 properties of at most 256 characters; a `uuid` counts once for each
event type and year.
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from sandbox.hubspot import records
from sandbox.hubspot.api import NO_CONTENT, Call, Operation, Reply
from sandbox.hubspot.batches import to_number
from sandbox.hubspot.clock import to_iso, to_seconds
from sandbox.hubspot.definitions import CONTACT
from sandbox.hubspot.errors import PORTAL_ID, ApiError, invalid, not_found
from sandbox.hubspot.objects import to_limit
from sandbox.hubspot.properties import Option  # noqa: TC001 - msgspec reads it
from sandbox.hubspot.records import to_json
from sandbox.hubspot.rows import check_size

if TYPE_CHECKING:
    from collections.abc import Mapping


MAX_INPUTS, MAX_DEFINITIONS, MAX_PROPERTIES = 500, 500, 50
MAX_VALUE, MAX_NAME = 256, 50
YEAR_S = 365 * 86_400
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


class Occurrence(msgspec.Struct, rename="camel"):
    """Something that a contact did."""

    event_name: str
    properties: dict[str, str] = {}
    object_id: str | None = None
    email: str | None = None
    utk: str | None = None
    occurred_at: str | None = None
    uuid: str | None = None


class Occurrences(msgspec.Struct):
    """Body of a batch."""

    inputs: list[Occurrence]


def create(call: Call) -> Reply:
    """Define an event type."""
    new = call.body
    _check_tier(call)
    name = new.name or re.sub(r"[^a-z0-9]+", "_", new.label.lower()).strip("_")
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
    return Reply(_definition(call, call.path["name"]))


def update(call: Call) -> Reply:
    """Change what an event type is called."""
    body = _definition(call, call.path["name"])
    if call.body.label is not None:
        body["labels"] = {"singular": call.body.label}
    if call.body.description is not None:
        body["description"] = call.body.description
    _store(call, body)
    return Reply(body)


def add_property(call: Call) -> Reply:
    """Give an event type one more property."""
    body = _definition(call, call.path["name"])
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
    name = _definition(call, call.path["name"])["fullyQualifiedName"]
    call.db.execute("DELETE FROM hs_event_definition WHERE name = ?", (name,))
    call.db.execute("DELETE FROM hs_event_occurrence WHERE name = ?", (name,))
    return NO_CONTENT


def send(call: Call) -> Reply:
    """Record one occurrence."""
    _check_tier(call)
    _record(call, call.body)
    return NO_CONTENT


def send_batch(call: Call) -> Reply:
    """Record occurrences; no answer tells what became of each."""
    _check_tier(call)
    check_size(call.body.inputs, MAX_INPUTS)
    for one in call.body.inputs:
        _record(call, one)
    return NO_CONTENT


def list_occurrences(call: Call) -> Reply:
    """Return what one contact did, the latest first."""
    number = to_number(call.query.get("objectId", ""))
    limit = to_limit(call.query.get("limit", "20"), 100)
    kind = call.query.get("eventType", "")
    rows = call.db.execute(
        "SELECT name, uuid, contact_id, at, properties FROM hs_event_occurrence "
        "WHERE contact_id = ? AND ? IN ('', name) "
        "ORDER BY at DESC, position DESC LIMIT ?",
        (number, kind, limit),
    )
    results = [
        {
            "id": one,
            "eventType": name,
            "objectType": "CONTACT",
            "objectId": str(contact_id),
            "occurredAt": to_iso(at),
            "properties": msgspec.json.decode(properties),
        }
        for name, one, contact_id, at, properties in rows
    ]
    return Reply({"results": results})


def list_types(call: Call) -> Reply:
    """Return the names of every event type."""
    rows = call.db.execute("SELECT name FROM hs_event_definition ORDER BY name")
    return Reply({"eventTypes": [name for (name,) in rows]})


def _check_tier(call: Call) -> None:
    if not call.account.tier.custom_events:
        raise ApiError(
            403,
            "MISSING_SCOPES",
            "The account's subscription does not include custom events.",
        )


def _record(call: Call, one: Occurrence) -> None:
    definition = _definition(call, one.event_name, status=400)
    _check_values(definition, one.properties)
    contact_id = _contact(call, one)
    if contact_id is None:  # nobody to record it for; no answer says so
        return
    at = _moment(call, one.occurred_at)
    unique = one.uuid or str(uuid.UUID(int=call.chance.getrandbits(128), version=4))
    call.db.execute(
        "DELETE FROM hs_event_occurrence WHERE name = ? AND uuid = ? AND at < ?",
        (definition["fullyQualifiedName"], unique, at - YEAR_S),
    )
    call.db.execute(
        "INSERT OR IGNORE INTO hs_event_occurrence "
        "(name, uuid, contact_id, at, properties) VALUES (?, ?, ?, ?, ?)",
        (
            definition["fullyQualifiedName"],
            unique,
            contact_id,
            at,
            to_json(one.properties),
        ),
    )


def _check_values(definition: dict[str, Any], values: Mapping[str, str]) -> None:
    known = {one["name"] for one in definition["properties"]}
    for name, value in values.items():
        if name not in known:
            raise invalid(f"Property {name} is not defined for the event")
        if len(value) > MAX_VALUE:
            raise invalid(f"Property {name} is longer than {MAX_VALUE}")


def _contact(call: Call, one: Occurrence) -> int | None:
    """Return whose event it is: objectId goes before email (HubSpot docs)."""
    if one.object_id is not None:
        number = to_number(one.object_id)
        found = records.load(call.db, CONTACT, [number])
        return found[number].id if number in found else None
    if one.email is not None:
        email = one.email.strip().lower()
        return records.find(call.db, CONTACT, "email", [email]).get(email)
    raise invalid("One of objectId, email or utk is required")


def _moment(call: Call, text: str | None) -> float:
    if text is None:
        return call.now
    try:
        return to_seconds(text)
    except ValueError as error:
        raise invalid("occurredAt must be an ISO 8601 time with a zone") from error


def _definition(call: Call, name: str, *, status: int = 404) -> dict[str, Any]:
    row = call.db.execute(
        "SELECT body FROM hs_event_definition WHERE name IN (?, ?)",
        (name, f"pe{PORTAL_ID}_{name}"),
    ).fetchone()
    if row is not None:
        body: dict[str, Any] = msgspec.json.decode(row[0])
        return body
    message = f"Event definition {name} does not exist"
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
_SEND = frozenset({"analytics.behavioral_events.send"})
_READ = frozenset({"business-intelligence"})


def _definitions(method: str, path: str, handler: Any, body: Any = None) -> Operation:
    return Operation(
        method=method,
        base="events",
        path="/event-definitions" + path,
        handler=handler,
        body=body,
        scopes=_DEFINE,
    )


def _sends(path: str, handler: Any, body: Any) -> Operation:
    return Operation(
        method="POST",
        base="events",
        path=path,
        handler=handler,
        body=body,
        scopes=_SEND,
    )


def _reads(path: str, handler: Any) -> Operation:
    return Operation(
        method="GET", base="occurrences", path=path, handler=handler, scopes=_READ
    )


OPERATIONS = (
    _definitions("POST", "", create, NewDefinition),
    _definitions("GET", "", list_all),
    _definitions("GET", "/{name}", read),
    _definitions("PATCH", "/{name}", update, ChangedDefinition),
    _definitions("DELETE", "/{name}", archive),
    _definitions("POST", "/{name}/property", add_property, NewEventProperty),
    _sends("/send", send, Occurrence),
    _sends("/send/batch", send_batch, Occurrences),
    _reads("", list_occurrences),
    _reads("/", list_occurrences),
    _reads("/event-types", list_types),
)
