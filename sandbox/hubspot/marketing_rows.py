"""Marketing events as rows: found, written, and how many took part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from sandbox.hubspot.api import Call, Operation
from sandbox.hubspot.clock import to_iso, to_seconds
from sandbox.hubspot.errors import invalid, not_found
from sandbox.hubspot.records import to_json

if TYPE_CHECKING:
    import sqlite3


@dataclass(slots=True, kw_only=True)
class MarketingEvent:
    """An event as it is stored."""

    id: int
    account: str
    external_id: str
    body: dict[str, Any]
    created: float
    updated: float

    def to_body(self) -> dict[str, Any]:
        """Return the event as writes and reads answer it."""
        return {
            "customProperties": [],
            **self.body,
            "id": str(self.id),
            "objectId": str(self.id),
            "createdAt": to_iso(self.created),
            "updatedAt": to_iso(self.updated),
        }

    @property
    def span(self) -> tuple[float, float] | None:
        """Return when the event began and ended, if both are known."""
        start, end = self.body.get("startDateTime"), self.body.get("endDateTime")
        return (to_seconds(start), to_seconds(end)) if start and end else None


def find(db: sqlite3.Connection, account: str, external: str) -> MarketingEvent | None:
    """Return the event with an external id, if there is one."""
    row = db.execute(
        "SELECT * FROM hs_marketing_event WHERE account = ? AND external_id = ?",
        (account, external),
    ).fetchone()
    return None if row is None else to_event(row)


def by_external_id(call: Call) -> MarketingEvent:
    """Return the event the path and `externalAccountId` name, or answer 404."""
    account = call.query.get("externalAccountId")
    # HubSpot's published shapes: the account is a required part of the key.
    if not account:
        raise invalid("externalAccountId is required")
    event = find(call.db, account, call.path["event"])
    if event is None:
        raise not_found(f"Marketing event {call.path['event']} does not exist")
    return event


def by_object_id(call: Call) -> MarketingEvent:
    """Return the event with the record id of the path, or answer 404."""
    row = call.db.execute(
        "SELECT * FROM hs_marketing_event WHERE id = ?", (call.path["id"],)
    ).fetchone()
    # HubSpot docs, error handling: 404 for what does not exist.
    if row is None:
        raise not_found(f"Marketing event {call.path['id']} does not exist")
    return to_event(row)


def store(call: Call, event: MarketingEvent) -> MarketingEvent:
    """Write an event."""
    event.updated = call.now
    call.db.execute(
        "INSERT INTO hs_marketing_event VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET body = excluded.body, "
        "updated = excluded.updated",
        (
            event.id,
            event.account,
            event.external_id,
            to_json(event.body),
            event.created,
            event.updated,
        ),
    )
    return event


def to_counters(call: Call, event: MarketingEvent) -> dict[str, int]:
    """Return how many are in each state; no-shows are known once it is over."""
    states = dict(
        call.db.execute(
            "SELECT state, count(*) FROM hs_participation WHERE event_id = ? "
            "GROUP BY state",
            (event.id,),
        ).fetchall()
    )
    registered, attended = states.get("REGISTERED", 0), states.get("ATTENDED", 0)
    over = event.body.get("eventCompleted", False)
    return {
        "registered": registered + attended,
        "attended": attended,
        "cancelled": states.get("CANCELLED", 0),
        "noShows": registered if over else 0,
    }


def to_event(row: tuple[Any, ...]) -> MarketingEvent:
    """Return the event a row holds."""
    number, account, external_id, body, created, updated = row
    return MarketingEvent(
        id=number,
        account=account,
        external_id=external_id,
        body=msgspec.json.decode(body),
        created=created,
        updated=updated,
    )


_READ = frozenset({"crm.objects.marketing_events.read"})
_WRITE = frozenset({"crm.objects.marketing_events.write"})


def operation(
    method: str, path: str, handler: Any, body: Any = None, *, writes: bool = True
) -> Operation:
    """Return an operation below the marketing events' paths."""
    return Operation(
        method=method,
        base="marketing",
        path=path,
        handler=handler,
        body=body,
        scopes=_WRITE if writes else _READ,
    )
