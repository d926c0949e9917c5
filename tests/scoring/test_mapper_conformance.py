"""Our mapper keeps to the conformance suite."""

from __future__ import annotations

import gzip
import io
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from mapper_conformance import MapperConformance, Message
from score_worlds import (
    NOON,
    Chance,
    map_lines,
    schema_messages,
    state_message,
    to_lines,
)

from scoring_transform.mapper import ScoringTransform
from scoring_transform.parsing import FIELDS, to_frame
from sync_core.errors import FatalError

if TYPE_CHECKING:
    from pathlib import Path


class TestScoringTransform(MapperConformance):
    """The suite, run on the scoring mapper in this process."""

    def run(self, data: bytes, **config: Any) -> list[Message]:
        """Return what the mapper writes."""
        return map_lines(data, **config)

    def run_until_failure(self, data: bytes, **config: Any) -> list[Message]:
        """Return what was written before an incomplete event was refused."""
        output = io.BytesIO()
        mapper = ScoringTransform(config=config, now=lambda: NOON, output=output)
        with pytest.raises(FatalError, match="never completed"):
            mapper.listen(io.BytesIO(data))  # type: ignore[arg-type]
        return [json.loads(line) for line in output.getvalue().splitlines()]

    def to_batches(self, messages: list[Message], folder: Path, kind: str) -> bytes:
        """Put each run of activities into one file."""
        sent: list[Message] = []
        run: list[dict[str, Any]] = []
        for message in messages:
            if message.get("stream") == "activities" and message["type"] == "RECORD":
                run.append(message["record"])
                continue
            if run:
                sent.append(write_batch(run, folder / f"{len(sent)} ä.{kind}", kind))
                run = []
            sent.append(message)
        return to_lines(sent)


def write_batch(rows: list[dict[str, Any]], path: Path, kind: str) -> Message:
    """Write a batch file and return its message."""
    text = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    encoding = {"format": kind.split(".", maxsplit=1)[0]}
    if kind == "parquet":
        frame = to_frame("activities", rows)
        empty = [c for c in FIELDS["activities"] if frame[c].null_count() == len(rows)]
        frame.with_columns(pl.lit(None).alias(c) for c in empty).write_parquet(path)
    elif kind == "jsonl.gz":
        encoding["compression"] = "gzip"
        path.write_bytes(gzip.compress(text))
    else:
        path.write_bytes(text)
    return {
        "type": "BATCH",
        "stream": "activities",
        "encoding": encoding,
        "manifest": [path.as_uri()],
    }


def test_batches_beyond_the_limit_score_the_same(tmp_path: Path) -> None:
    """Completed events are scored first; what is open goes to disk."""
    suite = TestScoringTransform()
    files, work = tmp_path / "files", tmp_path / "work"
    files.mkdir()
    messages = [*schema_messages()]
    for i in range(4):
        messages += Chance(i).world(f"zoom:{i}").messages()
    expected = suite.run(to_lines(messages))
    data = suite.to_batches(messages, files, "parquet")
    found = suite.run(data, max_rows_in_memory=10, state_dir=str(work))
    assert suite.records(expected) == suite.records(found)
    assert not list(work.rglob("*.parquet"))


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"manifest": ["s3://bucket/file"]}, "not on this machine"),
        ({"manifest": ["file:///nowhere/at.all"]}, "at.all cannot be read"),
        ({"encoding": {"format": "avro"}}, "avro"),
        ({"stream": "events"}, "Send it as RECORD"),
    ],
)
def test_batches_that_cannot_be_read(
    tmp_path: Path, changes: dict[str, Any], wanted: str
) -> None:
    """The message says what to set."""
    row = {"event_id": "e", "activity_id": "a", "activity": "chat"}
    batch = write_batch([row], tmp_path / "x.jsonl", "jsonl") | changes
    with pytest.raises(FatalError, match=wanted):
        map_lines(to_lines([*schema_messages(), batch]))


def test_files_stay_until_a_state_covers_them(tmp_path: Path) -> None:
    """Without a STATE the next run reads them again."""
    world = Chance(0).world()
    rows = [row | {"activity": "chat"} for row in world.activities]
    batch = write_batch(rows, tmp_path / "x.jsonl", "jsonl")
    messages = [*schema_messages(), batch, world.messages()[-1]]
    map_lines(to_lines(messages))
    assert list(tmp_path.iterdir())
    map_lines(to_lines([*messages, state_message(1)]))
    assert not list(tmp_path.iterdir())
