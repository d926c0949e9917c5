"""The rules of the score one by one, and what follows from them."""

from __future__ import annotations

from typing import Any

import pytest
from score_worlds import (
    Chance,
    World,
    at,
    counted,
    counts_of,
    leads_of,
    make_event,
    make_world,
    map_worlds,
    only,
    rows_of,
)

from scoring_transform.activities import NAMES

CHAT = only("chat")


def stay(person: str, begin: float, end: float, **more: Any) -> dict[str, Any]:
    """Return a time in a session, in minutes after its start."""
    times = {"occurred_at": at(begin), "ended_at": at(end)}
    return {"attendee_id": person, "activity": "time_in_session"} | times | more


def did(person: str, activity: str, **more: Any) -> dict[str, Any]:
    """Return one activity."""
    return {"attendee_id": person, "activity": activity} | more


def value_of(world: World, activity: str, window: str = "live", **config: Any) -> Any:
    """Return person a's count, or None."""
    row = counts_of(world, window, **config).get(("a", activity))
    return row and row["value"]


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


def person(attendee_id: str, email: str | None, **more: Any) -> dict[str, Any]:
    """Return an attendee."""
    return {"event_id": "zoom:1", "attendee_id": attendee_id, "email": email} | more


def test_logins_of_one_address_are_one_person() -> None:
    """Under the smallest id, with the names that any of the logins has."""
    people = [
        person("b", " A@x.com", first_name="Ann", attended=True),
        person("a", "a@X.com ", last_name="Lee"),
        person("c", None, attended=True),
        person("d", "not an address", attended=True),
    ]
    rows = [did("a", "chat"), did("b", "chat"), stay("a", 0, 20), stay("b", 10, 30)]
    world = make_world(rows, attendees=people)
    leads = leads_of(world)
    assert sorted(leads) == ["a", "c", "d"]
    assert (leads["a"]["first_name"], leads["a"]["last_name"]) == ("Ann", "Lee")
    assert value_of(world, "chat") == 2
    assert value_of(world, "time_in_session") == 1800


@pytest.mark.parametrize(
    ("changes", "config"),
    [
        ({"role": "host"}, {}),
        ({"role": "speaker"}, {}),
        ({"role": "staff"}, {}),
        ({"email": "x@Staff.example"}, {"exclude_email_domains": ["staff.example"]}),
    ],
)
def test_staff_is_removed_before_ranking(
    changes: dict[str, Any], config: dict[str, Any]
) -> None:
    """A moderator with 300 chats pushes nobody down."""
    people = [person("a", "a@x.com"), person("b", "b@x.com") | changes]
    rows = [did("a", "chat"), did("b", "chat", quantity=300)]
    leads = leads_of(make_world(rows, attendees=people), **config)
    assert list(leads) == ["a"]
    assert leads["a"]["live_max_rank"] == 1


def test_who_is_a_participant() -> None:
    """Whoever attended or did anything, on a list or not; no-shows are not."""
    people = [person("came", "c@x.com", attended=True), person("not", "n@x.com")]
    world = make_world([did("unlisted", "chat")], attendees=people)
    leads = leads_of(world)
    assert sorted(leads) == ["came", "unlisted"]
    assert tuple(
        leads["came"][f"live_{key}"] for key in ("rank", "lead_score", "level")
    ) == (None, 0.0, None)


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
        stay("a", 0, 59),
        did("b", "raise_hand"),
        stay("b", 0, 0.5),
    ]
    leads = leads_of(make_world(rows, "ab"))
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


def test_summaries_tell_limits_and_actual_shares() -> None:
    """One row for each window and group, empty ones too."""
    world = counted("chat", [5, 4, 3, 2, 1])
    rows = rows_of(map_worlds([world], **CHAT), "event_summaries")
    assert len(rows) == 12
    live = {row["group"]: row for row in rows if row["window"] == "live"}
    assert tuple(
        live["Hot"][key]
        for key in ("lower_limit", "upper_limit", "attendees", "share", "average_total")
    ) == (0.0, 20.0, 1, 20.0, 100.0)
    cold = [row for row in rows if row["window"] == "on_demand"]
    assert {row["group"]: row["attendees"] for row in cold} == {
        "Hot": 0,
        "Warm": 0,
        "Cold": 5,
        "Top": 0,
        "Mid": 0,
    } | {"Low": 5}


def test_a_limit_that_cuts_through_a_tie_puts_it_in_the_better_group() -> None:
    """Three of ten share the second place: the best 20 % become four people."""
    world = counted("chat", [9, 8, 8, 8, 5, 4, 3, 2, 1, 1], "abcdefghij")
    leads = leads_of(world, **CHAT)
    hot = [who for who, row in leads.items() if row["live_p_group"] == "Hot"]
    assert hot == ["a", "b", "c", "d"]
    assert [leads[w]["live_absolute_rank"] for w in "abcde"] == [1, 2, 2, 2, 5]


class TestConsequences:
    """What users ask about, because it follows from ranks."""

    def test_every_event_with_a_doer_has_a_100(self) -> None:
        """However little was done."""
        leads = leads_of(counted("reaction", [1, 0, 0]))
        assert leads["a"]["live_lead_score"] == 100.0

    def test_ranks_forget_distances(self) -> None:
        """100 chats and 2 chats are one step apart if nobody is between."""
        far, near = counted("chat", [100, 2, 1]), counted("chat", [3, 2, 1])
        assert leads_of(far, **CHAT) == leads_of(near, **CHAT) | {
            "a": leads_of(far, **CHAT)["a"]
        }

    def test_a_late_record_can_move_everybody(self) -> None:
        """Somebody new above shifts all below."""
        before = leads_of(counted("chat", [3, 2, 1]), **CHAT)
        after = leads_of(counted("chat", [3, 2, 1, 9]), **CHAT)
        assert [before[w]["live_lead_score"] for w in "abc"] == [100.0, 66.6, 33.3]
        assert [after[w]["live_lead_score"] for w in "abc"] == [75.0, 50.0, 25.0]

    def test_doing_more_can_lower_a_lead_score(self) -> None:
        """It breaks a tie above; the activity score and the sum never fall."""
        weights = dict.fromkeys(NAMES, 0) | {"chat": 50, "question": 50}
        before = counted("chat", [3, 2, 2, 1])
        scores = leads_of(before, weights=weights)
        after = make_world(
            [*before.activities, did("b", "chat", activity_id="more")], "abcd"
        )
        changed = leads_of(after, weights=weights)
        assert scores["b"]["live_chat"] <= changed["b"]["live_chat"]
        assert scores["b"]["live_sum"] <= changed["b"]["live_sum"]
        assert changed["c"]["live_lead_score"] <= scores["c"]["live_lead_score"]

    def test_live_and_on_demand_do_not_touch(self) -> None:
        """Activity in one window changes nothing in the other."""
        world = counted("chat", [3, 2, 1])
        late = did("c", "chat", activity_id="late", occurred_at=at(600), quantity=50)
        more = make_world([*world.activities, late], "abc")
        live = {
            who: {k: v for k, v in row.items() if k.startswith("live_")}
            for who, row in leads_of(world).items()
        }
        assert live == {
            who: {k: v for k, v in row.items() if k.startswith("live_")}
            for who, row in leads_of(more).items()
        }


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
