"""The streams that come out: their schemas, which the CRM side reads."""

from __future__ import annotations

from typing import Any

import singer_sdk.typing as th

from scoring_transform.activities import NAMES, WINDOWS

KEYS: dict[str, tuple[str, ...]] = {
    "lead_scores": ("event_id", "attendee_id"),
    "activity_scores": ("event_id", "attendee_id", "window", "activity"),
    "event_summaries": ("event_id", "window", "group_kind", "group"),
}
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
EVENT_FIELDS: dict[str, Any] = {
    "platform": th.StringType,
    "event_name": th.StringType,
    "event_url": th.StringType,
    "event_starts_at": th.DateTimeType,
    "event_ends_at": th.DateTimeType,
    "on_demand_ends_at": th.DateTimeType,
}
#: For each window: the column's name, its type and the column of the score it shows.
WINDOW_FIELDS: dict[str, Any] = {
    "lead_score": th.NumberType,
    "sum": th.NumberType,
    "total": th.NumberType,
    "rank": th.IntegerType,
    "max_rank": th.IntegerType,
    "ranked_attendees": th.IntegerType,
    "absolute_rank": th.IntegerType,
    "level": th.StringType,
    "p_group": th.StringType,
    "p_group_rank": th.IntegerType,
    "s_group": th.StringType,
    "s_group_rank": th.IntegerType,
}

#: For each window: when a person came first and left last, if the platform says so.
WINDOW_TIMES = ("joined_at", "left_at")


def to_schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON schema of every stream that comes out."""
    return {
        "lead_scores": _lead_scores().to_dict(),
        "activity_scores": _activity_scores().to_dict(),
        "event_summaries": _event_summaries().to_dict(),
    }


def _lead_scores() -> th.PropertiesList:
    strings = th.ArrayType(th.StringType)
    windows: list[th.Property[Any]] = []
    for window in WINDOWS:
        windows += [
            th.Property(f"{window}_{name}", kind)
            for name, kind in WINDOW_FIELDS.items()
        ]
        windows += [th.Property(f"{window}_{name}", th.NumberType) for name in NAMES]
        windows.append(th.Property(f"{window}_reasons", strings))
        windows += [
            th.Property(f"{window}_{name}", th.DateTimeType) for name in WINDOW_TIMES
        ]
    return th.PropertiesList(
        *_keys("lead_scores"),
        *[th.Property(name, th.StringType) for name in PERSON_FIELDS],
        *[th.Property(name, kind) for name, kind in EVENT_FIELDS.items()],
        th.Property("attended", th.BooleanType),
        th.Property("registered_at", th.DateTimeType),
        th.Property("profile_score", th.NumberType),
        *windows,
        th.Property("on_demand_window", th.StringType),
        th.Property("unavailable_activities", strings),
        *_origin(),
    )


def _activity_scores() -> th.PropertiesList:
    return th.PropertiesList(
        *_keys("activity_scores"),
        th.Property("email", th.StringType),
        th.Property("value", th.NumberType),
        th.Property("unit", th.StringType),
        th.Property("rank", th.IntegerType),
        th.Property("max_rank", th.IntegerType),
        th.Property("ranked_attendees", th.IntegerType),
        th.Property("weight", th.NumberType),
        th.Property("score", th.NumberType),
        th.Property("first_at", th.DateTimeType),
        th.Property("last_at", th.DateTimeType),
        th.Property("details", th.ArrayType(th.StringType)),
    )


def _event_summaries() -> th.PropertiesList:
    return th.PropertiesList(
        *_keys("event_summaries"),
        th.Property("lower_limit", th.NumberType),
        th.Property("upper_limit", th.NumberType),
        th.Property("attendees", th.IntegerType),
        th.Property("share", th.NumberType),
        th.Property("average_total", th.NumberType),
        th.Property("average_engagement", th.NumberType),
        th.Property("average_profile", th.NumberType),
        *_origin(),
    )


def _keys(stream: str) -> list[th.Property[Any]]:
    return [th.Property(name, th.StringType, required=True) for name in KEYS[stream]]


def _origin() -> list[th.Property[Any]]:
    return [
        th.Property("model", th.StringType),
        th.Property("model_hash", th.StringType),
        th.Property("scored_at", th.DateTimeType),
    ]
