"""`leadscore crm plan`: how a rehearsal is started, and how it is told."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from leadscore.crm import Books, make_plan, read_plan, retry, to_plan_lines
from leadscore.home import Home
from leadscore.loader import Loader
from sync_core.errors import FatalError
from sync_core.workdir import DEFAULT_STATE_DIR, WorkDir

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

ENTRY = {
    "event_id": "hubilo:1",
    "contact": "c:0123",
    "would_be": "updated",
    "changes": {
        "webinar_live_rank": {"from": "", "to": "3"},
        "webinar_on_demand_level": {"from": "High", "to": ""},
        "webinar_score_reasons": {"from": "Live: one", "to": "Live: one\nLive: two"},
    },
}
REPORT = {"would_create": [], "plan": [ENTRY], "plan_file": "x-plan.jsonl"}


@dataclass(frozen=True, kw_only=True)
class PretendLoader(Loader):
    """A loader whose run leaves a report, or none."""

    work: WorkDir
    report: Mapping[str, Any] | None
    ran: list[tuple[Sequence[str], Mapping[str, str]]] = field(default_factory=list)

    def config(self) -> dict[str, Any]:
        """Return no settings: those of the project are the loader's own."""
        return {"state_dir": str(self.work.path)}

    def invoke(self, words: Sequence[str], variables: Mapping[str, str] = {}) -> None:
        """Leave a report as a run would."""
        self.run(words, variables)

    def run(self, blocks: Sequence[str], variables: Mapping[str, str]) -> None:
        """Leave a report as a run would."""
        self.ran.append((blocks, variables))
        if self.report is not None:
            name = "runs/20261121T230000-target-hubspot-7.json"
            self.work.write_whole(name, json.dumps(self.report).encode())


def pretend(folder: Path, report: Mapping[str, Any] | None) -> PretendLoader:
    """Return a loader with a report of an earlier run in its folder."""
    work = WorkDir(folder)
    work.write_whole("runs/20261120T230000-target-hubspot-6.json", b'{"old": true}')
    home = Home(folder, work)
    return PretendLoader(home=home, name="target-hubspot", work=work, report=report)


def books(loader: PretendLoader) -> Books:
    """Return where it keeps what it knows."""
    return Books(work=loader.work, ledger_url=None, config={})


def test_a_plan_is_a_dry_run_that_no_rejected_row_ends(tmp_path: Path) -> None:
    """The rows that do not fit stand in its report like all others."""
    loader = pretend(tmp_path, REPORT)

    report = make_plan(loader, books(loader), ["tap-events", "target-hubspot"])

    ((blocks, variables),) = loader.ran
    assert report == REPORT
    assert list(blocks) == ["tap-events", "target-hubspot"]
    assert variables["TARGET_HUBSPOT_DRY_RUN"] == "true"
    assert int(variables["TARGET_HUBSPOT_MAX_REJECTED"]) >= 1_000_000


def test_rows_are_sent_again_even_where_runs_are_rehearsals(tmp_path: Path) -> None:
    """With `dry_run: true` in the project nothing would be sent, and nothing said."""
    loader = pretend(tmp_path / DEFAULT_STATE_DIR, REPORT)

    report = retry(loader)

    ((_, variables),) = loader.ran
    assert report == REPORT
    assert variables["TARGET_HUBSPOT_DRY_RUN"] == "false"


def test_a_run_without_the_loader_is_told(tmp_path: Path) -> None:
    """And the report of an earlier run is not taken for its own."""
    loader = pretend(tmp_path, None)

    with pytest.raises(FatalError, match="Name the loader as the last block"):
        make_plan(loader, books(loader), ["tap-events", "target-jsonl"])


def test_a_change_is_told_from_what_to_what() -> None:
    """Empty values are named, and several lines stand in one."""
    assert list(to_plan_lines(REPORT, [ENTRY])) == [
        "c:0123 would be updated, from hubilo:1",
        "  webinar_live_rank: (empty) → 3",
        "  webinar_on_demand_level: High → (empty)",
        "  webinar_score_reasons: Live: one → Live: one; Live: two",
    ]


def test_properties_that_would_be_created_are_told_first() -> None:
    """By name."""
    report = {"would_create": ["a", "b"]}

    assert list(to_plan_lines(report, [])) == [
        "First these contact properties would be created: a, b"
    ]


def test_the_whole_plan_is_read_from_its_file(tmp_path: Path) -> None:
    """Not the first thousand rows that the report holds."""
    work = WorkDir(tmp_path)
    lines = [json.dumps({**ENTRY, "contact": f"c:{n}"}) for n in range(1_200)]
    work.write_whole("runs/x-plan.jsonl", "".join(f"{x}\n" for x in lines).encode())

    found = list(read_plan(work, REPORT))

    assert [entry["contact"] for entry in found] == [f"c:{n}" for n in range(1_200)]
