"""Timeline events of apps: templates of version 3, event types of dated versions.

HubSpot docs, timeline events: scope ``timeline``; an event cannot be changed; its id
is unique for each template, and if two records get the same id, the last one wins.
HubSpot's specification of app events, 2026-03: an id that is there is answered 409.
The sandbox's app has one template and one event type, with fixed tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sandbox.hubspot import records
from sandbox.hubspot.api import NO_CONTENT, Call, Operation, Reply
from sandbox.hubspot.batches import to_number
from sandbox.hubspot.clock import to_iso, to_seconds
from sandbox.hubspot.definitions import CONTACT
from sandbox.hubspot.errors import ApiError, invalid, not_found
from sandbox.hubspot.records import to_json
from sandbox.hubspot.rows import check_size

if TYPE_CHECKING:
    from collections.abc import Mapping

TEMPLATE_ID = "1001"
EVENT_TYPE = "webinar_engagement"
TOKENS = frozenset(
    {
        "webinar",
        "live_lead_score",
        "live_level",
        "live_rank",
        "on_demand_lead_score",
        "on_demand_level",
        "on_demand_rank",
        "reasons",
    }
)
MAX_INPUTS = 100  # of the first version; the others state none
_SCOPES = frozenset({"timeline"})


class TimelineEvent(msgspec.Struct, rename="camel"):
    """An event of version 3."""

    event_template_id: str
    tokens: dict[str, str]
    id: str = ""
    object_id: str = ""
    timestamp: str | None = None


class TimelineEvents(msgspec.Struct):
    """Body of version 3."""

    inputs: list[TimelineEvent]


class AppEvent(msgspec.Struct, rename="camel", omit_defaults=True):
    """An event of a dated version."""

    event_type_name: str
    id: str
    properties: dict[str, str]
    object_id: str = ""
    timestamp: str | None = None


class AppEvents(msgspec.Struct):
    """Body of a dated version."""

    inputs: list[AppEvent]


def create_timeline_events(call: Call) -> Reply:
    """Record events of a template; no answer tells what became of each."""
    check_size(call.body.inputs, MAX_INPUTS)
    # HubSpot's published shapes name the template; the refusal is inferred.
    for one in call.body.inputs:
        if one.event_template_id != TEMPLATE_ID:
            raise not_found(f"No event template {one.event_template_id!r}")
        contact_id = _check(call, one.object_id, one.tokens)
        unique = one.id or f"{call.chance.getrandbits(128):032x}"
        held = _holder(call, TEMPLATE_ID, unique)
        if held != contact_id:  # another record's: the last one wins
            _record(call, (TEMPLATE_ID, unique), contact_id, one.tokens, one.timestamp)
    return NO_CONTENT


def create_app_events(call: Call) -> Reply:
    """Record events of a type, and tell each."""
    check_size(call.body.inputs, MAX_INPUTS)
    results = []
    # HubSpot docs, app events: the type must exist, and an event is immutable.
    for one in call.body.inputs:
        if one.event_type_name != EVENT_TYPE:
            raise not_found(f"No event type {one.event_type_name!r}")
        contact_id = _check(call, one.object_id, one.properties)
        if _holder(call, EVENT_TYPE, one.id) is not None:
            raise ApiError(409, "CONFLICT", f"Event {one.id} already exists")
        key = (EVENT_TYPE, one.id)
        _record(call, key, contact_id, one.properties, one.timestamp)
        results.append(one)
    now = to_iso(call.now)
    times = {"startedAt": now, "completedAt": now}
    return Reply({"status": "COMPLETE", "results": results, **times})


def _check(call: Call, object_id: str, values: Mapping[str, str]) -> int:
    """Return whose event it is, if what it says can be taken."""
    unknown = sorted(values.keys() - TOKENS)
    # HubSpot docs, timeline events: only tokens that the template defines.
    if unknown:
        raise invalid(f"Token {unknown[0]} is not defined")
    number = to_number(object_id)
    found = records.load(call.db, CONTACT, [number])
    if number not in found:
        raise invalid(f"Object {object_id!r} does not exist")
    return found[number].id


def _holder(call: Call, kind: str, unique: str) -> int | None:
    row = call.db.execute(
        "SELECT contact_id FROM hs_app_event WHERE kind = ? AND id = ?", (kind, unique)
    ).fetchone()
    return row[0] if row else None


def _record(
    call: Call,
    key: tuple[str, str],
    contact_id: int,
    values: Mapping[str, str],
    timestamp: str | None,
) -> None:
    # HubSpot's published shapes: an ISO 8601 date-time.
    try:
        at = to_seconds(timestamp) if timestamp else call.now
    except ValueError as error:
        raise invalid("timestamp must be an ISO 8601 time with a zone") from error
    call.db.execute(
        "INSERT OR REPLACE INTO hs_app_event (kind, id, contact_id, at, tokens) "
        "VALUES (?, ?, ?, ?, ?)",
        (*key, contact_id, at, to_json(values)),
    )


OPERATIONS = (
    Operation(
        method="POST",
        base="timeline",
        path="/events/batch/create",
        handler=create_timeline_events,
        body=TimelineEvents,
        scopes=_SCOPES,
    ),
    Operation(
        method="POST",
        base="app_events",
        path="/events/batch",
        handler=create_app_events,
        body=AppEvents,
        scopes=_SCOPES,
    ),
)
