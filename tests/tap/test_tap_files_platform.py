"""Report files as a platform: whole events, their changes, their rejected rows."""

from __future__ import annotations

import gzip
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from tap_account import NOW, event_row, milli

from mappings import __file__ as mappings_file
from sandbox.world import build_world, write_hubilo_export, write_zoom_reports
from sync_core.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_account import Account, Run

Json = dict[str, Any]
WORLD = build_world()
MAPPING = mappings_file.replace("__init__.py", "files/hubilo_export.yml")


def touch(folder: Path, at: datetime) -> None:
    """Make the files of a folder as old as this."""
    for path in folder.iterdir():
        os.utime(path, (at.timestamp(), at.timestamp()))


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """A folder with a Zoom webinar."""
    write_zoom_reports(tmp_path / "reports", WORLD.zoom)
    return tmp_path / "reports"


@pytest.fixture
def read(run_tap: Callable[..., Run], reports: Path) -> Callable[..., Run]:
    """Return a function that reads the folder."""

    def read_it(state: Json | None = None, **config: Any) -> Run:
        return run_tap(
            {"platform": "files", "files_path": str(reports)} | config, state
        )

    return read_it


def test_a_folder_is_read_without_any_network(read: Callable[..., Run]) -> None:
    """One webinar with its people and what they did."""
    run = read()
    assert run.error is None
    [event] = run.records("events")
    assert event["name"] == WORLD.zoom.name
    assert len(run.records("attendees")) == len(WORLD.zoom.people)
    assert len(run.records("activities")) > len(WORLD.zoom.stays)


def test_a_file_dated_in_the_future_does_not_spoil_the_state(
    read: Callable[..., Run], reports: Path
) -> None:
    """Unpacked archives keep odd dates; the next run must still accept its state."""
    touch(reports, NOW + timedelta(days=400))
    first = read()
    assert first.bookmark == "2026-11-02T09:00:00Z"
    assert read(state=first.states[-1]).error is None


def test_a_bad_row_is_counted_with_file_and_number(
    read: Callable[..., Run], reports: Path, tmp_path: Path
) -> None:
    """The others arrive; the list names the place and quotes nothing."""
    report = reports / "attendee_report.csv"
    lines = report.read_text("utf-8").splitlines(keepends=True)
    stays = [n for n, line in enumerate(lines) if line.startswith("Yes,")]
    cells = lines[stays[-1]].split(",")
    lines[stays[-1]] = ",".join([*cells[:8], "soon", *cells[9:]])
    report.write_text("".join(lines), "utf-8")
    run = read()
    assert run.error is None
    listed = (tmp_path / "work" / "rejected_rows.jsonl").read_text().splitlines()
    [row] = [json.loads(line) for line in listed]
    assert row["file"].endswith("attendee_report.csv")
    assert row["row"] == stays[-1] + 1
    assert "@" not in row["reason"]
    strict = read(max_rejected_rows=0)
    assert isinstance(strict.error, FatalError)
    assert "`max_rejected_rows` allows 0" in str(strict.error)
    assert strict.lines == []


def test_the_list_of_rejected_rows_is_that_of_the_last_run(
    read: Callable[..., Run], tmp_path: Path
) -> None:
    """A run without any empties it; no run without any makes one."""
    path = tmp_path / "work" / "rejected_rows.jsonl"
    read()
    assert not path.exists()
    path.parent.mkdir(exist_ok=True)
    path.write_text('{"file":"x","row":1,"reason":"y"}\n')
    read()
    assert path.read_text() == ""


def test_a_newer_export_sends_an_older_event_again(
    account: Account, read_account: Callable[..., Run], tmp_path: Path
) -> None:
    """What the API cannot know has changed, the file's date tells."""
    write_hubilo_export(tmp_path / "export", WORLD.hubilo)
    older, newer = datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)
    account.now = datetime(2120, 1, 1, tzinfo=UTC)
    account.events = [
        event_row(
            WORLD.hubilo.number, startTimeMilli=milli(older), endTimeMilli=milli(older)
        ),
        event_row(9, startTimeMilli=milli(newer), endTimeMilli=milli(newer)),
    ]
    first = read_account()
    quiet = read_account(state=first.states[-1])
    assert [e["event_id"] for e in quiet.records("events")] == ["hubilo:9"]
    again = read_account(
        state=first.states[-1],
        files_path=str(tmp_path / "export"),
        files_mapping=MAPPING,
    )
    ids = [e["event_id"] for e in again.records("events")]
    assert ids == ["hubilo:9", f"hubilo:{WORLD.hubilo.number}"]
    kinds = {a["activity"] for a in again.records("activities")}
    assert len(kinds) == 9
    assert again.bookmark is not None
    assert first.bookmark is not None
    assert again.bookmark > first.bookmark


def test_batch_carries_the_same_activities(
    read: Callable[..., Run], tmp_path: Path
) -> None:
    """Only the large stream uses it; the closing event stays a RECORD."""
    (tmp_path / "batches").mkdir()
    run = read(
        batch_config={
            "encoding": {"format": "jsonl", "compression": "gzip"},
            "storage": {"root": (tmp_path / "batches").as_uri(), "prefix": "x"},
        }
    )
    assert run.error is None
    batches = [m for m in run.messages if m["type"] == "BATCH"]
    assert {m["stream"] for m in batches} == {"activities"}
    files = [Path(urlsplit(url).path) for m in batches for url in m["manifest"]]
    lines = [x for f in files for x in gzip.decompress(f.read_bytes()).splitlines()]
    rows = [json.loads(line) for line in lines]
    assert rows == read().records("activities")
    assert len(run.records("events")) == 1
