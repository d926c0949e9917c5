"""The timeline when HubSpot refuses it, and the account when it refuses properties."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from crm_world import ATTEND, READ, STATE, World, lead_score, world

from sandbox.faults import Planned, Status
from sync_core.errors import FatalError
from target_crm.hubspot.marketing import to_ends
from target_crm.outcomes import Kind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from target_crm.crm import Attendance


def refused(path: str, *requests: int, status: int = 400) -> Planned:
    """Plan that requests are refused."""
    fault = Status(status=status, body='{"category": "VALIDATION_ERROR"}')
    return Planned(part="hubspot", path=path, fault=fault, requests=requests)


def test_a_refused_attendance_is_kept_and_told_by_the_next_run(tmp_path: Path) -> None:
    """The contacts are written; the exit code and the file say what is missing."""
    rows = [lead_score(n) for n in range(3)]
    faults = [refused(ATTEND, 1, 2, 3, 4, 5)]
    with world(tmp_path / "state", faults=faults) as hubspot:
        ran = hubspot.run(rows)
        assert (ran.code, ran.states, ran.outcomes) == (1, [STATE], {"created": 3})
        assert ran.report["timeline"] == {"rejected": 3}
        assert len(hubspot.waiting) == 3

        again = hubspot.run([])

        held = hubspot.crm["contacts"].values()
        assert (again.code, hubspot.waiting) == (0, [])
        assert [len(contact["attendance"]) for contact in held] == [1, 1, 1]


def test_a_long_dry_run_tells_the_timeline_nothing(
    hubspot: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many people wait for it."""
    monkeypatch.setattr("target_crm.timeline.MAX_WAITING", 2)
    rows = [lead_score(n) for n in range(5)]
    hubspot.run(rows, timeline="none")
    changed = [lead_score(n, live_lead_score=1.5) for n in range(5)]
    ran = hubspot.run(changed, dry_run=True)
    assert ran.outcomes == {"updated": 5}
    assert ran.to("marketing") == []


def test_a_refused_marketing_event_stops_the_run(tmp_path: Path) -> None:
    """The message names the setting that goes on without a timeline."""
    faults = [refused("/marketing/v3/marketing-events/events/*", 1)]
    with world(tmp_path / "state", faults=faults) as hubspot:
        ran = hubspot.run([lead_score()])

        assert isinstance(ran.problem, FatalError)
        assert ran.problem.setting == "timeline"
        assert ran.states == []


@pytest.mark.parametrize(
    ("timeline", "path", "tier"),
    [
        ("note", "*/properties/notes/webinar_entry_key", "enterprise"),
        ("note", "*/properties/notes", "enterprise"),
        ("custom_event", "/events/v3/event-definitions/*", "enterprise"),
        ("custom_event", "/events/v3/event-definitions", "enterprise"),
    ],
    ids=["note property read", "note property", "definition read", "definition"],
)
def test_a_timeline_that_cannot_be_set_up_names_another(
    tmp_path: Path, timeline: str, path: str, tier: str
) -> None:
    """With HubSpot's own code."""
    with world(tmp_path / "state", faults=[refused(path, 1)], tier=tier) as hubspot:
        ran = hubspot.run([lead_score()], timeline=timeline)

        assert isinstance(ran.problem, FatalError)
        assert "VALIDATION_ERROR" in str(ran.problem)
        assert "marketing_event" in str(ran.problem)


@pytest.mark.parametrize("timeline", ["note", "custom_event"])
def test_an_entry_that_is_always_refused_is_kept(tmp_path: Path, timeline: str) -> None:
    """Found by halving; the others are told."""
    path = "*/notes/batch/create" if timeline == "note" else "/events/v3/send/batch"
    with world(
        tmp_path / "state", faults=[refused(path, 1, 2)], tier="enterprise"
    ) as hubspot:
        ran = hubspot.run([lead_score(0), lead_score(1)], timeline=timeline)

        assert (ran.code, ran.report["timeline"]) == (1, {"rejected": 1, "created": 1})


def test_one_address_that_cannot_be_read_does_not_hide_the_others(
    tmp_path: Path,
) -> None:
    """A refused read is halved too."""
    rows = [lead_score(n) for n in range(4)]
    with world(tmp_path / "state", faults=[refused(READ, 1)]) as hubspot:
        hubspot.run(rows)
        (hubspot.folder / "ledger.sqlite").unlink()

        ran = hubspot.run(rows)

        assert ran.outcomes == {"unchanged": 4}
        assert len(ran.to("batch/read")) == 3


@pytest.mark.parametrize(
    ("path", "setting"),
    [
        ("/crm/v3/properties/contacts/groups", "property_set"),
        ("/crm/v3/properties/contacts/batch/create", "property_set"),
    ],
)
def test_properties_that_hubspot_refuses_stop_the_run(
    tmp_path: Path, path: str, setting: str
) -> None:
    """Before anything is written."""
    with world(tmp_path / "state", faults=[refused(path, 1)]) as hubspot:
        ran = hubspot.run([lead_score()])

        assert isinstance(ran.problem, FatalError)
        assert ran.problem.setting == setting
        assert ran.writes == []


def test_a_list_of_properties_that_is_none_stops_the_run(tmp_path: Path) -> None:
    """Something answers 200 that is not HubSpot."""
    fault = Status(status=200, body="[]")
    planned = Planned(
        part="hubspot", path="/crm/v3/properties/contacts", fault=fault, requests=(1,)
    )
    with world(tmp_path / "state", faults=[planned]) as hubspot:
        ran = hubspot.run([lead_score()])

        assert isinstance(ran.problem, FatalError)
        assert ran.problem.setting == "api_url"


def test_creating_properties_can_be_forbidden(tmp_path: Path) -> None:
    """The message names those that are missing."""
    with world(tmp_path / "state") as hubspot:
        ran = hubspot.run([lead_score()], create_properties=False)

        assert isinstance(ran.problem, FatalError)
        assert ran.problem.setting == "create_properties"
        assert "webinar_live_rank" in str(ran.problem)


def test_a_property_of_hubspots_own_that_is_not_there_is_told(tmp_path: Path) -> None:
    """It is never created by us."""
    mapping = tmp_path / "mapping.yml"
    mapping.write_text(
        "group: {name: g, label: G}\n"
        "properties:\n"
        "  not_there: {source: first_name, set: minimal, ours: false}\n"
    )
    with world(tmp_path / "state") as hubspot:
        ran = hubspot.run([lead_score()], mapping=str(mapping))

        assert isinstance(ran.problem, FatalError)
        assert "not_there" in str(ran.problem)


def test_an_attendance_answer_is_read_by_address(
    attendance: Callable[..., Attendance],
) -> None:
    """Results, errors with addresses, strangers, and what is not told."""
    people = {
        key: attendance(email_key=key)
        for key in ("a@x.example", "b@x.example", "c@x.example")
    }
    data = {
        "results": [{"email": "A@x.example", "vid": 7}, {"email": "z@x.example"}],
        "errors": [
            {"category": "CONTACT", "context": {"emails": ["b@x.example"]}},
            {"category": "ODD", "context": None},
        ],
    }

    ends = to_ends(people, data)

    assert {key: (end.kind, end.code) for key, end in ends.items()} == {
        "a@x.example": (Kind.CREATED, ""),
        "b@x.example": (Kind.REJECTED, "CONTACT"),
    }
