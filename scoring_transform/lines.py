"""Lines of one stream that wait to be parsed, many at a time."""

from __future__ import annotations

import polars as pl

from scoring_transform.parsing import RawLines, read_lines, to_typed
from scoring_transform.spill import NUMBER


class Lines:
    """RECORD lines of one stream.

    Attributes:
        size: How many bytes wait.
    """

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._blocks: list[bytes] = []
        self._numbers: list[tuple[int, int]] = []
        self.size = 0

    def add(self, block: bytes, first: int, count: int) -> None:
        """Keep a block of lines, each with its end.

        Args:
            block: The lines, none of them empty.
            first: The first line's number among all messages.
            count: How many there are.
        """
        self._blocks.append(block)
        self._numbers.append((first, count))
        self.size += len(block)

    def take(self) -> pl.DataFrame | None:
        """Parse and forget the lines; return checked columns and each line's number."""
        if not self._blocks:
            return None
        data, self._blocks, self.size = b"".join(self._blocks), [], 0
        numbers = self._take_numbers()
        raw = RawLines(
            stream=self._stream, data=data, places=numbers, are_messages=True
        )
        return to_typed(self._stream, read_lines(raw)).with_columns(numbers)

    def _take_numbers(self) -> pl.Series:
        """Return each line's number; there may be as many blocks as lines."""
        ranges = pl.DataFrame(self._numbers, ["first", "count"], orient="row")
        self._numbers = []
        numbers = pl.int_ranges("first", pl.col("first") + pl.col("count"))
        return ranges.select(numbers.explode().alias(NUMBER))[NUMBER]
