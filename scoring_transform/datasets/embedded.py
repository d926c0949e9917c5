"""Datasets on the embedded engine: Parquet files of this machine, read by Polars."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import narwhals as nw
import polars as pl

from scoring_transform.datasets.engine import bad_time, missing_key
from scoring_transform.datasets.whole_events import ROWS, read_whole_events
from scoring_transform.instants import parse, to_micros
from scoring_transform.streams import KEYS
from sync_core.errors import FatalError, SettingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from scoring_transform.frames import Frame

STREAMS = ("events", "sessions", "attendees", "activities")
UNFINISHED = ".unfinished"
MOMENT = "%Y-%m-%dT%H:%M:%S%.fZ"
NAIVE = "%Y-%m-%dT%H:%M:%S%.f"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedEngine:
    """Reads and writes folders of Parquet files, some whole events at a time.

    What is written is moved to its place when all of it is there.

    Attributes:
        source: Has one folder for each dataset.
        output: Where the tables' folders go.
        rows: About how many activities and attendees are scored in one go.
        at_once: How many portions of these are in work, so that one is read, planned
            or written while the other is computed.
    """

    source: Path
    output: Path
    rows: int = ROWS
    at_once: int = 2

    def portions(self) -> Iterator[EmbeddedPortion]:
        """Yield engines for the events of one portion each."""
        for name in KEYS:
            self._check_free(name)
        files = {stream: self._find(stream) for stream in STREAMS}
        self.release()
        with refusals():
            folder = self._unfinished
            folder.mkdir(mode=0o700, parents=True)
            portions = read_whole_events(files, folder / "datasets", self.rows)
            for number, frames in enumerate(portions):
                yield EmbeddedPortion(frames=frames, output=folder, number=number)

    def finish(self) -> None:
        """Move the tables to their place."""
        for name in KEYS:
            made = self._unfinished / name
            made.mkdir(exist_ok=True)
            made.replace(self.output / name)

    def release(self) -> None:
        """Delete what is not finished, also that of a run that was killed."""
        shutil.rmtree(self._unfinished, ignore_errors=True)
        if self.output.is_dir() and not any(self.output.iterdir()):
            self.output.rmdir()

    @property
    def _unfinished(self) -> Path:
        return self.output / UNFINISHED

    def _find(self, stream: str) -> Sequence[Path]:
        folder = self.source / stream
        files = sorted(folder.rglob("*.parquet"))
        if not files:
            raise SettingError(
                f"{folder} has no Parquet files. The input is a folder with `events`, "
                "`sessions`, `attendees` and `activities` in it.",
                setting="input",
            )
        return files

    def _check_free(self, name: str) -> None:
        folder = self.output / name
        if folder.exists() and any(folder.iterdir()):
            raise SettingError(
                f"{folder} is not empty. Choose another output, or remove it first.",
                setting="output",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedPortion:
    """Scores the events of one portion.

    Attributes:
        frames: Their rows by stream.
        output: Where the tables' folders go.
        number: Names the portion's files.
    """

    frames: Mapping[str, pl.LazyFrame]
    output: Path
    number: int

    def read(self, stream: str) -> Frame:
        """Return a dataset, which is read when it is needed."""
        return _frame(self.frames[stream])

    def to_instants(self, frame: Frame, columns: Mapping[str, str]) -> Frame:
        """Add columns of microseconds since 1970 for columns of texts or times."""
        native = frame.to_native()
        schema = native.collect_schema()
        added = {to: _to_instant(of, schema[of]) for of, to in columns.items()}
        return _frame(native.with_columns(**added))

    def to_checked(
        self,
        frame: Frame,
        stream: str,
        keys: Sequence[str],
        times: Mapping[str, str],
    ) -> Frame:
        """Return the frame, or refuse it for a missing key or a bad time."""
        odd = [
            (pl.col(of).is_not_null() & pl.col(to).is_null()).sum().alias(of)
            for of, to in times.items()
        ]
        counts = frame.to_native().select(pl.col(*keys).null_count(), *odd)
        found = _collect(counts).row(0, named=True)
        for name, count in found.items():
            if count:
                refusal = bad_time if name in times else missing_key
                raise FatalError(refusal(f"{stream}.{name}"))
        return frame

    def to_moments(self, frame: Frame, columns: Sequence[str]) -> Frame:
        """Replace microseconds since 1970 by texts as in the streams."""
        moments = pl.col(*columns).cast(pl.Datetime("us")).dt.strftime(MOMENT)
        return _frame(frame.to_native().with_columns(moments))

    def to_list(self, frame: Frame, column: str, parts: Sequence[str]) -> Frame:
        """Replace columns by one list of those of their values that are not null."""
        joined = pl.concat_list(*parts).list.drop_nulls()
        native = frame.to_native().with_columns(joined.alias(column))
        return _frame(native.drop(*parts))

    def keep(self, frame: Frame) -> Frame:
        """Compute a frame that is used several times once, into memory."""
        return _frame(_collect(frame.to_native()).lazy())

    def keep_all(self, *frames: Frame) -> Sequence[Frame]:
        """Do so with several frames; what they have in common is computed once."""
        with refusals():
            computed = pl.collect_all([frame.to_native() for frame in frames])
        return [_frame(native.lazy()) for native in computed]

    def write(
        self, tables: Mapping[str, Frame], keys: Mapping[str, Sequence[str]]
    ) -> None:
        """Write a file of every table into a folder of its own, one after the other."""
        for name, table in tables.items():
            folder = self.output / name
            folder.mkdir(exist_ok=True)
            ordered = table.to_native().sort(*keys[name])
            path = folder / f"part-{self.number:05}.parquet"
            with refusals():
                ordered.sink_parquet(path, engine="streaming")


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what Polars refuses into one paragraph that quotes no data."""
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        raise FatalError(
            f"The datasets cannot be read, or the result cannot be written "
            f"({type(error).__name__}). Check that every file is a whole Parquet file, "
            "that a column has one type in all of them, and that there is space below "
            "the output."
        ) from error


def _frame(native: pl.LazyFrame) -> Frame:
    frame: Frame = nw.from_native(native)
    return frame


def _collect(frame: pl.LazyFrame) -> pl.DataFrame:
    with refusals():
        return frame.collect(engine="streaming")


def _to_instant(column: str, kind: pl.DataType) -> pl.Expr:
    """Return microseconds since 1970; what has no offset is UTC."""
    if kind != pl.String:
        return pl.col(column).cast(pl.Datetime("us")).to_physical()
    return pl.col(column).map_batches(
        _to_instants, return_dtype=pl.Int64, is_elementwise=True
    )


def _to_instants(texts: pl.Series) -> pl.Series:
    common = to_micros(texts)
    odd = texts.is_not_null() & common.is_null()
    if not odd.any():
        return common
    spaced = texts.filter(odd).str.replace(" ", "T", literal=True)
    read = to_micros(spaced).fill_null(parse(spaced, NAIVE))
    return common.scatter(odd.arg_true(), read)
