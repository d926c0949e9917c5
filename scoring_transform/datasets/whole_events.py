"""Files that are bigger than memory, read some whole events at a time.

An event is scored whole, but no two events need each other. A first look, at the ids
alone, tells in which rows of which files each event lies. Where an event's rows lie
near each other, as in whatever was written event after event, each portion is read from
where it is. Where they are spread over everything, they are brought together on disk
first, so that the time stays in proportion to the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from scoring_transform.datasets.engine import missing_key
from sync_core.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

EVENTS = "events"
#: Rows that are worth scoring in one go: more cost memory, fewer cost time.
ROWS = 250_000
PIECE = 250_000
#: How often the rows may be read, and how many more, before bringing them together.
NEAR = 2
SLACK = 250_000
PLACES = {
    "event_id": pl.String,
    "file": pl.Int64,
    "first": pl.Int64,
    "last": pl.Int64,
    "rows": pl.Int64,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """The files of one stream, and where in them each event lies.

    Attributes:
        files: Parquet files.
        places: For each file and event its first and last row, and how many it has.
    """

    files: Sequence[Path]
    places: pl.DataFrame

    @classmethod
    def of(cls, files: Sequence[Path]) -> Dataset:
        """Look through the ids of some files."""
        looks = [_look(path, number) for number, path in enumerate(files)]
        found = pl.collect_all(looks, engine="streaming")
        return cls(files=files, places=pl.concat([pl.DataFrame(schema=PLACES), *found]))

    def read(self, portion: pl.DataFrame) -> pl.LazyFrame:
        """Return the rows of some events, which are read when they are needed."""
        near = self.places.join(portion, on="event_id", how="semi")
        spans = near.group_by("file", maintain_order=True).agg(
            pl.col("first").min(), pl.col("last").max()
        )
        wanted = pl.col("event_id").is_in(portion["event_id"].implode())
        read = [
            _scan(self.files[file]).slice(first, last - first + 1)
            for file, first, last in spans.iter_rows()
        ]
        if not read:
            return _scan(self.files[0]).head(0)
        # A file may lack a column, or know no type for one that is empty in it.
        rows = pl.concat(read, how="diagonal_relaxed").filter(wanted)
        rows.collect_schema()  # where types do not go together, this refuses them
        return rows

    def is_near(self, portions: pl.DataFrame) -> bool:
        """Return whether reading all portions reads little else."""
        spans = (
            self.places.join(portions, on="event_id")
            .group_by("portion", "file")
            .agg(size=pl.col("last").max() - pl.col("first").min() + 1)
        )
        most = NEAR * int(self.places["rows"].sum()) + SLACK
        return int(spans["size"].sum()) <= most

    def brought_together(self, portions: pl.DataFrame, folder: Path) -> Dataset:
        """Copy the rows, so that those of a portion lie in files of their own."""
        folder.mkdir(parents=True)
        for number, path in enumerate(self.files):
            pieces = _scan(path).collect_batches(chunk_size=PIECE)
            for place, piece in enumerate(pieces):
                known = piece.join(portions, on="event_id")
                for (portion,), rows in known.group_by("portion"):
                    name = f"{portion:06}-{number:06}-{place:06}.parquet"
                    rows.drop("portion").write_parquet(
                        folder / name, compression="lz4", statistics=False
                    )
        return Dataset.of(sorted(folder.iterdir()) or self.files)


def _scan(path: Path) -> pl.LazyFrame:
    """Return a file's rows; an event may be named by a number, or not at all.

    Times of any zone and unit become those of UTC in microseconds.
    """
    rows = pl.scan_parquet(path)
    has_id = "event_id" in rows.collect_schema()
    event = pl.col("event_id") if has_id else pl.lit(None)
    times = pl.selectors.datetime().cast(pl.Datetime("us"))
    return rows.with_columns(times, event_id=event.cast(pl.String))


def _look(path: Path, number: int) -> pl.LazyFrame:
    row = pl.col("row").cast(pl.Int64)
    return (
        _scan(path)
        .select("event_id")
        .with_row_index("row")
        .group_by("event_id")
        .agg(first=row.min(), last=row.max(), rows=pl.len().cast(pl.Int64))
        .with_columns(file=pl.lit(number, pl.Int64))
        .select(*PLACES)
    )


def read_whole_events(
    files: Mapping[str, Sequence[Path]],
    scratch: Path,
    rows: int = ROWS,
    listed_in: str = EVENTS,
) -> Iterator[Mapping[str, pl.LazyFrame]]:
    """Yield the rows of all streams for some events, then for the next ones.

    Args:
        files: The Parquet files of each stream.
        scratch: A folder that is not there yet, for what has to be brought together.
        rows: About how many activities and attendees are in a portion; an event that
            has more is a portion of its own.
        listed_in: The stream that says which events there are.
    """
    datasets = {stream: Dataset.of(found) for stream, found in files.items()}
    for stream, dataset in datasets.items():
        if dataset.places["event_id"].has_nulls():
            raise FatalError(missing_key(f"{stream}.event_id"))
    portions = to_portions(datasets, rows, listed_in)
    for stream, dataset in datasets.items():
        if not dataset.is_near(portions):
            together = dataset.brought_together(portions, scratch / stream)
            datasets[stream] = together
    # Without any event there is one portion, so that there is an empty result.
    numbered = portions.partition_by("portion", maintain_order=True) or [portions]
    for events in numbered:
        yield {stream: dataset.read(events) for stream, dataset in datasets.items()}


def to_portions(
    datasets: Mapping[str, Dataset], rows: int, listed_in: str
) -> pl.DataFrame:
    """Return every event with the number of its portion, in the files' order."""
    sizes = (
        pl.concat(dataset.places for dataset in datasets.values())
        .group_by("event_id")
        .agg(pl.col("rows").sum())
    )
    biggest = max(datasets.values(), key=lambda dataset: dataset.places["rows"].sum())
    order = biggest.places.group_by("event_id").agg(at=pl.struct("file", "first").min())
    events = datasets[listed_in].places.select("event_id").unique()
    known = events.join(sizes, on="event_id").join(order, on="event_id", how="left")
    ordered = known.sort("at", "event_id", nulls_last=True)
    numbers = _to_numbers(ordered["rows"].to_list(), rows)
    return ordered.select("event_id", portion=pl.Series(numbers, dtype=pl.Int64))


def _to_numbers(sizes: Sequence[int], most: int) -> list[int]:
    """Number what lies one after the other, so that few portions exceed the limit."""
    numbers: list[int] = []
    number = held = 0
    for size in sizes:
        if held and held + size > most:
            number, held = number + 1, 0
        held += size
        numbers.append(number)
    return numbers
