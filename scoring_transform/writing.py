"""Messages out: a SCHEMA before the first row of each stream, then its rows.

Each row is a RECORD, or many together are a file that a BATCH names.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import msgspec
import polars as pl

from scoring_transform.streams import KEYS, to_schemas

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from scoring_transform.batch_folder import BatchFolder

PORTION = 2_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """What goes out, and where.

    Attributes:
        streams: The streams whose rows are wanted.
        output: Where messages go.
        batches: Where rows go, if they go into files.
    """

    streams: Collection[str]
    output: IO[bytes]
    batches: BatchFolder | None = None


class Writer:
    """Writes messages.

    Args:
        outlet: Where they go.
        check: Is called before each portion of rows; ends the writing if it raises.
    """

    def __init__(self, outlet: Outlet, check: Callable[[], None]) -> None:
        self._output = outlet.output
        self._batches = outlet.batches
        self._check = check
        self._schemas = to_schemas()
        self._announced: set[str] = set()

    def write_rows(self, stream: str, rows: pl.DataFrame) -> None:
        """Write rows, in the one form or the other."""
        if rows.is_empty():
            return
        self._announce(stream)
        if self._batches is None:
            self._write_records(stream, rows)
        else:
            self._write_batches(self._batches, stream, rows)

    def _write_records(self, stream: str, rows: pl.DataFrame) -> None:
        messages = rows.select(
            type=pl.lit("RECORD"), stream=pl.lit(stream), record=pl.struct(pl.all())
        )
        for some in messages.iter_slices(PORTION):
            self._check()
            text = io.BytesIO()
            some.write_ndjson(text)
            self._output.write(text.getbuffer())

    def _write_batches(
        self, batches: BatchFolder, stream: str, rows: pl.DataFrame
    ) -> None:
        for some in rows.iter_slices(batches.size):
            self._check()
            self.write_line(msgspec.json.encode(batches.write(stream, some)))

    def write_line(self, line: bytes) -> None:
        """Write a line as it came."""
        self._check()
        self._output.write(line.rstrip() + b"\n")

    def flush(self) -> None:
        """Hand everything to the next stage."""
        self._output.flush()

    def _announce(self, stream: str) -> None:
        if stream in self._announced:
            return
        self._announced.add(stream)
        message = {
            "type": "SCHEMA",
            "stream": stream,
            "schema": self._schemas[stream],
            "key_properties": KEYS[stream],
        }
        self.write_line(msgspec.json.encode(message))
