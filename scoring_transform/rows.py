"""Scores as the rows of the streams that come out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from scoring_transform.activities import KINDS, NAMES, TIME, WINDOWS
from scoring_transform.model import MOST_DECIMALS
from scoring_transform.reasons import SCOPE, to_details, to_reasons
from scoring_transform.streams import (
    EVENT_FIELDS,
    PERSON_FIELDS,
    WINDOW_FIELDS,
    WINDOW_TIMES,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring_transform.model import Model

PERSON = ("event_id", "attendee_id")
LOGIN_FIELDS = (*PERSON_FIELDS, "registered_at")
UNITS = {kind.name: kind.unit for kind in KINDS}
PLACES = {name: place for place, name in enumerate(NAMES)}
SOURCES = {"lead_score": "lead_tenths", "sum": "sum_tenths"}
TENTHS = {"lead_score", "sum"}
OF_A_WINDOW = (*WINDOW_FIELDS, *NAMES, "reasons", *WINDOW_TIMES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the engine computed, and the names that belong to it.

    Attributes:
        frames: The frames of a score, by name.
        logins: The attendees as they came, with their names.
        events: One row for each event, with ``position``, the order of the output.
        model: The rules.
        scored_at: The time that stands in the rows.
    """

    frames: Mapping[str, pl.DataFrame]
    logins: pl.DataFrame
    events: pl.DataFrame
    model: Model
    scored_at: str


def to_rows(result: Result) -> dict[str, pl.DataFrame]:
    """Return the rows of each stream, in an order that depends on nothing else."""
    parts = _to_parts(result)
    persons = _to_persons(result)
    lazy = {
        "lead_scores": _to_leads(result, parts, persons),
        "activity_scores": _to_activities(result, parts, persons),
    }
    computed = pl.collect_all(list(lazy.values()))
    return dict(zip(lazy, computed, strict=True))


def to_summary_rows(result: Result) -> pl.DataFrame:
    """Return the rows of the summaries of whole events."""
    return _to_summaries(result).collect()


def _to_parts(result: Result) -> pl.LazyFrame:
    """Return the activity scores with their details and their place among the nine."""
    scores = result.frames["activity_scores"].lazy()
    points = result.frames["details"]
    if points.is_empty():
        joined = scores.with_columns(details=pl.lit(None, pl.List(pl.String)))
    else:
        details = to_details(points.lazy())
        joined = scores.join(details, on=[*SCOPE, "activity"], how="left")
    return joined.with_columns(
        position=pl.col("activity").replace_strict(PLACES, return_dtype=pl.Int64),
        details=pl.col("details").fill_null([]),
    )


def _to_persons(result: Result) -> pl.LazyFrame:
    """Return one row of names for each person, filled from all of their logins."""
    links = result.frames["links"].lazy().select(*PERSON, "person")
    joined = result.logins.lazy().join(links, on=list(PERSON)).sort("attendee_id")
    filled = joined.group_by("event_id", "person", maintain_order=True).agg(
        *[pl.col(name).drop_nulls().first() for name in PERSON_FIELDS],
        pl.col("registered_at").min(),
        pl.col("attended").max(),
    )
    return filled.rename({"person": "attendee_id"})


def _to_leads(
    result: Result, parts: pl.LazyFrame, persons: pl.LazyFrame
) -> pl.LazyFrame:
    leads = result.frames["lead_scores"].lazy()
    reasons = to_reasons(parts)
    rows = leads.select(*PERSON).unique()
    for window in WINDOWS:
        block = _to_block(leads, parts, reasons, window)
        rows = rows.join(block, on=list(PERSON), how="left")
    named = rows.join(persons, on=list(PERSON), how="left").join(
        _to_events(result), on="event_id", how="left"
    )
    shown = named.with_columns(*_unavailable(), **_origin(result))
    ordered = shown.sort("position", "attendee_id")
    return ordered.select(
        *PERSON,
        *PERSON_FIELDS,
        *EVENT_FIELDS,
        pl.col("attended").fill_null(value=False),
        "registered_at",
        *[name for window in WINDOWS for name in _names(window)],
        "on_demand_window",
        "unavailable_activities",
        "model",
        "model_hash",
        "scored_at",
    )


def _names(window: str) -> list[str]:
    return [f"{window}_{name}" for name in OF_A_WINDOW]


def _to_block(
    leads: pl.LazyFrame, parts: pl.LazyFrame, reasons: pl.LazyFrame, window: str
) -> pl.LazyFrame:
    """Return all columns of one window, one row for each person."""
    is_window = pl.col("window") == window
    shown = leads.filter(is_window).select(
        *PERSON,
        *[
            _shown(SOURCES.get(name, name), tenths=name in TENTHS).alias(name)
            for name in WINDOW_FIELDS
        ],
    )
    wide = (
        parts.filter(is_window)
        .group_by(*PERSON)
        .agg(
            *[
                pl.col("tenths").filter(pl.col("activity") == name).first().alias(name)
                for name in NAMES
            ],
            joined_at=_moment("first").filter(pl.col("activity") == TIME).first(),
            left_at=_moment("last").filter(pl.col("activity") == TIME).first(),
        )
    )
    told = reasons.filter(is_window).select(*PERSON, "reasons")
    joined = shown.join(wide, on=list(PERSON), how="left").join(
        told, on=list(PERSON), how="left"
    )
    filled = joined.with_columns(
        *[_tenths(name).fill_null(0) for name in NAMES],
        pl.col("reasons").fill_null([]),
    )
    return filled.rename({name: f"{window}_{name}" for name in OF_A_WINDOW})


def _shown(name: str, *, tenths: bool) -> pl.Expr:
    return _tenths(name) if tenths else pl.col(name)


def _tenths(name: str) -> pl.Expr:
    """Return tenths as the number nearest to them; the engine's division is not."""
    return (pl.col(name) / 10).round(1)


def _to_events(result: Result) -> pl.LazyFrame:
    """Return the events with what is missing in them."""
    reported = (
        result.frames["reported"]
        .lazy()
        .group_by("event_id")
        .agg(reported=pl.col("activity"))
    )
    opened = result.frames["open_events"].lazy()
    joined = (
        result.events.lazy()
        .join(reported, on="event_id", how="left")
        .join(opened, on="event_id", how="left")
    )
    named = pl.col("reported").fill_null([])
    missing = [
        pl.when(~named.list.contains(name) & ~_is_promised(name)).then(pl.lit(name))
        for name in NAMES
    ]
    return joined.with_columns(
        unavailable_activities=pl.concat_list(missing).list.drop_nulls(),
        on_demand_window=pl.when(pl.col("is_open").fill_null(value=True))
        .then(pl.lit("open"))
        .otherwise(pl.lit("closed")),
    )


def _is_promised(name: str) -> pl.Expr:
    return pl.col("reported_activities").fill_null([]).list.contains(name)


def _unavailable() -> list[pl.Expr]:
    """Return null instead of 0 for activities nobody could have been seen doing."""
    return [
        pl.when(~pl.col("unavailable_activities").list.contains(name))
        .then(pl.col(f"{window}_{name}"))
        .alias(f"{window}_{name}")
        for window in WINDOWS
        for name in NAMES
    ]


def _origin(result: Result) -> dict[str, pl.Expr]:
    return {
        "model": pl.lit(result.model.name),
        "model_hash": pl.lit(result.model.hash),
        "scored_at": pl.lit(result.scored_at),
    }


def _to_activities(
    result: Result, parts: pl.LazyFrame, persons: pl.LazyFrame
) -> pl.LazyFrame:
    emails = persons.select(*PERSON, "email")
    places = result.events.lazy().select("event_id", place="position")
    joined = parts.join(emails, on=list(PERSON), how="left").join(
        places, on="event_id", how="left"
    )
    ordered = joined.sort("place", "attendee_id", "window", "position")
    return ordered.select(
        *PERSON,
        "window",
        "activity",
        "email",
        "value",
        unit=pl.col("activity").replace_strict(UNITS, return_dtype=pl.String),
        rank="rank",
        max_rank="max_rank",
        ranked_attendees="ranked_attendees",
        weight=(pl.col("weight") / result.model.scale).round(MOST_DECIMALS),
        score=_tenths("tenths"),
        first_at=_moment("first"),
        last_at=_moment("last"),
        details="details",
    )


def _moment(name: str) -> pl.Expr:
    moment = pl.col(name).cast(pl.Datetime("us"))
    return moment.dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ")


def _to_summaries(result: Result) -> pl.LazyFrame:
    places = result.events.lazy().select("event_id", place="position")
    joined = result.frames["summaries"].lazy().join(places, on="event_id", how="left")
    ordered = joined.sort("place", "window", "position")
    return ordered.select(
        "event_id",
        "window",
        "group_kind",
        "group",
        "lower_limit",
        "upper_limit",
        "attendees",
        share=_tenths("share_tenths"),
        average_total=_tenths("total_tenths"),
        average_engagement=_tenths("engagement_tenths"),
        average_profile=_tenths("profile_tenths"),
        **_origin(result),
    )
