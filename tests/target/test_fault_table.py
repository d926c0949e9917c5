"""Rows C1 to C13 of the fault table for both CRMs, each with I1 to I6 after it."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from fault_rows_hubspot import CASES as HUBSPOT
from fault_rows_hubspot import at
from fault_rows_salesforce import CASES as SALESFORCE
from fault_story import Case, Phase, Story, assert_converged, people, play

from sandbox.faults import LoseReply, Status
from target_crm.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CASES = {f"{case.crm} {case.name}": case for case in (*HUBSPOT, *SALESFORCE)}
ROWS = tuple(f"C{number}" for number in range(1, 14))
CANNOT = {
    ("salesforce", "C9"): "Queries read the records themselves; only the search index "
    "runs behind, and the target never asks it.",
}


class Tell(Protocol):
    """Plays a case in a folder of its own."""

    def __call__(self, case: Case, folder: str = ...) -> Story:
        """Return what happened."""


CALM: dict[str, Story] = {}  # the same without faults, played once for many cases


@pytest.fixture
def told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> Tell:
    """Plays a case, with all that is logged at DEBUG."""
    caplog.set_level(logging.DEBUG)

    def tell(case: Case, folder: str = "faulty") -> Story:
        patience = partial(Patience, read=case.read_s)
        monkeypatch.setattr("target_crm.hubspot.wire.Patience", patience)
        monkeypatch.setattr("target_crm.salesforce.api.Patience", patience)
        return play(case, tmp_path / folder, caplog)

    return tell


@pytest.mark.parametrize("name", CASES)
def test_a_fault_converges_as_the_table_asks(told: Tell, name: str) -> None:
    """I1 to I6, and the row's own criterion."""
    case = CASES[name]
    faulty = told(case)
    clean = CALM.get(case.calm_key) or told(case.calm(), "clean")
    CALM[case.calm_key] = clean
    assert_converged(clean, faulty)
    case.criterion(faulty)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("crm", ["hubspot", "salesforce"])
def test_every_row_has_a_case_or_a_reason(crm: str, row: str) -> None:
    """No row is left out in silence."""
    has_case = any((case.crm, case.row) == (crm, row) for case in CASES.values())

    assert has_case != ((crm, row) in CANNOT)


@pytest.mark.parametrize("lost", [False, True], ids=["calm", "ledger lost"])
def test_c9_no_search_is_asked_of_salesforce(told: Tell, *, lost: bool) -> None:
    """So its index may lag as it likes."""
    name = "C12 nothing new, ledger lost" if lost else "C12 nothing new"

    story = told(CASES[f"salesforce {name}"])

    assert [seen for seen in story.requests if "search" in seen.path.lower()] == []


# What the function that judges would find


@pytest.fixture
def lost_reply(told: Tell) -> tuple[Story, Story]:
    """A calm story and one with a lost reply, both of which are right."""
    case = Case(
        crm="hubspot",
        name="C3 upsert done, reset",
        phases=(Phase(rows=people(3)),),
        faults=(at(LoseReply()),),
    )
    return told(case.calm(), "clean"), told(case)


def bend(story: Story, **changed: Any) -> Story:
    """Return a story whose first run went otherwise."""
    lap = story.laps[0]
    ran = replace(lap.ran, **changed.pop("ran", {}))
    return replace(story, laps=[replace(lap, ran=ran, **changed), *story.laps[1:]])


def bend_report(story: Story, **changed: Any) -> Story:
    """Return a story whose first run told otherwise."""
    return bend(story, ran={"report": story.laps[0].ran.report | changed})


def limited(story: Story, wait: float) -> Story:
    """Return a story whose second request came so long after a 429."""
    hit, *later = story.laps[0].ran.requests
    hit = replace(hit, fault="status", status=429)
    after = replace(later[0], at=hit.at + wait)
    told_to_wait = Status(status=429, headers={"Retry-After": "4"})
    case = replace(story.case, faults=(*story.case.faults, at(told_to_wait)))
    bent = bend(story, ran={"requests": [hit, after, *later[1:]]})
    return replace(bent, case=case)


BENT: dict[str, Callable[[Story], Story]] = {
    "I1 another CRM": lambda story: replace(story, held="{}"),
    "I1 another ledger": lambda story: replace(story, kept={}),
    "I2 a row without an end": lambda story: bend_report(story, rows=4),
    "I2 a refused row that is not kept": lambda story: bend_report(
        story, rejected=[{"code": "X"}]
    ),
    "I3 a twin": lambda story: replace(
        story, written={**story.written, "contacts": [1, 1, 1, 1]}
    ),
    "I3 written three times": lambda story: replace(
        story, written={**story.written, "contacts": [4, 1, 1]}
    ),
    "I3 a rerun that asks": lambda story: replace(story, again=story.laps[0].ran),
    "I4 a STATE before its effect": lambda story: bend(story, present=set()),
    "I4 an end without a STATE": lambda story: bend(story, ran={"states": []}),
    "I5 too early": lambda story: limited(story, 3.9),
    "I5 nine tries": lambda story: bend(
        story, ran={"requests": [replace(story.requests[0], status=503)] * 9}
    ),
    "I6 a person": lambda story: bend(
        story, said=f"{story.laps[0].said} canary1@example.com"
    ),
    "I6 a name": lambda story: bend(story, said=f"{story.laps[0].said} Canarina"),
    "I6 a token": lambda story: bend(story, said=f"{story.laps[0].said} sandbox-token"),
}


def test_the_judge_accepts_what_is_right(lost_reply: tuple[Story, Story]) -> None:
    """So that what follows fails for its own reason."""
    clean, faulty = lost_reply

    assert_converged(clean, faulty)
    assert_converged(clean, limited(faulty, 4.0))


@pytest.mark.parametrize("name", BENT)
def test_the_judge_finds_what_is_wrong(
    lost_reply: tuple[Story, Story], name: str
) -> None:
    """Each invariant can fail."""
    clean, faulty = lost_reply

    with pytest.raises(AssertionError):
        assert_converged(clean, BENT[name](faulty))


def test_a_planned_fault_that_never_happened_fails(told: Tell) -> None:
    """A rehearsal that met no fault has shown nothing."""
    case = Case(
        crm="hubspot",
        name="C3 the hundredth upsert",
        phases=(Phase(rows=people(3)),),
        faults=(at(LoseReply(), "*/batch/upsert", 100),),
    )

    with pytest.raises(AssertionError, match="never hit"):
        assert_converged(told(case.calm(), "clean"), told(case))
