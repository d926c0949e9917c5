"""Activities that do not fit into memory, on disk, by person.

A person's activities are all in one part, so each part can be counted by itself.
"""

from __future__ import annotations

import atexit
from typing import TYPE_CHECKING

import polars as pl

from scoring_transform.spill_folder import SpillFolder
from sync_core.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PARTS = 32
PORTION = 250_000
NUMBER = "number"


class Spill:
    """Rows of open events in Parquet files, one group of files for each part.

    Args:
        state_dir: The work folder; the files are made below it when first needed.
    """

    def __init__(self, state_dir: Path) -> None:
        self._folder = SpillFolder(state_dir)
        self._folder.delete_abandoned()
        self._files: list[list[Path]] = [[] for _ in range(PARTS)]
        self._rows = [0] * PARTS
        self._before: dict[str, int] = {}
        self.events: set[str] = set()

    def add(self, frame: pl.DataFrame) -> None:
        """Write rows to disk."""
        if frame.is_empty():
            return
        self.events.update(frame["event_id"].unique().to_list())
        part = (pl.col("attendee_id").hash() % PARTS).fill_null(0).alias("part")
        for (number,), rows in frame.with_columns(part).group_by("part"):
            self._write(int(str(number)), rows.drop("part"))

    def _write(self, part: int, rows: pl.DataFrame) -> None:
        if self._folder.path is None:
            atexit.register(self.delete)
        folder = self._folder.open()
        path = folder / f"{part:02d}-{len(self._files[part]):06d}.parquet"
        self._files[part].append(path)
        self._rows[part] += rows.height
        try:
            path.touch(mode=0o600)
            rows.write_parquet(path, compression="lz4", statistics=False)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise FatalError(
                f"The file {path} cannot be written ({type(error).__name__}). Free "
                "some space below `state_dir`, then run again.",
                setting="state_dir",
            ) from error

    def parts(
        self, closed: Mapping[str, int], merged: pl.DataFrame
    ) -> Iterator[pl.LazyFrame]:
        """Yield the activities of closed events, each person's in one piece.

        Args:
            closed: For each event the number of the message that closed it.
            merged: event_id and attendee_id of people with several logins, whose
                activities may be in several parts; they come last, together.
        """
        limits = self._to_limits(closed)
        keys = ["event_id", "attendee_id"]
        together = []
        for files in self._portions():
            rows = self._read(files, limits)
            yield rows.join(merged.lazy(), on=keys, how="anti")
            together.append(rows.join(merged.lazy(), on=keys, how="semi"))
        if not merged.is_empty() and together:
            yield pl.concat(together)

    def _portions(self) -> Iterator[list[Path]]:
        """Yield the files of as many parts as are worth counting together."""
        portion: list[Path] = []
        rows = 0
        for files, count in zip(self._files, self._rows, strict=True):
            portion += files
            rows += count
            if rows >= PORTION:
                yield portion
                portion, rows = [], 0
        if portion:
            yield portion

    def _to_limits(self, closed: Mapping[str, int]) -> pl.DataFrame:
        """Return between which numbers the rows of each event's present life lie."""
        rows = [(e, self._before.get(e, -1), limit) for e, limit in closed.items()]
        schema = {"event_id": pl.String, "after": pl.Int64, "limit": pl.Int64}
        return pl.DataFrame(rows, schema=schema, orient="row")

    @staticmethod
    def _read(files: list[Path], limits: pl.DataFrame) -> pl.LazyFrame:
        rows = pl.scan_parquet(files).join(limits.lazy(), on="event_id")
        number = pl.col(NUMBER)
        inside = (number > pl.col("after")) & (number < pl.col("limit"))
        return rows.filter(inside).drop("after", "limit")

    def forget(self, closed: Mapping[str, int]) -> None:
        """Delete the files when no event needs them any more."""
        if self.events:
            self._before.update(closed)
        self.events -= closed.keys()
        if not self.events:
            self.delete()

    def delete(self) -> None:
        """Delete all files."""
        for files in self._files:
            files.clear()
        self._rows = [0] * PARTS
        if self._folder.path is not None:
            self._folder.close()
            self._before.clear()
            atexit.unregister(self.delete)
