"""The wire format of every call to Salesforce is pinned, byte by byte of meaning."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from crm_world import activity_score, lead_score
from salesforce_world import organisation
from tape_checks import check_told, names_on_disk, recorded_shapes, seen_shapes
from vcr.errors import CannotOverwriteExistingCassetteException as NotRecorded
from wire_calls import PEOPLE, SALESFORCE_CALLS, salesforce, write_people
from wire_tapes import play

if TYPE_CHECKING:
    from pathlib import Path

    from wire_tapes import Call

BY_NAME = {call.name: call for call in SALESFORCE_CALLS}


@pytest.mark.parametrize("call", SALESFORCE_CALLS, ids=BY_NAME)
def test_a_call_asks_as_it_did_when_it_was_recorded(call: Call) -> None:
    """Same methods, paths, queries and bodies in the same order, and nothing else."""
    came, tape = play(call)

    assert came == call.expected
    assert tape.all_played


@pytest.mark.parametrize("call", SALESFORCE_CALLS, ids=BY_NAME)
def test_a_tape_says_that_it_is_of_the_sandbox_and_holds_no_credential(
    call: Call,
) -> None:
    """Nobody shall take it for what Salesforce said."""
    check_told(call, "Salesforce")


def test_every_tape_is_played() -> None:
    """A tape that no call uses pins nothing."""
    assert names_on_disk("salesforce") == BY_NAME.keys()


@pytest.mark.parametrize("bulk", [0, 2], ids=["collections", "jobs"])
def test_a_run_asks_nothing_that_is_not_recorded(tmp_path: Path, bulk: int) -> None:
    """New people, known people, a refused one, a timeline: all of it is on tape."""
    rows = [lead_score(n) for n in range(3)]
    rows[1]["email"] = "bob@nowhere"
    changed = [lead_score(n, live_lead_score=1.5) for n in (0, 2)]
    with organisation(tmp_path / "state") as org:
        ran = org.run(rows, [activity_score(0)], bulk_threshold=bulk)
        again = org.run(changed, bulk_threshold=bulk)

    seen = seen_shapes([*ran.requests, *again.requests])

    assert len(seen) > 6
    assert seen <= recorded_shapes(SALESFORCE_CALLS)


CHANGED = {
    "a value": write_people(*PEOPLE, score="1"),
    "an address in a query": write_people("ann@example.com", "eve@example.com"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_call_that_asks_otherwise_is_found_out(name: str) -> None:
    """The tape answers only what was asked when it was recorded."""
    call = replace(BY_NAME["salesforce/create_leads"], ask=CHANGED[name])

    with pytest.raises(NotRecorded):
        play(call)


def test_another_version_is_found_out() -> None:
    """The version stands in every path."""
    call = replace(
        BY_NAME["salesforce/check_account"],
        connect=lambda url: salesforce(url, api_version="65.0"),
    )

    with pytest.raises(NotRecorded):
        play(call)
