"""The score agrees with an oracle that shares no code with it."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from score_oracle import NINE, Oracle
from score_worlds import Chance, World, map_worlds, rows_of

EVENTS_A_RUN = 50
#: `ORACLE_RUNS=2000 pytest tests/scoring/test_oracle_agreement.py` for 100,000 events.
RUNS = int(os.environ.get("ORACLE_RUNS", "41"))


def check(worlds: list[World], rules: dict[str, Any]) -> None:
    """Compare every row of the mapper with the oracle."""
    sent = map_worlds(worlds, **rules)
    leads, parts = by_event(sent, "lead_scores"), by_event(sent, "activity_scores")
    summaries = by_event(sent, "event_summaries")
    for world in worlds:
        oracle = Oracle(world, rules)
        check_leads(oracle, leads.get(world.event_id, []))
        check_parts(oracle, parts.get(world.event_id, []))
        check_summaries(oracle, summaries.get(world.event_id, []))


def by_event(sent: list[dict[str, Any]], stream: str) -> dict[str, list[Any]]:
    """Return the rows of a stream by event."""
    found: dict[str, list[Any]] = {}
    for row in rows_of(sent, stream):
        found.setdefault(row["event_id"], []).append(row)
    return found


def check_leads(oracle: Oracle, rows: list[dict[str, Any]]) -> None:
    """Compare one event's lead scores."""
    assert oracle.participants == {row["attendee_id"] for row in rows}
    unavailable = oracle.unavailable()
    for window in ("live", "on_demand"):
        expected = oracle.leads(window)
        for row in rows:
            who = row["attendee_id"]
            shown = {key: row[f"{window}_{key}"] for key in expected[who]}
            assert expected[who] == shown
            for name in NINE:
                score = oracle.display(oracle.part(window, name, who))
                wanted = None if name in unavailable else score
                assert wanted == row[f"{window}_{name}"]
    for row in rows:
        assert unavailable == row["unavailable_activities"]
        assert ("open" if oracle.is_open else "closed") == row["on_demand_window"]


def check_parts(oracle: Oracle, rows: list[dict[str, Any]]) -> None:
    """Compare one event's activity scores."""
    expected = {}
    for window in ("live", "on_demand"):
        for name in NINE:
            ranks, most, ranked = oracle.ranks(window, name)
            for who, rank in ranks.items():
                expected[window, who, name] = (
                    oracle.values[window][name][who],
                    rank,
                    most,
                    ranked,
                    oracle.display(oracle.part(window, name, who)),
                )
    found = {
        (row["window"], row["attendee_id"], row["activity"]): (
            row["value"],
            row["rank"],
            row["max_rank"],
            row["ranked_attendees"],
            row["score"],
        )
        for row in rows
    }
    assert expected == found


def summaries_of(oracle: Oracle, window: str) -> dict[tuple[str, str], list[Any]]:
    """Return the summaries of a window; an event without participants has none."""
    return oracle.summaries(window) if oracle.participants else {}


def check_summaries(oracle: Oracle, rows: list[dict[str, Any]]) -> None:
    """Compare one event's summaries."""
    keys = ("attendees", "share", "average_total", "average_engagement")
    expected = {
        (window, *group): told
        for window in ("live", "on_demand")
        for group, told in summaries_of(oracle, window).items()
    }
    found = {
        (row["window"], row["group_kind"], row["group"]): [
            *[row[key] for key in keys],
            row["average_profile"],
        ]
        for row in rows
    }
    assert expected == found


@pytest.mark.parametrize("seed", range(RUNS))
def test_scores_agree_with_plain_fractions(seed: int) -> None:
    """Fifty drawn events at a time, under drawn rules."""
    chance = Chance(seed)
    worlds = [chance.world(f"zoom:{i}") for i in range(EVENTS_A_RUN)]
    check(worlds, chance.rules())


@given(seed=st.integers(0, 2**32), count=st.integers(1, 3))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_scores_agree_for_any_event(seed: int, count: int) -> None:
    """Events and rules that were never drawn before."""
    chance = Chance(seed)
    check([chance.world(f"zoom:{i}") for i in range(count)], chance.rules())
