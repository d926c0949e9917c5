"""Datasets on Spark: every step a SQL expression that the cluster runs."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import narwhals as nw
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import functions as F  # noqa: N812 - its own name for it
from pyspark.sql import types as T  # noqa: N812 - likewise

from scoring_transform.datasets.engine import TIME_PATTERN, bad_time, missing_key
from sync_core.errors import FatalError, SettingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pyspark.sql import Column, DataFrame, SparkSession

    from scoring_transform.frames import Frame

TABLE = "table:"
REFUSAL = "leadscore: "
OURS = re.compile(rf"{REFUSAL}(.*?)(?: SQLSTATE|\n|$)")
CONDITION = re.compile(r"\[([A-Z][A-Z_.]+)\]")
NO_DATASETS = (
    "The input lacks a dataset. It is a folder (or `table:` and a schema) with "
    "`events`, `sessions`, `attendees` and `activities` in it."
)
TAKEN = "The output is there already. Choose another output, or remove it first."
SECOND = "yyyy-MM-dd'T'HH:mm:ss"


@dataclass(frozen=True, slots=True, kw_only=True)
class SparkEngine:
    """Reads and writes folders or tables that the cluster can reach.

    Attributes:
        session: The session to run in; its time zone is set to UTC.
        source: A folder with one folder for each dataset, or ``table:`` and a schema.
        output: Where the tables go, in one of the same two forms.
        form: A format that the session knows, for folders.
        kept: What was computed once and is still held.
        at_once: There is one portion.
    """

    session: SparkSession
    source: str
    output: str
    form: str = "parquet"
    kept: list[int] = field(default_factory=list)
    at_once: int = 1

    def portions(self) -> Iterator[SparkEngine]:
        """Yield the engine itself: the cluster holds all events at once."""
        yield self

    def finish(self) -> None:
        """Do nothing: each table is visible once Spark has written it."""

    def read(self, stream: str) -> Frame:
        """Return a dataset, which is read when it is needed."""
        with refusals():
            if self.source.startswith(TABLE):
                native = self.session.table(_place(self.source, stream))
            else:
                reader = self.session.read.format(self.form)
                native = reader.option("recursiveFileLookup", "true").load(
                    _place(self.source, stream)
                )
        return _frame(native)

    def to_instants(self, frame: Frame, columns: Mapping[str, str]) -> Frame:
        """Add columns of microseconds since 1970 for columns of texts or times."""
        native = frame.to_native()
        kinds = {column.name: column.dataType for column in native.schema}
        added = {to: _to_instant(of, kinds[of]) for of, to in columns.items()}
        return _frame(native.withColumns(added))

    def to_checked(
        self,
        frame: Frame,
        stream: str,
        keys: Sequence[str],
        times: Mapping[str, str],
    ) -> Frame:
        """Return the frame; a missing key or bad time stops the job that reads it."""
        checked = {
            name: F.coalesce(F.col(name), _refuse(missing_key(f"{stream}.{name}")))
            for name in keys
        }
        for of, to in times.items():
            is_odd = F.col(of).isNotNull() & F.col(to).isNull()
            refusal = _refuse(bad_time(f"{stream}.{of}")).cast("bigint")
            checked[to] = F.when(is_odd, refusal).otherwise(F.col(to))
        return _frame(frame.to_native().withColumns(checked))

    def to_moments(self, frame: Frame, columns: Sequence[str]) -> Frame:
        """Replace microseconds since 1970 by texts as in the streams."""
        moments = {column: _to_moment(F.col(column)) for column in columns}
        return _frame(frame.to_native().withColumns(moments))

    def to_list(self, frame: Frame, column: str, parts: Sequence[str]) -> Frame:
        """Replace columns by one list of those of their values that are not null."""
        joined = F.array_compact(F.array(*parts))
        native = frame.to_native().withColumn(column, joined)
        return _frame(native.drop(*parts))

    def keep(self, frame: Frame) -> Frame:
        """Compute a frame that is used several times once, on the executors.

        The plan is cut there, too: each later step would otherwise be planned with
        everything before it. With a checkpoint directory the rows are kept in it, and
        the loss of an executor costs nothing but time.
        """
        native: DataFrame = frame.to_native()
        with refusals():
            if self.session.sparkContext.getCheckpointDir():
                return _frame(native.checkpoint())
            before = set(self._held())
            try:
                return _frame(native.localCheckpoint(eager=False))
            finally:
                self.kept.extend(set(self._held()) - before)

    def keep_all(self, *frames: Frame) -> Sequence[Frame]:
        """Do so with several frames."""
        return [self.keep(frame) for frame in frames]

    def write(
        self, tables: Mapping[str, Frame], keys: Mapping[str, Sequence[str]]
    ) -> None:
        """Write every table; the executors do, each its own part."""
        for name, table in tables.items():
            self._write(name, table.to_native(), keys[name])

    def release(self) -> None:
        """Let go of everything that was kept."""
        held = self._held()
        for number in self.kept:
            if number in held:
                held[number].unpersist()
        self.kept.clear()

    def _held(self) -> Mapping[int, Any]:
        held: Mapping[int, Any] = self.session.sparkContext._jsc.getPersistentRDDs()  # noqa: SLF001
        return held

    def _write(self, name: str, table: DataFrame, keys: Sequence[str]) -> None:
        place = _place(self.output, name)
        writer = table.sortWithinPartitions(*keys).write.mode("error")
        with refusals():
            if self.output.startswith(TABLE):
                writer.saveAsTable(place)
            else:
                writer.format(self.form).save(place)


def _frame(native: DataFrame) -> Frame:
    frame: Frame = nw.from_native(native)
    return frame


def _place(root: str, name: str) -> str:
    if root.startswith(TABLE):
        return f"{root.removeprefix(TABLE)}.{name}"
    return f"{root.rstrip('/')}/{name}"


def _to_instant(column: str, kind: T.DataType) -> Column:
    """Return microseconds since 1970; what has no offset is UTC."""
    value = F.col(column)
    if isinstance(kind, T.StringType):
        known = F.when(value.rlike(TIME_PATTERN), value)
        return F.unix_micros(F.try_to_timestamp(known))
    return F.unix_micros(value.cast("timestamp"))


def _to_moment(micros: Column) -> Column:
    """Return ISO 8601 in UTC, with as many digits of the second as it has."""
    second = F.date_format(F.timestamp_micros(micros), SECOND)
    left = F.pmod(micros, F.lit(1_000_000))
    padded = F.lpad(left.cast("string"), 6, "0")
    digits = (
        F.when(left == 0, F.lit(""))
        .when(left % 1000 == 0, F.concat(F.lit("."), F.substring(padded, 1, 3)))
        .otherwise(F.concat(F.lit("."), padded))
    )
    return F.concat(second, digits, F.lit("Z"))


def _refuse(message: str) -> Column:
    return F.raise_error(F.lit(REFUSAL + message)).cast("string")


#: What is wrong with the places: the setting, and what to do about it.
PLACES = {
    "PATH_NOT_FOUND": ("input", NO_DATASETS),
    "TABLE_OR_VIEW_NOT_FOUND": ("input", NO_DATASETS),
    "UNABLE_TO_INFER_SCHEMA": ("input", NO_DATASETS),
    "SCHEMA_NOT_FOUND": ("output", "The output's schema does not exist: create it."),
    "PATH_ALREADY_EXISTS": ("output", TAKEN),
    "TABLE_OR_VIEW_ALREADY_EXISTS": ("output", TAKEN),
    "DATA_SOURCE_NOT_FOUND": ("format", "Spark knows no such format here."),
}


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what Spark refuses into one paragraph that quotes no data."""
    try:
        yield
    except (PySparkException, Py4JError) as error:
        if ours := OURS.search(str(error)):
            raise FatalError(ours[1]) from error
        condition = _condition(error)
        if condition in PLACES:
            setting, message = PLACES[condition]
            raise SettingError(message, setting=setting) from error
        raise FatalError(
            f"Spark stopped: {condition}. The driver's log on standard error and the "
            "executors' logs on the cluster say more."
        ) from error


def _condition(error: Exception) -> str:
    """Return Spark's name for what is wrong, such as ``PATH_NOT_FOUND``."""
    named = error.getCondition() if isinstance(error, PySparkException) else None
    found = CONDITION.search(str(error))
    return named or (found[1] if found else type(error).__name__)
