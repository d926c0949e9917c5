"""A run that dies anywhere ends, after the next one, like a run that did not."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from stages import Kill, Line

from sandbox.server import SandboxSettings, running

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.pipeline, pytest.mark.slow]

TAP, MAPPER, TARGET = "tap-events", "scoring-transform", "target-hubspot"
POINTS = {
    "tap-at-its-first-line": (TAP, {"after_lines": 1}),
    "tap-among-the-activities": (TAP, {"after_lines": 1500}),
    "mapper-at-its-first-line": (MAPPER, {"after_lines": 1}),
    "mapper-among-the-activities": (MAPPER, {"after_lines": 2500}),
    "target-at-its-first-line": (TARGET, {"after_lines": 1}),
    "target-among-the-scores": (TARGET, {"after_lines": 150}),
    "target-after-the-properties": (TARGET, {"after_requests": 3}),
    "target-among-the-contacts": (TARGET, {"after_requests": 5}),
    "target-among-the-timeline": (TARGET, {"after_requests": 8}),
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The CRM after a run that nobody disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with running(SandboxSettings(database=folder / "crm.sqlite")) as sandbox:
        assert Line(folder, sandbox).run().is_ok
        return sandbox.dump()


CASES = [
    pytest.param(point, name, id=f"{where}-{name.name}")
    for where, point in POINTS.items()
    for name in (signal.SIGKILL, signal.SIGTERM)
    if name is signal.SIGKILL or where.endswith(("activities", "contacts"))
]


@pytest.mark.parametrize(("point", "name"), CASES)
def test_a_killed_run_is_a_failed_run_and_the_next_one_mends_it(
    make_line: Callable[..., Line],
    undisturbed: str,
    point: tuple[str, dict[str, int]],
    name: signal.Signals,
) -> None:
    """Exit code not 0, no doubled and no missing contact or timeline entry."""
    stage, when = point
    line = make_line(latency_ms=15)

    ran = line.run(Kill(stage=stage, signal=name, **when))

    assert ran.was_killed
    expected = 128 + name if name is signal.SIGTERM else -name
    assert ran.codes[stage] == expected
    assert line.run().is_ok
    assert line.sandbox.dump() == undisturbed


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_files_between_the_stages_change_nothing(
    make_line: Callable[..., Line], undisturbed: str, tmp_path: Path, form: str
) -> None:
    """Activities to the mapper and scores to the target; nothing stays behind.

    The target is killed once, so that the second run sends all of it again.
    """
    line = make_line(latency_ms=15)
    for stage, encoding in ((TAP, "jsonl"), (MAPPER, form)):
        line.config[stage]["batch_config"] = {
            "encoding": {"format": encoding, "compression": "gzip"},
            "storage": {"root": (tmp_path / stage).as_uri()},
        }
    kill = Kill(
        stage=TARGET, signal=signal.SIGKILL, **POINTS["target-among-the-contacts"][1]
    )

    assert line.run(kill).was_killed
    left = set((tmp_path / MAPPER).iterdir())
    assert line.run().is_ok

    assert line.sandbox.dump() == undisturbed
    assert set((tmp_path / MAPPER).iterdir()) <= left


def test_a_second_run_writes_nothing(line: Line) -> None:
    """The source sends its event again, the ledger knows it."""
    assert line.run().is_ok
    writes, before = line.writes, line.sandbox.dump()

    again = line.run()

    assert again.is_ok
    assert "0 created, 0 updated, 232 unchanged" in again.logs[TARGET]
    assert (line.writes, line.sandbox.dump()) == (writes, before)
