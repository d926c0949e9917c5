"""The file of rejected rows: append-only, the last fact counts."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from target_crm.outcomes import Kind, Outcome
from target_crm.rejected import (
    DROPPED,
    PASSED,
    SUPERSEDED,
    RejectedFile,
    RejectedRows,
)

if TYPE_CHECKING:
    from pathlib import Path

KEY = ("hubilo:1", "a0")
REFUSED = Outcome(kind=Kind.REJECTED, code="INVALID_EMAIL", field="email", message="no")


def _opened(path: Path, account: str = "portal") -> RejectedRows:
    path.touch()
    now = datetime(2026, 11, 1, tzinfo=UTC)
    return RejectedRows(RejectedFile(path), account, now=lambda: now)


def _rejected(path: Path, times: int = 1) -> RejectedRows:
    rows = _opened(path)
    for _ in range(times):
        rows.reject(KEY, REFUSED, {"email": "x"})
    rows.flush()
    return rows


def test_a_rejected_row_waits_with_what_is_needed_to_send_it(tmp_path: Path) -> None:
    """Reason, code, property, attempts, and the record."""
    _rejected(tmp_path / "r", times=2)

    (row,) = _opened(tmp_path / "r").waiting.values()

    assert (row.key, row.code, row.blamed) == (KEY, "INVALID_EMAIL", "email")
    assert (row.attempts, row.record) == (2, {"email": "x"})


@pytest.mark.parametrize("how", [PASSED, SUPERSEDED, DROPPED])
def test_a_settled_row_waits_no_more(tmp_path: Path, how: str) -> None:
    """The lines before stay in the file; the record is not repeated."""
    rows = _rejected(tmp_path / "r")
    rows.settle(KEY, how)
    rows.flush()

    lines = [json.loads(line) for line in (tmp_path / "r").read_text().splitlines()]
    assert _opened(tmp_path / "r").waiting == {}
    assert [line["status"] for line in lines] == ["rejected", how]
    assert "record" not in lines[1]


def test_settling_a_row_that_does_not_wait_writes_nothing(tmp_path: Path) -> None:
    """Most rows were never rejected."""
    rows = _opened(tmp_path / "r")
    rows.settle(KEY, PASSED)
    rows.flush()

    assert (tmp_path / "r").read_bytes() == b""


def test_a_torn_line_is_ended_and_the_others_are_read(tmp_path: Path) -> None:
    """It was never confirmed by a STATE, so its row comes again by itself."""
    _rejected(tmp_path / "r")
    with (tmp_path / "r").open("a") as stream:
        stream.write('{"status": "rejected", "event_id": "hubi')

    rows = _opened(tmp_path / "r")
    rows.reject(("e", "b"), REFUSED, {})
    rows.flush()

    assert set(_opened(tmp_path / "r").waiting) == {KEY, ("e", "b")}


@pytest.mark.parametrize("line", ["[]", "{}", "null", "5", '"x"', ""])
def test_a_line_that_is_no_fact_is_left_alone(tmp_path: Path, line: str) -> None:
    """Somebody's editor, or another tool."""
    (tmp_path / "r").write_text(line + "\n")

    assert _opened(tmp_path / "r").waiting == {}


def test_rows_of_another_account_do_not_wait_here(tmp_path: Path) -> None:
    """The sandbox's rejected rows are none of production's business."""
    _rejected(tmp_path / "r")

    assert _opened(tmp_path / "r", "another").waiting == {}


def test_half_a_character_can_be_kept(tmp_path: Path) -> None:
    """The very row that is rejected for it."""
    record: dict[str, Any] = {"event_name": "half \ud83d"}
    rows = _opened(tmp_path / "r")
    rows.reject(KEY, REFUSED, record)
    rows.flush()

    assert _opened(tmp_path / "r").waiting[KEY].record == record


def test_an_entry_that_is_refused_after_its_contact_passed_goes_on_counting(
    tmp_path: Path,
) -> None:
    """The row is accepted, what refers to it is not: the same trouble once more."""
    _rejected(tmp_path / "r", times=2)

    rows = _opened(tmp_path / "r")
    rows.settle(KEY, PASSED)
    rows.reject(KEY, REFUSED, {"email": "x"})
    rows.flush()

    assert _opened(tmp_path / "r").waiting[KEY].attempts == 3
