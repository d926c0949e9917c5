"""The rules of the score one by one, and what follows from them."""

from __future__ import annotations

from typing import Any

import pytest
from score_rows import did, person, stay, value_of
from score_worlds import (
    Chance,
    World,
    at,
    counted,
    counts_of,
    leads_of,
    make_event,
    make_world,
    only,
)

from scoring_transform.activities import NAMES

CHAT = only("chat")


@pytest.mark.parametrize(
    ("stays", "seconds"),
    [
        pytest.param([(0, 10), (5, 15)], 900, id="overlap"),
        pytest.param([(0, 30), (5, 10)], 1800, id="inside"),
        pytest.param([(0, 10), (10, 20)], 1200, id="touching"),
        pytest.param([(0, 10), (20, 30)], 1200, id="gap"),
        pytest.param([(0, 10), (0, 10), (0, 10)], 600, id="three-devices"),
        pytest.param([(0, 30), (1, 2), (40, 50), (29, 41)], 3000, id="bridged"),
        pytest.param([(-20, 10), (50, 70)], 1200, id="cut"),
        pytest.param([(10, 5)], None, id="ends-before-it-starts"),
        pytest.param([(10, 10)], None, id="empty"),
    ],
)
def test_stays_are_united(stays: list[tuple[int, int]], seconds: int | None) -> None:
    """A person is in a session once, with however many devices."""
    world = make_world([stay("a", *limits) for limits in stays])
    assert seconds == value_of(world, "time_in_session")


def test_stays_of_different_sessions_add_up() -> None:
    """Two sessions at the same time are two sessions."""
    sessions = [
        {"event_id": "zoom:1", "session_id": s, "starts_at": at(0), "ends_at": at(60)}
        for s in ("s1", "s2")
    ]
    rows = [stay("a", 0, 10), stay("a", 0, 10, session_id="s2")]
    assert value_of(make_world(rows, sessions=sessions), "time_in_session") == 1200


def test_time_without_limits_is_added() -> None:
    """A platform that reports only totals."""
    rows = [
        did("a", "time_in_session", occurred_at=None, quantity=90.4),
        did("a", "time_in_session", occurred_at=None, quantity=29.7),
        stay("a", 0, 1),
    ]
    assert value_of(make_world(rows), "time_in_session") == 180


@pytest.mark.parametrize(
    ("activity", "rows", "value"),
    [
        ("chat", [{}, {}, {"quantity": 3}], 5),
        ("question", [{}, {"anonymous": True}], 1),
        ("reaction", [{"quantity": 7}, {"quantity": 2.9}], 9),
        ("poll_response", [{"object_id": "p"}, {"object_id": "p"}], 1),
        (
            "poll_response",
            [{"object_id": "p"}, {"object_id": "p", "session_id": "s2"}],
            2,
        ),
        ("poll_response", [{"quantity": 3}], 3),
        ("cta_click", [{"object_id": "c"}, {"object_id": "c", "session_id": "s2"}], 1),
        ("file_download", [{"object_id": "f"}, {"object_id": "g"}, {}], 3),
        (
            "file_download",
            [{"object_id": "f"}, {"object_id": "f", "session_id": "s2"}],
            1,
        ),
        ("raise_hand", [{}, {}, {"session_id": "s2"}], 2),
        ("raise_hand", [{"quantity": 0}], None),
        ("session_rating", [{"quantity": 5}, {"quantity": 1}], 1),
        ("chat", [{"quantity": -4}], None),
    ],
)
def test_how_activities_count(
    activity: str, rows: list[dict[str, Any]], value: int | None
) -> None:
    """Totals, different objects, sessions."""
    world = make_world([did("a", activity, **row) for row in rows])
    assert value == value_of(world, activity)


@pytest.mark.parametrize(
    ("ends", "until", "live", "demand", "flag"),
    [
        pytest.param(at(90), "event_end", 1, 1, "closed", id="event-end"),
        pytest.param(None, "event_end", 1, 2, "open", id="no-end"),
        pytest.param(at(60), "event_end", 1, 2, "open", id="ends-with-session"),
        pytest.param(at(90), "open", 1, 2, "open", id="open"),
        pytest.param(at(90), {"days": 1}, 1, 1, "closed", id="days"),
        pytest.param(at(90), "1 day", 1, 1, "closed", id="days-in-words"),
        pytest.param(at(61), "2 days", 1, 2, "closed", id="two-days"),
    ],
)
def test_the_on_demand_window(
    ends: str | None, until: Any, live: int, demand: int, flag: str
) -> None:
    """Half open at both ends; without an end it stays open and says so."""
    moments = (-1, 0, 60, 1500)
    world = make_world(
        [did("a", "chat", occurred_at=at(moment)) for moment in moments],
        event=make_event(ends_at=ends),
    )
    assert live == value_of(world, "chat", on_demand_until=until)
    assert demand == value_of(world, "chat", "on_demand", on_demand_until=until)
    assert flag == leads_of(world, on_demand_until=until)["a"]["on_demand_window"]


def test_the_end_of_on_demand_may_be_later_than_the_event() -> None:
    """Where the platform says until when the recording is up, that counts."""
    event = make_event(ends_at=at(60), on_demand_ends_at=at(100))
    chats = [did("a", "chat", occurred_at=at(moment)) for moment in (99, 100)]
    assert value_of(make_world(chats, event=event), "chat", "on_demand") == 1


@pytest.mark.parametrize("label", ["live", "on_demand"])
def test_the_platforms_label_wins(label: str) -> None:
    """Whatever the time says, and a labelled stay is not cut."""
    rows = [
        did("a", "chat", occurred_at=at(-500), window=label),
        stay("a", -10, 5000, window=label),
    ]
    world = make_world(rows)
    assert value_of(world, "chat", label) == 1
    assert value_of(world, "time_in_session", label) == 5010 * 60


@pytest.mark.parametrize(
    ("setting", "live", "demand"),
    [("live", 1, None), ("on_demand", None, 1), ("ignore", None, None)],
)
def test_untimed_activity(setting: str, live: Any, demand: Any) -> None:
    """A report without times goes where the setting says."""
    world = make_world([did("a", "chat", occurred_at=None)])
    assert live == value_of(world, "chat", untimed_window=setting)
    assert demand == value_of(world, "chat", "on_demand", untimed_window=setting)
    assert "a" in leads_of(world, untimed_window=setting)


def test_a_file_taken_live_and_on_demand_counts_once_in_each_window() -> None:
    """The windows are two scores."""
    rows = [
        did("a", "file_download", object_id="f", occurred_at=at(minute))
        for minute in (1, 2, 100, 200)
    ]
    world = make_world(rows)
    assert value_of(world, "file_download") == 1
    assert value_of(world, "file_download", "on_demand") == 1


def test_equal_sums_share_a_rank_whatever_they_are_made_of() -> None:
    """0.1 + 0.2 is 0.3 here; floating-point numbers would split the rank."""
    parts = {"chat": 0.1, "question": 0.2, "reaction": 0.3, "cta_click": 99.4}
    rows = [did("a", "chat"), did("a", "question"), did("b", "reaction")]
    weights = dict.fromkeys(NAMES, 0) | parts
    leads = leads_of(make_world(rows, "ab"), weights=weights)
    assert [leads[who]["live_rank"] for who in "ab"] == [1, 1]
    assert [leads[who]["live_sum"] for who in "ab"] == [0.3, 0.3]


def test_a_third_and_two_thirds_are_a_whole() -> None:
    """Nothing is lost where parts of a sum cannot be written as decimals."""
    counts = {"chat": {"a": 1, "c": 3, "d": 2}, "question": {"a": 2, "c": 3, "d": 1}}
    rows = [
        did(who, kind, quantity=count)
        for kind, people in counts.items()
        for who, count in people.items()
    ]
    weights = dict.fromkeys(NAMES, 0) | {"chat": 10, "question": 10, "reaction": 10}
    weights |= {"cta_click": 70}
    world = make_world([*rows, did("b", "reaction")], "abcd")
    leads = leads_of(world, weights=weights)
    assert [leads[who]["live_sum"] for who in "ab"] == [10.0, 10.0]
    assert leads["a"]["live_rank"] == leads["b"]["live_rank"]


def test_the_best_of_97_has_exactly_100() -> None:
    """100/97 times 97 is 99.9 in floating-point numbers."""
    rows = [did(f"p{n:02}", "chat", quantity=n) for n in range(1, 98)]
    leads = leads_of(make_world(rows, ""), **CHAT)
    best = leads["p97"]
    assert (best["live_lead_score"], best["live_sum"]) == (100.0, 100.0)
    assert best["live_chat"] == 100.0


def test_unavailable_activities_have_no_score() -> None:
    """A platform that cannot report polls does not say that nobody answered."""
    row = leads_of(counted("chat", [2, 1]))["b"]
    assert "poll_response" in row["unavailable_activities"]
    assert row["live_poll_response"] is None
    assert (row["live_chat"], row["on_demand_chat"]) == (5.0, 0.0)
    event = make_event(reported_activities=["poll_response"])
    row = leads_of(make_world([did("b", "chat")], event=event))["b"]
    assert row["live_poll_response"] == 0.0


def test_what_cannot_count_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """Activities that are none of the nine, and those reported only in part."""
    event = make_event(partial_activities=["chat"])
    leads_of(make_world([did("a", "quiz"), did("a", "quiz")], event=event))
    assert "Ignored 2 records of the activity `quiz`" in caplog.text
    assert "1 events report `chat` for only a part" in caplog.text


def test_reasons_are_the_strongest_parts_in_words() -> None:
    """With names where a thing has one, in singular or plural."""
    rows = [
        did("a", "cta_click", object_id="c", detail="Pricing"),
        did("a", "question"),
        did("a", "question"),
        did("a", "reaction"),
        did("c", "reaction", quantity=2),
        stay("a", 0, 59),
        did("b", "raise_hand"),
        stay("b", 0, 0.5),
    ]
    leads = leads_of(make_world(rows, "abc"))
    first = ["watched 59 min", "clicked 1 CTA: Pricing", "asked 2 questions"]
    assert leads["a"]["live_reasons"] == first
    assert leads["b"]["live_reasons"] == ["watched 30 s", "raised a hand in 1 session"]
    assert leads["a"]["on_demand_reasons"] == []


def test_details_are_few_different_and_oldest_first() -> None:
    """For the breakdown; with the time of the first and the last."""
    rows = [
        did("a", "question", detail=f"why {9 - i // 2}", occurred_at=at(i))
        for i in range(14)
    ]
    row = counts_of(make_world(rows))["a", "question"]
    assert [f"why {n}" for n in (9, 8, 7, 6, 5)] == row["details"]
    assert (at(0), at(13)) == (row["first_at"], row["last_at"])


@pytest.mark.parametrize("seed", range(5))
def test_idle_people_change_nothing_for_others(seed: int) -> None:
    """In the default population, groups by share aside."""
    world = Chance(seed).world()
    idle = [person(f"idle{i}", None, attended=True) for i in range(3)]
    key = {"role": None, "profile_score": None}
    more = World(
        event=world.event,
        sessions=world.sessions,
        attendees=[*world.attendees, *[row | key for row in idle]],
        activities=world.activities,
    )
    names = [f"{w}_{n}" for w in ("live", "on_demand") for n in ("lead_score", *NAMES)]
    before, after = leads_of(world), leads_of(more)
    for who, row in before.items():
        assert {n: row[n] for n in names} == {n: after[who][n] for n in names}


@pytest.mark.parametrize("seed", range(5))
def test_scores_lie_where_they_must(seed: int) -> None:
    """0, or between a share of the maximum and the maximum, which is reached."""
    leads = leads_of(Chance(seed + 50).world())
    for window in ("live", "on_demand"):
        ranked = [r for r in leads.values() if r[f"{window}_rank"]]
        scores = {r[f"{window}_lead_score"] for r in ranked}
        most = max((r[f"{window}_max_rank"] for r in leads.values()), default=0)
        assert most == len(scores)
        assert max(scores, default=100.0) == 100.0
        assert all(0 < score <= 100 for score in scores)


def test_a_reason_names_only_what_was_done() -> None:
    """Nothing that was taken back, and no label that is blank."""
    rows = [
        {"activity": "cta_click", "object_id": "x", "detail": "X", "quantity": 0},
        {"activity": "cta_click", "object_id": "y", "detail": "Y"},
        {"activity": "file_download", "object_id": "f", "detail": " "},
    ]
    world = make_world([{"attendee_id": "a"} | row for row in rows], "a")
    reasons = leads_of(world)["a"]["live_reasons"]
    assert set(reasons) == {"clicked 1 CTA: Y", "downloaded 1 file"}
