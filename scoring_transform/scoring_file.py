"""The shape of a scoring file, as its author writes it; `model.py` judges it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

Number = int | float
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class Weights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What each activity is worth; the nine together are exactly 100."""

    time_in_session: Number
    chat: Number
    poll_response: Number
    cta_click: Number
    raise_hand: Number
    reaction: Number
    session_rating: Number
    file_download: Number
    question: Number


class Level(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A level of the lead score: every score up to and including ``up_to``."""

    name: Text
    up_to: Number


class ShareGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A group by share of the participants, best first, in percent."""

    name: Text
    share: Number


class ScoreGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A group by total score: every total of ``at_least`` or more."""

    name: Text
    at_least: Number


class Days(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An on-demand window of so many days after the session."""

    days: Annotated[int, msgspec.Meta(ge=1, le=3650)]


class ScoringFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that decides a score."""

    weights: Weights
    name: Text = "default"
    rank_population: Literal["doers", "all"] = "doers"
    rounding: Literal["truncate", "half_up"] = "truncate"
    time_bucket_seconds: Annotated[int, msgspec.Meta(ge=1, le=86400)] = 1
    on_demand_until: Literal["event_end", "open"] | Days = "event_end"
    untimed_window: Literal["live", "on_demand", "ignore"] = "live"
    on_incomplete: Literal["withhold", "score"] = "withhold"
    exclude_roles: tuple[Literal["attendee", "speaker", "host", "staff"], ...] = (
        "speaker",
        "host",
        "staff",
    )
    exclude_email_domains: tuple[Text, ...] = ()
    levels: Annotated[tuple[Level, ...], msgspec.Meta(min_length=1, max_length=10)] = (
        Level("Low", 30),
        Level("Medium", 60),
        Level("High", 100),
    )
    p_groups: Annotated[
        tuple[ShareGroup, ...], msgspec.Meta(min_length=1, max_length=10)
    ] = (ShareGroup("Hot", 20), ShareGroup("Warm", 30), ShareGroup("Cold", 50))
    s_groups: Annotated[
        tuple[ScoreGroup, ...], msgspec.Meta(min_length=1, max_length=10)
    ] = (ScoreGroup("Top", 67), ScoreGroup("Mid", 34), ScoreGroup("Low", 0))


def to_json_schema() -> dict[str, Any]:
    """Return the JSON schema of a scoring file, for editors."""
    schema = msgspec.json.schema(ScoringFile)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
