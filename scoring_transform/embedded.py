"""The embedded engine: the score run by Polars, on frames with these columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import narwhals as nw
import polars as pl

from scoring_transform.frames import Inputs
from scoring_transform.score import to_scores

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring_transform.model import Model
    from scoring_transform.score import Scores

EVENTS = {
    "event_id": pl.String,
    "starts": pl.Int64,
    "ends": pl.Int64,
    "on_demand_ends": pl.Int64,
}
SESSIONS = {
    "event_id": pl.String,
    "session_id": pl.String,
    "starts": pl.Int64,
    "ends": pl.Int64,
}
PEOPLE = {
    "event_id": pl.String,
    "attendee_id": pl.String,
    "email_key": pl.String,
    "role": pl.String,
    "attended": pl.Boolean,
    "profile": pl.Int64,
}
ACTIVITIES = {
    "event_id": pl.String,
    "activity_id": pl.String,
    "attendee_id": pl.String,
    "session_id": pl.String,
    "activity": pl.String,
    "window": pl.String,
    "object_id": pl.String,
    "quantity": pl.Float64,
    "starts": pl.Int64,
    "ends": pl.Int64,
    "anonymous": pl.Boolean,
    "detail": pl.String,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The inputs of a score as Polars frames."""

    events: pl.LazyFrame
    sessions: pl.LazyFrame
    people: pl.LazyFrame
    activities: pl.LazyFrame


def run(tables: Tables, model: Model) -> Mapping[str, pl.DataFrame]:
    """Score events and return every frame of the result, computed."""
    inputs = Inputs(
        events=nw.from_native(tables.events),
        sessions=nw.from_native(tables.sessions),
        people=nw.from_native(tables.people),
        activities=nw.from_native(tables.activities),
    )
    scores = to_scores(inputs, model, keep=_computed)
    frames = _frames_of(scores)
    computed = pl.collect_all(list(frames.values()))
    return dict(zip(frames, computed, strict=True))


def _computed(frame: nw.LazyFrame[pl.LazyFrame]) -> nw.LazyFrame[pl.LazyFrame]:
    return nw.from_native(frame.to_native().collect().lazy())


def _frames_of(scores: Scores) -> dict[str, pl.LazyFrame]:
    return {name: getattr(scores, name).to_native() for name in RESULTS}


RESULTS = (
    "activity_scores",
    "lead_scores",
    "summaries",
    "links",
    "reported",
    "details",
    "open_events",
)
