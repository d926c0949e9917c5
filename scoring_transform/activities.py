"""The nine activities: what each counts, in which unit, and how a person reads it.

The set is closed: a weight of 0 switches an activity off, nothing adds one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Counting(StrEnum):
    """How the records of one activity become one number."""

    DURATION = "duration"
    TOTAL = "total"
    OBJECTS_IN_SESSION = "objects_in_session"
    OBJECTS_IN_EVENT = "objects_in_event"
    SESSIONS = "sessions"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityKind:
    """One activity of the closed set.

    Attributes:
        name: Its name in the ``activities`` stream.
        unit: What its value counts.
        counting: How records become a value.
        default_weight: Its weight unless the scoring file says otherwise.
        verb: How a reason begins, such as "asked".
        one: The noun for a single thing.
        many: The noun for any other number of things.
    """

    name: str
    unit: str
    counting: Counting
    default_weight: int
    verb: str
    one: str
    many: str


KINDS = (
    ActivityKind(
        name="time_in_session",
        unit="seconds",
        counting=Counting.DURATION,
        default_weight=25,
        verb="watched",
        one="min",
        many="min",
    ),
    ActivityKind(
        name="chat",
        unit="messages",
        counting=Counting.TOTAL,
        default_weight=10,
        verb="posted",
        one="chat message",
        many="chat messages",
    ),
    ActivityKind(
        name="poll_response",
        unit="polls",
        counting=Counting.OBJECTS_IN_SESSION,
        default_weight=15,
        verb="answered",
        one="poll",
        many="polls",
    ),
    ActivityKind(
        name="cta_click",
        unit="CTAs",
        counting=Counting.OBJECTS_IN_EVENT,
        default_weight=15,
        verb="clicked",
        one="CTA",
        many="CTAs",
    ),
    ActivityKind(
        name="raise_hand",
        unit="sessions",
        counting=Counting.SESSIONS,
        default_weight=5,
        verb="raised a hand in",
        one="session",
        many="sessions",
    ),
    ActivityKind(
        name="reaction",
        unit="reactions",
        counting=Counting.TOTAL,
        default_weight=5,
        verb="sent",
        one="reaction",
        many="reactions",
    ),
    ActivityKind(
        name="session_rating",
        unit="ratings",
        counting=Counting.SESSIONS,
        default_weight=5,
        verb="rated",
        one="session",
        many="sessions",
    ),
    ActivityKind(
        name="file_download",
        unit="files",
        counting=Counting.OBJECTS_IN_EVENT,
        default_weight=10,
        verb="downloaded",
        one="file",
        many="files",
    ),
    ActivityKind(
        name="question",
        unit="questions",
        counting=Counting.TOTAL,
        default_weight=10,
        verb="asked",
        one="question",
        many="questions",
    ),
)

NAMES = tuple(kind.name for kind in KINDS)
TIME = KINDS[0].name
LIVE = "live"
ON_DEMAND = "on_demand"
WINDOWS = (LIVE, ON_DEMAND)
