"""What was read and is not scored yet, in columns, by stream."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from scoring_transform.activities import NAMES
from scoring_transform.lines import Lines
from scoring_transform.parsing import FIELDS, to_frame, to_typed
from scoring_transform.spill import NUMBER, Spill

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

STREAMS = tuple(FIELDS)
SPILLED = "activities"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Everything of some closed events.

    Attributes:
        closed: The events, and the numbers of the messages that closed them.
        frames: Their rows by stream.
        parts: Their activities in parts, if they are on disk.
    """

    closed: Mapping[str, int]
    frames: Mapping[str, pl.DataFrame]
    parts: Iterator[pl.LazyFrame] | None = None


def empty_frame(stream: str) -> pl.DataFrame:
    """Return the columns of a stream without rows."""
    frame = to_typed(stream, to_frame(stream, []))
    return frame.with_columns(pl.lit(0, dtype=pl.Int64).alias(NUMBER))


class Store:
    """The rows of all open events.

    Attributes:
        since: For each open event the number of its first message.
        unknown: How often activities came that are none of the nine.
    """

    def __init__(self, state_dir: Path) -> None:
        self._spill = Spill(state_dir)
        self._pool = ThreadPoolExecutor(1)
        self._lines = {stream: Lines(stream, self._pool) for stream in STREAMS}
        self._rows: dict[str, list[pl.DataFrame]] = {stream: [] for stream in STREAMS}
        self.since: dict[str, int] = {}
        self._last: dict[str, int] = {}
        self.unknown: Counter[str] = Counter()

    @property
    def unparsed(self) -> int:
        """How many bytes of lines are here, parsed or not, and not taken."""
        return sum(lines.size for lines in self._lines.values())

    @property
    def height(self) -> int:
        """How many activities are in memory, parsed."""
        return sum(frame.height for frame in self._rows[SPILLED])

    def add_lines(self, stream: str, block: bytes, first: int, count: int) -> None:
        """Keep lines; they are parsed together, and taken later."""
        self._lines[stream].add(block, first, count)

    def add_frame(self, stream: str, frame: pl.DataFrame, number: int) -> None:
        """Keep rows that came with one message."""
        numbered = frame.with_columns(pl.lit(number, dtype=pl.Int64).alias(NUMBER))
        self._add(stream, numbered)

    def parse(self) -> None:
        """Take all lines; afterwards `since` is right for everything read so far."""
        for stream, lines in self._lines.items():
            for frame in lines.take():
                self._add(stream, frame)

    def _add(self, stream: str, frame: pl.DataFrame) -> None:
        if stream == SPILLED:
            self._note_unknown(frame)
        self._keep(stream, frame)

    def _note_unknown(self, activities: pl.DataFrame) -> None:
        counts = activities["activity"].value_counts()
        for name, count in counts.iter_rows():
            if name not in NAMES:
                self.unknown[name] += count

    def _keep(self, stream: str, frame: pl.DataFrame) -> None:
        self._rows[stream].append(frame)
        spans = frame.group_by("event_id").agg(
            first=pl.col(NUMBER).min(), last=pl.col(NUMBER).max()
        )
        for event_id, first, last in spans.iter_rows():
            self.since[event_id] = min(first, self.since.get(event_id, first))
            self._last[event_id] = max(last, self._last.get(event_id, last))

    def spill_beyond(self, limit: int) -> None:
        """Put the activities of open events on disk if there are more than these."""
        if self.height > limit:
            rows, self._rows[SPILLED] = self._rows[SPILLED], []
            self._spill.add(pl.concat(rows))

    def take(self, closed: Mapping[str, int]) -> Iterator[Group]:
        """Remove and yield what belongs to closed events, what is on disk last.

        Args:
            closed: For each closed event the number of the message that closed it; what
                came later opens the event anew.
        """
        on_disk = {e: n for e, n in closed.items() if e in self._spill.events}
        in_memory = {e: n for e, n in closed.items() if e not in on_disk}
        open_on_disk = self._spill.events - closed.keys()
        is_all = all(self._last[e] < closed.get(e, -1) for e in self.since)
        self.since = {e: n for e, n in self.since.items() if e in open_on_disk}
        self._last = {e: n for e, n in self._last.items() if e in open_on_disk}
        frames = {
            stream: self._take_all(stream) if is_all else self._take(stream, closed)
            for stream in STREAMS
        }
        if in_memory:
            yield Group(closed=in_memory, frames=_within(frames, in_memory))
        if on_disk:
            rows = _within(frames, on_disk)
            self._spill.add(rows[SPILLED])
            merged = to_merged(rows["attendees"])
            parts = self._spill.parts(on_disk, merged)
            yield Group(closed=on_disk, frames=rows, parts=parts)

    def forget(self, closed: Mapping[str, int]) -> None:
        """Free what was taken."""
        self._spill.forget(closed)

    def close(self) -> None:
        """Free everything on disk, and parse nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._spill.delete()

    def _take_all(self, stream: str) -> pl.DataFrame:
        rows, self._rows[stream] = self._rows[stream], []
        return pl.concat([empty_frame(stream), *rows])

    def _take(self, stream: str, closed: Mapping[str, int]) -> pl.DataFrame:
        limits = pl.DataFrame(
            {"event_id": list(closed), "limit": list(closed.values())},
            schema={"event_id": pl.String, "limit": pl.Int64},
        )
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


def _within(
    frames: Mapping[str, pl.DataFrame], events: Mapping[str, int]
) -> dict[str, pl.DataFrame]:
    """Return the rows of some events; each attendee and session once, the last."""
    wanted = pl.Series(list(events), dtype=pl.String).implode()
    rows = {
        name: frame.filter(pl.col("event_id").is_in(wanted))
        for name, frame in frames.items()
    }
    for name, key in (("attendees", "attendee_id"), ("sessions", "session_id")):
        rows[name] = rows[name].unique(
            ["event_id", key], keep="last", maintain_order=True
        )
    return rows


def to_merged(attendees: pl.DataFrame) -> pl.DataFrame:
    """Return the logins of people who have several."""
    named = attendees.filter(pl.col("email_key").is_not_null())
    several = named.filter(pl.len().over("event_id", "email_key") > 1)
    return several.select("event_id", "attendee_id")
