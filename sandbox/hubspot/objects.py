"""One contact or note at a time: create, read, update, archive, merge, forget."""

from __future__ import annotations

from typing import Any

import msgspec

from sandbox.hubspot import records
from sandbox.hubspot.api import NO_CONTENT, Call, Operation, Reply
from sandbox.hubspot.associations import Association, associate
from sandbox.hubspot.batches import to_key, to_number
from sandbox.hubspot.definitions import CONTACT
from sandbox.hubspot.errors import invalid, not_found
from sandbox.hubspot.records import Record
from sandbox.hubspot.rows import Row, kind_of, write

MAX_PAGE = 100


class New(msgspec.Struct):
    """Body of a create."""

    properties: dict[str, str]
    associations: list[Association] = []


class Change(msgspec.Struct):
    """Body of an update."""

    properties: dict[str, str]


class Merge(msgspec.Struct, rename="camel"):
    """Body of a merge."""

    primary_object_id: str
    object_id_to_merge: str


class Forget(msgspec.Struct, rename="camel"):
    """Body of a GDPR delete."""

    object_id: str
    id_property: str | None = None


def create(call: Call) -> Reply:
    """Make one record."""
    kind = kind_of(call)
    written = write(call, kind, [Row(properties=call.body.properties)])
    ((_, record),) = written.records
    associate(call, record, call.body.associations)
    return Reply(record.to_body(), 201)


def read(call: Call) -> Reply:
    """Return one record by id, or by a unique property that the query names."""
    kind = kind_of(call)
    record = _one(call, kind)
    known = call.account.definitions(call.db, kind)
    return Reply(record.to_selection(to_names(call), known))


def update(call: Call) -> Reply:
    """Write one record that exists."""
    kind = kind_of(call)
    row = Row(properties=call.body.properties, record_id=_one(call, kind).id)
    ((_, record),) = write(call, kind, [row]).records
    return Reply(record.to_body())


def archive(call: Call) -> Reply:
    """Put one record into the recycling bin; twice is no error."""
    found = records.load(call.db, kind_of(call), [to_number(call.path["id"])])
    records.archive(call.db, found.values(), call.now)
    return NO_CONTENT


def list_page(call: Call) -> Reply:
    """Return a page of records in the order of their ids."""
    kind = kind_of(call)
    limit = to_limit(call.query.get("limit", "10"), MAX_PAGE)
    after = to_number(call.query.get("after", "0"))
    rows = records.load_all(call.db, kind, after=after, limit=limit + 1)
    known = call.account.definitions(call.db, kind)
    names = to_names(call)
    body: dict[str, Any] = {
        "results": [record.to_selection(names, known) for record in rows[:limit]]
    }
    if len(rows) > limit:
        body["paging"] = {"next": {"after": str(rows[limit - 1].id)}}
    return Reply(body)


def merge(call: Call) -> Reply:
    """Make two contacts a third one, which both ids and addresses then mean.

    HubSpot's changelog, "Updated merge functionality for contacts and companies": the
    merged record has a new id, the values of the first, and answers for both ids. That
    it does so for writes too is inferred from reads.
    """
    ids = [
        to_number(call.body.primary_object_id),
        to_number(call.body.object_id_to_merge),
    ]
    found = records.load(call.db, CONTACT, ids)
    # HubSpot's published shapes: two ids; wording inferred.
    if len({record.id for record in found.values()}) < len(ids):
        raise invalid("Two different contacts are needed for a merge")
    primary, second = (found[number] for number in ids)
    return Reply(_join(call, primary, second).to_body())


def forget(call: Call) -> Reply:
    """Delete a contact for good and block its address (HubSpot docs, GDPR delete)."""
    name, text = call.body.id_property, call.body.object_id
    if name not in (None, "email"):
        raise invalid("idProperty must be email")
    number = to_number(text)
    if name == "email":
        number = records.find(call.db, CONTACT, "email", [text.lower()]).get(
            text.lower(), -1
        )
        call.db.execute("INSERT OR IGNORE INTO hs_blocked VALUES (?)", (text.lower(),))
    for table, column in _PERSONAL:
        call.db.execute(f"DELETE FROM {table} WHERE {column} = ?", (number,))  # noqa: S608
    return NO_CONTENT


_PERSONAL = (
    ("hs_object", "id"),
    ("hs_unique", "id"),
    ("hs_change", "id"),
    ("hs_association", "to_id"),
    ("hs_participation", "contact_id"),
    ("hs_participation_history", "contact_id"),
    ("hs_event_occurrence", "contact_id"),
)


def to_names(call: Call) -> list[str]:
    """Return the properties the query asks for: with commas, or repeated."""
    asked = ",".join(call.query.getlist("properties"))
    return [name for name in asked.split(",") if name]


def to_limit(text: str, highest: int) -> int:
    """Return a page size.

    Raises:
        ApiError: It is no number or beyond what HubSpot allows.
    """
    # HubSpot docs: pages of at most 100, searches of at most 200.
    if not text.isdecimal() or not 1 <= int(text) <= highest:
        raise invalid(f"limit must be between 1 and {highest}")
    return int(text)


def _one(call: Call, kind: str) -> Record:
    name, text = call.query.get("idProperty"), call.path["id"]
    number = to_number(text)
    if name not in (None, "hs_object_id"):
        key = to_key(call, kind, name, text)
        number = records.find(call.db, kind, key[0], [key[1]]).get(key[1], -1)
    found = records.load(call.db, kind, [number])
    # HubSpot docs, error handling: 404 for what does not exist.
    if number not in found:
        raise not_found()
    return found[number]


def _join(call: Call, primary: Record, second: Record) -> Record:
    (number,) = call.account.next_ids(call.db, 1)
    joined = Record(
        id=number,
        kind=CONTACT,
        properties=_joined_values(primary, second),
        created=min(primary.created, second.created),
        updated=call.now,
        is_new=True,
    )
    records.save(call.db, [joined], ())
    for old in (primary.id, second.id):
        _lead_to(call, old, number)
    return joined


def _joined_values(primary: Record, second: Record) -> dict[str, str]:
    """HubSpot docs: addresses and ids of merged contacts are kept, with semicolons."""
    joined = {**second.properties, **primary.properties}
    olds = [primary.properties, second.properties]
    others = [old.get("hs_additional_emails", "") for old in olds]
    if primary.properties.get("email"):
        others.append(second.properties.get("email", ""))
    before = [old.get("hs_merged_object_ids", "") for old in olds]
    return {
        **joined,
        "hs_additional_emails": ";".join(filter(None, others)),
        "hs_merged_object_ids": ";".join(
            filter(None, [*before, str(primary.id), str(second.id)])
        ),
    }


def _lead_to(call: Call, old: int, number: int) -> None:
    """Let what an old id stands for be the new record's."""
    numbers = (number, old)
    call.db.execute("UPDATE hs_unique SET id = ? WHERE id = ?", numbers)
    call.db.execute("UPDATE hs_merged SET into_id = ? WHERE into_id = ?", numbers)
    call.db.execute("DELETE FROM hs_object WHERE id = ?", (old,))
    call.db.execute("INSERT INTO hs_merged VALUES (?, ?)", (old, number))
    for table, column in _FOLLOWING:
        call.db.execute(
            f"UPDATE OR REPLACE {table} SET {column} = ? WHERE {column} = ?",  # noqa: S608
            numbers,
        )


# What the timeline and the history are made of goes with the contact.
_FOLLOWING = (
    ("hs_association", "to_id"),
    ("hs_participation", "contact_id"),
    ("hs_participation_history", "contact_id"),
    ("hs_event_occurrence", "contact_id"),
    ("hs_change", "id"),
)
_READ = frozenset({"crm.objects.contacts.read"})
_WRITE = frozenset({"crm.objects.contacts.write"})


def _operation(
    method: str, path: str, handler: Any, body: Any = None, *, writes: bool = True
) -> Operation:
    return Operation(
        method=method,
        base="objects",
        path="/{object}" + path,
        handler=handler,
        body=body,
        scopes=_WRITE if writes else _READ,
    )


OPERATIONS = (
    _operation("POST", "", create, New),
    _operation("GET", "", list_page, writes=False),
    _operation("POST", "/merge", merge, Merge),
    _operation("POST", "/gdpr-delete", forget, Forget),
    _operation("GET", "/{id}", read, writes=False),
    _operation("PATCH", "/{id}", update, Change),
    _operation("DELETE", "/{id}", archive),
)
