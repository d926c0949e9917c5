"""Datasets that are bigger than memory: scored by portions, equal to one piece."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_datasets import SCORED_AT, make_rows, read_table, write_datasets
from polars.testing import assert_frame_equal

from scoring_transform.datasets import whole_events
from scoring_transform.datasets.embedded import STREAMS, UNFINISHED, EmbeddedEngine
from scoring_transform.datasets.scoring import score_datasets
from scoring_transform.datasets.whole_events import read_whole_events
from scoring_transform.model import default_model
from scoring_transform.streams import KEYS
from sync_core.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from made_datasets import Rows

FILES = "**/*.parquet"


def score(source: Path, output: Path, rows: int) -> dict[str, pl.DataFrame]:
    """Score datasets in portions of so many rows and return the tables."""
    engine = EmbeddedEngine(source=source, output=output, rows=rows)
    score_datasets(engine, default_model(), SCORED_AT)
    return {name: read_table(output, name) for name in KEYS}


def lay_out(source: Path, target: Path, chance: random.Random) -> Path:
    """Write the datasets again: in any order, in any number of files."""
    for stream in STREAMS:
        frame = pl.concat(pl.read_parquet(p) for p in (source / stream).glob(FILES))
        if chance.random() < 0.7:
            frame = frame.sample(fraction=1, shuffle=True, seed=chance.randrange(99))
        size = chance.choice([1, 3, 40, frame.height])
        folder = target / stream
        folder.mkdir(parents=True)
        size = max(size, frame.height // 12, 1)
        for number, piece in enumerate(frame.iter_slices(size)):
            piece.write_parquet(folder / f"{number}.parquet")
    return target


def files_of(source: Path) -> Mapping[str, Sequence[Path]]:
    """Return the files of each dataset."""
    return {stream: sorted((source / stream).glob(FILES)) for stream in STREAMS}


@pytest.fixture(scope="module")
def whole(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, dict[str, pl.DataFrame]]:
    """Return datasets of seven events and their tables, made in one piece."""
    folder = tmp_path_factory.mktemp("whole")
    rows = make_rows(seed=5, events=7, attendees=8, activities=60)
    source = write_datasets(folder / "in", rows)
    return source, score(source, folder / "out", 10**9)


@pytest.mark.parametrize("near", [0, 10**9], ids=["brought-together", "in-place"])
@given(seed=st.integers(0, 2**32), rows=st.sampled_from([1, 70, 200, 10**6]))
@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.differing_executors,
    ],
)
def test_neither_portions_nor_the_files_layout_change_a_row(
    whole: tuple[Path, dict[str, pl.DataFrame]],
    tmp_path_factory: pytest.TempPathFactory,
    near: int,
    seed: int,
    rows: int,
) -> None:
    """Any order, any files, any portion: the same tables."""
    source, expected = whole
    folder = tmp_path_factory.mktemp("any")
    laid = lay_out(source, folder / "in", random.Random(seed))  # noqa: S311 - no secret
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whole_events, "NEAR", 0)
        patch.setattr(whole_events, "SLACK", near)
        found = score(laid, folder / "out", rows)
    for name, table in expected.items():
        assert_frame_equal(table, found[name], check_exact=True)


def read_portions(
    source: Path, scratch: Path, rows: int
) -> list[dict[str, pl.DataFrame]]:
    """Return every portion's rows."""
    return [
        {stream: frame.collect() for stream, frame in portion.items()}
        for portion in read_whole_events(files_of(source), scratch, rows)
    ]


def test_each_event_is_in_one_portion_with_all_of_its_rows(
    whole: tuple[Path, dict[str, pl.DataFrame]], tmp_path: Path
) -> None:
    """No portion is bigger than asked for, unless one event is."""
    source, _ = whole
    portions = read_portions(source, tmp_path / "scratch", 150)
    ids = [set(portion["events"]["event_id"]) for portion in portions]
    assert len(ids) > 2
    assert sum(map(len, ids)) == len(set().union(*ids)) == 7
    for stream in STREAMS:
        wanted = pl.concat(pl.read_parquet(p) for p in (source / stream).glob(FILES))
        found = pl.concat(portion[stream] for portion in portions)
        assert sorted(wanted.rows(), key=repr) == sorted(found.rows(), key=repr)
    for events, portion in zip(ids, portions, strict=True):
        assert all(set(frame["event_id"]) <= events for frame in portion.values())
        height = sum(frame.height for frame in portion.values())
        assert height <= 150 or len(events) == 1


@pytest.mark.parametrize("shuffled", [False, True], ids=["in-order", "shuffled"])
def test_only_spread_rows_are_brought_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, shuffled: bool
) -> None:
    """What lies event after event is read from where it is."""
    monkeypatch.setattr(whole_events, "SLACK", 0)
    rows = make_rows(seed=6, events=9)
    if shuffled:
        mixed = list(rows["activities"])
        random.Random(1).shuffle(mixed)  # noqa: S311 - no secret
        rows["activities"] = mixed
    source = write_datasets(tmp_path / "in", rows)
    read_portions(source, tmp_path / "scratch", 500)
    copied = {path.parent.name for path in (tmp_path / "scratch").glob(FILES)}
    assert copied == ({"activities"} if shuffled else set())


def test_a_row_without_an_event_is_refused(tmp_path: Path) -> None:
    """It would be in no portion, and so be lost in silence."""
    rows = make_rows(events=2)
    first, *others = rows["activities"]
    rows["activities"] = [{**first, "event_id": None}, *others]
    source = write_datasets(tmp_path / "in", rows)
    with pytest.raises(FatalError, match=r"no `activities\.event_id`"):
        score(source, tmp_path / "out", 100)
    assert not (tmp_path / "out").exists()


def test_a_refusal_in_the_last_portion_leaves_no_result(tmp_path: Path) -> None:
    """A part of a result would look like a whole one."""
    rows = make_rows(events=3)
    last: Rows = rows["activities"][-1:]
    bad = [{**row, "occurred_at": "yesterday"} for row in last]
    rows["activities"] = [*rows["activities"][:-1], *bad]
    source = write_datasets(tmp_path / "in", rows)
    with pytest.raises(FatalError, match=r"activities\.occurred_at"):
        score(source, tmp_path / "out", 1)
    assert not (tmp_path / "out").exists()


def test_a_run_cleans_up_after_one_that_was_killed(tmp_path: Path) -> None:
    """What it had begun to write is deleted; what else is there stays."""
    source = write_datasets(tmp_path / "in", make_rows(events=2))
    left = tmp_path / "out" / UNFINISHED / "lead_scores"
    left.mkdir(parents=True)
    (left / "part-00000.parquet").write_bytes(b"half")
    (tmp_path / "out" / "note.txt").write_text("mine")
    score(source, tmp_path / "out", 1)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {*KEYS, "note.txt"} == names


def test_a_file_that_is_no_parquet_is_refused_in_one_paragraph(tmp_path: Path) -> None:
    """The message says what to look for, and no result is there."""
    source = write_datasets(tmp_path / "in", make_rows(events=2))
    (source / "attendees" / "third.parquet").write_bytes(b"PAR1 is not enough")
    with pytest.raises(FatalError, match="whole Parquet file"):
        score(source, tmp_path / "out", 100)
    assert not (tmp_path / "out").exists()


def test_no_events_give_empty_tables(tmp_path: Path) -> None:
    """The tables are there, with their columns."""
    rows = make_rows(events=1)
    none = write_datasets(tmp_path / "in", {name: [] for name in rows})
    for table in score(none, tmp_path / "out", 100).values():
        assert table.is_empty()
        assert table.width > 10


PEAK = """
import sys
from pathlib import Path
from scoring_transform.datasets.embedded import EmbeddedEngine
from scoring_transform.datasets.scoring import score_datasets
from scoring_transform.model import default_model

source, output, rows = sys.argv[1:]
engine = EmbeddedEngine(source=Path(source), output=Path(output), rows=int(rows))
score_datasets(engine, default_model(), "2026-03-09T12:00:00Z")
"""
#: A small process between: a process begins with the peak of the one that started it.
BETWEEN = """
import resource, subprocess, sys
subprocess.run([sys.executable, "-c", *sys.argv[1:]], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def peak_of(source: Path, output: Path, rows: int) -> int:
    """Return the KiB that a process needs at most to score datasets."""
    done = subprocess.run(
        [sys.executable, "-c", BETWEEN, PEAK, source, output, str(rows)],
        capture_output=True,
        check=True,
        text=True,
        timeout=120,
        env=os.environ | {"POLARS_MAX_THREADS": "2"},
    )
    return int(done.stdout)


def copy_events(source: Path, target: Path, copies: int) -> Path:
    """Write the events of some datasets many times, each time as other events."""
    for stream in STREAMS:
        frame = pl.concat(pl.read_parquet(p) for p in (source / stream).glob(FILES))
        (target / stream).mkdir(parents=True)
        for number in range(copies):
            named = frame.with_columns(pl.format("{}:{}", "event_id", pl.lit(number)))
            named.write_parquet(target / stream / f"{number:03}.parquet")
    return target


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_events(tmp_path: Path) -> None:
    """Twenty times the events need little more than one; in one piece they do."""
    rows = make_rows(events=1, attendees=1_000, activities=16_000)
    one_event = write_datasets(tmp_path / "one", rows)
    many_events = copy_events(one_event, tmp_path / "many", 20)
    nothing = write_datasets(tmp_path / "none", {name: [] for name in rows})
    floor = peak_of(nothing, tmp_path / "a", 1)
    one = peak_of(one_event, tmp_path / "b", 1) - floor
    portions = peak_of(many_events, tmp_path / "c", 1) - floor
    in_one_piece = peak_of(many_events, tmp_path / "d", 10**9) - floor
    assert (portions < 3 * one, portions < in_one_piece / 2) == (True, True), (
        f"KiB beyond {floor}: {one} for one, {portions} in portions, {in_one_piece}"
    )
