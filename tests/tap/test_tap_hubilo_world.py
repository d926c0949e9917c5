"""The sandbox's Hubilo event comes out as what happened in it, fact by fact."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from mappings import __file__ as mappings_file
from sandbox.server import running
from sandbox.settings import SandboxSettings
from sandbox.world import build_world, write_hubilo_export

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tap_account import Clock, Run

    from sandbox.server import RunningSandbox

WEBINAR = build_world().hubilo
GONE = {person.email for person in WEBINAR.deleted}
WINDOWS = {"LIVE": "live", "RECORDED": "on_demand"}


@pytest.fixture
def sandbox(virtual_clock: Clock) -> Iterator[RunningSandbox]:
    """The sandbox with its rate limit, on the tap's own clock."""
    with running(SandboxSettings(clock=virtual_clock)) as served:
        yield served


@pytest.fixture
def read(sandbox: RunningSandbox, run_tap: Callable[..., Run]) -> Callable[..., Run]:
    """Return a function that reads the sandbox's event."""

    def read_it(**config: Any) -> Run:
        base = {
            "platform": "hubilo",
            "hubilo_api_url": sandbox.url,
            "hubilo_access_token": sandbox.sandbox.settings.access_token,
        }
        run = run_tap(base | config)
        assert run.error is None
        return run

    return read_it


@pytest.fixture
def export(tmp_path: Path) -> dict[str, str]:
    """The settings that add a dashboard export."""
    write_hubilo_export(tmp_path / "export", WEBINAR)
    mapping = mappings_file.replace("__init__.py", "files/hubilo_export.yml")
    return {"files_path": str(tmp_path / "export"), "files_mapping": mapping}


def emails(run: Run) -> dict[str, str]:
    """Return the e-mail by the attendee's id."""
    return {a["attendee_id"]: a["email"] for a in run.records("attendees")}


def test_the_event_and_its_sessions_have_their_times(read: Callable[..., Run]) -> None:
    """On demand ends when the event ends; names are trimmed."""
    run = read()
    [event] = run.records("events")
    assert event == {
        "event_id": "hubilo:48213",
        "platform": "hubilo",
        "name": "Forecasting without the fuss",
        "starts_at": "2026-09-22T13:30:00Z",
        "ends_at": "2026-10-20T17:00:00Z",
        "on_demand_ends_at": "2026-10-20T17:00:00Z",
        "url": None,
        "updated_at": "2026-10-20T17:00:00Z",
    }
    assert [(s["session_id"], s["name"]) for s in run.records("sessions")] == [
        (str(s.number), s.name) for s in WEBINAR.sessions
    ]


def test_each_mailbox_is_one_person(read: Callable[..., Run]) -> None:
    """Two logins, letter case and blanks make nobody twice; the deleted are gone."""
    people = read().records("attendees")
    assert Counter(a["email"] for a in people) == Counter(
        p.email for p in WEBINAR.people
    )
    assert any(len(p.spellings) > 1 for p in WEBINAR.people)


def test_roles_come_from_groups(read: Callable[..., Run]) -> None:
    """Speakers and the team are told apart from the people to be ranked."""
    roles = {a["email"]: a["role"] for a in read().records("attendees")}
    expected = {"ATTENDEE": "attendee", "SPEAKER": "speaker"}
    assert roles == {p.email: expected.get(p.group, "staff") for p in WEBINAR.people}


def test_only_those_who_came_attended(read: Callable[..., Run]) -> None:
    """Registrants without a stay are no-shows; a stay of no time is a login."""
    attended = {a["email"] for a in read().records("attendees") if a["attended"]}
    assert attended == {s.person.email for s in WEBINAR.stays} - GONE


def test_every_stay_is_one_activity_with_the_counted_time(
    read: Callable[..., Run],
) -> None:
    """Seconds are what the platform counted, in the window it says itself."""
    run = read()
    who = emails(run)
    found = Counter(
        (who[a["attendee_id"]], a["session_id"], a["window"], a["quantity"])
        for a in run.records("activities")
    )
    assert found == Counter(
        (
            s.person.email,
            str(s.session.number),
            WINDOWS[s.stream],
            s.milliseconds / 1000,
        )
        for s in WEBINAR.stays
        if s.milliseconds and s.person.email not in GONE
    )


def test_facts_of_a_person_are_those_registered(read: Callable[..., Run]) -> None:
    """Job, company and place arrive as registered."""
    fields = ("first_name", "last_name", "job_title", "company", "city", "country")
    people = {a["email"]: a for a in read().records("attendees")}
    for person in WEBINAR.people:
        found = people[person.email]
        assert [found[f] for f in fields] == [getattr(person, f) for f in fields]
        assert found["phone"].replace(" ", "") == person.phone.replace(" ", "")


def test_an_export_adds_the_other_eight_activities(
    read: Callable[..., Run], export: dict[str, str]
) -> None:
    """Every deed of the export is there, with its person, session and time."""
    run = read(**export)
    who = emails(run)
    found = Counter(
        (
            a["activity"],
            a["attendee_id"] and who[a["attendee_id"]],
            a["session_id"],
            a["occurred_at"],
            a["anonymous"],
        )
        for a in run.records("activities")
        if a["activity"] != "time_in_session"
    )
    assert found == Counter(
        (
            d.kind,
            d.person and d.person.email,
            str(d.session.number),
            d.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            d.person is None,
        )
        for d in WEBINAR.deeds
        if d.person is None or d.person.email not in GONE
    )
    assert len(who) == len(WEBINAR.people)


def test_an_export_names_what_was_clicked(
    read: Callable[..., Run], export: dict[str, str]
) -> None:
    """The label of a CTA is its object, and readable in the reasons."""
    clicks = [
        a for a in read(**export).records("activities") if a["activity"] == "cta_click"
    ]
    assert {(a["object_id"], a["detail"]) for a in clicks} == {
        (d.subject, d.text) for d in WEBINAR.deeds if d.kind == "cta_click"
    }


def test_people_without_an_export_row_are_the_same(
    read: Callable[..., Run], export: dict[str, str]
) -> None:
    """Adding files adds activities, it does not change who is who."""
    assert read(**export).records("attendees") == read().records("attendees")


def test_a_run_costs_as_few_requests_as_there_are_pages(
    read: Callable[..., Run], sandbox: RunningSandbox
) -> None:
    """Profile, events, sessions, deleted; users with one refused limit; attendance."""
    read()
    paths = Counter(r.path.rsplit("/", 1)[1] for r in sandbox.requests)
    assert paths.pop("attendee") <= 12
    assert paths.pop("list") == 1 + 1 + 1 + 4
    assert paths == {"profile": 1, "session-info": 1}
    assert {r.status for r in sandbox.requests} == {200}


@pytest.mark.parametrize(
    ("config", "count"),
    [
        pytest.param({"event_ids": ["48213"]}, 1, id="native-id"),
        pytest.param({"event_ids": ["hubilo:48213", "9"]}, 1, id="our-id"),
        pytest.param({"event_ids": ["9"]}, 0, id="other-id"),
        pytest.param({"event_name_contains": "WITHOUT the"}, 1, id="part-of-name"),
        pytest.param({"event_name_contains": "with the"}, 0, id="other-name"),
        pytest.param({"start_date": "2026-10-21"}, 0, id="ended-before"),
    ],
)
def test_events_can_be_chosen(
    read: Callable[..., Run], config: dict[str, Any], count: int
) -> None:
    """By id, by a part of the name, by date."""
    assert len(read(**config).records("events")) == count
