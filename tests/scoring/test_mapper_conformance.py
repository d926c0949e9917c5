"""Our mapper keeps to the conformance suite."""

from __future__ import annotations

import gzip
import io
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from mapper_conformance import MapperConformance, Message
from score_worlds import NOON, map_lines, to_lines

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
