"""The shape of a scoring file, as its author writes it; `model.py` judges it.

The descriptions are what editors show, by `mappings/scoring.schema.json`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

MOST_TOTAL = 1_000_000
MOST_DAYS = 3650
_LIMITS = {"minimum": 0, "maximum": 100}

Percent = Annotated[int | float, msgspec.Meta(extra_json_schema=_LIMITS)]
Total = Annotated[
    int | float,
    msgspec.Meta(extra_json_schema={"minimum": 0, "maximum": MOST_TOTAL}),
]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


def _weight(counts: str) -> Any:
    """Return what an editor shows of a weight."""
    return msgspec.Meta(description=f"Counts {counts}.", extra_json_schema=_LIMITS)


def _told(text: str) -> Any:
    """Return what an editor shows of a key."""
    return msgspec.Meta(description=text)


class Weights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What each activity is worth; the nine together are exactly 100."""

    time_in_session: Annotated[int | float, _weight("seconds watched")]
    chat: Annotated[int | float, _weight("messages posted")]
    poll_response: Annotated[int | float, _weight("different polls answered")]
    cta_click: Annotated[int | float, _weight("different CTAs of the event")]
    raise_hand: Annotated[int | float, _weight("sessions with a raised hand")]
    reaction: Annotated[int | float, _weight("all reactions")]
    session_rating: Annotated[int | float, _weight("sessions rated")]
    file_download: Annotated[int | float, _weight("different files of the event")]
    question: Annotated[int | float, _weight("questions that are not anonymous")]


class Level(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A level of the lead score: every score up to and including ``up_to``."""

    name: Text
    up_to: Percent


class ShareGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A group by share of the participants, best first, in percent."""

    name: Text
    share: Percent


class ScoreGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A group by total score: every total of ``at_least`` or more."""

    name: Text
    at_least: Total


class Days(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An on-demand window of so many days after the session."""

    days: Annotated[int, msgspec.Meta(ge=1, le=MOST_DAYS)]


Until = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(event_end|open|[1-9][0-9]{0,3} days?)$",
        examples=["event_end", "open", "14 days"],
    ),
]


class ScoringFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that decides a score."""

    weights: Weights
    name: Annotated[
        str,
        msgspec.Meta(
            min_length=1, max_length=100, description="Travels with every score."
        ),
    ] = "default"
    rank_population: Annotated[
        Literal["doers", "all"],
        _told("Who is ranked in an activity: only people who did it, or everybody."),
    ] = "doers"
    rounding: Annotated[
        Literal["truncate", "half_up"],
        _told("How scores are shown: 66.66… as 66.6 or as 66.7. Ranks stay."),
    ] = "truncate"
    time_bucket_seconds: Annotated[
        int,
        msgspec.Meta(ge=1, le=86400, description="60 ranks whole minutes."),
    ] = 1
    on_demand_until: Annotated[
        Until | Days,
        _told("Where the on-demand window ends; without an event end it stays open."),
    ] = "event_end"
    untimed_window: Annotated[
        Literal["live", "on_demand", "ignore"],
        _told("Where activity counts that has no time and no window."),
    ] = "live"
    on_incomplete: Annotated[
        Literal["withhold", "score"],
        _told("What becomes of an event that the input never completes."),
    ] = "withhold"
    exclude_roles: Annotated[
        tuple[Literal["attendee", "speaker", "host", "staff"], ...],
        _told("Removed before anybody is ranked."),
    ] = ("speaker", "host", "staff")
    exclude_email_domains: Annotated[
        tuple[Text, ...],
        _told("Removed before anybody is ranked; exactly these, in lower case."),
    ] = ()
    levels: Annotated[
        tuple[Level, ...],
        msgspec.Meta(
            min_length=1,
            max_length=10,
            description="Levels of the lead score, lowest first; the last is up to 100",
        ),
    ] = (Level("Low", 30), Level("Medium", 60), Level("High", 100))
    p_groups: Annotated[
        tuple[ShareGroup, ...],
        msgspec.Meta(
            min_length=1,
            max_length=10,
            description="Groups by share of the participants, best first; 100 together",
        ),
    ] = (ShareGroup("Hot", 20), ShareGroup("Warm", 30), ShareGroup("Cold", 50))
    s_groups: Annotated[
        tuple[ScoreGroup, ...],
        msgspec.Meta(
            min_length=1,
            max_length=10,
            description="Groups by total score, best first; the last is at least 0",
        ),
    ] = (ScoreGroup("Top", 67), ScoreGroup("Mid", 34), ScoreGroup("Low", 0))


def to_json_schema() -> dict[str, Any]:
    """Return the JSON schema of a scoring file, for editors."""
    schema = msgspec.json.schema(ScoringFile)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def to_schema_text() -> str:
    """Return the JSON schema as it stands in `mappings/scoring.schema.json`."""
    data = msgspec.json.encode(to_json_schema())
    return msgspec.json.format(data, indent=2).decode() + "\n"
