"""Custom events: what contacts did, sent one by one or in batches.

HubSpot docs, custom events: 500 inputs to a batch, answered 204 without a body; values
of at most 256 characters; a `uuid` counts once for each event type and year.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from sandbox.hubspot import records
from sandbox.hubspot.api import NO_CONTENT, Call, Operation, Reply
from sandbox.hubspot.batches import to_number
from sandbox.hubspot.clock import to_iso, to_seconds
from sandbox.hubspot.definitions import CONTACT
from sandbox.hubspot.errors import invalid
from sandbox.hubspot.event_definitions import check_tier, find_definition
from sandbox.hubspot.objects import to_limit
from sandbox.hubspot.records import to_json
from sandbox.hubspot.rows import check_size

if TYPE_CHECKING:
    from collections.abc import Mapping


MAX_INPUTS, MAX_VALUE = 500, 256
YEAR_S = 365 * 86_400


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


def send(call: Call) -> Reply:
    """Record one occurrence."""
    check_tier(call)
    _record(call, call.body)
    return NO_CONTENT


def send_batch(call: Call) -> Reply:
    """Record occurrences; no answer tells what became of each."""
    check_tier(call)
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


def _record(call: Call, one: Occurrence) -> None:
    definition = find_definition(call, one.event_name, status=400)
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
    # HubSpot docs, custom events: defined properties only, at most 256 characters.
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
    # HubSpot's published shapes: an ISO 8601 date-time.
    try:
        return to_seconds(text)
    except ValueError as error:
        raise invalid("occurredAt must be an ISO 8601 time with a zone") from error


_SEND = frozenset({"analytics.behavioral_events.send"})
_READ = frozenset({"business-intelligence"})


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
    _sends("/send", send, Occurrence),
    _sends("/send/batch", send_batch, Occurrences),
    _reads("", list_occurrences),
    _reads("/", list_occurrences),
    _reads("/event-types", list_types),
)
