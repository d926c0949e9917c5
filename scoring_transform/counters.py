"""What everybody did, as one whole number for each activity and window.

A record that comes twice (same ``activity_id``) counts once, in any order; if its two
versions differ, the larger one counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import narwhals as nw

from scoring_transform.activities import Counting
from scoring_transform.frames import (
    COUNTED,
    MICROSECONDS,
    OUTSIDE,
    TIME,
    is_counted_by,
    small,
    whole,
)
from scoring_transform.windows import to_pieces, to_points, with_bounds

if TYPE_CHECKING:
    from scoring_transform.frames import Frame
    from scoring_transform.model import Model

MOST = 1_000_000_000
FEW = 2
STAY = ("event_id", "window", "attendee_id", "session_id")
POINT = (
    *STAY,
    "activity",
    "activity_id",
    "object_id",
    "quantity",
    "starts",
    "ends",
    "detail",
)


def to_stays(ranked: Frame, bounds: tuple[Frame, Frame]) -> Frame:
    """Return the stays that have a start and an end, cut at the windows' limits."""
    stays = ranked.filter(_is_stay()).select(*STAY, "starts", "ends")
    return to_pieces(with_bounds(stays, bounds)).select(*STAY, "starts", "ends")


def to_instants(ranked: Frame, bounds: tuple[Frame, Frame], model: Model) -> Frame:
    """Return everything else that was done, each with its window."""
    others = ranked.filter(~_is_stay()).select(*POINT)
    points = to_points(with_bounds(others, bounds), model.file.untimed_window)
    return points.select(*POINT)


def _is_stay() -> nw.Expr:
    has_limits = ~nw.col("starts").is_null() & ~nw.col("ends").is_null()
    return (nw.col("activity") == TIME) & has_limits


def to_counters(stays: Frame, points: Frame, model: Model) -> Frame:
    """Return each person's counts.

    Returns:
        event_id, window, attendee_id, activity, value, first, last; a window may be
        outside, where nothing counts.
    """
    seen = nw.concat(
        [
            _to_stay_times(stays),
            _to_totals(points),
            _to_objects(points),
            _to_sessions(points),
        ]
    )
    counts = seen.group_by(*COUNTED).agg(
        value=nw.col("amount").sum(),
        first=nw.col("first").min(),
        last=nw.col("last").max(),
    )
    return counts.with_columns(value=_to_value(model.file.time_bucket_seconds))


def to_details(points: Frame) -> Frame:
    """Return what was answered, clicked or asked, each once, with its first time.

    Returns:
        event_id, window, attendee_id, activity, detail, at.
    """
    named = points.filter(
        nw.col("detail").str.strip_chars() != "",
        nw.col("activity") != TIME,
        _is_done(),
        nw.col("window") < OUTSIDE,
    )
    return named.group_by(*COUNTED, "detail").agg(at=nw.col("starts").min())


def _to_value(bucket: int) -> nw.Expr:
    """Return counts as they are, and time in whole buckets of seconds."""
    seconds = nw.col("value") // (MICROSECONDS * bucket) * bucket
    is_time = nw.col("activity") == TIME
    return whole(nw.when(is_time).then(seconds).otherwise(nw.col("value")))


def _to_stay_times(pieces: Frame) -> Frame:
    """Return the time that one person's stays in one session cover together."""
    stays = pieces.with_columns(
        stays=nw.len().over(*STAY), length=nw.col("ends") - nw.col("starts")
    )
    is_few = nw.col("stays") <= FEW
    return (
        nw.concat(
            [_few_stays(stays.filter(is_few)), _many_stays(stays.filter(~is_few))]
        )
        .with_columns(activity=small(nw.lit(TIME)))
        .select(*COUNTED, "amount", "first", "last")
    )


def _few_stays(stays: Frame) -> Frame:
    """Return the time of one or two stays: their lengths less what both cover.

    Most people have no more, and this needs no order.
    """
    spans = stays.group_by(*STAY).agg(
        number=nw.len(),
        total=nw.col("length").sum(),
        first=nw.col("starts").min(),
        late=nw.col("starts").max(),
        early=nw.col("ends").min(),
        last=nw.col("ends").max(),
    )
    shared = nw.max_horizontal(nw.col("early") - nw.col("late"), nw.lit(0))
    both = nw.when(nw.col("number") == FEW).then(shared).otherwise(nw.lit(0))
    return spans.select(*STAY, "first", "last", amount=whole(nw.col("total") - both))


def _many_stays(stays: Frame) -> Frame:
    """Return the time of more stays, in the order of their starts.

    Each adds what lies after the latest end so far.
    """
    order = ["starts", "ends"]
    reached = stays.with_columns(
        reached=nw.col("ends").cum_max().over(*STAY, order_by=order)
    )
    reached = reached.with_columns(
        reached=nw.col("reached").shift(1).over(*STAY, order_by=order)
    )
    begin = nw.max_horizontal("starts", nw.coalesce("reached", "starts"))
    added = nw.max_horizontal(nw.col("ends") - begin, nw.lit(0))
    return reached.select(*STAY, first="starts", last="ends", amount=whole(added))


def _is_object() -> nw.Expr:
    return is_counted_by(Counting.OBJECTS_IN_SESSION, Counting.OBJECTS_IN_EVENT)


def _to_totals(points: Frame) -> Frame:
    """Return the amounts of what is simply added, once for each ``activity_id``."""
    has_object = _is_object() & ~nw.col("object_id").is_null()
    added = points.filter(~has_object, ~is_counted_by(Counting.SESSIONS))
    return _once(added.with_columns(amount=_to_amount()), "activity_id")


def _to_amount() -> nw.Expr:
    """Return a count, or the microseconds of a time that has no start and end."""
    is_time = nw.col("activity") == TIME
    quantity = nw.col("quantity").cast(nw.Float64).clip(0, MOST)
    micros = (quantity.fill_null(0.0) * MICROSECONDS + 0.5).floor()
    counts = quantity.fill_null(1.0).floor()
    return whole(nw.when(is_time).then(micros).otherwise(counts))


def _is_done() -> nw.Expr:
    """Return whether a record says that something was done at all."""
    return nw.col("quantity").fill_null(1) > 0


def _to_objects(points: Frame) -> Frame:
    """Return 1 for each different poll of a session, CTA or file of the event."""
    named = points.filter(_is_object(), ~nw.col("object_id").is_null(), _is_done())
    in_session = is_counted_by(Counting.OBJECTS_IN_SESSION)
    scoped = named.with_columns(
        session_id=nw.when(in_session).then(nw.col("session_id")),
        amount=whole(nw.lit(1)),
    )
    return _once(scoped, "session_id", "object_id")


def _to_sessions(points: Frame) -> Frame:
    """Return 1 for each session with at least one raised hand, or with a rating."""
    done = points.filter(is_counted_by(Counting.SESSIONS), _is_done())
    return _once(done.with_columns(amount=whole(nw.lit(1))), "session_id")


def _once(rows: Frame, *sameness: str) -> Frame:
    found = rows.group_by(*COUNTED, *sameness).agg(
        amount=nw.col("amount").max(),
        first=nw.col("starts").min(),
        last=nw.max_horizontal("ends", "starts").max(),
    )
    return found.select(*COUNTED, "amount", "first", "last")
