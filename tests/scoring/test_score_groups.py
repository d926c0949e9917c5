"""Levels, groups and summaries: names, limits, ties and averages."""

from __future__ import annotations

from typing import Any

import pytest
from score_worlds import (
    World,
    at,
    counted,
    leads_of,
    make_world,
    map_worlds,
    only,
    rows_of,
)

CHAT = only("chat")
TEN = "abcdefghij"


def ten(*counts: int) -> World:
    """Return an event in which ten people chatted so often."""
    return counted("chat", list(counts), TEN)


def summary_of(
    world: World, window: str = "live", **config: Any
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the summary rows of a window by kind and name of the group."""
    rows = rows_of(map_worlds([world], **config), "event_summaries")
    return {
        (row["group_kind"], row["group"]): row
        for row in rows
        if row["window"] == window
    }


def column(rows: dict[str, dict[str, Any]], key: str) -> dict[str, list[str]]:
    """Return who has which value of a column."""
    found: dict[str, list[str]] = {}
    for who, row in rows.items():
        found.setdefault(row[key], []).append(who)
    return found


def test_levels_have_names_and_limits_of_their_own() -> None:
    """Each holds every score up to its limit, the limit included."""
    levels = [
        {"name": "Cool", "up_to": 10},
        {"name": "Mild", "up_to": 33.3},
        {"name": "Warm", "up_to": 60},
        {"name": "Hot", "up_to": 100},
    ]
    leads = leads_of(ten(10, 9, 8, 7, 6, 5, 4, 3, 2, 1), levels=levels, **CHAT)
    assert column(leads, "live_level") == {
        "Hot": ["a", "b", "c", "d"],
        "Warm": ["e", "f", "g"],
        "Mild": ["h", "i"],
        "Cool": ["j"],
    }


def test_levels_are_judged_by_the_exact_score() -> None:
    """A third of 100 is shown as 33.3, but it is more than 33.3."""
    levels = [{"name": "Low", "up_to": 33.3}, {"name": "High", "up_to": 100}]
    leads = leads_of(counted("chat", [3, 2, 1], "abc"), levels=levels, **CHAT)
    assert (leads["c"]["live_lead_score"], leads["c"]["live_level"]) == (33.3, "High")


def test_both_windows_have_the_same_levels() -> None:
    """And whoever is not ranked in a window is in the lowest there."""
    rows = [
        {"attendee_id": "a", "activity": "chat", "occurred_at": at(1)},
        {"attendee_id": "b", "activity": "chat", "occurred_at": at(100)},
    ]
    leads = leads_of(make_world(rows, "ab"), **CHAT)
    assert [leads["a"][f"{w}_level"] for w in ("live", "on_demand")] == ["High", "Low"]
    assert [leads["b"][f"{w}_level"] for w in ("live", "on_demand")] == ["Low", "High"]


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ((20, 30, 50), ["ab", "cde", "fghij"]),
        ((10, 10, 80), ["a", "b", "cdefghij"]),
        ((15, 0, 85), ["ab", "", "cdefghij"]),
        ((33.3, 33.3, 33.4), ["abcd", "efg", "hij"]),
        ((100, 0, 0), [TEN, "", ""]),
    ],
)
def test_shares_of_groups_are_settings(
    shares: tuple[float, ...], expected: list[str]
) -> None:
    """A person whom a limit cuts through is in the better group."""
    groups = [
        {"name": name, "share": share}
        for name, share in zip(("One", "Two", "Three"), shares, strict=True)
    ]
    world = ten(10, 9, 8, 7, 6, 5, 4, 3, 2, 1)
    found = column(leads_of(world, p_groups=groups, **CHAT), "live_p_group")
    wanted = zip(("One", "Two", "Three"), map(list, expected), strict=True)
    assert {name: who for name, who in wanted if who} == found


def test_a_limit_that_cuts_through_a_tie_puts_it_in_the_better_group() -> None:
    """Three of ten share the second place: the best 20 % become four people."""
    leads = leads_of(ten(9, 8, 8, 8, 5, 4, 3, 2, 1, 1), **CHAT)
    hot = [who for who, row in leads.items() if row["live_p_group"] == "Hot"]
    assert hot == ["a", "b", "c", "d"]
    assert [leads[w]["live_absolute_rank"] for w in "abcde"] == [1, 2, 2, 2, 5]
    assert [leads[w]["live_p_group_rank"] for w in "abcde"] == [1, 2, 2, 2, 1]
    assert [leads[w]["live_rank"] for w in "abcde"] == [1, 2, 2, 2, 3]


def test_whoever_has_nothing_is_in_the_last_groups_without_a_rank() -> None:
    """Even where hardly anybody did anything, idleness is not hot."""
    leads = leads_of(counted("chat", [1, 0, 0, 0, 0], "abcde"), **CHAT)
    for who in "bcde":
        row = leads[who]
        assert (row["live_p_group"], row["live_s_group"]) == ("Cold", "Low")
        for key in ("absolute_rank", "p_group_rank", "s_group_rank", "rank"):
            assert row[f"live_{key}"] is None


def test_groups_by_score_have_names_and_limits_of_their_own() -> None:
    """Each begins at its limit, the limit included."""
    groups = [
        {"name": "A", "at_least": 66.666666},
        {"name": "B", "at_least": 33.34},
        {"name": "C", "at_least": 0},
    ]
    leads = leads_of(counted("chat", [3, 2, 1], "abc"), s_groups=groups, **CHAT)
    assert column(leads, "live_s_group") == {"A": ["a", "b"], "C": ["c"]}


def test_a_summary_tells_limits_size_share_and_averages() -> None:
    """Of every group in every window; the profile counts for totals only."""
    profiles = {"a": 10, "b": 20, "c": None, "d": 5, "e": 1.5}
    world = counted("chat", [5, 4, 3, 2, 1], "abcde")
    attendees = [
        row | {"profile_score": profiles[row["attendee_id"]]} for row in world.attendees
    ]
    world = make_world(world.activities, attendees=attendees)
    keys = (
        "lower_limit",
        "upper_limit",
        "attendees",
        "share",
        "average_total",
        "average_engagement",
        "average_profile",
    )
    live = {
        group: [row[key] for key in keys]
        for group, row in summary_of(world, **CHAT).items()
    }
    assert live == {
        ("p", "Hot"): [0, 20, 1, 20, 110, 100, 10],
        ("p", "Warm"): [20, 50, 2, 40, 80, 70, 10],
        ("p", "Cold"): [50, 100, 2, 40, 33.2, 30, 3.2],
        ("s", "Top"): [67, None, 2, 40, 105, 90, 15],
        ("s", "Mid"): [34, 67, 2, 40, 52.5, 50, 2.5],
        ("s", "Low"): [0, 34, 1, 20, 21.5, 20, 1.5],
    }
    late = summary_of(world, "on_demand", **CHAT)
    assert {name: row["attendees"] for (_, name), row in late.items()} == {
        "Hot": 1,
        "Warm": 2,
        "Cold": 2,
        "Top": 0,
        "Mid": 0,
        "Low": 5,
    }
    assert [late["s", "Top"][key] for key in keys[3:]] == [0, None, None, None]


@pytest.mark.parametrize(("rounding", "third"), [("truncate", 66.6), ("half_up", 66.7)])
def test_averages_are_exact_and_shown_like_scores(rounding: str, third: float) -> None:
    """The mean of a third and two thirds is a half, not 49.9 %."""
    groups = [{"name": "Top", "at_least": 67}, {"name": "Rest", "at_least": 0}]
    world = counted("chat", [3, 2, 1], "abc")
    rows = summary_of(world, s_groups=groups, rounding=rounding, **CHAT)
    assert rows["s", "Rest"]["average_total"] == 50.0
    assert rows["s", "Rest"]["share"] == third
    assert rows["p", "Warm"]["average_engagement"] == third
    lead = leads_of(world, rounding=rounding, **CHAT)["b"]
    shown = [lead[f"live_{key}"] for key in ("lead_score", "sum", "total", "chat")]
    assert shown == [third] * 4


def test_an_average_loses_nothing_to_many_thirds() -> None:
    """Thirteen times 33.33…, 66.66… and 100 are 40.0 on average, not 39.9."""
    groups = [{"name": "All", "at_least": 0}]
    world = counted("chat", [3, 2, *[1] * 13], "abcdefghijklmno")
    rows = summary_of(world, s_groups=groups, **CHAT)
    assert rows["s", "All"]["average_total"] == 40.0


@pytest.mark.parametrize(("rounding", "total"), [("truncate", 43.3), ("half_up", 43.4)])
def test_the_total_is_engagement_and_profile(rounding: str, total: float) -> None:
    """Exact inside: 33.33… and 10.02 are shown as one number."""
    world = counted("chat", [3, 2, 1], "abc")
    attendees = [row | {"profile_score": 10.02} for row in world.attendees]
    world = make_world(world.activities, attendees=attendees)
    row = leads_of(world, rounding=rounding, **CHAT)["c"]
    assert row["profile_score"] == 10.02
    assert (row["live_sum"], row["live_total"]) == (33.3, total)
    assert (row["on_demand_sum"], row["on_demand_total"]) == (0.0, 10.0)
    assert row["live_lead_score"] == 33.3


def test_a_score_travels_with_rank_last_rank_and_number_ranked() -> None:
    """Because it only means something among the people of its event."""
    row = leads_of(counted("chat", [5, 5, 3, 0], "abcd"), **CHAT)["c"]
    keys = ("lead_score", "rank", "max_rank", "ranked_attendees", "absolute_rank")
    assert [row[f"live_{key}"] for key in keys] == [50.0, 2, 2, 3, 3]
