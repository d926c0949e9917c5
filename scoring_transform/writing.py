"""Messages out: a SCHEMA before the first row of each stream, rows as plain JSON."""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING

import msgspec
import polars as pl

from scoring_transform.streams import KEYS, to_schemas

if TYPE_CHECKING:
    from collections.abc import Callable

PORTION = 10_000


class Writer:
    """Writes messages to a binary stream.

    Args:
        output: Where they go.
        check: Is called before each portion of rows; ends the writing if it raises.
    """

    def __init__(self, output: IO[bytes], check: Callable[[], None]) -> None:
        self._output = output
        self._check = check
        self._schemas = to_schemas()
        self._announced: set[str] = set()

    def write_rows(self, stream: str, rows: pl.DataFrame) -> None:
        """Write one RECORD for each row."""
        if rows.is_empty():
            return
        self._announce(stream)
        messages = rows.select(
            type=pl.lit("RECORD"), stream=pl.lit(stream), record=pl.struct(pl.all())
        )
        for some in messages.iter_slices(PORTION):
            self._check()
            text = io.BytesIO()
            some.write_ndjson(text)
            self._output.write(text.getbuffer())

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
