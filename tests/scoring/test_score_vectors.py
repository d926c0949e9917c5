"""The published worked examples come out of the real mapper, to the last digit."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from score_worlds import (
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
from scoring_transform.model import read_model
from sync_core.errors import SettingError

FOLDER = Path(__file__).parents[1] / "data" / "vectors"
VECTORS = {
    vector["id"]: vector
    for vector in json.loads((FOLDER / "score-vectors.json").read_text())["vectors"]
}
OURS = {
    "time_spent": "time_in_session",
    "chats": "chat",
    "chats_in_session": "chat",
    "polls_answered": "poll_response",
    "responds_to_polls": "poll_response",
    "cta_clicks": "cta_click",
    "raises_hand": "raise_hand",
    "reactions": "reaction",
    "rates_session": "session_rating",
    "files_downloaded": "file_download",
    "questions_asked": "question",
}
PEOPLE = "abcdefgh"
PLAIN = ["AIR-V04a", "AIR-V04b", "AIR-V05", "AIR-V08", "AIR-V14"]


SUMS = {
    "AIR-V06": (make_world([], "abcd"), [0, 0, 0, 0]),
    "AIR-V07": (counted("chat", [1, 1, 1]), [12, 12, 12]),
    "AIR-V23": (counted("chat", [2, 1, 3]), [50, 30, 70]),
}


def scores_of(rows: dict[str, Any], people: str, key: str) -> list[Any]:
    """Return one column in the order of the people."""
    return [rows[person][key] for person in people]


def display(exact: list[str], rounding: str = "truncate") -> list[float]:
    """Return exact numbers as they are shown."""
    half = Fraction(1, 2) if rounding == "half_up" else 0
    return [((10 * Fraction(text) + half) // 1) / 10 for text in exact]


@pytest.mark.parametrize("rounding", ["truncate", "half_up"])
def test_the_published_example(rounding: str) -> None:
    """Sums of 30, 50 and 70 become 33.3, 66.6 and 100."""
    expected = VECTORS["AIR-V01"]["expected"]
    rows = [
        {"attendee_id": "a", "activity": "chat"},
        {"attendee_id": "b", "activity": "question"},
        {"attendee_id": "c", "activity": "question"},
        {"attendee_id": "c", "activity": "reaction"},
    ]
    weights = dict.fromkeys(NAMES, 0) | {"chat": 30, "question": 50, "reaction": 20}
    leads = leads_of(make_world(rows, "abc"), weights=weights, rounding=rounding)
    assert VECTORS["AIR-V01"]["inputs"]["activity_score_sums"] == scores_of(
        leads, "abc", "live_sum"
    )
    name = "lead_score_display" if rounding == "truncate" else rounding
    key = {"half_up": "lead_score_half_up_display"}.get(name, name)
    assert expected[key] == scores_of(leads, "abc", "live_lead_score")
    assert expected["ranks"] == scores_of(leads, "abc", "live_rank")


def test_max_rank_counts_different_values() -> None:
    """Ranks 1,2,3,3,4,5,5,5 of eight people have max rank 5."""
    vector = VECTORS["AIR-V02"]
    ranks = vector["inputs"]["ranks"]
    leads = leads_of(
        counted("chat", [9 - rank for rank in ranks], PEOPLE), **only("chat")
    )
    assert ranks == scores_of(leads, PEOPLE, "live_rank")
    assert {vector["expected"]["max_rank"]} == {
        row["live_max_rank"] for row in leads.values()
    }


@pytest.mark.parametrize("name", PLAIN)
def test_an_activity_score(name: str) -> None:
    """Counts become ranks and activity scores."""
    vector = VECTORS[name]
    inputs, expected = vector["inputs"], vector["expected"]
    kind = OURS[inputs["activity"]]
    weight = inputs["max_activity_score"]
    rest = "question" if kind == "time_in_session" else "time_in_session"
    weights = dict.fromkeys(NAMES, 0) | {kind: weight, rest: 100 - weight}
    world = counted(kind, inputs["counts"], PEOPLE)
    population = inputs.get("rank_population", "doers")
    config = {"weights": weights, "rank_population": population}
    leads, parts = leads_of(world, **config), counts_of(world, **config)
    people = PEOPLE[: len(inputs["counts"])]
    assert display(expected["activity_score_exact"]) == scores_of(
        leads, people, f"live_{kind}"
    )
    if "ranks" in expected:
        did = [i for i, count in enumerate(inputs["counts"]) if count]
        found = [parts[people[i], kind]["rank"] for i in did]
        assert [expected["ranks"][i] for i in did] == found
        assert {expected["max_rank"]} == {row["max_rank"] for row in parts.values()}


@pytest.mark.parametrize("name", ["AIR-V06", "AIR-V07", "AIR-V23"])
def test_sums_become_lead_scores(name: str) -> None:
    """Nobody did anything: 0; all the same: 100; the order of people is nothing."""
    inputs, expected = VECTORS[name]["inputs"], VECTORS[name]["expected"]
    world, sums = SUMS[name]
    given = inputs.get("activity_score_sums") or inputs["activity_score_sums_a"]
    assert sums == list(given.values() if isinstance(given, dict) else given)
    exact = expected["lead_score_exact"]
    wanted = [exact[key] for key in given] if isinstance(given, dict) else exact
    leads = leads_of(world, **only("chat"))
    people = PEOPLE[: len(sums)]
    assert display(wanted) == scores_of(leads, people, "live_lead_score")
    assert expected.get("max_rank", 3) == leads["a"]["live_max_rank"]


def test_the_counting_rules() -> None:
    """One attendee's session, counted activity by activity."""
    vector = VECTORS["AIR-V09"]
    kinds = {
        "poll_answer": ("poll_response", "poll_id"),
        "cta_click": ("cta_click", "cta_id"),
        "file_download": ("file_download", "file_id"),
        "rating": ("session_rating", None),
    }
    rows: list[dict[str, Any]] = []
    for event in vector["inputs"]["events"]:
        kind, key = kinds.get(event["type"], (event["type"], None))
        rows.append(
            {
                "attendee_id": "a",
                "activity": kind,
                "object_id": event.get(key),
                "anonymous": event.get("anonymous", False),
            }
        )
    for begin, end in vector["inputs"]["watch_segments_seconds"]:
        rows.append(
            {
                "attendee_id": "a",
                "activity": "time_in_session",
                "occurred_at": at(begin / 60),
                "ended_at": at(end / 60),
            }
        )
    parts = counts_of(make_world(rows))
    expected = {
        OURS.get(key, "time_in_session"): value
        for key, value in vector["expected"].items()
    }
    assert expected == {kind: row["value"] for (_, kind), row in parts.items()}


def test_the_windows() -> None:
    """Stays are cut at the limits; an instant on a limit is in the later window."""
    vector = VECTORS["AIR-V10"]
    inputs, expected = vector["inputs"], vector["expected"]
    rows: list[dict[str, Any]] = [
        {"activity": "time_in_session", "occurred_at": begin, "ended_at": end}
        for begin, end in inputs["watch_segments"]
    ]
    rows += [
        {"activity": "chat", "occurred_at": moment} for moment in inputs["chats_at"]
    ]
    session = {"event_id": "zoom:1", "session_id": "s1"}
    session |= {f"{k}s_at": v for k, v in inputs["session"].items()}
    world = make_world(
        [row | {"attendee_id": "a"} for row in rows],
        sessions=[session],
        event=make_event(ends_at=inputs["event"]["end"]),
    )
    for window in ("live", "on_demand"):
        parts = counts_of(world, window)
        assert expected[window] == {
            "time_spent_seconds": parts["a", "time_in_session"]["value"],
            "chats": parts["a", "chat"]["value"],
        }


@pytest.mark.parametrize("name", [name for name in VECTORS if "V13" in name])
def test_the_total_of_the_weights(name: str) -> None:
    """Only nine weights with a total of exactly 100 are accepted."""
    vector = VECTORS[name]
    weights = {OURS[k]: v for k, v in vector["inputs"]["weights"].items()}
    if vector["expected"]["valid"]:
        model = read_model(None, {"weights": weights})
        assert weights == {k: int(model.weight_of(k)) for k in NAMES}
    else:
        total = str(vector["expected"]["sum"])
        wanted = total if len(weights) == len(NAMES) else "chat"
        with pytest.raises(SettingError, match=wanted):
            read_model(None, {"weights": weights})


def test_only_the_order_matters() -> None:
    """Ten times as much of everything changes no score."""
    vector = VECTORS["AIR-V17"]
    for case in "ab":
        counts = vector["inputs"][f"counts_{case}"]
        leads = leads_of(
            counted("reaction", counts),
            weights=dict.fromkeys(NAMES, 0) | {"reaction": 10, "chat": 90},
        )
        wanted = display(vector["expected"][f"activity_score_exact_{case}"])
        assert wanted == scores_of(leads, "abcd", "live_reaction")


def test_two_independent_scores() -> None:
    """Live time decides the live score and later time the on-demand score."""
    vector = VECTORS["AIR-V19"]
    rows = []
    for person, times in vector["inputs"]["time_spent_seconds"].items():
        for window, begin in (("live", 0), ("on_demand", 60)):
            end = begin + times[window] / 60
            rows.append(
                {
                    "attendee_id": person,
                    "activity": "time_in_session",
                    "occurred_at": at(begin),
                    "ended_at": at(end),
                }
            )
    leads = leads_of(make_world(rows, ""), **only("time_in_session"))
    for window in ("live", "on_demand"):
        exact = vector["expected"][f"{window}_lead_score_exact"]
        wanted = dict(zip(exact, display(list(exact.values())), strict=True))
        assert wanted == {who: leads[who][f"{window}_lead_score"] for who in exact}


@pytest.mark.parametrize(("unit", "bucket"), [("seconds", 1), ("whole_minutes", 60)])
def test_the_unit_of_time(unit: str, bucket: int) -> None:
    """Whole minutes make ties that seconds do not."""
    vector = VECTORS["AIR-V21"]
    expected = vector["expected"][unit]
    rows = [
        {
            "attendee_id": person,
            "activity": "time_in_session",
            "occurred_at": None,
            "quantity": seconds,
        }
        for person, seconds in zip(
            "abc", vector["inputs"]["time_spent_seconds"], strict=True
        )
    ]
    weights = dict.fromkeys(NAMES, 0) | {"time_in_session": 30, "chat": 70}
    world = make_world(rows, "abc")
    config = {"weights": weights, "time_bucket_seconds": bucket}
    leads, parts = leads_of(world, **config), counts_of(world, **config)
    assert display(expected["activity_score_exact"]) == scores_of(
        leads, "abc", "live_time_in_session"
    )
    assert expected["max_rank"] == parts["a", "time_in_session"]["max_rank"]


def ladder(size: int) -> World:
    """Return an event in which everybody has another count, so another rank."""
    rows = [
        {"attendee_id": f"q{n}", "activity": "reaction", "quantity": n}
        for n in range(size + 1)
    ]
    return make_world(rows, "")


@pytest.mark.parametrize(
    ("score", "level"),
    list(
        zip(
            VECTORS["AIR-V24"]["inputs"]["scores"],
            VECTORS["AIR-V24"]["expected"]["level"],
            strict=True,
        )
    ),
)
def test_levels(score: float, level: str) -> None:
    """0 and 30 are Low, 60 still Medium; there is no gap between them."""
    share = Fraction(str(score)) / 100
    leads = leads_of(ladder(share.denominator), **only("reaction"))
    row = leads[f"q{share.numerator}"]
    assert score == row["live_lead_score"]
    assert level == row["live_level"]


def test_no_example_is_left_out() -> None:
    """Every one of the file is used on this page."""
    page = Path(__file__).read_text(encoding="utf-8")
    weights = {name for name in VECTORS if "V13" in name}
    assert len(weights) == 6
    assert [n for n in VECTORS if f'"{n}"' not in page and n not in weights] == []


def test_groups_of_the_detailed_report() -> None:
    """Ten participants by total score, all of it given as a profile score."""
    vector = VECTORS["KAL-V01"]
    attendees = [
        {
            "event_id": "zoom:1",
            "attendee_id": person["user"],
            "attended": True,
            "profile_score": person["engagement_score"] + person["user_profile_score"],
        }
        for person in vector["inputs"]["participants"]
    ]
    world = make_world([], "", attendees=attendees)
    leads = leads_of(world)
    for expected in vector["expected"]["rows"]:
        row = leads[expected["user"]]
        for key in (
            "absolute_rank",
            "p_group",
            "s_group",
            "p_group_rank",
            "s_group_rank",
        ):
            assert expected[key] == row[f"live_{key}"]
        assert (expected["total_score"], 0) == (row["live_total"], row["live_sum"])
    summaries = rows_of(map_worlds([world]), "event_summaries")
    live = {row["group"]: row for row in summaries if row["window"] == "live"}
    assert [live[name]["attendees"] for name in ("Hot", "Warm", "Cold")] == [2, 3, 5]
    assert live["Hot"]["average_total"] == 88.5


def test_limits_of_score_groups_are_settings(tmp_path: Path) -> None:
    """Other limits than 67 and 34, for totals that have no upper limit."""
    vector = VECTORS["KAL-V03"]
    totals = vector["inputs"]["total_scores"]
    attendees = [
        {
            "event_id": "zoom:1",
            "attendee_id": f"p{i}",
            "attended": True,
            "profile_score": total,
        }
        for i, total in enumerate(totals)
    ]
    shipped = (Path(__file__).parents[2] / "mappings" / "scoring.yml").read_text()
    file = tmp_path / "scoring.yml"
    file.write_text(
        shipped.replace("at_least: 67", "at_least: 1000").replace(
            "at_least: 34", "at_least: 500"
        )
    )
    leads = leads_of(make_world([], "", attendees=attendees), scoring=str(file))
    found = [leads[f"p{i}"]["live_s_group"] for i in range(len(totals))]
    assert vector["expected"]["s_group"] == found
