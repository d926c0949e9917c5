"""Datasets on the embedded engine: Parquet files of this machine, read by Polars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import narwhals as nw
import polars as pl

from scoring_transform.datasets.engine import bad_time, missing_key
from sync_core.errors import FatalError, SettingError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from scoring_transform.frames import Frame

MOMENT = "%Y-%m-%dT%H:%M:%S%.fZ"
NAIVE = "%Y-%m-%dT%H:%M:%S%.f"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedEngine:
    """Reads and writes folders of Parquet files.

    Attributes:
        source: Has one folder for each dataset.
        output: Where the tables' folders go.
    """

    source: Path
    output: Path

    def read(self, stream: str) -> Frame:
        """Return a dataset, which is read when it is needed."""
        folder = self.source / stream
        files = sorted(folder.rglob("*.parquet"))
        if not files:
            raise SettingError(
                f"{folder} has no Parquet files. The input is a folder with `events`, "
                "`sessions`, `attendees` and `activities` in it.",
                setting="input",
            )
        return _frame(pl.scan_parquet(files, missing_columns="insert"))

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

    def keep_activities(self, frame: Frame) -> Frame:
        """Leave the activities on disk: reading them again is cheap."""
        return frame

    def write(
        self, tables: Mapping[str, Frame], keys: Mapping[str, Sequence[str]]
    ) -> None:
        """Write every table into a folder of its own, one after the other."""
        for name in tables:
            self._check_free(name)
        for name, table in tables.items():
            folder = self.output / name
            folder.mkdir(parents=True, exist_ok=True)
            ordered = table.to_native().sort(*keys[name])
            ordered.sink_parquet(folder / "part-0.parquet", engine="streaming")

    def release(self) -> None:
        """Let go of everything that was kept: frames go with their last reader."""

    def _check_free(self, name: str) -> None:
        folder = self.output / name
        if folder.exists() and any(folder.iterdir()):
            raise SettingError(
                f"{folder} is not empty. Choose another output, or remove it first.",
                setting="output",
            )


def _frame(native: pl.LazyFrame) -> Frame:
    frame: Frame = nw.from_native(native)
    return frame


def _collect(frame: pl.LazyFrame) -> pl.DataFrame:
    return frame.collect(engine="streaming")


def _to_instant(column: str, kind: pl.DataType) -> pl.Expr:
    """Return microseconds since 1970; what has no offset is UTC."""
    if kind != pl.String:
        return pl.col(column).cast(pl.Datetime("us")).to_physical()
    text = pl.col(column)
    common = _parsed(text, "%+")
    odd = pl.when(common.is_null()).then(text.str.replace(" ", "T", literal=True))
    return pl.coalesce(common, _parsed(odd, "%+"), _parsed(odd, NAIVE))


def _parsed(text: pl.Expr, form: str) -> pl.Expr:
    return text.str.to_datetime(form, strict=False, time_unit="us").to_physical()
