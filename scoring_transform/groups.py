"""Levels of the lead score, groups of the total score, and each group's summary."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import narwhals as nw

from scoring_transform.activities import WINDOWS
from scoring_transform.frames import SCORED, small, whole
from scoring_transform.model import to_scale
from scoring_transform.ranks import NANO, competition_rank

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring_transform.frames import Frame
    from scoring_transform.model import Model

P, S = "p", "s"
MICROS = 1_000_000


def exact(numbers: Sequence[float]) -> tuple[list[int], int]:
    """Return numbers as whole multiples of one unit, and how many units are 1."""
    decimals = [Decimal(str(number)) for number in numbers]
    scale = to_scale(decimals)
    return [int(number * scale) for number in decimals], scale


def to_level(model: Model) -> nw.Expr:
    """Return the first level that reaches up to the lead score ``100 k / R``."""
    limits, scale = exact([level.up_to for level in model.file.levels])
    most = nw.max_horizontal("max_rank", nw.lit(1))
    level = nw.lit(model.file.levels[-1].name)
    for known, limit in reversed(list(zip(model.file.levels, limits, strict=True))):
        within = 100 * scale * nw.col("k") <= limit * most
        level = nw.when(within).then(nw.lit(known.name)).otherwise(level)
    return level


def to_p_group(model: Model) -> nw.Expr:
    """Return the group by share of the participants.

    A person, or a tie, that a limit runs through is in the better group.
    """
    ends, scale = exact(_ends([group.share for group in model.file.p_groups]))
    groups = list(zip(model.file.p_groups, ends, strict=True))
    better = nw.col("absolute_rank") - 1
    group = nw.lit(groups[-1][0].name)
    for known, end in reversed(groups[:-1]):
        within = 100 * scale * better < end * nw.col("participants")
        group = nw.when(within).then(nw.lit(known.name)).otherwise(group)
    return group


def _ends(shares: Sequence[float]) -> list[float]:
    """Return where each share ends when they are laid end to end."""
    total = Decimal(0)
    ends = []
    for share in shares:
        total += Decimal(str(share))
        ends.append(float(total))
    return ends


def to_s_group(model: Model) -> nw.Expr:
    """Return the group by total score: the first whose limit the total reaches."""
    groups = model.file.s_groups
    limits, scale = exact([group.at_least for group in groups])
    group = nw.lit(groups[-1].name)
    for known, limit in reversed(list(zip(groups, limits, strict=True))[:-1]):
        reached = nw.col("points") >= limit * (NANO // scale)
        group = nw.when(reached).then(nw.lit(known.name)).otherwise(group)
    return group


def with_groups(leads: Frame, model: Model) -> Frame:
    """Add total, absolute rank, level, groups and the ranks within the groups.

    The total is the sum of the activity scores (the engagement) and the profile score.
    """
    totals = leads.with_columns(points=nw.col("n") + nw.col("profile"))
    scored = nw.col("points") > 0
    ranked = totals.with_columns(absolute_rank=competition_rank("points", *SCORED))
    ranked = ranked.with_columns(absolute_rank=nw.when(scored).then("absolute_rank"))
    grouped = ranked.with_columns(
        total=_shown(nw.col("points"), model.file.rounding),
        level=to_level(model),
        p_group=to_p_group(model),
        s_group=to_s_group(model),
    )
    return grouped.with_columns(
        **{f"{kind}_group_rank": _to_group_rank(f"{kind}_group") for kind in (P, S)}
    ).drop("points")


def _to_group_rank(group: str) -> nw.Expr:
    """Return ranks 1, 2, 2, 4 within a group.

    Whoever is better than its best is in a better group, so one subtraction will do.
    """
    rank = nw.col("absolute_rank")
    return rank - rank.min().over(*SCORED, group) + 1


def _shown(points: nw.Expr, rounding: str) -> nw.Expr:
    """Return a number in units of 1e-9 as it is shown, with one decimal."""
    tenths = _tenths(points, nw.lit(NANO // 10), rounding)
    return (tenths / 10).round(1)


def to_summaries(leads: Frame, model: Model) -> Frame:
    """Return each group's limits, size, share and averages, also of empty groups.

    Returns:
        event_id, window, group_kind, group, position, lower_limit, upper_limit,
        attendees, share_tenths, total_tenths, engagement_tenths, profile_tenths. The
        best group by score has no upper limit, and an empty group no averages.
    """
    events = leads.select("event_id", "participants").unique("event_id")
    groups = nw.concat([events.with_columns(**row) for row in _group_rows(model)])
    grid = nw.concat(
        [
            groups.with_columns(window=small(nw.lit(window)))
            for window, _ in enumerate(WINDOWS)
        ]
    )
    sizes = nw.concat([_to_sizes(leads, kind) for kind in (P, S)])
    joined = grid.join(sizes, on=[*SCORED, "group_kind", "group"], how="left")
    counted = joined.with_columns(attendees=nw.col("attendees").fill_null(0))
    people, rounding = nw.col("attendees"), model.file.rounding
    return counted.with_columns(
        share_tenths=_tenths(1000 * people, nw.col("participants"), rounding),
        **{
            f"{name}_tenths": _tenths(nw.col(name), people * (MICROS // 10), rounding)
            for name in ("total", "engagement", "profile")
        },
    ).drop("participants", "total", "engagement", "profile")


def _tenths(part: nw.Expr, unit: nw.Expr, rounding: str) -> nw.Expr:
    """Return how often a unit is in a number, truncated or rounded half up."""
    if rounding == "half_up":
        return whole((2 * part + unit) // (2 * unit))
    return whole(part // unit)


def _group_rows(model: Model) -> list[dict[str, nw.Expr]]:
    """Return one row of literals for every group."""
    shares = [0.0, *_ends([group.share for group in model.file.p_groups])]
    scores = [None, *[float(group.at_least) for group in model.file.s_groups]]
    limits = [
        (P, group.name, shares[i], shares[i + 1])
        for i, group in enumerate(model.file.p_groups)
    ] + [
        (S, group.name, scores[i + 1], scores[i])
        for i, group in enumerate(model.file.s_groups)
    ]
    return [
        {
            "group_kind": nw.lit(kind),
            "group": nw.lit(name),
            "position": whole(nw.lit(position)),
            "lower_limit": nw.lit(lower),
            "upper_limit": nw.lit(upper, nw.Float64),
        }
        for position, (kind, name, lower, upper) in enumerate(limits)
    ]


def _to_sizes(leads: Frame, kind: str) -> Frame:
    """Return the members of each group of a kind, and their totals in 1e-6.

    Each sum of scores is rounded by less than 1e-9, so that much is added for each
    member: an average that is exactly 50 must not look like 49.9.
    """
    labelled = leads.select(
        *SCORED,
        group_kind=nw.lit(kind),
        group=nw.col(f"{kind}_group"),
        engagement=nw.col("n") + 1,
        profile=nw.col("profile") // (NANO // MICROS),
    )
    sizes = labelled.group_by(*SCORED, "group_kind", "group").agg(
        attendees=whole(nw.len()),
        engagement=whole(nw.col("engagement").sum() // (NANO // MICROS)),
        profile=whole(nw.col("profile").sum()),
    )
    return sizes.with_columns(total=nw.col("engagement") + nw.col("profile"))
