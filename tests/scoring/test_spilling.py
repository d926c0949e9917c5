"""What does not fit into memory goes to disk, and changes nothing but that."""

from __future__ import annotations

import io
import signal
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from score_worlds import (
    NOON,
    Chance,
    counted,
    map_lines,
    map_worlds,
    rows_of,
    schema_messages,
    to_lines,
)

from scoring_transform import pipeline, scorer, spill
from scoring_transform.mapper import ScoringTransform
from scoring_transform.spill_folder import SpillFolder
from sync_core.errors import FatalError, SettingError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parse after each few lines, so that little data is already too much."""
    monkeypatch.setattr(pipeline, "MOST_UNPARSED", 1000)
    monkeypatch.setattr(spill, "PORTION", 5)
    monkeypatch.setattr(spill, "PARTS", 4)


def sorted_rows(messages: list[dict[str, Any]], stream: str) -> list[Any]:
    """Return the rows of a stream in an order of their own."""
    return sorted(rows_of(messages, stream), key=str)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("limit", [1, 20])
@pytest.mark.usefixtures("eager")
def test_spilled_events_score_the_same(tmp_path: Path, seed: int, limit: int) -> None:
    """People with several logins included, whose activities lie in several parts."""
    worlds = [Chance(seed * 10 + i).world(f"zoom:{i}") for i in range(3)]
    expected = map_worlds(worlds)
    found = map_worlds(worlds, max_rows_in_memory=limit, state_dir=str(tmp_path / "w"))
    for stream in ("lead_scores", "activity_scores", "event_summaries"):
        assert sorted_rows(expected, stream) == sorted_rows(found, stream)


@pytest.mark.usefixtures("eager")
def test_spilled_files_are_private_and_gone_afterwards(tmp_path: Path) -> None:
    """They hold people's data."""
    world = counted("chat", [40, 30, 20])
    data = to_lines([*schema_messages(), *world.children()])
    config = {"max_rows_in_memory": 5, "state_dir": str(tmp_path)}
    mapper = ScoringTransform(config=config, now=lambda: NOON, output=io.BytesIO())
    mapper.process_lines(io.BytesIO(data))  # type: ignore[arg-type]
    files = list(tmp_path.rglob("*.parquet"))
    assert files
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    end = to_lines([*schema_messages(), world.messages()[-1]])
    mapper.process_lines(io.BytesIO(end))  # type: ignore[arg-type]
    mapper.process_endofpipe()
    assert not list(tmp_path.rglob("*.parquet"))


def test_what_a_killed_process_left_is_deleted(tmp_path: Path) -> None:
    """What a living one uses stays until it is done."""
    left = tmp_path / "spill" / "run-0123456789abcdef"
    left.mkdir(parents=True)
    (left / "00-000000.parquet").write_bytes(b"rows")
    living = SpillFolder(tmp_path)
    living.delete_abandoned()
    assert not left.exists()
    (living.open() / "00-000000.parquet").write_bytes(b"rows")
    SpillFolder(tmp_path).delete_abandoned()
    assert list(living.open().iterdir())
    living.close()
    assert not list((tmp_path / "spill").iterdir())


def test_nothing_else_is_deleted(tmp_path: Path) -> None:
    """No folder that another program made, and nothing that a link leads to."""
    elsewhere = tmp_path / "elsewhere" / "run-0123456789abcdef"
    elsewhere.mkdir(parents=True)
    parent = tmp_path / "state" / "spill"
    (parent / "mine").mkdir(parents=True)
    (parent / elsewhere.name).symlink_to(elsewhere)
    SpillFolder(tmp_path / "state").delete_abandoned()
    assert elsewhere.is_dir()
    assert (parent / "mine").is_dir()


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    """Rows would go, and be deleted, somewhere else."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "spill").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SettingError, match="state_dir"):
        SpillFolder(tmp_path).delete_abandoned()


def test_a_killed_mapper_leaves_no_lock(tmp_path: Path) -> None:
    """The next one deletes its rows, although nobody told it to end."""
    program = (
        "import os, pathlib, sys\n"
        "from scoring_transform.spill_folder import SpillFolder\n"
        "SpillFolder(pathlib.Path(sys.argv[1])).open()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, tmp_path], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert list((tmp_path / "spill").iterdir())
    SpillFolder(tmp_path).delete_abandoned()
    assert not list((tmp_path / "spill").iterdir())


@pytest.mark.usefixtures("eager")
def test_an_event_that_is_sent_twice_is_not_counted_twice(tmp_path: Path) -> None:
    """Its first life stays on disk while another event is open; it is not read."""
    first, other = counted("chat", [9, 5]), Chance(1).world("zoom:other")
    again = counted("chat", [3, 5])
    messages = [*other.children(), *first.messages(), *again.messages()]
    data = to_lines([*schema_messages(), *messages, other.messages()[-1]])
    sent = map_lines(data, max_rows_in_memory=1, state_dir=str(tmp_path))
    chats = [
        row["value"]
        for row in rows_of(sent, "activity_scores")
        if row["event_id"] == "zoom:1"
    ]
    assert sorted(chats[2:]) == [3, 5]


@pytest.mark.usefixtures("eager")
def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """The setting that named it, too."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingError, match="state_dir"):
        map_worlds(
            [counted("chat", [9, 9])],
            max_rows_in_memory=1,
            state_dir=str(tmp_path / "file"),
        )


@pytest.mark.usefixtures("eager")
def test_a_full_disk_stops_before_any_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the file and the next step."""

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("polars.DataFrame.write_parquet", refuse)
    with pytest.raises(FatalError, match="Free some space"):
        map_worlds(
            [counted("chat", [9, 9])], max_rows_in_memory=1, state_dir=str(tmp_path)
        )


def test_large_results_leave_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole persons at a time, in the same order."""
    worlds = [Chance(i).world(f"zoom:{i}") for i in range(4)]
    expected = map_worlds(worlds)
    monkeypatch.setattr(scorer, "WHOLE", 1)
    monkeypatch.setattr(scorer, "PORTION", 2)
    found = map_worlds(worlds)
    for stream in ("lead_scores", "activity_scores", "event_summaries"):
        assert rows_of(expected, stream) == rows_of(found, stream)
