"""Times as HubSpot writes and reads them."""

from __future__ import annotations

from datetime import UTC, datetime


def to_iso(seconds: float) -> str:
    """Return a time as `2026-11-01T10:00:00.050Z`."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def to_seconds(text: str) -> float:
    """Return the time that ISO 8601 text or a millisecond stamp means.

    Raises:
        ValueError: It is neither, or no zone is given.
    """
    if text.removeprefix("-").isdecimal():
        return int(text) / 1000
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        if "T" in text:
            # HubSpot docs, FAQ on timestamps: ISO 8601 with its zone.
            raise ValueError("no time zone")
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()
