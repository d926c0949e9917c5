"""Who took part in which marketing event, and for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sandbox.hubspot import records
from sandbox.hubspot.api import Call, Reply
from sandbox.hubspot.batches import to_number
from sandbox.hubspot.clock import to_iso, to_seconds
from sandbox.hubspot.definitions import CONTACT
from sandbox.hubspot.errors import not_found
from sandbox.hubspot.marketing_rows import (
    MarketingEvent,
    by_object_id,
    find,
    operation,
    to_counters,
)
from sandbox.hubspot.objects import to_limit

if TYPE_CHECKING:
    import sqlite3


def count_by_external_id(call: Call) -> Reply:
    """Return how many are in each state."""
    return Reply(to_counters(call, _named(call)))


def count_by_id(call: Call) -> Reply:
    """Return how many are in each state."""
    return Reply(to_counters(call, by_object_id(call)))


def list_by_external_id(call: Call) -> Reply:
    """Return everyone's part in an event."""
    return _to_breakdown(call, "event_id = ?", _named(call).id)


def list_by_id(call: Call) -> Reply:
    """Return everyone's part in an event."""
    return _to_breakdown(call, "event_id = ?", by_object_id(call).id)


def list_by_contact(call: Call) -> Reply:
    """Return one contact's part in all events, by id or e-mail address."""
    text = call.path["contact"].lower()
    number = to_number(text)
    if "@" in text:
        number = records.find(call.db, CONTACT, "email", [text]).get(text, -1)
    return _to_breakdown(call, "contact_id = ?", number)


def _named(call: Call) -> MarketingEvent:
    event = find(call.db, call.path["account"], call.path["event"])
    # HubSpot docs, error handling: 404 for what does not exist.
    if event is None:
        raise not_found(f"Marketing event {call.path['event']} does not exist")
    return event


def _to_breakdown(call: Call, where: str, number: int) -> Reply:
    limit = to_limit(call.query.get("limit", "100"), 100)
    after = max(0, to_number(call.query.get("after", "0")))
    rows = call.db.execute(
        "SELECT position, event_id, contact_id, state, at, properties "  # noqa: S608
        f"FROM hs_participation WHERE {where} AND position > ? "
        "ORDER BY position LIMIT ?",
        (number, after, limit + 1),
    ).fetchall()
    (total,) = call.db.execute(
        f"SELECT count(*) FROM hs_participation WHERE {where}",  # noqa: S608
        (number,),
    ).fetchone()
    body: dict[str, Any] = {
        "total": total,
        "results": [_to_participation(call.db, row) for row in rows[:limit]],
    }
    if len(rows) > limit:
        body["paging"] = {"next": {"after": str(rows[limit - 1][0])}}
    return Reply(body)


def _to_participation(db: sqlite3.Connection, row: tuple[Any, ...]) -> dict[str, Any]:
    position, event_id, contact_id, state, at, properties = row
    account, external, body = db.execute(
        "SELECT account, external_id, body FROM hs_marketing_event WHERE id = ?",
        (event_id,),
    ).fetchone()
    event = msgspec.json.decode(body)
    contact = records.load(db, CONTACT, [contact_id])[contact_id].properties
    over = event.get("eventCompleted") and state == "REGISTERED"
    return {
        "id": str(position),
        "createdAt": to_iso(at),
        "properties": {
            "occurredAt": int(at * 1000),
            "attendanceState": "NO_SHOW" if over else state,
            **_to_duration(event, msgspec.json.decode(properties)),
        },
        "associations": {
            "contact": {
                "contactId": str(contact_id),
                "email": contact.get("email", ""),
                "firstname": contact.get("firstname", ""),
                "lastname": contact.get("lastname", ""),
            },
            "marketingEvent": {
                "marketingEventId": str(event_id),
                "externalAccountId": account,
                "externalEventId": external,
                "name": event["eventName"],
            },
        },
    }


def _to_duration(event: dict[str, Any], properties: dict[str, str]) -> dict[str, Any]:
    """HubSpot docs: joinedAt and leftAt give the duration once the event is over."""
    if not event.get("eventCompleted") or not {"joinedAt", "leftAt"} <= {*properties}:
        return {}
    seconds = to_seconds(properties["leftAt"]) - to_seconds(properties["joinedAt"])
    span = to_seconds(event["endDateTime"]) - to_seconds(event["startDateTime"])
    share = {"attendancePercentage": f"{100 * seconds / span:.2f}"} if span > 0 else {}
    return {"attendanceDurationSeconds": int(seconds), **share}


OPERATIONS = (
    operation(
        "GET",
        "/participations/contacts/{contact}/breakdown",
        list_by_contact,
        writes=False,
    ),
    operation("GET", "/participations/{id:int}/breakdown", list_by_id, writes=False),
    operation("GET", "/participations/{id:int}", count_by_id, writes=False),
    operation(
        "GET",
        "/participations/{account}/{event}/breakdown",
        list_by_external_id,
        writes=False,
    ),
    operation(
        "GET", "/participations/{account}/{event}", count_by_external_id, writes=False
    ),
)
