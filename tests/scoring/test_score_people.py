"""Who is ranked: one person for all logins, and no staff."""

from __future__ import annotations

from typing import Any

import pytest
from score_rows import did, person, stay, value_of
from score_worlds import counted, counts_of, leads_of, make_world, only

CHAT = only("chat")


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
        ({"role": "attendee"}, {"exclude_roles": ["attendee"]}),
        ({"email": "x@Staff.example"}, {"exclude_email_domains": ["staff.example"]}),
        ({"email": " X@STAFF.EXAMPLE "}, {"exclude_email_domains": ["staff.example"]}),
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


@pytest.mark.parametrize(
    "email", ["x@notstaff.example", "x@eu.staff.example", "staff.example@x.com", None]
)
def test_other_domains_stay(email: str | None) -> None:
    """Exactly the listed domains are removed, not what only looks like them."""
    people = [person("a", "a@x.com"), person("b", email)]
    world = make_world([did("a", "chat"), did("b", "chat")], attendees=people)
    leads = leads_of(world, exclude_email_domains=["staff.example"])
    assert sorted(leads) == ["a", "b"]


def test_one_login_as_a_speaker_leaves_the_whole_person_out() -> None:
    """Whatever they did as an attendee elsewhere."""
    people = [
        person("a", "a@x.com"),
        person("b", "b@x.com"),
        person("c", "B@x.com", role="speaker"),
    ]
    rows = [did("a", "chat"), did("b", "chat", quantity=300)]
    assert list(leads_of(make_world(rows, attendees=people))) == ["a"]


def test_merging_comes_before_ranking() -> None:
    """Two logins with two chats each are one person with four."""
    people = [
        person("a", "a@x.com"),
        person("b", " A@X.COM"),
        person("c", "c@x.com"),
        person("d", None),
    ]
    counts = {"a": 2, "b": 2, "c": 3, "d": 3}
    rows = [did(who, "chat", quantity=count) for who, count in counts.items()]
    leads = leads_of(make_world(rows, attendees=people), **CHAT)
    assert {who: leads[who]["live_rank"] for who in leads} == {"a": 1, "c": 2, "d": 2}
    assert leads["d"]["email"] is None


def test_an_anonymous_question_is_dropped_even_if_its_author_is_known() -> None:
    """Nobody is identified who asked not to be, and nobody came by asking so."""
    rows = [
        did("a", "chat"),
        did("b", "question", anonymous=True),
        did(None, "question", anonymous=True),
    ]
    leads = leads_of(make_world(rows, "", attendees=[person("b", "b@x.com")]))
    assert list(leads) == ["a"]
    assert leads["a"]["live_question"] == 0.0


@pytest.mark.parametrize(
    ("population", "score", "most", "ranked"),
    [("doers", 50.0, 2, 2), ("all", 66.6, 3, 4)],
)
def test_who_is_ranked_in_an_activity(
    population: str, score: float, most: int, ranked: int
) -> None:
    """With everybody ranked, those who did not do it share the last rank, and get 0."""
    world = counted("chat", [2, 1, 0, 0], "abcd")
    part = counts_of(world, rank_population=population, **CHAT)["b", "chat"]
    assert (part["score"], part["max_rank"]) == (score, most)
    assert (part["rank"], part["ranked_attendees"]) == (2, ranked)
    idle = leads_of(world, rank_population=population, **CHAT)["c"]
    assert (idle["live_chat"], idle["live_rank"]) == (0.0, None)


def test_who_is_a_participant() -> None:
    """Whoever attended or did anything, on a list or not; no-shows are not."""
    people = [person("came", "c@x.com", attended=True), person("not", "n@x.com")]
    world = make_world([did("unlisted", "chat")], attendees=people)
    leads = leads_of(world)
    assert sorted(leads) == ["came", "unlisted"]
    assert tuple(
        leads["came"][f"live_{key}"] for key in ("rank", "lead_score", "level")
    ) == (None, 0.0, "Low")
