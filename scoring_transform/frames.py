"""The frames a score is made of, and the few expressions that every step uses.

Instants are whole microseconds since 1970 (UTC) and every number that decides a score
is a whole number, so that each engine gets the same answer. Within a score an activity
is its place among the nine and a window its place among the windows: every step groups
by them, which numbers make fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import narwhals as nw

from scoring_transform.activities import KINDS, NAMES, WINDOWS, Counting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, TypeAlias

    Frame: TypeAlias = nw.LazyFrame[Any]

MICROSECONDS = 1_000_000
EVENT = ("event_id",)
PERSON = ("event_id", "attendee_id")
SCORED = ("event_id", "window")
COUNTED = ("event_id", "window", "attendee_id", "activity")
LIVE, ON_DEMAND, OUTSIDE = range(3)
TIME = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What an engine must hand over; ``starts`` and ``ends`` are microseconds.

    Attributes:
        events: event_id, starts, ends, on_demand_ends.
        sessions: event_id, session_id, starts, ends.
        people: event_id, attendee_id, email_key, role, attended, profile.
        activities: event_id, activity_id, attendee_id, session_id, activity, window,
            object_id, quantity, starts, ends, anonymous, detail.
    """

    events: Frame
    sessions: Frame
    people: Frame
    activities: Frame


def whole(expression: nw.Expr) -> nw.Expr:
    """Return an expression as 64-bit whole numbers."""
    return expression.cast(nw.Int64)


def small(expression: nw.Expr) -> nw.Expr:
    """Return an expression as 8-bit whole numbers."""
    return expression.cast(nw.Int8)


def is_counted_by(*counting: Counting) -> nw.Expr:
    """Return whether an activity is counted in one of these ways; never null."""
    tests = [
        nw.col("activity") == place
        for place, kind in enumerate(KINDS)
        if kind.counting in counting
    ]
    return nw.any_horizontal(*tests, ignore_nulls=True)


def to_place(column: str, names: Sequence[str]) -> nw.Expr:
    """Return each value's place among names, or how many there are if it is none."""
    table = [(name, place) for place, name in enumerate(names)]
    return small(pick(column, table, len(names)))


def to_named(frame: Frame, *columns: str) -> Frame:
    """Return a frame with the names of activities and windows instead of places."""
    known = {"activity": NAMES, "window": WINDOWS}
    named = [_to_name(column, known[column]).alias(column) for column in columns]
    return frame.with_columns(*named)


def _to_name(column: str, names: Sequence[str]) -> nw.Expr:
    *others, last = names
    return pick(column, list(enumerate(others)), last)


def is_any_of(column: str, values: Sequence[str]) -> nw.Expr:
    """Return whether a column holds one of the values; never null."""
    if not values:
        return nw.lit(value=False)
    tests = [nw.col(column) == value for value in values]
    return nw.any_horizontal(*tests, ignore_nulls=True)


def pick(
    column: str, table: Sequence[tuple[int | str, int | str]], other: int | str
) -> nw.Expr:
    """Return for each row the entry that the table has for a column's value."""
    chosen = nw.lit(other)
    for key, value in reversed(table):
        chosen = nw.when(nw.col(column) == key).then(nw.lit(value)).otherwise(chosen)
    return chosen
