"""Times as Salesforce writes and reads them (REST docs, valid date formats)."""

from __future__ import annotations

from datetime import UTC, date, datetime


def to_stamp(seconds: float) -> str:
    """Return a time as `2026-11-01T10:00:00.050+0000`."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "+0000"


def to_datetime_text(text: str) -> str:
    """Return ISO 8601 text as Salesforce stores it.

    Raises:
        ValueError: It is no time, or no zone is given.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no time zone")
    return to_stamp(moment.timestamp())


def to_date_text(text: str) -> str:
    """Return the day of ISO 8601 text.

    Raises:
        ValueError: It is no day.
    """
    return date.fromisoformat(text[:10]).isoformat()
