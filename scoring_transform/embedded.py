"""The embedded engine: the score run by Polars, on frames with these columns."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import narwhals as nw
import polars as pl

from scoring_transform.frames import Inputs
from scoring_transform.score import Counts, from_counts, to_counts, to_scores

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from polars._typing import EngineType

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

#: Polars' engine for up to some hundred thousand activities, which it plans in half the
#: time of the other one, and the engine that counts more of them faster.
FEW: Final = "in-memory"
MANY: Final = "streaming"
#: Columns that are joined and grouped by, which is faster by numbers than by texts.
IDS = {
    "events": ("event_id",),
    "sessions": ("event_id", "session_id"),
    "people": ("event_id", "attendee_id"),
    "activities": ("event_id", "attendee_id", "session_id"),
}
#: What is different in each part; the rest is the same in all.
SPLIT = ("counters", "details", "reported")
COUNTS = ("counters", "links", "reported", "details", "open_events")
RESULTS = (
    "activity_scores",
    "lead_scores",
    "summaries",
    "links",
    "reported",
    "details",
    "open_events",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The inputs of a score as Polars frames."""

    events: pl.LazyFrame
    sessions: pl.LazyFrame
    people: pl.LazyFrame
    activities: pl.LazyFrame


def run(
    tables: Tables, model: Model, engine: EngineType = FEW
) -> Mapping[str, pl.DataFrame]:
    """Score events and return every frame of the result, computed."""
    inputs = _to_inputs(tables, _to_code())
    scores = to_scores(inputs, model, keep=partial(_computed, engine=engine))
    return _collect(scores, engine)


def run_in_parts(
    tables: Tables, parts: Iterable[pl.LazyFrame], model: Model
) -> Mapping[str, pl.DataFrame]:
    """Score events whose activities come in parts, each with whole persons."""
    code = _to_code()
    same: dict[str, pl.DataFrame] = {}
    split: dict[str, list[pl.DataFrame]] = {name: [] for name in SPLIT}
    for part in parts:
        inputs = _to_inputs(dataclasses.replace(tables, activities=part), code)
        same = _count(inputs, model)
        for name, frames in split.items():
            frames.append(same.pop(name))
    reported = pl.concat(split.pop("reported")).unique(["event_id", "activity"])
    same |= {name: pl.concat(split.pop(name)) for name in list(split)}
    same["reported"] = reported
    return _collect(_rank(same, model), MANY)


def _rank(frames: dict[str, pl.DataFrame], model: Model) -> Scores:
    """Return the scores, and let go of the counts."""
    counts = Counts(**{name: _to_frame(frames.pop(name)) for name in COUNTS})
    return from_counts(counts, model, keep=partial(_computed, engine=MANY))


def _count(inputs: Inputs, model: Model) -> dict[str, pl.DataFrame]:
    counts = to_counts(inputs, model, keep=partial(_computed, engine=MANY))
    frames = [getattr(counts, name).to_native() for name in COUNTS]
    return dict(zip(COUNTS, pl.collect_all(frames, engine=MANY), strict=True))


def _to_code() -> pl.Categorical:
    """Return a type that holds ids as numbers, in the order of their texts.

    Its table of ids goes with the last frame that uses it.
    """
    return pl.Categorical(pl.Categories.random())


def _to_inputs(tables: Tables, code: pl.Categorical) -> Inputs:
    frames = {
        name: nw.from_native(
            getattr(tables, name).with_columns(pl.col(*ids).cast(code))
        )
        for name, ids in IDS.items()
    }
    return Inputs(**frames)


def _to_frame(frame: pl.DataFrame) -> nw.LazyFrame[pl.LazyFrame]:
    return nw.from_native(frame.lazy())


def _computed(
    *frames: nw.LazyFrame[pl.LazyFrame], engine: EngineType
) -> list[nw.LazyFrame[pl.LazyFrame]]:
    computed = pl.collect_all([frame.to_native() for frame in frames], engine=engine)
    return [_to_frame(frame) for frame in computed]


def _collect(scores: Scores, engine: EngineType) -> Mapping[str, pl.DataFrame]:
    frames = [getattr(scores, name).to_native() for name in RESULTS]
    return dict(zip(RESULTS, pl.collect_all(frames, engine=engine), strict=True))
