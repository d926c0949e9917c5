"""The wire format of every call to HubSpot is pinned, byte by byte of meaning."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from crm_world import World, activity_score, lead_score
from tape_checks import (
    check_told,
    names_on_disk,
    recorded_shapes,
    seen_shapes,
)
from vcr.errors import CannotOverwriteExistingCassetteException as NotRecorded
from wire_calls import HUBSPOT_CALLS, hubspot, upsert
from wire_tapes import ADDRESS, play

if TYPE_CHECKING:
    from pathlib import Path

    from wire_tapes import Call

BY_NAME = {call.name: call for call in HUBSPOT_CALLS}


@pytest.mark.parametrize("call", HUBSPOT_CALLS, ids=BY_NAME)
def test_a_call_asks_as_it_did_when_it_was_recorded(call: Call) -> None:
    """Same methods, paths, queries and bodies in the same order, and nothing else."""
    came, tape = play(call)

    assert came == call.expected
    assert tape.all_played


@pytest.mark.parametrize("call", HUBSPOT_CALLS, ids=BY_NAME)
def test_a_tape_says_that_it_is_of_the_sandbox_and_holds_no_credential(
    call: Call,
) -> None:
    """Nobody shall take it for what HubSpot said."""
    check_told(call, "HubSpot")


def test_every_tape_is_played() -> None:
    """A tape that no call uses pins nothing."""
    assert names_on_disk("hubspot") == BY_NAME.keys()


def test_a_run_asks_nothing_that_is_not_recorded(
    hubspot: World, tmp_path: Path
) -> None:
    """New people, known people, a refused one, a timeline: all of it is on tape."""
    rows = [lead_score(0), lead_score(1, email="bob@nowhere")]
    ran = hubspot.run(rows, [activity_score(0)])
    changed = [lead_score(0, live_lead_score=1.5)]
    again = hubspot.run(changed, state_dir=str(tmp_path / "an-empty-ledger"))

    seen = seen_shapes([*ran.requests, *again.requests])

    assert len(seen) > 4
    assert seen <= recorded_shapes(HUBSPOT_CALLS)


CHANGED = {
    "a value": (upsert("ann@example.com", "bob@example.com", webinar_score="1"), {}),
    "an address": (upsert("ann@example.com", "eve@example.com"), {}),
    "one row more": (upsert("ann@example.com", "bob@example.com", "cy@e.co"), {}),
    "a path": (
        upsert("ann@example.com", "bob@example.com"),
        {"api_version": "2026-09"},
    ),
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_call_that_asks_otherwise_is_found_out(name: str) -> None:
    """The tape answers only what was asked when it was recorded."""
    ask, more = CHANGED[name]
    call = replace(
        BY_NAME["hubspot/dated_upsert_contacts"],
        ask=ask,
        connect=lambda url: hubspot(url, **{"api_version": "2026-03", **more}),
    )

    with pytest.raises(NotRecorded):
        play(call)


def test_the_tapes_are_at_no_address() -> None:
    """A tape must not depend on the port that the sandbox had."""
    text = BY_NAME["hubspot/upsert_contacts"].path.read_text("utf-8")

    assert f"{ADDRESS}/crm/v3/objects/contacts/batch/upsert" in text
