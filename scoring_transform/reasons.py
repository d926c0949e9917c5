"""Why a score is what it is, in words: the three parts that weigh most."""

from __future__ import annotations

import polars as pl

from scoring_transform.activities import KINDS, TIME, ActivityKind

MOST_REASONS = 3
MOST_DETAILS = 5
LABEL_LENGTH = 60
MINUTE = 60
LABELLED = ("cta_click", "file_download")
PART = ("event_id", "attendee_id", "window", "activity")
SCOPE = ("event_id", "attendee_id", "window")


def to_details(points: pl.LazyFrame) -> pl.LazyFrame:
    """Return the first few different details of each part, oldest first."""
    ordered = points.sort("at", "detail", nulls_last=True)
    return ordered.group_by(*PART, maintain_order=True).agg(
        details=pl.col("detail").head(MOST_DETAILS)
    )


def to_reasons(parts: pl.LazyFrame) -> pl.LazyFrame:
    """Return for each person and window at most three reasons, strongest first.

    Args:
        parts: Activity scores with ``position`` of the activity and ``details``.
    """
    counted = parts.filter(pl.col("nanos") + pl.col("rest") > 0)
    strongest = counted.sort(
        "nanos", "rest", "position", descending=[True, True, False]
    )
    said = strongest.with_columns(reason=to_reason())
    return said.group_by(*SCOPE, maintain_order=True).agg(
        reasons=pl.col("reason").head(MOST_REASONS)
    )


def to_reason() -> pl.Expr:
    """Return one part in words, such as "asked 2 questions"."""
    said = pl.lit("")
    for kind in KINDS:
        is_kind = pl.col("activity") == kind.name
        said = pl.when(is_kind).then(_say(kind)).otherwise(said)
    return said + _labels()


def _say(kind: ActivityKind) -> pl.Expr:
    value = pl.col("value")
    if kind.name == TIME:
        seconds = pl.format("watched {} s", value)
        minutes = pl.format("watched {} min", value // MINUTE)
        return pl.when(value < MINUTE).then(seconds).otherwise(minutes)
    noun = pl.when(value == 1).then(pl.lit(kind.one)).otherwise(pl.lit(kind.many))
    return pl.format(f"{kind.verb} {{}} {{}}", value, noun)


def _labels() -> pl.Expr:
    """Return ": Pricing, Demo" for what has a name of its own."""
    names = pl.col("details").list.head(MOST_REASONS).list.join(", ")
    named = pl.col("activity").is_in(LABELLED) & (names.str.len_chars() > 0)
    text = names.str.replace_all(r"\s+", " ").str.slice(0, LABEL_LENGTH)
    return pl.when(named).then(pl.lit(": ") + text).otherwise(pl.lit(""))
