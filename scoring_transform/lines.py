"""Lines of one stream, parsed many at a time while more of them are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from scoring_transform.parsing import RawLines, read_lines, to_typed
from scoring_transform.spill import NUMBER

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

#: Bytes that are parsed in one go: fewer cost time, more cost memory.
PIECE = 16 << 20


class Lines:
    """RECORD lines of one stream.

    Args:
        stream: Its name.
        pool: Where they are parsed, in their order.

    Attributes:
        size: Bytes of all lines that were not taken.
    """

    def __init__(self, stream: str, pool: Executor) -> None:
        self._stream = stream
        self._pool = pool
        self._blocks: list[bytes] = []
        self._numbers: list[tuple[int, int]] = []
        self._waiting = 0
        self._parsed: list[Future[pl.DataFrame]] = []
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
        self._waiting += len(block)
        self.size += len(block)
        if self._waiting >= PIECE:
            self._begin()

    def take(self) -> list[pl.DataFrame]:
        """Return and forget the lines as checked columns with each line's number."""
        if self._blocks:
            self._begin()
        parsed, self._parsed, self.size = self._parsed, [], 0
        return [piece.result() for piece in parsed]

    def _begin(self) -> None:
        """Have the lines parsed that wait."""
        blocks, self._blocks, self._waiting = self._blocks, [], 0
        numbers, self._numbers = self._numbers, []
        self._parsed.append(self._pool.submit(_parse, self._stream, blocks, numbers))


def _parse(
    stream: str, blocks: list[bytes], numbers: list[tuple[int, int]]
) -> pl.DataFrame:
    data = b"".join(blocks)
    blocks.clear()
    places = _to_places(numbers)
    raw = RawLines(stream=stream, data=data, places=places, are_messages=True)
    return to_typed(stream, read_lines(raw)).with_columns(places)


def _to_places(numbers: list[tuple[int, int]]) -> pl.Series:
    """Return each line's number; there may be as many blocks as lines."""
    ranges = pl.DataFrame(numbers, ["first", "count"], orient="row")
    places = pl.int_ranges("first", pl.col("first") + pl.col("count"))
    return ranges.select(places.explode().alias(NUMBER))[NUMBER]
