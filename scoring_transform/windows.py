"""Where activity counts: live ``[start, end)``, on demand ``[end, event end)``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import narwhals as nw

from scoring_transform.activities import WINDOWS
from scoring_transform.frames import (
    EVENT,
    LIVE,
    MICROSECONDS,
    ON_DEMAND,
    OUTSIDE,
    small,
    whole,
)

if TYPE_CHECKING:
    from scoring_transform.frames import Frame
    from scoring_transform.model import Model

EVER = 2**60
DAY = 86_400 * MICROSECONDS


def to_bounds(events: Frame, sessions: Frame, model: Model) -> tuple[Frame, Frame]:
    """Return the limits of every session, and of every event for what has no session.

    A session without a time takes the event's. What belongs to no known session is
    judged by the first start and the last end of the event's sessions.

    Returns:
        ``(event_id, session_id, live_from, live_to, demand_to)`` and
        ``(event_id, event_from, event_to, event_demand_to, is_open)``.
    """
    known = sessions.join(
        events.select(
            "event_id",
            "on_demand_ends",
            from_event=nw.col("starts"),
            to_event=nw.col("ends"),
        ),
        on="event_id",
        how="left",
    )
    limits = known.select(
        "event_id",
        "session_id",
        *_limits("starts", "from_event", "ends", "to_event"),
        demand_end=nw.coalesce("on_demand_ends", "to_event"),
    )
    bounds = _with_demand_end(limits, model)
    return bounds.drop("is_open"), _to_event_bounds(events, bounds, model)


def _limits(start: str, start2: str, end: str, end2: str) -> tuple[nw.Expr, nw.Expr]:
    return (
        nw.coalesce(start, start2, nw.lit(-EVER)).alias("live_from"),
        nw.coalesce(end, end2, nw.lit(EVER)).alias("live_to"),
    )


def _with_demand_end(limits: Frame, model: Model) -> Frame:
    """Add the end of the on-demand window, and whether it has none."""
    if model.file.on_demand_until == "open":
        end = nw.lit(EVER)
    elif model.on_demand_days is not None:
        end = nw.col("live_to") + model.on_demand_days * DAY
    else:
        late = nw.col("demand_end") > nw.col("live_to")
        end = nw.when(late).then(nw.col("demand_end")).otherwise(nw.lit(EVER))
    return (
        limits.with_columns(demand_to=whole(end))
        .with_columns(is_open=nw.col("demand_to") >= EVER)
        .drop("demand_end")
    )


def _to_event_bounds(events: Frame, bounds: Frame, model: Model) -> Frame:
    spans = bounds.group_by(*EVENT).agg(
        first=nw.col("live_from").min(),
        last=nw.col("live_to").max(),
        any_open=nw.col("is_open").max(),
    )
    joined = events.join(spans, on="event_id", how="left")
    limits = joined.select(
        "event_id",
        "any_open",
        *_limits("first", "starts", "last", "ends"),
        demand_end=nw.coalesce("on_demand_ends", "ends"),
    )
    return _with_demand_end(limits, model).select(
        "event_id",
        event_from="live_from",
        event_to="live_to",
        event_demand_to="demand_to",
        is_open=nw.coalesce("any_open", "is_open"),
    )


def with_bounds(activities: Frame, bounds: tuple[Frame, Frame]) -> Frame:
    """Add to every activity the limits of its session, or of its event."""
    sessions, events = bounds
    joined = activities.join(sessions, on=["event_id", "session_id"], how="left").join(
        events.drop("is_open"), on="event_id", how="left"
    )
    return joined.with_columns(
        live_from=nw.coalesce("live_from", "event_from", nw.lit(-EVER)),
        live_to=nw.coalesce("live_to", "event_to", nw.lit(EVER)),
        demand_to=nw.coalesce("demand_to", "event_demand_to", nw.lit(EVER)),
    ).drop("event_from", "event_to", "event_demand_to")


def to_points(bounded: Frame, untimed: str) -> Frame:
    """Give every activity that is an instant its window; the platform's label wins."""
    at = nw.col("starts")
    timed = (
        nw.when((at >= nw.col("live_from")) & (at < nw.col("live_to")))
        .then(nw.lit(LIVE))
        .when((at >= nw.col("live_to")) & (at < nw.col("demand_to")))
        .then(nw.lit(ON_DEMAND))
        .otherwise(nw.lit(OUTSIDE))
    )
    fallback = WINDOWS.index(untimed) if untimed in WINDOWS else OUTSIDE
    judged = nw.when(at.is_null()).then(nw.lit(fallback)).otherwise(timed)
    chosen = nw.when(_is_labelled()).then(nw.col("window")).otherwise(judged)
    return bounded.with_columns(window=small(chosen))


def _is_labelled() -> nw.Expr:
    return nw.col("window") < OUTSIDE


def to_pieces(stays: Frame) -> Frame:
    """Cut stays at the limits of the windows; a labelled stay is one piece.

    A stay that is in no window is kept as outside: its person was there.
    """
    labelled = stays.filter(_is_labelled())
    free = stays.filter(~_is_labelled())
    begin, end = nw.col("starts"), nw.col("ends")
    before, between = nw.col("live_from"), nw.col("live_to")
    after = nw.col("demand_to")
    live = free.with_columns(
        window=small(nw.lit(LIVE)),
        starts=nw.max_horizontal(begin, before),
        ends=nw.min_horizontal(end, between),
    )
    demand = free.with_columns(
        window=small(nw.lit(ON_DEMAND)),
        starts=nw.max_horizontal(begin, between),
        ends=nw.min_horizontal(end, after),
    )
    outside = free.filter((begin < before) | (end > after)).with_columns(
        window=small(nw.lit(OUTSIDE))
    )
    pieces = nw.concat([labelled, live, demand, outside])
    return pieces.filter(nw.col("ends") > nw.col("starts"))
