"""The activity scores are enough to rebuild every score from the counts."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from score_worlds import Chance, map_worlds, rows_of


def shown(value: Fraction, rounding: str) -> float:
    """Return a score as it is shown."""
    half = Fraction(1, 2) if rounding == "half_up" else 0
    return ((10 * value + half) // 1) / 10


def dense(values: list[Any]) -> dict[Any, tuple[int, int]]:
    """Return each value's rank and the last rank."""
    order = sorted(set(values), reverse=True)
    return {value: (place + 1, len(order)) for place, value in enumerate(order)}


def rebuild(rows: list[dict[str, Any]]) -> dict[str, Fraction]:
    """Return the sums of one event and window from the counts alone."""
    sums: dict[str, Fraction] = {}
    for activity in {row["activity"] for row in rows}:
        part = [row for row in rows if row["activity"] == activity]
        ranks = dense([row["value"] for row in part])
        for row in part:
            rank, most = ranks[row["value"]]
            assert rank == row["rank"]
            score = Fraction(str(row["weight"])) * Fraction(
                row["max_rank"] - rank + 1, row["max_rank"]
            )
            assert most <= row["max_rank"] <= most + 1
            sums[row["attendee_id"]] = sums.get(row["attendee_id"], Fraction(0)) + score
    return sums


@pytest.mark.parametrize("seed", range(8))
def test_every_score_can_be_rebuilt(seed: int) -> None:
    """For drawn events under drawn rules, by somebody who has only the output."""
    chance = Chance(1000 + seed)
    rules = chance.rules()
    sent = map_worlds([chance.world(f"zoom:{i}") for i in range(20)], **rules)
    parts = rows_of(sent, "activity_scores")
    for lead in rows_of(sent, "lead_scores"):
        for window in ("live", "on_demand"):
            rows = [
                row
                for row in parts
                if (row["event_id"], row["window"]) == (lead["event_id"], window)
            ]
            sums = rebuild(rows)
            own = sums.get(lead["attendee_id"], Fraction(0))
            assert shown(own, rules["rounding"]) == lead[f"{window}_sum"]
            ranks = dense([value for value in sums.values() if value])
            rank, most = ranks.get(own, (None, len(ranks)))
            assert (rank, most) == (lead[f"{window}_rank"], lead[f"{window}_max_rank"])
            score = Fraction(100 * (most - rank + 1), most) if rank else Fraction(0)
            assert shown(score, rules["rounding"]) == lead[f"{window}_lead_score"]
