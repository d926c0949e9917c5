"""Marketing events: a webinar as an object that contacts can have attended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sandbox.hubspot.api import NO_CONTENT, Call, Reply
from sandbox.hubspot.clock import to_seconds
from sandbox.hubspot.errors import ApiError, invalid
from sandbox.hubspot.marketing_rows import (
    MarketingEvent,
    by_external_id,
    by_object_id,
    find,
    operation,
    store,
    to_counters,
    to_event,
)
from sandbox.hubspot.rows import check_size, to_batch_reply

if TYPE_CHECKING:
    from collections.abc import Mapping


class Event(msgspec.Struct, rename="camel", omit_defaults=True):
    """Body of an event's create or upsert."""

    event_name: str
    event_organizer: str
    external_account_id: str
    external_event_id: str
    event_type: str | None = None
    event_description: str | None = None
    event_url: str | None = None
    start_date_time: str | None = None
    end_date_time: str | None = None
    event_cancelled: bool = False
    event_completed: bool = False
    custom_properties: list[Any] = []


class EventChange(msgspec.Struct, rename="camel", omit_defaults=True):
    """Body of an event's update."""

    event_name: str | None = None
    event_organizer: str | None = None
    event_type: str | None = None
    event_description: str | None = None
    event_url: str | None = None
    start_date_time: str | None = None
    end_date_time: str | None = None
    event_cancelled: bool | None = None
    event_completed: bool | None = None
    custom_properties: list[Any] | None = None


class Events(msgspec.Struct):
    """Body of a batch upsert."""

    inputs: list[Event]


class Completion(msgspec.Struct, rename="camel"):
    """Body of `complete`."""

    start_date_time: str
    end_date_time: str


def create(call: Call) -> Reply:
    """Make an event; one that exists is a conflict."""
    key = (call.body.external_account_id, call.body.external_event_id)
    # Inferred: status 409 for an event that exists, as for contacts.
    if find(call.db, *key) is not None:
        raise ApiError(409, "CONFLICT", f"Marketing event {key[1]} already exists")
    return Reply(_upsert(call, call.body).to_body())


def upsert(call: Call) -> Reply:
    """Make or change the event with the external id of the path."""
    # Inferred: the key stands twice in the request and must be the same.
    if call.body.external_event_id != call.path["event"]:
        raise invalid("externalEventId differs between path and body")
    return Reply(_upsert(call, call.body).to_body())


def upsert_batch(call: Call) -> Reply:
    """Make or change events by their external ids."""
    check_size(call.body.inputs)
    results = [_upsert(call, one).to_body() for one in call.body.inputs]
    return to_batch_reply(call, results, [], ok=200)


def list_all(call: Call) -> Reply:
    """Return every event."""
    rows = call.db.execute("SELECT * FROM hs_marketing_event ORDER BY id")
    events = [to_event(row) for row in rows]
    return Reply({"results": [_to_read(call, event) for event in events]})


def read(call: Call) -> Reply:
    """Return the event with an external id, and how many took part."""
    return Reply(_to_read(call, by_external_id(call)))


def read_by_id(call: Call) -> Reply:
    """Return the event with a record id, and how many took part."""
    return Reply(_to_read(call, by_object_id(call)))


def change(call: Call) -> Reply:
    """Change the event with an external id."""
    return Reply(_change(call, by_external_id(call)).to_body())


def change_by_id(call: Call) -> Reply:
    """Change the event with a record id."""
    return Reply(_change(call, by_object_id(call)).to_body())


def archive(call: Call) -> Reply:
    """Delete the event with an external id."""
    return _archive(call, by_external_id(call))


def archive_by_id(call: Call) -> Reply:
    """Delete the event with a record id."""
    return _archive(call, by_object_id(call))


def cancel(call: Call) -> Reply:
    """Mark an event as cancelled."""
    event = by_external_id(call)
    event.body["eventCancelled"] = True
    return Reply(store(call, event).to_body())


def complete(call: Call) -> Reply:
    """Mark an event as over, which is when durations and no-shows are known."""
    event = by_external_id(call)
    start, end = call.body.start_date_time, call.body.end_date_time
    _check_times({"startDateTime": start, "endDateTime": end})
    event.body |= {
        "startDateTime": start,
        "endDateTime": end,
        "eventCompleted": True,
    }
    return Reply(store(call, event).to_body())


def _upsert(call: Call, new: Event) -> MarketingEvent:
    body = msgspec.to_builtins(new)
    account, external = body.pop("externalAccountId"), body.pop("externalEventId")
    _check_times(body)
    event = find(call.db, account, external)
    if event is None:
        (number,) = call.account.next_ids(call.db, 1)
        event = MarketingEvent(
            id=number,
            account=account,
            external_id=external,
            body={},
            created=call.now,
            updated=call.now,
        )
    event.body |= body
    return store(call, event)


def _change(call: Call, event: MarketingEvent) -> MarketingEvent:
    changes = msgspec.to_builtins(call.body)
    _check_times(changes)
    event.body |= changes
    return store(call, event)


def _archive(call: Call, event: MarketingEvent) -> Reply:
    for table, column in (
        ("hs_marketing_event", "id"),
        ("hs_participation", "event_id"),
        ("hs_participation_history", "event_id"),
    ):
        call.db.execute(f"DELETE FROM {table} WHERE {column} = ?", (event.id,))  # noqa: S608
    return NO_CONTENT


def _to_read(call: Call, event: MarketingEvent) -> dict[str, Any]:
    counters = to_counters(call, event)
    return {
        **event.to_body(),
        "externalEventId": event.external_id,
        "registrants": counters["registered"],
        "attendees": counters["attended"],
        "cancellations": counters["cancelled"],
        "noShows": counters["noShows"],
    }


def _check_times(body: Mapping[str, Any]) -> None:
    # HubSpot's published shapes: ISO 8601 date-times.
    for name in ("startDateTime", "endDateTime"):
        if body.get(name) is None:
            continue
        try:
            to_seconds(body[name])
        except ValueError as error:
            raise invalid(f"{name} must be an ISO 8601 time with a zone") from error


OPERATIONS = (
    operation("GET", "", list_all, writes=False),
    operation("GET", "/", list_all, writes=False),
    operation("POST", "/events", create, Event),
    operation("POST", "/events/upsert", upsert_batch, Events),
    operation("PUT", "/events/{event}", upsert, Event),
    operation("GET", "/events/{event}", read, writes=False),
    operation("PATCH", "/events/{event}", change, EventChange),
    operation("DELETE", "/events/{event}", archive),
    operation("POST", "/events/{event}/cancel", cancel),
    operation("POST", "/events/{event}/complete", complete, Completion),
    operation("GET", "/{id:int}", read_by_id, writes=False),
    operation("PATCH", "/{id:int}", change_by_id, EventChange),
    operation("DELETE", "/{id:int}", archive_by_id),
)
