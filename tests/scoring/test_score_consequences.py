"""What users ask about, because it follows from ranks; docs/scoring.md tells it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from score_rows import did
from score_worlds import at, counted, leads_of, make_world, only

from scoring_transform.activities import NAMES

CHAT = only("chat")
PAGE = Path(__file__).parents[2] / "docs" / "scoring.md"


def scores_of(leads: dict[str, dict[str, Any]], people: str) -> list[float]:
    """Return the live lead scores of some people."""
    return [leads[who]["live_lead_score"] for who in people]


def test_every_event_with_a_doer_has_a_100() -> None:
    """However little was done; so scores of two events cannot be compared."""
    small = leads_of(counted("reaction", [1, 0, 0], "abc"))
    large = leads_of(counted("reaction", [90, 80, 0], "abc"))
    assert scores_of(small, "abc") == [100.0, 0.0, 0.0]
    assert scores_of(large, "abc") == [100.0, 50.0, 0.0]


def test_ranks_forget_distances() -> None:
    """100 chats and 2 chats are one step apart if nobody is between."""
    far, near = counted("chat", [100, 2, 1], "abc"), counted("chat", [3, 2, 1], "abc")
    assert scores_of(leads_of(far, **CHAT), "abc") == [100.0, 66.6, 33.3]
    assert scores_of(leads_of(near, **CHAT), "abc") == [100.0, 66.6, 33.3]


def test_a_late_record_can_move_everybody() -> None:
    """Somebody new above shifts all below."""
    before = leads_of(counted("chat", [3, 2, 1], "abc"), **CHAT)
    after = leads_of(counted("chat", [3, 2, 1, 9], "abcd"), **CHAT)
    assert scores_of(before, "abc") == [100.0, 66.6, 33.3]
    assert scores_of(after, "abcd") == [75.0, 50.0, 25.0, 100.0]


def test_doing_more_can_lower_ones_own_lead_score() -> None:
    """More questions of b break the tie of a and c: b doubles its sum and falls."""
    weights = dict.fromkeys(NAMES, 0) | {"chat": 50, "question": 50}
    rows = [
        did("a", "chat"),
        did("a", "question", quantity=2),
        did("b", "question"),
        did("c", "chat", quantity=2),
        did("c", "question"),
    ]
    before = leads_of(make_world(rows, "abc"), weights=weights)
    more = [*rows, did("b", "question", quantity=2)]
    after = leads_of(make_world(more, "abc"), weights=weights)
    assert [before[who]["live_sum"] for who in "abc"] == [75.0, 25.0, 75.0]
    assert [after[who]["live_sum"] for who in "abc"] == [58.3, 50.0, 66.6]
    assert scores_of(before, "abc") == [100.0, 50.0, 100.0]
    assert scores_of(after, "abc") == [66.6, 33.3, 100.0]


counts = st.lists(st.integers(0, 4), min_size=4, max_size=4)


def world_of(chats: list[int], questions: list[int]) -> Any:
    """Return an event with so many chats and questions of four people."""
    rows = [
        did(who, kind, quantity=count)
        for kind, amounts in (("chat", chats), ("question", questions))
        for who, count in zip("abcd", amounts, strict=True)
        if count
    ]
    return make_world(rows, "abcd")


@given(chats=counts, questions=counts, more=st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_doing_more_never_lowers_activity_score_and_sum(
    chats: list[int], questions: list[int], more: int
) -> None:
    """And nobody who was not ahead gets ahead by it."""
    weights = dict.fromkeys(NAMES, 0) | {"chat": 60, "question": 40}
    before = leads_of(world_of(chats, questions), weights=weights)
    chats = [chats[0] + more, *chats[1:]]
    after = leads_of(world_of(chats, questions), weights=weights)
    for key in ("live_chat", "live_sum"):
        assert (after["a"][key] or 0) >= (before["a"][key] or 0)
    for who in "bcd":
        if before[who]["live_sum"] <= before["a"]["live_sum"]:
            assert after[who]["live_sum"] <= after["a"]["live_sum"]


def test_live_and_on_demand_do_not_touch() -> None:
    """Activity in one window changes nothing in the other."""
    world = counted("chat", [3, 2, 1], "abc")
    late = did("c", "chat", activity_id="late", occurred_at=at(600), quantity=50)
    more = make_world([*world.activities, late], "abc")
    before, after = leads_of(world), leads_of(more)
    for who in "abc":
        live = {k: v for k, v in before[who].items() if k.startswith("live_")}
        assert live == {k: v for k, v in after[who].items() if k.startswith("live_")}
    assert after["c"]["on_demand_lead_score"] == 100.0


def test_a_weight_of_0_is_the_same_as_no_such_activity() -> None:
    """Its count is still told, and worth nothing."""
    weights = dict.fromkeys(NAMES, 0) | {"chat": 100}
    with_more = make_world(
        [did("a", "chat"), did("b", "question", quantity=9), did("b", "chat")], "ab"
    )
    without = make_world([did("a", "chat"), did("b", "chat")], "ab")
    assert scores_of(leads_of(with_more, weights=weights), "ab") == [100.0, 100.0]
    assert scores_of(leads_of(without, weights=weights), "ab") == [100.0, 100.0]
    assert leads_of(with_more, weights=weights)["b"]["live_question"] == 0.0


@given(chats=counts, questions=counts)
@settings(max_examples=20, deadline=None)
def test_what_nobody_can_be_seen_doing_moves_no_lead_score(
    chats: list[int], questions: list[int]
) -> None:
    """It may count as 0, or the other weights may be scaled up: the same ranks."""
    world = world_of(chats, questions)
    part = dict.fromkeys(NAMES, 0) | {"chat": 30, "question": 20, "reaction": 50}
    scaled = dict.fromkeys(NAMES, 0) | {"chat": 60, "question": 40}
    keys = ("lead_score", "rank", "max_rank", "ranked_attendees", "level")
    before, after = leads_of(world, weights=part), leads_of(world, weights=scaled)
    for who in before:
        row, other = before[who], after[who]
        assert [row[f"live_{key}"] for key in keys] == [
            other[f"live_{key}"] for key in keys
        ]
        assert row["live_reaction"] is None
        assert "reaction" in row["unavailable_activities"]


@pytest.mark.parametrize(
    "said",
    [
        "Every event in which anybody did anything has a 100",
        "Ranks forget distances",
        "One late record can move everybody",
        "Doing more can lower one's own lead score",
    ],
)
def test_the_page_tells_each_consequence(said: str) -> None:
    """Users ask about them."""
    assert said in PAGE.read_text(encoding="utf-8")
