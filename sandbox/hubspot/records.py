"""Contacts and notes as rows: found, read, written, and what changed when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from sandbox.hubspot.clock import to_iso
from sandbox.hubspot.definitions import CONTACT
from sandbox.hubspot.errors import PORTAL_ID

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

TYPE_IDS = {CONTACT: "0-1", "notes": "0-46"}
# HubSpot docs: what a read returns when it asks for no property by name.
DEFAULT_PROPERTIES = {
    CONTACT: (
        "createdate",
        "email",
        "firstname",
        "hs_object_id",
        "lastmodifieddate",
        "lastname",
    ),
    "notes": ("hs_createdate", "hs_lastmodifieddate", "hs_object_id"),
}


@dataclass(slots=True, kw_only=True)
class Record:
    """A contact or a note."""

    id: int
    kind: str
    properties: dict[str, str]
    created: float
    updated: float
    archived: float | None = None
    is_new: bool = False
    changes: dict[str, str] = field(default_factory=dict)

    def write(self, values: Mapping[str, str], now: float) -> None:
        """Take values over, and note which of them are news."""
        news = {k: v for k, v in values.items() if self.properties.get(k, "") != v}
        if news:
            self.properties |= news
            self.changes |= news
            self.updated = now

    def all_properties(self) -> dict[str, str]:
        """Return the values with those that HubSpot itself keeps."""
        prefix = "" if self.kind == CONTACT else "hs_"
        return {
            **{name: value for name, value in self.properties.items() if value},
            f"{prefix}createdate": to_iso(self.created),
            f"{prefix}lastmodifieddate": to_iso(self.updated),
            "hs_object_id": str(self.id),
        }

    def to_body(self) -> dict[str, Any]:
        """Return the record as a write answers it."""
        return self._to_body(self.all_properties())

    def to_selection(
        self, names: Sequence[str], known: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the record with the properties a read asked for.

        HubSpot docs: those without a value are null, unknown ones are left out.
        """
        prefix = "" if self.kind == CONTACT else "hs_"
        always = (f"{prefix}createdate", f"{prefix}lastmodifieddate", "hs_object_id")
        wanted = (*names, *always) if names else DEFAULT_PROPERTIES[self.kind]
        values = self.all_properties()
        return self._to_body({n: values.get(n) for n in wanted if n in known})

    def _to_body(self, properties: Mapping[str, str | None]) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "properties": properties,
            "createdAt": to_iso(self.created),
            "updatedAt": to_iso(self.updated),
            "archived": self.archived is not None,
            **({"archivedAt": to_iso(self.archived)} if self.archived else {}),
            "url": (
                f"https://app.hubspot.com/contacts/{PORTAL_ID}/record/"
                f"{TYPE_IDS[self.kind]}/{self.id}"
            ),
        }


def load(
    db: sqlite3.Connection, kind: str, ids: Iterable[int], *, archived: bool = False
) -> dict[int, Record]:
    """Return the records with these ids, those that exist; merged ones are followed."""
    wanted = list(ids)
    marks = to_marks(wanted)
    merged = dict(
        db.execute(
            f"SELECT id, into_id FROM hs_merged WHERE id IN ({marks})",  # noqa: S608
            wanted,
        )
    )
    real = [merged.get(number, number) for number in wanted]
    rows = db.execute(
        "SELECT id, type, properties, created, updated, archived FROM hs_object "  # noqa: S608
        f"WHERE type = ? AND id IN ({marks}) "
        f"AND archived IS {'NOT NULL' if archived else 'NULL'}",
        (kind, *real),
    )
    found = {row[0]: to_record(row) for row in rows}
    return {
        number: found[merged.get(number, number)]
        for number in wanted
        if merged.get(number, number) in found
    }


def load_all(
    db: sqlite3.Connection, kind: str, *, after: int = 0, limit: int = -1
) -> list[Record]:
    """Return the records of a type in the order of their ids."""
    rows = db.execute(
        "SELECT id, type, properties, created, updated, archived FROM hs_object "
        "WHERE type = ? AND archived IS NULL AND id > ? ORDER BY id LIMIT ?",
        (kind, after, limit),
    )
    return [to_record(row) for row in rows]


def find(
    db: sqlite3.Connection, kind: str, name: str, values: Iterable[str]
) -> dict[str, int]:
    """Return which record owns each value of a unique property."""
    wanted = list(values)
    rows = db.execute(
        "SELECT value, id FROM hs_unique WHERE type = ? AND property = ? "  # noqa: S608
        f"AND value IN ({to_marks(wanted)})",
        (kind, name, *wanted),
    )
    return dict(rows.fetchall())


def save(
    db: sqlite3.Connection, records: Sequence[Record], unique: Iterable[str]
) -> None:
    """Write the records that changed, their history and their unique values."""
    changed = [record for record in records if record.changes or record.is_new]
    db.executemany(
        "INSERT INTO hs_object (id, type, properties, created, updated, archived) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
        "properties = excluded.properties, updated = excluded.updated, "
        "archived = excluded.archived",
        [
            (r.id, r.kind, to_json(r.properties), r.created, r.updated, r.archived)
            for r in changed
        ],
    )
    db.executemany(
        "INSERT INTO hs_change VALUES (?, ?, ?)",
        [(r.id, r.updated, to_json(r.changes)) for r in changed],
    )
    for name in unique:
        _save_unique(db, name, [r for r in changed if name in r.changes])


def _save_unique(db: sqlite3.Connection, name: str, records: list[Record]) -> None:
    # An address that came with a merge stays the contact's own (HubSpot docs).
    db.executemany(
        "DELETE FROM hs_unique WHERE id = ? AND property = ? "
        "AND instr(';' || ? || ';', ';' || value || ';') = 0",
        [
            (r.id, name, r.properties.get("hs_additional_emails", ""))
            for r in records
            if not r.is_new
        ],
    )
    db.executemany(
        "INSERT OR REPLACE INTO hs_unique VALUES (?, ?, ?, ?)",
        [(r.kind, name, r.changes[name], r.id) for r in records if r.changes[name]],
    )


def archive(db: sqlite3.Connection, records: Iterable[Record], now: float) -> None:
    """Put records into the recycling bin; their unique values are free again."""
    pairs = [(now, record.id) for record in records]
    db.executemany("UPDATE hs_object SET archived = ? WHERE id = ?", pairs)
    db.executemany("DELETE FROM hs_unique WHERE id = ?", [pair[1:] for pair in pairs])


def to_record(row: Sequence[Any]) -> Record:
    """Return the record a row of `hs_object` holds."""
    number, kind, properties, created, updated, archived = row
    return Record(
        id=number,
        kind=kind,
        properties=msgspec.json.decode(properties),
        created=created,
        updated=updated,
        archived=archived,
    )


def to_json(value: Any) -> str:
    """Return a value as JSON text."""
    return msgspec.json.encode(value).decode()


def to_marks(values: Sequence[Any]) -> str:
    """Return as many question marks as there are values."""
    return ",".join("?" * len(values))
