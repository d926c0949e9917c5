"""The made-up world: the same each time, varied, and nobody real."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from sandbox.world import Webinar, build_world, write_hubilo_export, write_zoom_reports
from tap_events.files import read_bundles

if TYPE_CHECKING:
    from pathlib import Path

WORLD = build_world()
BOTH = [pytest.param(WORLD.hubilo, id="hubilo"), pytest.param(WORLD.zoom, id="zoom")]
OURS = ("@example.com", "@example.net", "@example.org")


def test_a_seed_gives_the_same_world_each_time() -> None:
    """Another seed gives another one."""
    assert build_world() == WORLD
    assert build_world(2) != WORLD


@pytest.mark.parametrize("webinar", BOTH)
def test_every_address_is_reserved_for_examples(webinar: Webinar) -> None:
    """Nobody's mailbox is in the sandbox, and each person has one of their own."""
    emails = [p.email for p in (*webinar.people, *webinar.deleted)]
    assert all(email.endswith(OURS) for email in emails)
    assert len(set(emails)) == len(emails)


def test_the_hubilo_event_is_lively() -> None:
    """About 300 registrants, 70 % live, 35 % later, staff, two logins, no-shows."""
    webinar = WORLD.hubilo
    live = {s.person.number for s in webinar.stays if s.stream == "LIVE"}
    later = {s.person.number for s in webinar.stays if s.stream == "RECORDED"}
    everybody = len(webinar.people)
    assert everybody == 300
    assert 0.6 < len(live) / everybody < 0.8
    assert 0.25 < len(later) / everybody < 0.45
    assert live - later
    assert later - live
    assert sum(len(p.spellings) > 1 for p in webinar.people) >= 5
    assert Counter(p.group for p in webinar.people).keys() == {
        "ATTENDEE",
        "SPEAKER",
        "ORGANISER",
        "BOOTH MEMBER",
    }
    assert any(not stay.milliseconds for stay in webinar.stays)


def test_all_eight_other_activities_happen_in_both_windows() -> None:
    """Questions are anonymous now and then; a CTA is called Pricing."""
    deeds = WORLD.hubilo.deeds
    counts = Counter(d.kind for d in deeds)
    assert len(counts) == 8
    assert min(counts.values()) >= 20
    assert any(d.person is None for d in deeds)
    assert all(d.kind == "question" for d in deeds if d.person is None)
    assert "Pricing" in {d.text for d in deeds if d.kind == "cta_click"}
    assert {d.at > d.session.ends_at for d in deeds} == {True, False}


@pytest.mark.parametrize("webinar", BOTH)
def test_nothing_happens_outside_the_webinar(webinar: Webinar) -> None:
    """Live in the session, recordings between its end and the event's end."""
    for stay in webinar.stays:
        if not stay.milliseconds:
            continue
        if stay.stream == "LIVE":
            assert stay.joined_at >= stay.session.starts_at
        else:
            assert stay.session.ends_at <= stay.joined_at <= webinar.ends_at


def test_some_people_were_at_both_webinars() -> None:
    """The second one is later, with people of the first and new ones."""
    first = {p.email for p in WORLD.hubilo.people}
    second = {p.email for p in WORLD.zoom.people}
    assert WORLD.zoom.starts_at > WORLD.hubilo.starts_at
    assert len(second) == 120
    assert len(first & second) == 45


def test_exports_are_written_the_same_each_time(tmp_path: Path) -> None:
    """Byte for byte, so that a second demo has nothing to write to the CRM."""
    for name in ("a", "b"):
        write_hubilo_export(tmp_path / name / "hubilo", WORLD.hubilo)
        write_zoom_reports(tmp_path / name / "zoom", WORLD.zoom)
    files = sorted(p.relative_to(tmp_path / "a") for p in tmp_path.glob("a/*/*"))
    assert len(files) == 8 + 4
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (
            tmp_path / "b" / file
        ).read_bytes()


def test_the_zoom_reports_tell_what_happened(tmp_path: Path) -> None:
    """Stays, polls, questions and chat, read by the tap's own readers."""
    write_zoom_reports(tmp_path, WORLD.zoom)
    [bundle] = read_bundles(
        [str(tmp_path)], mapping_path=None, timezone="UTC", on_rejected=pytest.fail
    )
    assert bundle.event.name == WORLD.zoom.name
    assert len(list(bundle.attendees)) == len(WORLD.zoom.people)
    expected = Counter(d.kind for d in WORLD.zoom.deeds)
    found = Counter(a.activity.value for a in bundle.activities)
    assert found["time_in_session"] == len(WORLD.zoom.stays)
    for kind in ("chat", "poll_response", "question"):
        assert found[kind] == expected[kind]
