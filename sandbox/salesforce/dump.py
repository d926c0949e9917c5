"""What the organisation holds, as text that two runs can be compared by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    import sqlite3

_TIMES = frozenset({"CreatedDate", "LastModifiedDate", "SystemModstamp"})


def to_dump(db: sqlite3.Connection) -> str:
    """Return every record as canonical JSON, without times, ids replaced by names."""
    rows = db.execute("SELECT id, object, body FROM sf_record").fetchall()
    bodies = {row[0]: (row[1], msgspec.json.decode(row[2])) for row in rows}
    names = {record_id: _name(*pair) for record_id, pair in bodies.items()}
    found = [{"object": kind, **_plain(body, names)} for kind, body in bodies.values()]
    lines = sorted(msgspec.json.encode(row, order="sorted").decode() for row in found)
    return "\n".join(lines)


def _name(kind: str, body: dict[str, Any]) -> str:
    keys = ("Email", "Webinar_Event_Key__c", "Webinar_Activity_Key__c", "Name", "Label")
    return f"{kind}:{next((body[key] for key in keys if body.get(key)), '')}"


def _plain(body: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {
        name: names.get(value, value) if isinstance(value, str) else value
        for name, value in body.items()
        if name != "Id" and name not in _TIMES
    }
