"""Files of a BATCH message: read in pieces, deleted when a STATE covers them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from scoring_transform.parsing import FIELDS, RawLines, read_lines, to_typed
from scoring_transform.reader import to_blocks
from sync_core.batch_files import open_lines, readable, to_path, to_refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PIECE = 250_000
BLOCK = 16 << 20


class BatchFiles:
    """Reads batch files and deletes each once nothing can need it again."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, Path]] = []
        self._covered = 0

    def read(self, message: Mapping[str, Any], number: int) -> Iterator[pl.DataFrame]:
        """Yield the rows of all files of a message.

        Args:
            message: A BATCH message.
            number: Its number among all messages.
        """
        encoding = message.get("encoding") or {}
        for address in message.get("manifest") or ():
            path = to_path(str(address))
            yield from _read_file(str(message["stream"]), path, encoding)
            self._waiting.append((number, path))

    def cover(self, number: int) -> None:
        """Note that a STATE with this number is out."""
        self._covered = max(self._covered, number)

    def delete_covered(self) -> None:
        """Delete the files whose scores and STATE are out."""
        for number, path in self._waiting:
            if number < self._covered:
                path.unlink(missing_ok=True)
        self._waiting = [item for item in self._waiting if item[0] >= self._covered]


def _read_file(
    stream: str, path: Path, encoding: Mapping[str, Any]
) -> Iterator[pl.DataFrame]:
    form = encoding.get("format", "jsonl")
    with readable(path, pl.exceptions.PolarsError):
        if form == "parquet":
            yield from _read_parquet(stream, path)
        elif form == "jsonl":
            yield from _read_lines(stream, path, encoding.get("compression"))
        else:
            raise to_refusal(form)


def _read_parquet(stream: str, path: Path) -> Iterator[pl.DataFrame]:
    source = pl.scan_parquet(path)
    found = source.collect_schema()
    columns = [
        (pl.col(name) if name in found else pl.lit(None)).cast(kind).alias(name)
        for name, kind in FIELDS[stream].items()
    ]
    for piece in source.select(columns).collect_batches(chunk_size=PIECE):
        yield to_typed(stream, piece)


def _read_lines(stream: str, path: Path, compression: Any) -> Iterator[pl.DataFrame]:
    with open_lines(path, compression) as source:
        for block in to_blocks(source.read, size=BLOCK):
            places = pl.int_range(block.count(b"\n"), eager=True)
            lines = RawLines(
                stream=stream, data=block, places=places, are_messages=False
            )
            yield to_typed(stream, read_lines(lines))
