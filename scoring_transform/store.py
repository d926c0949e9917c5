"""What was read and is not scored yet, in columns, by stream."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from scoring_transform.parsing import FIELDS, parse_lines, to_frame, to_typed

if TYPE_CHECKING:
    from collections.abc import Mapping

STREAMS = tuple(FIELDS)
NUMBER = "number"


@dataclass(slots=True)
class Lines:
    """Lines of one stream that have not been parsed."""

    blocks: list[bytes] = field(default_factory=list)
    numbers: list[tuple[int, int]] = field(default_factory=list)
    size: int = 0

    def add(self, block: bytes, first: int, count: int) -> None:
        """Keep a block of lines, each with its end; the first has this number."""
        self.blocks.append(block)
        self.numbers.append((first, count))
        self.size += len(block)

    @property
    def count(self) -> int:
        """How many lines there are."""
        return sum(count for _, count in self.numbers)

    def to_numbers(self) -> pl.Series:
        """Return each line's number among all messages."""
        ranges = [
            pl.int_range(first, first + count, eager=True)
            for first, count in self.numbers
        ]
        return pl.concat(ranges).alias(NUMBER)


def empty_frame(stream: str) -> pl.DataFrame:
    """Return the columns of a stream without rows."""
    frame = to_typed(stream, to_frame(stream, []))
    return frame.with_columns(pl.lit(0, dtype=pl.Int64).alias(NUMBER))


class Store:
    """The rows of all open events.

    Attributes:
        since: For each open event the number of its first message.
    """

    def __init__(self) -> None:
        self._lines = {stream: Lines() for stream in STREAMS}
        self._rows: dict[str, list[pl.DataFrame]] = {stream: [] for stream in STREAMS}
        self.since: dict[str, int] = {}

    @property
    def unparsed(self) -> int:
        """How many bytes wait to be parsed."""
        return sum(lines.size for lines in self._lines.values())

    def add_lines(self, stream: str, block: bytes, first: int, count: int) -> None:
        """Keep lines; they are parsed together later."""
        self._lines[stream].add(block, first, count)

    def add_frame(self, stream: str, frame: pl.DataFrame, number: int) -> None:
        """Keep rows that came with one message."""
        numbered = frame.with_columns(pl.lit(number, dtype=pl.Int64).alias(NUMBER))
        self._keep(stream, numbered)

    def parse(self) -> None:
        """Parse all lines; afterwards `since` is right for everything read so far."""
        for stream, lines in self._lines.items():
            if lines.count:
                data = b"".join(lines.blocks)
                frame = parse_lines(stream, data, lines.count, wrapped=True)
                numbered = to_typed(stream, frame).with_columns(lines.to_numbers())
                self._lines[stream] = Lines()
                self._keep(stream, numbered)

    def _keep(self, stream: str, frame: pl.DataFrame) -> None:
        self._rows[stream].append(frame)
        firsts = frame.group_by("event_id").agg(pl.col(NUMBER).min())
        for event_id, first in firsts.iter_rows():
            self.since[event_id] = min(first, self.since.get(event_id, first))

    def take(self, closed: Mapping[str, int]) -> dict[str, pl.DataFrame]:
        """Remove and return what belongs to closed events.

        Args:
            closed: For each closed event the number of the message that closed it; what
                came later opens the event anew.
        """
        limits = pl.DataFrame(
            {"event_id": list(closed), "limit": list(closed.values())},
            schema={"event_id": pl.String, "limit": pl.Int64},
        )
        self.since = {}
        return {stream: self._take(stream, limits) for stream in STREAMS}

    def _take(self, stream: str, limits: pl.DataFrame) -> pl.DataFrame:
        taken = [empty_frame(stream)]
        rows, self._rows[stream] = self._rows[stream], []
        for frame in rows:
            joined = frame.join(
                limits, on="event_id", how="left", maintain_order="left"
            )
            is_closed = joined[NUMBER] < joined["limit"].fill_null(-1)
            taken.append(frame.filter(is_closed))
            if not is_closed.all():
                self._keep(stream, frame.filter(~is_closed))
        return pl.concat(taken)
