"""Activity scores with what they are about, and the reasons they give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import narwhals as nw

from scoring_transform.activities import KINDS, NAMES, TIME, WINDOWS
from scoring_transform.frames import PERSON, is_any_of, pick, whole
from scoring_transform.reasons import (
    LABEL_LENGTH,
    LABELLED,
    MINUTE,
    MOST_DETAILS,
    MOST_REASONS,
    PART,
    SCOPE,
)
from scoring_transform.windows import EVER

if TYPE_CHECKING:
    from scoring_transform.activities import ActivityKind
    from scoring_transform.frames import Frame

DETAILS = [f"detail_{place}" for place in range(MOST_DETAILS)]
REASONS = [f"reason_{place}" for place in range(MOST_REASONS)]
PLACES = [(name, place) for place, name in enumerate(NAMES)]
#: What the embedded engine's ``\s`` matches, in a form that every engine reads alike.
SPACES = "[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+"


def to_parts(scored: Frame, details: Frame) -> Frame:
    """Return the activity scores with the first few different details of each."""
    placed = _placed(
        details.with_columns(at=nw.coalesce("at", nw.lit(EVER))), PART, ("at", "detail")
    )
    first = placed.group_by(*PART).agg(
        **{
            name: nw.when(nw.col("place") == place + 1).then(nw.col("detail")).max()
            for place, name in enumerate(DETAILS)
        }
    )
    joined = scored.join(first, on=list(PART), how="left")
    return joined.with_columns(position=whole(pick("activity", PLACES, len(NAMES))))


def to_reasons(parts: Frame) -> Frame:
    """Return for each person and window up to three reasons, strongest first.

    Returns:
        event_id, attendee_id, window, reason_0, reason_1, reason_2.
    """
    counted = parts.filter(nw.col("nanos") + nw.col("rest") > 0).with_columns(
        less_nanos=-nw.col("nanos"), less_rest=-nw.col("rest"), reason=_to_reason()
    )
    placed = _placed(counted, SCOPE, ("less_nanos", "less_rest", "position"))
    return placed.group_by(*SCOPE).agg(
        **{
            name: nw.when(nw.col("place") == place + 1).then(nw.col("reason")).max()
            for place, name in enumerate(REASONS)
        }
    )


def _placed(rows: Frame, scope: tuple[str, ...], order: tuple[str, ...]) -> Frame:
    """Number rows that belong together from 1 in their order."""
    counted = rows.with_columns(one=whole(nw.lit(1)))
    number = nw.col("one").cum_sum().over(*scope, order_by=list(order))
    return counted.with_columns(place=number).drop("one")


def _to_reason() -> nw.Expr:
    said = nw.lit("")
    for kind in KINDS:
        is_kind = nw.col("activity") == kind.name
        said = nw.when(is_kind).then(_say(kind)).otherwise(said)
    return nw.concat_str(said, _labels())


def _say(kind: ActivityKind) -> nw.Expr:
    value = nw.col("value")
    if kind.name == TIME:
        minutes = whole(value // MINUTE)
        is_short = value < MINUTE
        number = nw.when(is_short).then(value).otherwise(minutes)
        noun = nw.when(is_short).then(nw.lit("s")).otherwise(nw.lit("min"))
    else:
        number = value
        is_one = value == 1
        noun = nw.when(is_one).then(nw.lit(kind.one)).otherwise(nw.lit(kind.many))
    return nw.concat_str(nw.lit(kind.verb), number.cast(nw.String), noun, separator=" ")


def _labels() -> nw.Expr:
    """Return ": Pricing, Demo" for what has a name of its own."""
    names = nw.concat_str(*DETAILS[:MOST_REASONS], separator=", ", ignore_nulls=True)
    named = is_any_of("activity", LABELLED) & (names.str.len_chars() > 0)
    text = names.str.replace_all(SPACES, " ").str.slice(0, LABEL_LENGTH)
    label = nw.concat_str(nw.lit(": "), text)
    return nw.when(named).then(label).otherwise(nw.lit(""))


def to_wide(parts: Frame) -> Frame:
    """Return every person's displays in tenths, one column an activity and window."""
    return parts.group_by(*PERSON).agg(
        **{
            f"{window}_{name}": nw.when(
                nw.col("window") == window, nw.col("activity") == name
            )
            .then(nw.col("tenths"))
            .max()
            for window in WINDOWS
            for name in NAMES
        }
    )
