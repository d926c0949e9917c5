"""A changed level is told once: as a note in HubSpot, as a task in Salesforce."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from crm_world import World, lead_score, world
from salesforce_world import organisation

from sandbox.faults import Planned, Status
from sync_core.errors import FatalError
from target_crm.hubspot.account import HubSpot, HubSpotSettings
from target_crm.hubspot.notes import Notes
from target_crm.texts import to_level_change

if TYPE_CHECKING:
    from pathlib import Path

PERSON = "p0@example.com"
CREATE = "*/notes/batch/create"
MEDIUM: dict[str, Any] = {"live_level": "Medium", "live_lead_score": 58.0}
HIGH: dict[str, Any] = {"live_level": "High", "live_lead_score": 82.4}
NONE: dict[str, Any] = {"live_level": None, "live_rank": None, "live_reasons": []}
LATER: dict[str, Any] = {
    "event_id": "hubilo:2",
    "event_starts_at": "2026-12-01T10:00:00Z",
}
TOLD = (
    "Webinar live level: Medium → High (score 58 → 82.4), because asked 2 questions; "
    "watched 59 min (How to score)"
)


def bodies(hubspot: World, email: str = PERSON) -> list[str]:
    """Return the texts of a contact's notes."""
    notes = hubspot.crm["contacts"][email]["notes"]
    return [note["hs_note_body"] for note in notes]


def noting(hubspot: World) -> World:
    """Return the account with notes of changed levels and no other entries."""
    hubspot.config |= {"level_changes": "note", "timeline": "none"}
    return hubspot


def test_a_changed_level_is_one_note_for_ever(hubspot: World) -> None:
    """With from, to, scores and reasons; never again, whatever is repeated."""
    noting(hubspot).run([lead_score(**MEDIUM)])
    assert bodies(hubspot) == []

    ran = hubspot.run([lead_score(**HIGH, **LATER)])
    assert bodies(hubspot) == [TOLD]
    assert ran.report["timeline"] == {"created": 1}

    assert hubspot.run([lead_score(**HIGH, **LATER)]).requests == []
    (hubspot.folder / "ledger.sqlite").unlink()
    hubspot.run([lead_score(**HIGH, **LATER)])
    assert bodies(hubspot) == [TOLD]


@pytest.mark.parametrize(
    ("before", "after", "title"),
    [
        (MEDIUM, HIGH, "Medium → High"),
        (HIGH, MEDIUM, "High → Medium"),
        (HIGH, NONE, "High → none"),
        (NONE, HIGH, "none → High"),
    ],
    ids=["up", "down", "to none", "from none"],
)
@pytest.mark.parametrize("place", [{}, LATER], ids=["same event", "later event"])
def test_every_direction_is_told(
    hubspot: World,
    before: dict[str, Any],
    after: dict[str, Any],
    title: str,
    place: dict[str, Any],
) -> None:
    """Also within one webinar, whose late activity was scored again."""
    noting(hubspot).run([lead_score(**before)])
    hubspot.run([lead_score(**after, **place)])

    (body,) = bodies(hubspot)
    assert body.startswith(f"Webinar live level: {title}")


def test_a_hundred_changes_cost_one_request(hubspot: World) -> None:
    """Beside the three that make the notes' key, once."""
    people = range(100)
    noting(hubspot).run([lead_score(n, **MEDIUM) for n in people])
    ran = hubspot.run([lead_score(n, **HIGH) for n in people])
    assert len(ran.to("notes")) == 4
    assert [seen.inputs for seen in ran.to("notes/batch/create")] == [100]


def test_an_older_webinar_and_an_equal_level_are_no_change(hubspot: World) -> None:
    """Only what the contact really holds can change."""
    noting(hubspot).run([lead_score(**HIGH, **LATER)])
    hubspot.run([lead_score(**MEDIUM)])
    hubspot.run([lead_score(**(HIGH | {"live_lead_score": 90.0}), **LATER)])
    assert bodies(hubspot) == []


def test_a_lost_ledger_reads_the_level_before_from_hubspot(hubspot: World) -> None:
    """The property says what the level was."""
    noting(hubspot).run([lead_score(**MEDIUM)])
    (hubspot.folder / "ledger.sqlite").unlink()
    hubspot.run([lead_score(**HIGH, **LATER)])
    assert bodies(hubspot) == [TOLD]


def test_a_lost_ledger_and_an_empty_level_are_no_change(hubspot: World) -> None:
    """Nobody knows whether it was ever written."""
    noting(hubspot).run([lead_score(**NONE)])
    (hubspot.folder / "ledger.sqlite").unlink()
    hubspot.run([lead_score(**HIGH, **LATER)])
    assert bodies(hubspot) == []


def test_a_run_that_dies_before_the_note_tells_it_later(tmp_path: Path) -> None:
    """The contact holds the new level already; the change waits in the ledger."""
    fault = Status(status=403, body='{"category": "MISSING_SCOPES"}')
    faults = [Planned(part="hubspot", path=CREATE, fault=fault, requests=(1,))]
    with world(tmp_path / "state", faults=faults) as hubspot:
        noting(hubspot).run([lead_score(**MEDIUM)])
        stopped = hubspot.run([lead_score(**HIGH, **LATER)])
        assert (isinstance(stopped.problem, FatalError), stopped.states) == (True, [])
        assert hubspot.contact(PERSON)["webinar_live_level"] == "High"

        again = hubspot.run([lead_score(**HIGH, **LATER)])

        assert (again.code, again.outcomes) == (0, {"unchanged": 1})
        assert bodies(hubspot) == [TOLD]


def test_a_note_whose_answer_was_lost_is_not_doubled(hubspot: World) -> None:
    """The key is made of person, webinar and change: HubSpot refuses it twice."""
    noting(hubspot).run([lead_score(**MEDIUM)])
    saved = (hubspot.folder / "ledger.sqlite").read_bytes()
    hubspot.run([lead_score(**HIGH, **LATER)])
    (hubspot.folder / "ledger.sqlite").write_bytes(saved)

    ran = hubspot.run([lead_score(**HIGH, **LATER)])

    assert ran.code == 0
    assert bodies(hubspot) == [TOLD]


def test_a_refused_note_is_sent_again_by_the_next_run(tmp_path: Path) -> None:
    """Like every refused entry: kept, told by the exit code."""
    fault = Status(status=400, body='{"category": "VALIDATION_ERROR"}')
    faults = [Planned(part="hubspot", path=CREATE, fault=fault, requests=(1,))]
    with world(tmp_path / "state", faults=faults) as hubspot:
        noting(hubspot).run([lead_score(**MEDIUM)])
        assert hubspot.run([lead_score(**HIGH)]).code == 1
        assert hubspot.run([]).code == 0
        assert bodies(hubspot) == [TOLD]


def test_a_dry_run_tells_nothing(hubspot: World) -> None:
    """And notes nothing."""
    noting(hubspot).run([lead_score(**MEDIUM)])
    hubspot.run([lead_score(**HIGH)], dry_run=True)
    assert bodies(hubspot) == []


def test_notes_that_cannot_be_set_up_name_their_setting(tmp_path: Path) -> None:
    """Not the timeline, which may be another."""
    path = "*/properties/notes/webinar_entry_key"
    fault = Status(status=400, body='{"category": "VALIDATION_ERROR"}')
    faults = [Planned(part="hubspot", path=path, fault=fault, requests=(1,))]
    with world(tmp_path / "state", faults=faults) as hubspot:
        noting(hubspot).run([lead_score(**MEDIUM)])
        ran = hubspot.run([lead_score(**HIGH)])
        assert isinstance(ran.problem, FatalError)
        assert ran.problem.setting == "level_changes"


@pytest.mark.parametrize(
    ("timeline", "level_changes", "told"),
    [
        ("note", "auto", True),
        ("note", "none", False),
        ("marketing_event", "auto", False),
        ("marketing_event", "note", True),
        ("none", "note", True),
    ],
)
def test_where_changes_are_told_is_a_setting(
    *, timeline: str, level_changes: str, told: bool
) -> None:
    """By default they follow the timeline."""
    settings = HubSpotSettings(
        credential="t", timeline=timeline, level_changes=level_changes
    )
    crm = HubSpot(settings)
    try:
        assert isinstance(crm.level_changes, Notes) is told
    finally:
        crm.close()


def test_salesforce_has_one_task_a_change(tmp_path: Path) -> None:
    """Completed, with a key of its own; a lost ledger makes no second one."""
    with organisation(tmp_path / "state") as org:
        org.run([lead_score(**MEDIUM)])
        org.run([lead_score(**HIGH, **LATER)])
        (org.folder / "ledger.sqlite").unlink()
        org.run([lead_score(**HIGH, **LATER)])

        title = "Webinar live level: Medium → High"
        tasks = [task for task in org.all("Task") if task["Subject"] == title]
        assert [task["Description"] for task in tasks] == [TOLD]
        assert {task["Status"] for task in tasks} == {"Completed"}
        assert len(org.all("Task")) == 3


@pytest.mark.parametrize(
    "config",
    [{"level_changes": "none"}, {"timeline": "campaign"}],
    ids=["switched off", "no tasks"],
)
def test_salesforce_tells_no_change_without_tasks(
    tmp_path: Path, config: dict[str, Any]
) -> None:
    """Then nothing but the usual entries."""
    with organisation(tmp_path / "state") as org:
        org.run([lead_score(**MEDIUM)], **config)
        org.run([lead_score(**HIGH)], **config)
        assert not [t for t in org.all("Task") if "level" in t["Subject"]]


def test_a_change_without_scores_or_reasons_is_still_a_sentence() -> None:
    """A mapping may leave the score out."""
    text = to_level_change({}, "on_demand", levels=("", "Low"), scores=("", ""))
    assert text == "Webinar on demand level: none → Low"
