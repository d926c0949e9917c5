"""What the targets read: `lead_scores` and `activity_scores` records as values.

Only the fields of the contract are taken over. Whatever else a record holds is
dropped here and never reaches a disk or a CRM.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sync_core.errors import RowRejected
from sync_core.identity import to_email_key

if TYPE_CHECKING:
    from collections.abc import Mapping

WINDOWS = ("live", "on_demand")
ACTIVITIES = (
    "time_in_session",
    "chat",
    "poll_response",
    "cta_click",
    "raise_hand",
    "reaction",
    "session_rating",
    "file_download",
    "question",
)
_OF_A_WINDOW = (
    "lead_score",
    "sum",
    "rank",
    "max_rank",
    "ranked_attendees",
    "absolute_rank",
    "level",
    "p_group",
    "s_group",
    "reasons",
    "joined_at",
    "left_at",
    *ACTIVITIES,
)
PERSON_FIELDS = (
    "email",
    "first_name",
    "last_name",
    "job_title",
    "company",
    "phone",
    "city",
    "country",
)
EVENT_FIELDS = (
    "platform",
    "event_name",
    "event_url",
    "event_starts_at",
    "event_ends_at",
    "on_demand_ends_at",
)
LEAD_SCORE_FIELDS = frozenset(
    (
        "event_id",
        "attendee_id",
        *PERSON_FIELDS,
        *EVENT_FIELDS,
        "attended",
        "registered_at",
        "profile_score",
        *(f"{window}_{name}" for window in WINDOWS for name in _OF_A_WINDOW),
        "on_demand_window",
        "unavailable_activities",
        "model",
        "model_hash",
        "scored_at",
    )
)
ACTIVITY_SCORE_FIELDS = frozenset(
    (
        "event_id",
        "attendee_id",
        "email",
        "window",
        "activity",
        "value",
        "unit",
        "rank",
        "max_rank",
        "ranked_attendees",
        "weight",
        "score",
        "first_at",
        "last_at",
        "details",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One participant's scores in one event.

    Attributes:
        event_id: Of the event.
        attendee_id: Of the participant within the event.
        email_key: The person's key in the CRM; None where there is no address.
        starts_at: The event's start, ISO 8601 UTC; empty if unknown.
        values: The contract's fields with plain JSON values.
    """

    event_id: str
    attendee_id: str
    email_key: str | None
    starts_at: str
    values: Mapping[str, Any]

    @property
    def key(self) -> tuple[str, str]:
        """The key of the stream."""
        return self.event_id, self.attendee_id

    @property
    def age(self) -> tuple[str, str]:
        """What decides which of a person's events is the latest."""
        return self.starts_at, self.event_id


def to_row(record: Mapping[str, Any]) -> Row:
    """Return a `lead_scores` record as a row.

    Raises:
        RowRejected: A key is missing, or a value is not what the contract says.
    """
    values = {
        name: to_plain(name, record[name])
        for name in record
        if name in LEAD_SCORE_FIELDS
    }
    email = values.get("email")
    if email is not None and not isinstance(email, str):
        raise RowRejected("the e-mail is not text", code="INVALID_EMAIL", field="email")
    email_key = to_email_key(email)
    if email_key is None and (email or "").strip():
        raise RowRejected(
            "the e-mail is not an address", code="INVALID_EMAIL", field="email"
        )
    return Row(
        event_id=_key(values, "event_id"),
        attendee_id=_key(values, "attendee_id"),
        email_key=email_key,
        starts_at=to_utc(values.get("event_starts_at"), "event_starts_at") or "",
        values=values,
    )


def to_activity_score(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return an `activity_scores` record with the contract's fields only."""
    values = {
        name: to_plain(name, record[name])
        for name in record
        if name in ACTIVITY_SCORE_FIELDS
    }
    for name in ("event_id", "attendee_id", "window", "activity"):
        values[name] = _key(values, name)
    return values


def _key(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value:
        raise RowRejected(f"{name} is missing", code="MISSING_KEY", field=name)
    return value


def to_plain(name: str, value: Any) -> Any:
    """Return a JSON value with plain numbers and sound text.

    Raises:
        RowRejected: A number is not finite, or text cannot be written as UTF-8.
    """
    kind = type(value)
    if kind is float and math.isfinite(value):  # most values are numbers
        return value
    if kind is str:
        return _sound(name, value)
    if isinstance(value, Decimal):
        number = float(value)
        value = int(number) if number.is_integer() else number
    if isinstance(value, float) and not math.isfinite(value):
        raise RowRejected(
            f"{name} is not a finite number", code="INVALID_NUMBER", field=name
        )
    if isinstance(value, list):
        return [to_plain(name, part) for part in value]
    return value


def _sound(name: str, text: str) -> str:
    if text.isascii() and "\0" not in text:
        return text
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise RowRejected(
            f"{name} holds half a character", code="INVALID_TEXT", field=name
        ) from error
    return text.replace("\0", "")


def to_utc(text: Any, name: str) -> str | None:
    """Return a time as ISO 8601 UTC with milliseconds, so that texts sort like times.

    Raises:
        RowRejected: The text is not a time.
    """
    if text is None or text == "":
        return None
    try:
        time = text if isinstance(text, datetime) else datetime.fromisoformat(str(text))
        aware = time if time.tzinfo else time.replace(tzinfo=UTC)
        stamp = aware.astimezone(UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError) as error:
        raise RowRejected(
            f"{name} is not a time", code="INVALID_TIME", field=name
        ) from error
    return stamp.replace("+00:00", "Z")
