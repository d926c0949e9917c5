"""Put records into the organisation past its rules, as time and other people would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sandbox.salesforce.records import Records
from sandbox.salesforce.schema import Schema

if TYPE_CHECKING:
    import sqlite3

    from sandbox.salesforce.settings import SalesforceSettings


class Seed:
    """Adds, reads, changes and removes records of an organisation."""

    def __init__(
        self, db: sqlite3.Connection, org: SalesforceSettings, now: float = 0.0
    ) -> None:
        self._records = Records(db=db, org=org, schema=Schema(org), now=now)

    def add(self, kind: str, **values: Any) -> str:
        """Add a record, converted leads and person accounts included."""
        return self._records.insert(kind, values)

    def change(self, record_id: str, **values: Any) -> None:
        """Change a record."""
        self._records.change(record_id, **values)

    def remove(self, record_id: str) -> None:
        """Delete a record."""
        self._records.delete(record_id)

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Return every record of an object, oldest first."""
        rows = self._records.db.execute(
            "SELECT body FROM sf_record WHERE object = ? ORDER BY number", (kind,)
        )
        return [msgspec.json.decode(row[0]) for row in rows]
