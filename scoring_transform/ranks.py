"""Ranks and scores, in whole numbers only.

A score is ``weight · k / R`` with ``k = R - rank + 1``. A sum of such parts is held as
``n``, the sum in units of 1e-9, rounded so that equal sums have equal ``n`` on every
engine: the parts are added to 18 decimals and the rounding limit lies at the
golden ratio, of all numbers the one that fractions come least near to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import narwhals as nw

from scoring_transform.activities import NAMES, WINDOWS
from scoring_transform.frames import OUTSIDE, SCORED, pick, small, whole

if TYPE_CHECKING:
    from scoring_transform.frames import Frame
    from scoring_transform.model import Model

NANO, NANO_DECIMALS = 1_000_000_000, 9
GOLDEN = 618_033_989


def dense_rank(column: str, *scope: str) -> nw.Expr:
    """Return ranks 1, 2, 2, 3: the largest value is 1, equal values share."""
    return whole(nw.col(column).rank("dense", descending=True).over(*scope))


def competition_rank(column: str, *scope: str) -> nw.Expr:
    """Return ranks 1, 2, 2, 4: as many people are better as the rank says, less 1."""
    return whole(nw.col(column).rank("min", descending=True).over(*scope))


def to_tenths(full: int | nw.Expr, k: nw.Expr, most: nw.Expr, rounding: str) -> nw.Expr:
    """Return ``full · k / most`` in tenths, truncated or rounded half up."""
    if rounding == "half_up":
        return whole((20 * full * k + most) // (2 * most))
    return whole((10 * full * k) // most)


def to_activity_scores(counters: Frame, participants: Frame, model: Model) -> Frame:
    """Rank everybody in everything they did, and score it.

    Returns:
        The counters of people who did something, with rank, max_rank,
        ranked_attendees, weight, tenths (the display), nanos and rest (the part).
    """
    done = counters.filter(nw.col("window") < OUTSIDE, nw.col("value") > 0)
    scope = (*SCORED, "activity")
    ranked = done.with_columns(rank=dense_rank("value", *scope))
    ranked = ranked.with_columns(
        max_rank=nw.col("rank").max().over(*scope),
        ranked_attendees=whole(nw.len().over(*scope)),
    )
    if model.file.rank_population == "all":
        ranked = _with_idle(ranked, participants)
    table = [(place, model.weights[name]) for place, name in enumerate(NAMES)]
    weighted = ranked.with_columns(
        k=nw.col("max_rank") - nw.col("rank") + 1,
        weight=whole(pick("activity", table, 0)),
    )
    return _with_parts(weighted, model)


def _with_idle(ranked: Frame, participants: Frame) -> Frame:
    """Give everybody who did not do an activity its last rank."""
    sizes = participants.select("event_id", "participants").unique("event_id")
    joined = ranked.join(sizes, on="event_id", how="left")
    is_idle = nw.col("participants") > nw.col("ranked_attendees")
    return joined.with_columns(
        max_rank=nw.col("max_rank") + whole(nw.when(is_idle).then(1).otherwise(0)),
        ranked_attendees=nw.col("participants"),
    ).drop("participants")


def _with_parts(weighted: Frame, model: Model) -> Frame:
    """Add the display and the exact part that goes into the sum."""
    unit = NANO // model.scale
    most = nw.col("max_rank")
    product = nw.col("weight") * nw.col("k")
    tenths = to_tenths(
        nw.col("weight"), nw.col("k"), most * model.scale, model.file.rounding
    )
    split = weighted.with_columns(tenths=tenths, points=whole(product // most))
    split = split.with_columns(left=(product - nw.col("points") * most) * unit)
    split = split.with_columns(nanos=whole(nw.col("left") // most))
    left = nw.col("left") - nw.col("nanos") * most
    return split.with_columns(
        nanos=nw.col("points") * unit + nw.col("nanos"),
        rest=whole((left * NANO) // most),
    ).drop("k", "points", "left")


def to_sums(scored: Frame) -> Frame:
    """Return the sum of everybody's activity scores as ``n``, in units of 1e-9."""
    sums = scored.group_by("event_id", "window", "attendee_id").agg(
        nanos=nw.col("nanos").sum(), rest=nw.col("rest").sum()
    )
    return sums.select(
        *SCORED,
        "attendee_id",
        n=nw.col("nanos") + whole((nw.col("rest") + GOLDEN) // NANO),
    )


def to_lead_scores(sums: Frame, participants: Frame, model: Model) -> Frame:
    """Rank every participant's sum in both windows, and score it.

    Returns:
        event_id, window, attendee_id, n, profile, participants, k, rank, max_rank,
        ranked_attendees, lead_tenths, sum_tenths. Whoever did nothing has no rank.
    """
    grid = nw.concat(
        [
            participants.with_columns(window=small(nw.lit(place)))
            for place, _ in enumerate(WINDOWS)
        ]
    )
    totals = grid.join(sums, on=[*SCORED, "attendee_id"], how="left").with_columns(
        n=nw.col("n").fill_null(0)
    )
    scored = nw.col("n") > 0
    ranked = totals.with_columns(rank=dense_rank("n", *SCORED)).with_columns(
        rank=nw.when(scored).then(nw.col("rank")),
        is_ranked=whole(nw.when(scored).then(1).otherwise(0)),
    )
    ranked = ranked.with_columns(
        max_rank=nw.col("rank").max().over(*SCORED).fill_null(0),
        ranked_attendees=nw.col("is_ranked").sum().over(*SCORED),
    )
    return (
        ranked.with_columns(
            k=(nw.col("max_rank") - nw.col("rank") + 1).fill_null(0),
            sum_tenths=_sum_tenths(model.file.rounding),
        )
        .with_columns(lead_tenths=_lead_tenths(model.file.rounding))
        .drop("is_ranked")
    )


def _sum_tenths(rounding: str) -> nw.Expr:
    half = NANO // 20 if rounding == "half_up" else 0
    return whole((nw.col("n") + half) // (NANO // 10))


def _lead_tenths(rounding: str) -> nw.Expr:
    most = nw.max_horizontal("max_rank", nw.lit(1))
    return to_tenths(100, nw.col("k"), most, rounding)
