"""Scores as the rows of the streams that come out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from scoring_transform.activities import KINDS, NAMES, WINDOWS
from scoring_transform.embedded import FEW
from scoring_transform.frames import LIVE, TIME
from scoring_transform.model import MOST_DECIMALS
from scoring_transform.ranks import NANO, NANO_DECIMALS
from scoring_transform.reasons import MOST_REASONS, PART, to_details, to_reason
from scoring_transform.streams import (
    EVENT_FIELDS,
    PERSON_FIELDS,
    WINDOW_FIELDS,
    WINDOW_TIMES,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from scoring_transform.model import Model

PERSON = ("event_id", "attendee_id")
#: A person's place in the output and a window's: by what everything below is joined.
BLOCK = ("place", "window")
LOGIN_FIELDS = (*PERSON_FIELDS, "registered_at", "attended")
SOURCES = {"lead_score": "lead_tenths", "sum": "sum_tenths"}
OF_A_WINDOW = (*WINDOW_FIELDS, *NAMES, "reasons", *WINDOW_TIMES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the engine computed, and the names that belong to it.

    Attributes:
        frames: The frames of a score, by name; ids are categories.
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


def to_rows(result: Result, streams: Collection[str]) -> dict[str, pl.DataFrame]:
    """Return the rows of streams, in an order that depends on nothing else."""
    people = _to_people(result).collect(engine=FEW)
    parts = _to_parts(result, people.lazy()).collect(engine=FEW).lazy()
    lazy = {
        "lead_scores": _to_leads(result, parts, people.lazy()),
        "activity_scores": _to_activities(result, parts),
    }
    wanted = {name: rows for name, rows in lazy.items() if name in streams}
    computed = pl.collect_all(list(wanted.values()), engine=FEW)
    return dict(zip(wanted, computed, strict=True))


def to_summary_rows(result: Result) -> pl.DataFrame:
    """Return the rows of the summaries of whole events."""
    return _to_summaries(result).collect(engine=FEW)


def _to_people(result: Result) -> pl.LazyFrame:
    """Return one row of names for each participant, in the order of the output."""
    leads = result.frames["lead_scores"].lazy()
    people = leads.filter(pl.col("window") == LIVE).select(
        *PERSON, profile_score=(pl.col("profile") / NANO).round(NANO_DECIMALS)
    )
    events = result.events.lazy().select("event_id", "position")
    named = people.join(_to_names(result), on=list(PERSON), how="left")
    ordered = named.join(events, on="event_id").sort("position", "attendee_id")
    return ordered.drop("position").with_row_index("place")


def _to_names(result: Result) -> pl.LazyFrame:
    """Return one row of names for each person, filled from all of their logins."""
    links = result.frames["links"].lazy().select(*PERSON, "person")
    logins = result.logins.lazy().join(links, on=list(PERSON))
    is_only = pl.len().over("event_id", "person") == 1
    several = logins.filter(~is_only).sort("attendee_id")
    filled = several.group_by("event_id", "person", maintain_order=True).agg(
        *[pl.col(name).drop_nulls().first() for name in PERSON_FIELDS],
        pl.col("registered_at").min(),
        pl.col("attended").max(),
    )
    columns = ["event_id", "person", *LOGIN_FIELDS]
    names = pl.concat([logins.filter(is_only).select(columns), filled.select(columns)])
    return names.rename({"person": "attendee_id"})


def _to_parts(result: Result, people: pl.LazyFrame) -> pl.LazyFrame:
    """Return the activity scores with their details, the strongest first."""
    scores = result.frames["activity_scores"].lazy()
    places = people.select(*PERSON, "place", "email")
    joined = scores.join(places, on=list(PERSON))
    points = result.frames["details"]
    if points.is_empty():
        joined = joined.with_columns(details=pl.lit([], pl.List(pl.String)))
    else:
        details = to_details(points.lazy())
        joined = joined.join(details, on=list(PART), how="left").with_columns(
            pl.col("details").fill_null([])
        )
    strength = [pl.col("nanos"), pl.col("rest"), -pl.col("activity")]
    return joined.sort(*strength, descending=True)


def _to_leads(
    result: Result, parts: pl.LazyFrame, people: pl.LazyFrame
) -> pl.LazyFrame:
    blocks = [
        _to_block(result, parts, people, window) for window in range(len(WINDOWS))
    ]
    rows = pl.concat([people, *blocks], how="horizontal")
    named = rows.join(_to_events(result), on="event_id", how="left").sort("place")
    return named.select(
        pl.col(*PERSON).cast(pl.String),
        *PERSON_FIELDS,
        *EVENT_FIELDS,
        pl.col("attended").fill_null(value=False),
        "registered_at",
        "profile_score",
        *[_column(window, name) for window in WINDOWS for name in OF_A_WINDOW],
        "on_demand_window",
        "unavailable_activities",
        **_origin(result),
    )


def _column(window: str, name: str) -> pl.Expr:
    """Return a window's column, with null where nobody could have been seen doing."""
    column = pl.col(f"{window}_{name}")
    if name in NAMES:
        return pl.when(~pl.col(f"missing_{name}")).then(column)
    return column


def _to_block(
    result: Result, parts: pl.LazyFrame, people: pl.LazyFrame, window: int
) -> pl.LazyFrame:
    """Return all columns of one window, one row for each person, in their order."""
    is_window = pl.col("window") == window
    leads = result.frames["lead_scores"].lazy().filter(is_window)
    places = people.select(*PERSON, "place")
    counts = pl.col("nanos") + pl.col("rest") > 0
    said = parts.filter(is_window).with_columns(
        reason=pl.when(counts).then(to_reason())
    )
    done = said.group_by("place").agg(*_to_agg())
    joined = leads.join(places, on=list(PERSON)).join(done, on="place", how="left")
    shown = {
        **{name: pl.col(SOURCES.get(name, name)) for name in WINDOW_FIELDS},
        **{name: _tenths(name).fill_null(0) for name in NAMES},
        **{name: _tenths(source) for name, source in SOURCES.items()},
        **{name: _moment(name) for name in WINDOW_TIMES},
        "reasons": pl.col("reasons").list.drop_nulls().fill_null([]),
    }
    name = WINDOWS[window]
    return joined.sort("place").select(
        **{f"{name}_{column}": shown[column] for column in OF_A_WINDOW}
    )


def _to_agg() -> list[pl.Expr]:
    """Return what stands in a person's row of what he or she did in a window."""
    tenths = [
        pl.when(pl.col("activity") == place).then(pl.col("tenths")).max().alias(name)
        for place, name in enumerate(NAMES)
    ]
    stay = pl.col("activity") == TIME
    joined_at, left_at = WINDOW_TIMES
    return [
        *tenths,
        pl.when(stay).then(pl.col("first")).max().alias(joined_at),
        pl.when(stay).then(pl.col("last")).max().alias(left_at),
        pl.col("reason").head(MOST_REASONS).alias("reasons"),
    ]


def _tenths(name: str) -> pl.Expr:
    """Return tenths as the number nearest to them; the engine's division is not."""
    return (pl.col(name) / 10).round(1)


def _to_events(result: Result) -> pl.LazyFrame:
    """Return the events with what is missing in them."""
    reported = result.frames["reported"].lazy().group_by("event_id").agg("activity")
    opened = result.frames["open_events"].lazy()
    joined = (
        result.events.lazy()
        .join(reported, on="event_id", how="left")
        .join(opened, on="event_id", how="left")
    )
    missing = {f"missing_{name}": _is_missing(name) for name in NAMES}
    names = [
        pl.when(is_missing).then(pl.lit(name))
        for name, is_missing in zip(NAMES, missing.values(), strict=True)
    ]
    return joined.select(
        "event_id",
        *EVENT_FIELDS,
        **missing,
        unavailable_activities=pl.concat_list(names).list.drop_nulls(),
        on_demand_window=pl.when(pl.col("is_open").fill_null(value=True))
        .then(pl.lit("open"))
        .otherwise(pl.lit("closed")),
    )


def _is_missing(name: str) -> pl.Expr:
    """Return whether nobody could have been seen doing it."""
    seen = pl.col("activity").fill_null([]).list.contains(NAMES.index(name))
    promised = pl.col("reported_activities").fill_null([]).list.contains(name)
    return ~seen & ~promised


def _origin(result: Result) -> dict[str, pl.Expr]:
    return {
        "model": pl.lit(result.model.name),
        "model_hash": pl.lit(result.model.hash),
        "scored_at": pl.lit(result.scored_at),
    }


def _to_activities(result: Result, parts: pl.LazyFrame) -> pl.LazyFrame:
    weight = pl.col("weight") / result.model.scale
    return parts.sort(*BLOCK, "activity").select(
        pl.col(*PERSON).cast(pl.String),
        _named("window", WINDOWS),
        _named("activity", NAMES),
        "email",
        "value",
        unit=pl.col("activity").replace_strict(
            range(len(KINDS)), [kind.unit for kind in KINDS], return_dtype=pl.String
        ),
        rank="rank",
        max_rank="max_rank",
        ranked_attendees="ranked_attendees",
        weight=weight.round(MOST_DECIMALS),
        score=_tenths("tenths"),
        first_at=_moment("first"),
        last_at=_moment("last"),
        details="details",
    )


def _named(column: str, names: Sequence[str]) -> pl.Expr:
    """Return the names for places."""
    return pl.col(column).cast(pl.UInt8).cat.to(pl.Enum(names))


def _moment(name: str) -> pl.Expr:
    moment = pl.col(name).cast(pl.Datetime("us"))
    return moment.dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ")


def _to_summaries(result: Result) -> pl.LazyFrame:
    places = result.events.lazy().select("event_id", place="position")
    joined = result.frames["summaries"].lazy().join(places, on="event_id", how="left")
    ordered = joined.sort("place", "window", "position")
    return ordered.select(
        pl.col("event_id").cast(pl.String),
        _named("window", WINDOWS),
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
