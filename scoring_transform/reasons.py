"""Why a score is what it is, in words: the three parts that weigh most."""

from __future__ import annotations

import polars as pl

from scoring_transform.activities import KINDS, NAMES
from scoring_transform.frames import TIME

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


def to_reason() -> pl.Expr:
    """Return one part in words, such as "asked 2 questions"."""
    value, is_time = pl.col("value"), pl.col("activity") == TIME
    is_short = is_time & (value < MINUTE)
    noun = (
        pl.when(is_short)
        .then(pl.lit("s"))
        .when(value == 1)
        .then(_word([kind.one for kind in KINDS]))
        .otherwise(_word([kind.many for kind in KINDS]))
    )
    number = pl.when(is_time & ~is_short).then(value // MINUTE).otherwise(value)
    verb = _word([kind.verb for kind in KINDS])
    return pl.format("{} {} {}{}", verb, number, noun, _labels())


def _word(words: list[str]) -> pl.Expr:
    """Return each activity's own word."""
    places = range(len(words))
    return pl.col("activity").replace_strict(places, words, return_dtype=pl.String)


def _labels() -> pl.Expr:
    """Return ": Pricing, Demo" for what has a name of its own."""
    places = [NAMES.index(name) for name in LABELLED]
    names = pl.col("details").list.head(MOST_REASONS).list.join(", ")
    named = pl.col("activity").is_in(places) & (names.str.len_chars() > 0)
    text = names.str.replace_all(r"\s+", " ").str.slice(0, LABEL_LENGTH)
    return pl.when(named).then(pl.lit(": ") + text).otherwise(pl.lit(""))
