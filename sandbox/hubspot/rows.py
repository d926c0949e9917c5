"""Rows on their way into the CRM: checked, matched to records, written or refused.

HubSpot docs, error handling: with a unique `objectWriteTraceId` on every input the
good records are written and the answer is 207 with the bad ones; without, one bad
record refuses the whole request. Upsert does the same (seen live).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.hubspot import records
from sandbox.hubspot.api import Call, Reply
from sandbox.hubspot.clock import to_iso
from sandbox.hubspot.definitions import CONTACT, LIFECYCLE, NOTE, OBJECT_TYPES
from sandbox.hubspot.errors import (
    Problem,
    RowError,
    contact_exists,
    invalid,
    not_valid,
)
from sandbox.hubspot.records import Record
from sandbox.hubspot.values import check_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAX_INPUTS = 100  # HubSpot docs: batch operations are limited to 100 records


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One input of a batch, or the one input of a single call.

    Attributes:
        key: The property it is matched by and its value; None makes a new record.
        record_id: The record it is matched by, instead of a key.
    """

    properties: Mapping[str, str]
    key: tuple[str, str] | None = None
    record_id: int | None = None
    trace_id: str | None = None


@dataclass(slots=True, kw_only=True)
class Written:
    """What became of the rows of one request."""

    records: list[tuple[Row, Record]] = field(default_factory=list)
    errors: list[tuple[Row, RowError]] = field(default_factory=list)


def kind_of(call: Call) -> str:
    """Return the object type that the path names."""
    name = call.path["object"]
    # Inferred: what is said of an object type that HubSpot does not know.
    if name not in OBJECT_TYPES:
        raise invalid(f"Unable to infer object type from: {name}")
    return OBJECT_TYPES[name]


def check_size(inputs: Sequence[Any], limit: int = MAX_INPUTS) -> None:
    """Refuse a batch that is too big; HubSpot's own wording is not known."""
    # HubSpot docs, contacts: batch operations are limited to 100 records.
    if len(inputs) > limit:
        raise invalid(
            f"The number of inputs, {len(inputs)}, is over the limit of {limit}"
        )


def check_unique(ids: Sequence[str]) -> None:
    """Refuse a batch with the same id twice, trace ids or not (seen live)."""
    if len(set(ids)) == len(ids):
        return
    twice = sorted({one for one in ids if ids.count(one) > 1})
    raise invalid(
        f"Duplicate IDs found in batch input: [{', '.join(twice)}]. IDs must be unique",
        context={"ids": twice},
    )


def is_traced(rows: Sequence[Row]) -> bool:
    """Say whether every row can be told apart in a 207."""
    traces = {row.trace_id for row in rows}
    return None not in traces and len(traces) == len(rows)


def write(call: Call, kind: str, rows: Sequence[Row]) -> Written:
    """Write the rows that can be written.

    Raises:
        ApiError: A row was refused and not every row has a trace id of its own.
    """
    written = _Writer(call, kind).write(rows)
    # Seen live: without a trace id on every input, one bad row refuses all.
    if written.errors and not is_traced(rows):
        raise written.errors[0][1].to_api_error()
    unique = unique_names(call, kind)
    records.save(call.db, [record for _, record in written.records], unique)
    return written


def unique_names(call: Call, kind: str) -> list[str]:
    """Return the properties whose values belong to one record only."""
    bodies = call.account.definitions(call.db, kind).values()
    return [body["name"] for body in bodies if body["hasUniqueValue"]]


def to_batch_reply(
    call: Call, results: list[dict[str, Any]], errors: list[dict[str, Any]], *, ok: int
) -> Reply:
    """Return a batch answer: results in no order (seen live), 207 when some failed."""
    call.chance.shuffle(results)
    body: dict[str, Any] = {
        "status": "COMPLETE",
        "results": results,
        "startedAt": to_iso(call.now),
        "completedAt": to_iso(call.now),
    }
    if not errors:
        return Reply(body, ok)
    planned = call.row_errors and call.row_errors.num_errors
    count = len(errors) if planned is None else planned
    return Reply({**body, "numErrors": count, "errors": errors}, 207)


def to_error_entries(call: Call, written: Written) -> list[dict[str, Any]]:
    """Return the refused rows as a 207 lists them."""
    hidden = call.row_errors is not None and not call.row_errors.traced
    return [
        error.to_entry(None if hidden else row.trace_id)
        for row, error in written.errors
    ]


class _Writer:
    """Checks the rows of one request against the account and each other."""

    def __init__(self, call: Call, kind: str) -> None:
        self._call = call
        self._kind = kind
        self._checks = call.account.checks(call.db, kind)
        self._unique = unique_names(call, kind)
        self._owners: dict[str, dict[str, int]] = {}
        self._blocked = {
            email for (email,) in call.db.execute("SELECT email FROM hs_blocked")
        }

    def write(self, rows: Sequence[Row]) -> Written:
        checked = [self._check(index, row) for index, row in enumerate(rows)]
        self._owners = {
            name: records.find(
                self._call.db, self._kind, name, _values_of(name, checked, rows)
            )
            for name in self._unique
        }
        found = records.load(self._call.db, self._kind, self._wanted(rows))
        fresh = iter(self._call.account.next_ids(self._call.db, len(rows)))
        result = Written()
        for row, values in zip(rows, checked, strict=True):
            error = values if isinstance(values, RowError) else None
            if not isinstance(values, RowError):
                record = self._record(row, found, fresh)
                kept = _keep_addresses(record, row, values)
                error = self._clash(record, kept)
                if error is None:
                    self._put(record, kept)
                    result.records.append((row, record))
            if error is not None:
                result.errors.append((row, error))
        return result

    def _check(self, index: int, row: Row) -> dict[str, str] | RowError:
        planned = self._call.row_errors
        if planned is not None and index in planned.rows:
            return RowError(category=planned.category, message=planned.message)
        properties = row.properties
        if row.key is not None:
            properties = {row.key[0]: row.key[1], **properties}
        values, problems = check_values(self._checks, properties)
        if self._kind == NOTE and row.record_id is None:
            problems += _missing(values, "hs_timestamp")
        if problems:
            return not_valid(problems)
        return _BLOCKED if values.get("email") in self._blocked else values

    def _wanted(self, rows: Sequence[Row]) -> set[int]:
        wanted = {row.record_id for row in rows if row.record_id is not None}
        for row in rows:
            if row.key is not None and row.key[1] in self._owners[row.key[0]]:
                wanted.add(self._owners[row.key[0]][row.key[1]])
        return wanted

    def _record(
        self, row: Row, found: Mapping[int, Record], fresh: Iterable[int]
    ) -> Record:
        number = row.record_id
        if row.key is not None:
            number = self._owners[row.key[0]].get(row.key[1])
        if number is not None:
            return found[number]
        now = self._call.now
        return Record(
            id=next(iter(fresh)),
            kind=self._kind,
            properties={},
            created=now,
            updated=now,
            is_new=True,
        )

    def _clash(self, record: Record, values: Mapping[str, str]) -> RowError | None:
        for name in self._unique:
            owner = self._owners[name].get(values.get(name, ""), record.id)
            if owner == record.id:
                continue
            if name == "email":
                return contact_exists(owner)
            message = f"{values[name]} is already used by record {owner}"
            return not_valid(
                [Problem(name=name, code="CONFLICTING_UNIQUE_VALUE", message=message)]
            )
        return None

    def _put(self, record: Record, values: dict[str, str]) -> None:
        if self._kind == CONTACT:
            _move_stage_forward(record, values)
        for name in self._unique:
            if values.get(name):
                self._owners[name][values[name]] = record.id
        record.write(values, self._call.now)


# HubSpot docs: a GDPR delete also blocks the address; the answer to a later write is
# not documented, so here it is a refusal of that record.
_BLOCKED = RowError(
    category="VALIDATION_ERROR",
    message="The email address is blocklisted after a GDPR delete",
)


def _keep_addresses(record: Record, row: Row, values: dict[str, str]) -> dict[str, str]:
    """Lose no address of a contact that was found by, or is given, an additional one.

    HubSpot docs: addresses of merged contacts are kept as additional ones. Which one is
    the first after an upsert by another is not documented: the key alone changes
    nothing, and an address that is asked for changes places with the first.
    """
    old, new = record.properties.get("email"), values.get("email")
    others = record.properties.get("hs_additional_emails", "").split(";")
    if not old or new not in others:
        return values
    if "email" not in row.properties:
        return {**values, "email": old}
    joined = ";".join(old if other == new else other for other in others)
    return {**values, "hs_additional_emails": joined}


def _values_of(
    name: str, checked: Sequence[dict[str, str] | RowError], rows: Sequence[Row]
) -> set[str]:
    values = {v[name] for v in checked if isinstance(v, dict) and v.get(name)}
    return values | {row.key[1] for row in rows if row.key and row.key[0] == name}


def _missing(values: Mapping[str, str], name: str) -> list[Problem]:
    if values.get(name):
        return []
    message = f"Property {name} is required"
    return [Problem(name=name, code="REQUIRED_PROPERTY", message=message)]


def _move_stage_forward(record: Record, values: dict[str, str]) -> None:
    # HubSpot docs: the lifecycle stage only moves forward; clear it first to go back.
    if record.is_new:
        values.setdefault("lifecyclestage", "lead")
    old, new = record.properties.get("lifecyclestage"), values.get("lifecyclestage")
    if old and new and LIFECYCLE.index(new) < LIFECYCLE.index(old):
        values["lifecyclestage"] = old
