"""Many contacts or notes in one call: upsert, create, update, read, archive."""

from __future__ import annotations

from typing import Any

import msgspec

from sandbox.hubspot import records
from sandbox.hubspot.api import NO_CONTENT, Call, Operation, Reply
from sandbox.hubspot.associations import Association, associate
from sandbox.hubspot.errors import RowError, invalid
from sandbox.hubspot.rows import (
    Row,
    Written,
    check_size,
    check_unique,
    kind_of,
    to_batch_reply,
    to_error_entries,
    unique_names,
    write,
)

_MAX_DIGITS = 18  # what SQLite can hold


class Create(msgspec.Struct, rename="camel"):
    """A new record."""

    properties: dict[str, str]
    associations: list[Association] = []
    object_write_trace_id: str | None = None


class Write(msgspec.Struct, rename="camel"):
    """A record that may or must exist."""

    id: str
    properties: dict[str, str]
    id_property: str | None = None
    object_write_trace_id: str | None = None


class Id(msgspec.Struct):
    """A record by its id or unique value."""

    id: str


class CreateBatch(msgspec.Struct):
    """Body of batch/create."""

    inputs: list[Create]


class WriteBatch(msgspec.Struct):
    """Body of batch/upsert and batch/update."""

    inputs: list[Write]


class IdBatch(msgspec.Struct):
    """Body of batch/archive."""

    inputs: list[Id]


class ReadBatch(msgspec.Struct, rename="camel"):
    """Body of batch/read."""

    inputs: list[Id]
    properties: list[str] = []
    properties_with_history: list[str] = []
    id_property: str | None = None


def upsert(call: Call) -> Reply:
    """Write records by a unique property, making those that are not there."""
    kind, inputs = kind_of(call), call.body.inputs
    check_size(inputs)
    rows = [_to_keyed_row(call, kind, one) for one in inputs]
    check_unique([row.key[1] for row in rows if row.key])
    written = write(call, kind, rows)
    results = [
        {**_traced(row, record.to_body()), "new": record.is_new}
        for row, record in written.records
    ]
    return to_batch_reply(call, results, to_error_entries(call, written), ok=200)


def create(call: Call) -> Reply:
    """Make records; an e-mail address that is taken is a conflict."""
    kind, inputs = kind_of(call), call.body.inputs
    check_size(inputs)
    rows = [
        Row(properties=one.properties, trace_id=one.object_write_trace_id)
        for one in inputs
    ]
    written = write(call, kind, rows)
    links = {id(row): one.associations for row, one in zip(rows, inputs, strict=True)}
    for row, record in written.records:
        associate(call, record, links[id(row)])
    results = [_traced(row, record.to_body()) for row, record in written.records]
    return to_batch_reply(call, results, to_error_entries(call, written), ok=201)


def update(call: Call) -> Reply:
    """Write records that exist, by record id only (HubSpot docs, batch update)."""
    kind, inputs = kind_of(call), call.body.inputs
    check_size(inputs)
    check_unique([one.id for one in inputs])
    if any(one.id_property not in (None, "hs_object_id") for one in inputs):
        raise invalid("Batch update takes record ids only")
    numbers = {one.id: to_number(one.id) for one in inputs}
    found = records.load(call.db, kind, numbers.values())
    rows = [
        Row(
            properties=one.properties,
            record_id=numbers[one.id],
            trace_id=one.object_write_trace_id,
        )
        for one in inputs
        if numbers[one.id] in found
    ]
    written = write(call, kind, rows) if rows else Written()
    results = [_traced(row, record.to_body()) for row, record in written.records]
    missing = [one.id for one in inputs if numbers[one.id] not in found]
    errors = to_error_entries(call, written) + to_missing_entries(kind, missing)
    return to_batch_reply(call, results, errors, ok=200)


def read(call: Call) -> Reply:
    """Return records by id or by a unique property; the missing ones are errors."""
    kind, body = kind_of(call), call.body
    check_size(body.inputs)
    owners = {one.id: to_number(one.id) for one in body.inputs}
    if body.id_property not in (None, "hs_object_id"):
        owners = _find_owners(call, kind, body.id_property, [*owners])
    found = records.load(call.db, kind, {n for n in owners.values() if n >= 0})
    known = call.account.definitions(call.db, kind)
    results = {
        found[number].id: found[number].to_selection(body.properties, known)
        for number in owners.values()
        if number in found
    }
    missing = [key for key, number in owners.items() if number not in found]
    errors = to_missing_entries(kind, missing)
    return to_batch_reply(call, [*results.values()], errors, ok=200)


def archive(call: Call) -> Reply:
    """Put records into the recycling bin; unknown ids are no error."""
    kind, inputs = kind_of(call), call.body.inputs
    check_size(inputs)
    found = records.load(call.db, kind, {to_number(one.id) for one in inputs})
    records.archive(call.db, found.values(), call.now)
    return NO_CONTENT


def to_missing_entries(kind: str, ids: list[str]) -> list[dict[str, Any]]:
    """Return the one entry that names all ids without a record, as seen live."""
    if not ids:
        return []
    name = kind.removesuffix("s").upper()
    message = (
        f"Could not get some {name} objects, they may be deleted or not exist. "
        "Check that ids are valid."
    )
    error = RowError(category="OBJECT_NOT_FOUND", message=message, context={"ids": ids})
    return [error.to_entry()]


def to_number(text: str) -> int:
    """Return a record id, or one that no record has."""
    fits = text.isdecimal() and len(text) <= _MAX_DIGITS
    return int(text) if fits else -1


def to_key(call: Call, kind: str, name: str, value: str) -> tuple[str, str]:
    """Return the unique property and the value as it is stored."""
    if name not in unique_names(call, kind):
        type_id = records.TYPE_IDS[kind]
        raise invalid(  # seen live
            f"Unable to perform update/upsert by non-unique {type_id} property "
            f"{name} in portal ID 1234567"
        )
    return name, value.strip().lower() if name == "email" else value


def _to_keyed_row(call: Call, kind: str, one: Write) -> Row:
    # HubSpot docs, contacts: upsert needs a unique property to match by.
    if one.id_property is None:
        raise invalid("idProperty is required to upsert")
    return Row(
        properties=one.properties,
        key=to_key(call, kind, one.id_property, one.id),
        trace_id=one.object_write_trace_id,
    )


def _find_owners(call: Call, kind: str, name: str, ids: list[str]) -> dict[str, int]:
    keys = {one: to_key(call, kind, name, one)[1] for one in ids}
    owners = records.find(call.db, kind, name, set(keys.values()))
    return {one: owners.get(key, -1) for one, key in keys.items()}


def _traced(row: Row, body: dict[str, Any]) -> dict[str, Any]:
    return (
        body if row.trace_id is None else {**body, "objectWriteTraceId": row.trace_id}
    )


_READ = frozenset({"crm.objects.contacts.read"})
_WRITE = frozenset({"crm.objects.contacts.write"})


def _batch(verb: str, handler: Any, body: Any, scopes: frozenset[str]) -> Operation:
    return Operation(
        method="POST",
        base="objects",
        path="/{object}/batch/" + verb,
        handler=handler,
        body=body,
        scopes=scopes,
    )


OPERATIONS = (
    _batch("upsert", upsert, WriteBatch, _WRITE),
    _batch("create", create, CreateBatch, _WRITE),
    _batch("update", update, WriteBatch, _WRITE),
    _batch("read", read, ReadBatch, _READ),
    _batch("archive", archive, IdBatch, _WRITE),
)
