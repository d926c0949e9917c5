"""Lines of one stream that wait to be parsed, many at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from scoring_transform.parsing import decode, parse_records, to_frame, to_typed
from scoring_transform.spill import NUMBER
from scoring_transform.unwrapping import rewrap, unwrap

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class Run:
    """Blocks of lines that are all alike.

    Attributes:
        is_cut: Whether a line is only the record, or the whole message.
        blocks: The lines.
        numbers: For each block the number of its first line, and how many it has.
    """

    is_cut: bool
    blocks: list[bytes] = field(default_factory=list)
    numbers: list[tuple[int, int]] = field(default_factory=list)

    def parse(self, stream: str) -> pl.DataFrame:
        """Return the records as checked columns, each with its line's number."""
        frame = self._parse_records(stream) if self.is_cut else None
        if frame is None:
            frame = self._parse_messages(stream)
        return to_typed(stream, frame).with_columns(self._to_numbers())

    def _to_numbers(self) -> pl.Series:
        """Return each line's number; there may be as many blocks as lines."""
        ranges = pl.DataFrame(self.numbers, ["first", "count"], orient="row")
        numbers = pl.int_ranges("first", pl.col("first") + pl.col("count"))
        return ranges.select(numbers.explode().alias(NUMBER))[NUMBER]

    def _parse_records(self, stream: str) -> pl.DataFrame | None:
        count = sum(count for _, count in self.numbers)
        return parse_records(stream, b"".join(self.blocks), count)

    def _parse_messages(self, stream: str) -> pl.DataFrame:
        records: list[Any] = []
        for block in self.blocks:
            lines = block.split(b"\n")[:-1]
            messages = map(rewrap, lines) if self.is_cut else lines
            records += [decode(line).get("record") for line in messages]
        return to_frame(stream, records)


class Lines:
    """Lines of one stream.

    Attributes:
        size: How many bytes wait.
    """

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._runs: list[Run] = []
        self.size = 0

    def add(self, block: bytes, first: int, count: int) -> None:
        """Keep a block of RECORD lines, each with its end.

        Args:
            block: The lines, none of them empty.
            first: The first line's number among all messages.
            count: How many there are.
        """
        records = unwrap(self._stream, block, count)
        is_cut = records is not None
        if not self._runs or self._runs[-1].is_cut != is_cut:
            self._runs.append(Run(is_cut))
        run = self._runs[-1]
        run.blocks.append(block if records is None else records)
        run.numbers.append((first, count))
        self.size += len(run.blocks[-1])

    def take(self) -> Iterator[pl.DataFrame]:
        """Parse and forget the lines, in their order."""
        runs, self._runs, self.size = self._runs, [], 0
        while runs:
            yield runs.pop(0).parse(self._stream)
