"""What real taps announce, as noted in tests/data/sources, in the form they send it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[1] / "data" / "sources"
TYPES = ("string", "boolean", "object", "array")


def read_tap(name: str) -> dict[str, Any]:
    """Return the streams of a tap: for each its ``keys`` and ``fields``."""
    noted = yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
    assert noted["tap"] == name
    return dict(noted["streams"])


def to_schema(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON schema of noted fields, which allows no other."""
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _to_type(kind) for name, kind in fields.items()},
    }


def _to_type(kind: Any) -> dict[str, Any]:
    if isinstance(kind, list):
        return {"type": ["null", "array"], "items": _to_type(kind[0])}
    if isinstance(kind, dict):
        inner = {name: _to_type(value) for name, value in kind.items()}
        return {"type": ["null", "object"], "properties": inner}
    if kind == "object":
        return {"type": ["null", "object"]}
    if kind == "any":
        return {"anyOf": [{"type": ["null", name]} for name in TYPES]}
    name = kind.rstrip("!")
    types = [] if kind.endswith("!") else ["null"]
    plain = {"type": [*types, "string" if name == "time" else name]}
    return plain | ({"format": "date-time"} if name == "time" else {})


def to_messages(name: str) -> dict[str, dict[str, Any]]:
    """Return the SCHEMA messages of a tap by stream."""
    return {
        stream: {
            "type": "SCHEMA",
            "stream": stream,
            "schema": to_schema(noted["fields"]),
            "key_properties": noted["keys"],
        }
        for stream, noted in read_tap(name).items()
    }
