"""Rows that come in the files of BATCH messages; a file goes when its rows are safe."""

from __future__ import annotations

import io
from itertools import islice
from typing import TYPE_CHECKING, Any

from sync_core.batch_files import open_lines, readable, to_path, to_refusal
from sync_core.errors import FatalError
from target_crm.reader import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path
    from typing import IO

    from singer_sdk.helpers._batch import BaseBatchFileEncoding


class BatchFiles:
    """Reads files, and deletes them when they are not needed any more."""

    def __init__(self) -> None:
        self._taken: list[Path] = []

    def read(
        self, encoding: BaseBatchFileEncoding, files: Iterable[str], most: int
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield the records of files, in their order.

        Args:
            encoding: Of all of the files.
            files: Their addresses.
            most: Records to yield together.

        Raises:
            FatalError: A file is not there, not on this machine, or not whole.
        """
        for address in files:
            path = to_path(address)
            yield from _read_file(path, encoding, most)
            self._taken.append(path)

    def pass_over(self, files: Sequence[str]) -> None:
        """Note files whose rows mean nothing to a CRM."""
        self._taken += [to_path(address) for address in files]

    def delete_taken(self) -> None:
        """Delete the files that were read; their rows must have an outcome."""
        for path in self._taken:
            path.unlink(missing_ok=True)
        self._taken.clear()


def _read_file(
    path: Path, encoding: BaseBatchFileEncoding, most: int
) -> Iterator[list[dict[str, Any]]]:
    if encoding.format == "parquet":
        yield from _read_parquet(path, most)
    elif encoding.format == "jsonl":
        with readable(path), open_lines(path, encoding.compression) as source:
            yield from _read_lines(path, source, most)
    else:
        raise to_refusal(encoding.format)


def _read_parquet(path: Path, most: int) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows as RECORD lines would hold them, times as texts among them."""
    import polars as pl  # noqa: PLC0415 - a run of RECORD lines starts without it

    with readable(path, pl.exceptions.PolarsError):
        for frame in pl.scan_parquet(path).collect_batches(chunk_size=most):
            lines = io.BytesIO()
            frame.write_ndjson(lines)
            lines.seek(0)
            yield from _read_lines(path, lines, most)


def _read_lines(
    path: Path, source: IO[bytes] | Iterable[bytes], most: int
) -> Iterator[list[dict[str, Any]]]:
    lines = iter(source)
    while records := [_to_record(path, line) for line in islice(lines, most)]:
        yield records


def _to_record(path: Path, line: bytes) -> dict[str, Any]:
    try:
        record = decode(line)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise FatalError(
            f"The batch file {path.name} has a line that is no record. Run the stages "
            "before this one again."
        )
    return record
