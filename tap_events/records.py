"""The four things a platform yields, before they become Singer records."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime


class ActivityKind(enum.StrEnum):
    """The nine activities a score counts."""

    TIME_IN_SESSION = "time_in_session"
    CHAT = "chat"
    POLL_RESPONSE = "poll_response"
    CTA_CLICK = "cta_click"
    RAISE_HAND = "raise_hand"
    REACTION = "reaction"
    SESSION_RATING = "session_rating"
    FILE_DOWNLOAD = "file_download"
    QUESTION = "question"


class Role(enum.StrEnum):
    """What a person was in the event; only attendees are ranked."""

    ATTENDEE = "attendee"
    SPEAKER = "speaker"
    HOST = "host"
    STAFF = "staff"


class Window(enum.StrEnum):
    """A platform's own label for when something was done."""

    LIVE = "live"
    ON_DEMAND = "on_demand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One webinar; ``event_id`` is ``platform:native_id``."""

    event_id: str
    platform: str
    name: str
    starts_at: datetime | None
    ends_at: datetime | None
    updated_at: datetime
    on_demand_ends_at: datetime | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One session of an event, with actual times where the platform has them."""

    event_id: str
    session_id: str
    name: str
    starts_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendee:
    """One person of an event, registered or present."""

    event_id: str
    attendee_id: str
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    job_title: str | None = None
    company: str | None = None
    phone: str | None = None
    city: str | None = None
    country: str | None = None
    role: Role = Role.ATTENDEE
    registered_at: datetime | None = None
    attended: bool = False
    custom: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What one person did once; the same source fact always has the same id.

    ``quantity`` is seconds for time in a session, else a count. ``attendee_id`` is
    ``None`` only where ``anonymous`` is true.
    """

    event_id: str
    activity_id: str
    attendee_id: str | None
    activity: ActivityKind
    session_id: str | None = None
    window: Window | None = None
    object_id: str | None = None
    quantity: float = 1
    occurred_at: datetime | None = None
    ended_at: datetime | None = None
    anonymous: bool = False
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRow:
    """One row of a source that could not be used; ``reason`` never quotes it."""

    file: str
    row: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Everything a platform knows of one event: the unit that is sent and scored."""

    event: Event
    sessions: Iterable[Session]
    attendees: Iterable[Attendee]
    activities: Iterable[Activity]
