"""App events: told once for what they say, and only by apps that may."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from crm_world import Ran, World, lead_score, world

from sandbox.faults import Planned, Status
from sandbox.hubspot.app_events import EVENT_TYPE, TEMPLATE_ID
from sandbox.settings import ALL_SCOPES
from sync_core.errors import FatalError, SettingError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATHS = {
    "v3": "/integrators/timeline/v3/events/batch/create",
    "2026-03": "/integrators/timeline/2026-03/events/batch",
}
KINDS = {"v3": TEMPLATE_ID, "2026-03": EVENT_TYPE}
ROWS = [lead_score(n) for n in range(3)]
SCOPES = ALL_SCOPES | {"timeline"}


def to_config(version: str, **changed: Any) -> dict[str, Any]:
    """Return the settings of an app partner."""
    return {
        "timeline": "app_event",
        "api_version": version,
        "app_event_template_id": KINDS[version],
    } | changed


@pytest.fixture(params=["v3", "2026-03"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """An account that an app partner may write to, by both versions of the paths."""
    with world(tmp_path / "state", scopes=SCOPES) as made:
        made.config |= to_config(request.param)
        yield made


def events(hubspot: World, number: int = 0) -> list[dict[str, str]]:
    """Return what the events of a contact say."""
    held = hubspot.crm["contacts"][f"p{number}@example.com"]["app_events"]
    return [json.loads(tokens) for *_, tokens in held]


def sent(ran: Ran) -> list[int]:
    """Return how many events each request of a run held."""
    return [seen.inputs for seen in ran.to("/integrators/timeline/")]


def test_a_hundred_events_cost_one_request(app: World) -> None:
    """They say what the contact's properties say."""
    ran = app.run([lead_score(n) for n in range(100)])
    assert (ran.code, sent(ran)) == (0, [100])
    assert ran.report["timeline"] == {"created": 100}
    (one,) = events(app)
    assert one["live_lead_score"] == "97.5"
    assert one["webinar"] == "How to score"
    assert "asked 2 questions" in one["reasons"]


def test_the_same_state_is_told_once(app: World) -> None:
    """Also after the ledger was lost."""
    app.run(ROWS)
    before = app.crm
    assert app.run(ROWS).requests == []
    (app.folder / "ledger.sqlite").unlink()
    ran = app.run([*ROWS, lead_score(3)])
    assert ran.code == 0
    assert [len(events(app, number)) for number in range(4)] == [1, 1, 1, 1]
    held = app.crm["contacts"]
    assert all(held[email] == facts for email, facts in before["contacts"].items())


def test_a_changed_score_is_another_event(app: World) -> None:
    """The first cannot be changed."""
    app.run(ROWS)
    app.run([lead_score(0, live_lead_score=12.5)])
    assert {one["live_lead_score"] for one in events(app)} == {"97.5", "12.5"}
    assert len(events(app, 1)) == 1


@pytest.mark.parametrize("version", ["v3", "2026-03"])
def test_an_app_without_the_scope_is_told_which(tmp_path: Path, version: str) -> None:
    """As every app is that is no partner's."""
    with world(tmp_path / "state") as hubspot:
        ran = hubspot.run(ROWS, **to_config(version))
        assert isinstance(ran.problem, FatalError)
        assert "timeline" in str(ran.problem)
        assert ran.states == []


@pytest.mark.parametrize("version", ["v3", "2026-03"])
def test_a_refused_event_is_found_by_halving(tmp_path: Path, version: str) -> None:
    """The others are told; the next run tells it."""
    fault = Status(status=400, body='{"category": "VALIDATION_ERROR"}')
    faults = [
        Planned(part="hubspot", path=PATHS[version], fault=fault, requests=(1, 2))
    ]
    with world(tmp_path / "state", scopes=SCOPES, faults=faults) as hubspot:
        hubspot.config |= to_config(version)
        ran = hubspot.run(ROWS)
        assert (ran.code, ran.report["timeline"]) == (1, {"rejected": 1, "created": 2})
        assert hubspot.run([]).code == 0
        assert [len(events(hubspot, number)) for number in range(3)] == [1, 1, 1]


@pytest.mark.parametrize("version", ["v3", "2026-03"])
def test_a_template_that_is_not_there_rejects_the_entries(
    tmp_path: Path, version: str
) -> None:
    """With HubSpot's own code, and an exit code that is not 0."""
    with world(tmp_path / "state", scopes=SCOPES) as hubspot:
        ran = hubspot.run(ROWS[:1], **to_config(version, app_event_template_id="9"))
        assert (ran.code, ran.report["timeline"]) == (1, {"rejected": 1})
        assert "OBJECT_NOT_FOUND" in ran.report["reasons"]


def test_an_answer_that_does_not_name_an_event_has_not_made_it(tmp_path: Path) -> None:
    """Its row is kept, with the category of the answer's errors."""
    body = '{"status": "COMPLETE", "results": [], "errors": [{"category": "ODD"}]}'
    fault = Status(status=200, body=body)
    faults = [
        Planned(part="hubspot", path=PATHS["2026-03"], fault=fault, requests=(1,))
    ]
    with world(tmp_path / "state", scopes=SCOPES, faults=faults) as hubspot:
        ran = hubspot.run(ROWS[:1], **to_config("2026-03"))
        assert (ran.code, ran.report["reasons"]) == (1, {"ODD": 1})


def test_the_template_must_be_named(hubspot: World) -> None:
    """Before anything is sent."""
    ran = hubspot.run(ROWS, timeline="app_event")
    assert isinstance(ran.problem, SettingError)
    assert ran.problem.setting == "app_event_template_id"
    assert ran.requests == []
