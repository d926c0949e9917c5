"""The organisation's records and the rules that guard them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from sandbox.salesforce import rules
from sandbox.salesforce.clock import to_stamp
from sandbox.salesforce.errors import RowError
from sandbox.salesforce.ids import to_id, to_long
from sandbox.salesforce.schema import PREFIXES, Schema, Sobject
from sandbox.salesforce.values import Values, to_stored

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from sandbox.salesforce.fields import Field
    from sandbox.salesforce.settings import SalesforceSettings

_TEXTS = frozenset({"string", "email", "phone", "picklist"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The records within one request.

    Attributes:
        allow_save: The request says to save although a duplicate rule warns.
    """

    db: sqlite3.Connection
    org: SalesforceSettings
    schema: Schema
    now: float
    allow_save: bool = False

    def read(self, record_id: str) -> tuple[str, Values] | None:
        """Return the object and the values of a record, if it exists."""
        row = self.db.execute(
            "SELECT object, body FROM sf_record WHERE id = ?", (to_long(record_id),)
        ).fetchone()
        return (row[0], msgspec.json.decode(row[1])) if row else None

    def read_all(self, ids: Iterable[str]) -> list[Values]:
        """Return the values of records that exist, in the order of their ids."""
        found = (self.read(record_id) for record_id in ids)
        return [pair[1] for pair in found if pair]

    def find(self, kind: str, where: dict[str, Any]) -> list[str]:
        """Return the ids of an object's records that hold these values."""
        tests = "".join(f" AND {to_column(name)} = ?" for name in where)
        rows = self.db.execute(
            f"SELECT id FROM sf_record WHERE object = ?{tests} ORDER BY number",  # noqa: S608 - names come from the schema
            (kind, *where.values()),
        )
        return [row[0] for row in rows]

    def find_by(self, sobject: Sobject, field: Field, value: Any) -> list[str]:
        """Return the ids of the records with a key."""
        stored = to_stored(field, value)
        if field.type == "id":
            return [stored] if self.read(stored) else []
        return self.find(sobject.name, {field.name: stored})

    def create(self, sobject: Sobject, values: Values) -> str:
        """Add a record and return its id.

        Raises:
            RowError: A rule refuses it.
        """
        if "Id" in values:
            raise RowError(
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                "cannot specify Id in an insert call",
                ("Id",),
            )
        self._check_access(sobject, values, creating=True)
        stored = _defaults(sobject) | _to_stored(sobject, values)
        rules.check_required(sobject, stored)
        self._check_keys(sobject, stored, own_id=None)
        rules.before_save(self, sobject.name, stored, old=None)
        return self.insert(sobject.name, stored)

    def insert(self, kind: str, values: Values) -> str:
        """Add a record as it is, past every rule: for seeds."""
        stamp = to_stamp(self.now)
        number = self._next_number()
        record_id = to_id(PREFIXES[kind], number)
        stored = {
            **values,
            "Id": record_id,
            "IsDeleted": False,
            "CreatedDate": stamp,
            "LastModifiedDate": stamp,
            "SystemModstamp": stamp,
        }
        self.db.execute(
            "INSERT INTO sf_record (number, id, object, body) VALUES (?, ?, ?, ?)",
            (number, record_id, kind, _to_body(kind, stored)),
        )
        rules.after_insert(self, kind, stored)
        return record_id

    def _next_number(self) -> int:
        """Return a number that no record has or had: ids are never given twice."""
        row = self.db.execute(
            "SELECT seq FROM sqlite_sequence WHERE name = 'sf_record'"
        ).fetchone()
        return int(row[0]) + 1 if row else 1

    def update(self, sobject: Sobject, record_id: str, values: Values) -> None:
        """Change a record.

        Raises:
            RowError: It is not there, or a rule refuses the change.
        """
        values = {name: value for name, value in values.items() if name != "Id"}
        found = self.read(record_id)
        if found is None or found[0] != sobject.name:
            # Seen live for ids of deleted and of other organisations' records.
            raise RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        self._check_access(sobject, values, creating=False)
        old = found[1]
        changed = _to_stored(sobject, values)
        stored = {**old, **changed}
        rules.check_required(sobject, stored)
        self._check_keys(sobject, changed, own_id=old["Id"])
        rules.before_save(self, sobject.name, stored, old=old)
        stamp = to_stamp(self.now)
        stored |= {"LastModifiedDate": stamp, "SystemModstamp": stamp}
        self._save(old["Id"], sobject.name, stored)

    def delete(self, record_id: str) -> None:
        """Remove a record."""
        self.db.execute("DELETE FROM sf_record WHERE id = ?", (to_long(record_id),))

    def change(self, record_id: str, **values: Any) -> None:
        """Change a record past every rule: for the rules themselves and for seeds."""
        found = self.read(record_id)
        if found:
            self._save(to_long(record_id), found[0], {**found[1], **values})

    def _save(self, record_id: str, kind: str, stored: Values) -> None:
        self.db.execute(
            "UPDATE sf_record SET body = ? WHERE id = ?",
            (_to_body(kind, stored), record_id),
        )

    def _check_access(
        self, sobject: Sobject, values: Values, *, creating: bool
    ) -> None:
        if not sobject.writable:
            raise RowError(
                "INSUFFICIENT_ACCESS_OR_READONLY",
                "insufficient access rights on object id",
            )
        closed = tuple(
            name
            for name in values
            if name in sobject.read_only
            or not _is_open(sobject.fields[name], creating=creating)
        )
        if closed:  # seen live: field-level security and create-only fields alike
            raise RowError(
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                f"Unable to create/update fields: {', '.join(closed)}. Please check "
                "the security settings of this field and verify that it is "
                "read/write for your profile or permission set.",
                closed,
            )

    def _check_keys(self, sobject: Sobject, stored: Values, own_id: str | None) -> None:
        for name, value in stored.items():
            field = sobject.fields[name]
            if value is None:
                continue
            if field.refers_to:
                self._check_reference(field, value)
            if field.unique:
                self._check_unique(sobject, field, value, own_id)

    def _check_reference(self, field: Field, value: str) -> None:
        found = self.read(value)
        if found is None or found[0] not in field.refers_to:
            raise RowError(
                "INVALID_CROSS_REFERENCE_KEY",
                "invalid cross reference id",
                (field.name,),
            )

    def _check_unique(
        self, sobject: Sobject, field: Field, value: Any, own_id: str | None
    ) -> None:
        others = [
            i for i in self.find(sobject.name, {field.name: value}) if i != own_id
        ]
        if others:  # seen live
            raise RowError(
                "DUPLICATE_VALUE",
                f"duplicate value found: {field.name} duplicates value on record "
                f"with id: {others[0][:15]}",
                (field.name,),
            )


def _to_body(kind: str, stored: Values) -> str:
    """Return a record as it is kept; a person's name is made of its parts."""
    if kind in {"Contact", "Lead"}:
        parts = (stored.get("FirstName"), stored.get("LastName"))
        stored["Name"] = " ".join(part for part in parts if part)
    held = {name: value for name, value in stored.items() if value is not None}
    return msgspec.json.encode(held).decode()


def to_column(name: str) -> str:
    """Return the SQL for a field of a record; text compares without case (SOQL)."""
    if name == "Id":
        return "id"
    exact = name.endswith("Id") or name.startswith("Is")
    column = f"json_extract(body, '$.{name}')"
    return column if exact else f"{column} COLLATE NOCASE"


def _is_open(field: Field, *, creating: bool) -> bool:
    return field.create if creating else field.update


def _defaults(sobject: Sobject) -> Values:
    return {
        name: field.default
        for name, field in sobject.fields.items()
        if field.default is not None
    }


def _to_stored(sobject: Sobject, values: Values) -> Values:
    return {
        name: to_stored(sobject.fields[name], value) for name, value in values.items()
    }
