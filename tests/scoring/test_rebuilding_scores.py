"""Every score can be rebuilt by somebody who only has the counts and the rules."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from score_worlds import Chance, map_worlds, rows_of

from leadscore.explain import explain_rows

WINDOWS = ("live", "on_demand")
TITLES = {"Live": "live", "On demand": "on_demand"}
DEFAULT_LEVELS = [{"name": "Low", "up_to": 30}, {"name": "Medium", "up_to": 60}]
STEP = re.compile(
    r"  (?P<activity>\w+): \D+(?P<value>\d+) .*; rank \d+ of \d+ among \d+ ranked; "
    r"(?P<weight>[\d.]+) × .* = [\d.]+"
)


@dataclass
class Counted:
    """What is needed of one event: who took part, and who did what how often."""

    participants: set[str] = field(default_factory=set)
    values: dict[tuple[str, str], dict[str, int]] = field(
        default_factory=lambda: defaultdict(dict)
    )


def dense(values: dict[str, Any]) -> tuple[dict[str, int], int]:
    """Return everybody's rank, and the last rank."""
    order = sorted(set(values.values()), reverse=True)
    return {who: order.index(v) + 1 for who, v in values.items()}, len(order)


def shown(value: Fraction, rules: dict[str, Any]) -> float:
    """Return a score as it is shown."""
    half = Fraction(1, 2) if rules["rounding"] == "half_up" else 0
    return ((10 * value + half) // 1) / 10


def level_of(score: Fraction, rules: dict[str, Any]) -> str:
    """Return the first level that reaches up to a score."""
    levels = rules.get("levels", [*DEFAULT_LEVELS, {"name": "High", "up_to": 100}])
    return next(x["name"] for x in levels if score <= Fraction(str(x["up_to"])))


def rebuild_parts(
    counted: Counted, rules: dict[str, Any], window: str
) -> dict[tuple[str, str], tuple[int, int, int, Fraction]]:
    """Return rank, last rank, number ranked and score by person and activity."""
    parts = {}
    for (place, activity), values in counted.values.items():
        if place != window:
            continue
        ranks, most = dense(values)
        ranked = len(values)
        if rules["rank_population"] == "all":
            most += len(counted.participants) > ranked
            ranked = len(counted.participants)
        weight = Fraction(str(rules["weights"][activity]))
        for who, rank in ranks.items():
            score = weight * (most - rank + 1) / most
            parts[who, activity] = (rank, most, ranked, score)
    return parts


def rebuild(
    counted: Counted, rules: dict[str, Any], window: str
) -> dict[str, dict[str, Any]]:
    """Return what has to stand in the lead scores of one event and window."""
    parts = rebuild_parts(counted, rules, window)
    sums = dict.fromkeys(counted.participants, Fraction(0))
    for (who, _), (*_, score) in parts.items():
        sums[who] += score
    ranks, most = dense({who: value for who, value in sums.items() if value})
    rows = {}
    for who, value in sums.items():
        rank = ranks.get(who)
        lead = Fraction(100 * (most - rank + 1), most) if rank else Fraction(0)
        rows[who] = {
            "lead_score": shown(lead, rules),
            "sum": shown(value, rules),
            "rank": rank,
            "max_rank": most,
            "ranked_attendees": len(ranks),
            "level": level_of(lead, rules),
        } | {a: shown(p[3], rules) for (w, a), p in parts.items() if w == who}
    return rows


def check_leads(
    leads: list[dict[str, Any]], counted: dict[str, Counted], rules: dict[str, Any]
) -> None:
    """Compare every row with what the counts say."""
    for event_id, own in counted.items():
        rows = [row for row in leads if row["event_id"] == event_id]
        for window in WINDOWS:
            expected = rebuild(own, rules, window)
            for row in rows:
                who = row["attendee_id"]
                found = {key: row[f"{window}_{key}"] for key in expected[who]}
                assert expected[who] == found


def draw(seed: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return what the mapper sends for drawn events, and the drawn rules."""
    chance = Chance(seed)
    rules = chance.rules()
    return map_worlds([chance.world(f"zoom:{i}") for i in range(8)], **rules), rules


def to_counted(leads: list[dict[str, Any]]) -> dict[str, Counted]:
    """Return who took part in each event; nothing is counted yet."""
    counted: dict[str, Counted] = defaultdict(Counted)
    for row in leads:
        counted[row["event_id"]].participants.add(row["attendee_id"])
    return dict(counted)


seeds = st.integers(0, 2**32)
often = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@given(seed=seeds)
@often
def test_the_counts_of_activity_scores_give_every_score(seed: int) -> None:
    """Ranks, activity scores, sums, lead scores and levels, in plain fractions."""
    sent, rules = draw(seed)
    leads, parts = rows_of(sent, "lead_scores"), rows_of(sent, "activity_scores")
    counted = to_counted(leads)
    for row in parts:
        values = counted[row["event_id"]].values[row["window"], row["activity"]]
        values[row["attendee_id"]] = row["value"]
    check_leads(leads, counted, rules)
    keys = ("rank", "max_rank", "ranked_attendees", "score")
    for row in parts:
        own = rebuild_parts(counted[row["event_id"]], rules, row["window"])
        *ranks, score = own[row["attendee_id"], row["activity"]]
        assert [*ranks, shown(score, rules)] == [row[key] for key in keys]
        assert row["weight"] == rules["weights"][row["activity"]]


@given(seed=seeds)
@often
def test_what_explain_prints_gives_every_score(seed: int) -> None:
    """Counts and weights are read from the words; nothing else is known."""
    sent, rules = draw(seed)
    leads, parts = rows_of(sent, "lead_scores"), rows_of(sent, "activity_scores")
    counted, weights = to_counted(leads), dict.fromkeys(rules["weights"], 0.0)
    for lead in leads:
        key = (lead["event_id"], lead["attendee_id"])
        own = [r for r in parts if (r["event_id"], r["attendee_id"]) == key]
        for window, found in read_steps(list(explain_rows(lead, own))):
            value = int(found["value"])
            counted[key[0]].values[window, found["activity"]][key[1]] = value
            weights[found["activity"]] = float(found["weight"])
    check_leads(leads, counted, rules | {"weights": weights})


def read_steps(lines: list[str]) -> list[tuple[str, dict[str, str]]]:
    """Return the window and the numbers of each activity that is explained."""
    steps, window = [], ""
    for line in lines:
        window = TITLES.get(line.partition(":")[0], window)
        if found := STEP.fullmatch(line):
            steps.append((window, found.groupdict()))
    return steps


@pytest.mark.parametrize("seed", range(3))
def test_what_explain_prints_adds_up(seed: int) -> None:
    """The score that is said is the one of the formula that is said."""
    sent, rules = draw(seed)
    parts = rows_of(sent, "activity_scores")
    said = 0
    for lead in rows_of(sent, "lead_scores"):
        key = (lead["event_id"], lead["attendee_id"])
        own = [r for r in parts if (r["event_id"], r["attendee_id"]) == key]
        for line in explain_rows(lead, own):
            formula = re.search(
                r"100 × \((\d+) - (\d+) \+ 1\) / (\d+) = ([\d.]+)", line
            )
            if formula:
                most, rank, _ = (int(number) for number in formula.groups()[:3])
                score = Fraction(100 * (most - rank + 1), most)
                assert float(formula[4]) == shown(score, rules)
                said += 1
    assert said
