"""Who registered for, attended or cancelled a marketing event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from sandbox.hubspot import records
from sandbox.hubspot.api import NO_CONTENT, Call, Reply
from sandbox.hubspot.clock import to_seconds
from sandbox.hubspot.definitions import CONTACT
from sandbox.hubspot.errors import RowError, invalid
from sandbox.hubspot.marketing_rows import (
    MarketingEvent,
    by_external_id,
    by_object_id,
    operation,
)
from sandbox.hubspot.records import Record, to_json
from sandbox.hubspot.rows import Row, check_size, to_batch_reply, write

# HubSpot docs: the three states of a path, and the state a participation then has.
STATES = {"register": "REGISTERED", "attend": "ATTENDED", "cancel": "CANCELLED"}
MAX_SUBSCRIBERS = 500


class ById(msgspec.Struct, rename="camel"):
    """One contact by record id."""

    interaction_date_time: int
    vid: int
    properties: dict[str, str] = {}


class ByEmail(msgspec.Struct, rename="camel"):
    """One contact by e-mail address; a missing one is made."""

    email: str
    interaction_date_time: int
    properties: dict[str, str] = {}
    contact_properties: dict[str, str] = {}


class ByIds(msgspec.Struct):
    """Body of `create`."""

    inputs: list[ById]


class ByEmails(msgspec.Struct):
    """Body of `email-create`."""

    inputs: list[ByEmail]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """One contact's part in an event."""

    contact_id: int
    at: int
    properties: dict[str, str]


Finder = Callable[[Call], MarketingEvent]


def record_by_ids(find_event: Finder) -> Callable[[Call], Reply]:
    """Return the handler that takes contact ids."""

    def handler(call: Call) -> Reply:
        event, state = find_event(call), _state(call)
        inputs = call.body.inputs
        check_size(inputs, MAX_SUBSCRIBERS)
        found = records.load(call.db, CONTACT, {one.vid for one in inputs})
        takings = [
            _to_taking(one, found[one.vid]) for one in inputs if one.vid in found
        ]
        _store(call, event, state, takings)
        results: list[dict[str, Any]] = [{"vid": t.contact_id} for t in takings]
        missing = [str(one.vid) for one in inputs if one.vid not in found]
        return _to_reply(call, results, missing)

    return handler


def record_by_emails(find_event: Finder) -> Callable[[Call], Reply]:
    """Return the handler that takes e-mail addresses."""

    def handler(call: Call) -> Reply:
        event, state = find_event(call), _state(call)
        inputs = call.body.inputs
        check_size(inputs, MAX_SUBSCRIBERS)
        found = _contacts(call, inputs)
        takings = [_to_taking(one, found[_to_key(one)]) for one in inputs]
        _store(call, event, state, takings)
        results: list[dict[str, Any]] = [
            {"vid": found[_to_key(one)].id, "email": _to_key(one)} for one in inputs
        ]
        return _to_reply(call, results, [])

    return handler


def _state(call: Call) -> str:
    name = call.path["state"]
    # HubSpot docs, marketing events: register, attend and cancel.
    if name not in STATES:
        raise invalid(f"Subscriber state {name} is not one of {', '.join(STATES)}")
    return STATES[name]


def _to_key(one: ByEmail) -> str:
    return one.email.strip().lower()


def _contacts(call: Call, inputs: Sequence[ByEmail]) -> dict[str, Record]:
    """Return every contact; HubSpot docs: contactProperties are for new ones only."""
    wanted = {_to_key(one): one for one in inputs}
    owners = records.find(call.db, CONTACT, "email", wanted)
    rows = [
        Row(properties={**one.contact_properties, "email": email})
        for email, one in wanted.items()
        if email not in owners
    ]
    made = write(call, CONTACT, rows).records if rows else []
    known = records.load(call.db, CONTACT, owners.values())
    found = {email: known[number] for email, number in owners.items()}
    return found | {record.properties["email"]: record for _, record in made}


def _to_taking(one: ById | ByEmail, contact: Record) -> Taking:
    # HubSpot's published shapes: ISO 8601 date-times.
    for name, value in one.properties.items():
        try:
            to_seconds(value)
        except ValueError as error:
            raise invalid(f"{name} must be an ISO 8601 time with a zone") from error
    return Taking(
        contact_id=contact.id, at=one.interaction_date_time, properties=one.properties
    )


def _store(
    call: Call, event: MarketingEvent, state: str, takings: Sequence[Taking]
) -> None:
    rows = [
        (
            event.id,
            taking.contact_id,
            state,
            taking.at / 1000,
            to_json(taking.properties),
        )
        for taking in takings
    ]
    call.db.executemany(
        "INSERT OR IGNORE INTO hs_participation_history VALUES (?, ?, ?, ?, ?)",
        rows,
    )
    # One state for each contact and event: the one that happened last.
    call.db.executemany(
        "INSERT INTO hs_participation (event_id, contact_id, state, at, properties) "
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT (event_id, contact_id) DO UPDATE SET "
        "state = excluded.state, at = excluded.at, properties = excluded.properties "
        "WHERE excluded.at >= at",
        rows,
    )


def _to_reply(call: Call, results: list[dict[str, Any]], missing: list[str]) -> Reply:
    errors = []
    if missing:
        error = RowError(
            category="OBJECT_NOT_FOUND",
            message="Some contacts do not exist",
            context={"ids": missing},
        )
        errors = [error.to_entry()]
    reply = to_batch_reply(call, results, errors, ok=200)
    return Reply(reply.body, 200)  # the published answer has only 200, with errors


def _silent(handler: Callable[[Call], Reply]) -> Callable[[Call], Reply]:
    """Return the handler of an older path, which answers without a body."""

    def silent(call: Call) -> Reply:
        handler(call)
        return NO_CONTENT

    return silent


_BY_EXTERNAL_ID = record_by_ids(by_external_id), record_by_emails(by_external_id)
_BY_OBJECT_ID = record_by_ids(by_object_id), record_by_emails(by_object_id)
_PATHS: tuple[tuple[str, Callable[[Call], Reply], Any], ...] = (
    ("/attendance/{event}/{state}/create", _BY_EXTERNAL_ID[0], ByIds),
    ("/attendance/{event}/{state}/email-create", _BY_EXTERNAL_ID[1], ByEmails),
    ("/events/{event}/{state}/upsert", _silent(_BY_EXTERNAL_ID[0]), ByIds),
    ("/events/{event}/{state}/email-upsert", _silent(_BY_EXTERNAL_ID[1]), ByEmails),
    ("/{id:int}/attendance/{state}/create", _BY_OBJECT_ID[0], ByIds),
    ("/{id:int}/attendance/{state}/email-create", _BY_OBJECT_ID[1], ByEmails),
)
OPERATIONS = tuple(
    operation("POST", path, handler, body) for path, handler, body in _PATHS
)
