"""Every way to write the timeline: an entry is made once, whatever is lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from crm_world import World, lead_score, world

from sandbox.hubspot.app_events import EVENT_TYPE, TEMPLATE_ID
from sandbox.settings import ALL_SCOPES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROWS = [lead_score(n) for n in range(3)]
NEWER = {"event_id": "hubilo:2", "event_starts_at": "2026-11-20T10:00:00Z"}
# Where the sandbox keeps a contact's entries, and how many a changed score leaves.
KEPT = {
    "marketing_event": ("attendance", 1),
    "custom_event": ("events", 1),
    "app_event": ("app_events", 2),
    "note": ("notes", 1),
}
DATED = {"v3": TEMPLATE_ID, "2026-03": EVENT_TYPE}


@pytest.fixture(params=["v3", "2026-03"])
def account(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """An account that allows every way, by both versions of the paths."""
    version = request.param
    scopes = ALL_SCOPES | {"timeline"}
    with world(tmp_path / "state", tier="enterprise", scopes=scopes) as made:
        made.config |= {
            "api_version": version,
            "app_event_template_id": DATED[version],
            "level_changes": "none",
        }
        yield made


def entries(hubspot: World, mode: str) -> list[list[Any]]:
    """Return the entries of each contact."""
    place, _ = KEPT[mode]
    return [list(held[place]) for held in hubspot.crm["contacts"].values()]


def count(hubspot: World, mode: str) -> list[int]:
    """Return how many entries each contact has."""
    return [len(found) for found in entries(hubspot, mode)]


@pytest.mark.parametrize("mode", KEPT)
def test_the_same_event_is_told_once(account: World, mode: str) -> None:
    """Neither by the next run, nor by one that lost its ledger."""
    account.config["timeline"] = mode
    first = account.run(ROWS)
    again = account.run(ROWS)
    told = entries(account, mode)
    (account.folder / "ledger.sqlite").unlink()
    forgetful = account.run(ROWS)

    assert (first.code, again.code, forgetful.code) == (0, 0, 0)
    assert first.report["timeline"] == {"created": 3}
    assert again.requests == []
    assert count(account, mode) == [1, 1, 1]
    assert entries(account, mode) == told or mode == "note"


@pytest.mark.parametrize("mode", KEPT)
def test_a_changed_score_updates_what_can_be_updated(account: World, mode: str) -> None:
    """A note says the new score, an app event is told anew, the others stay."""
    account.config["timeline"] = mode
    account.run(ROWS)
    account.run([lead_score(0, live_lead_score=11.5, live_rank=77), *ROWS[1:]])

    assert count(account, mode) == [KEPT[mode][1], 1, 1]
    said = json.dumps(entries(account, mode)[0])
    assert ("rank 77" in said) == (mode in {"note", "app_event"})


@pytest.mark.parametrize("mode", KEPT)
def test_each_webinar_has_an_entry_of_its_own(account: World, mode: str) -> None:
    """History is on the timeline, the latest in the properties."""
    account.config["timeline"] = mode
    account.run(ROWS)
    account.run([lead_score(n, **NEWER) for n in range(3)])

    assert count(account, mode) == [2, 2, 2]


def test_no_timeline_is_no_request_to_one(account: World) -> None:
    """`none`: contacts and properties only."""
    ran = account.run(ROWS, timeline="none")

    assert ran.report["timeline"] == {}
    assert all("/crm/" in seen.path for seen in ran.requests)


@pytest.mark.parametrize(
    ("place", "path"),
    [("events", "/events/2026-09/"), ("events/custom", "/events/custom/2026-09/")],
)
def test_the_path_of_custom_events_can_be_set(
    account: World, place: str, path: str
) -> None:
    """HubSpot's specification of 2026-09 and other clients disagree."""
    ran = account.run(
        ROWS, timeline="custom_event", api_version="2026-09", custom_event_path=place
    )

    assert (ran.code, count(account, "custom_event")) == (0, [1, 1, 1])
    assert len(ran.to(path)) == 3
