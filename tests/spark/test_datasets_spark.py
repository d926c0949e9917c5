"""Datasets scored by Spark in this process: the same values, and nothing collected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw
import polars as pl
import pytest
from made_datasets import SCORED_AT, assert_same_result, make_rows, write_datasets
from pyspark.sql import DataFrame, SparkSession

from scoring_transform.datasets.embedded import EmbeddedEngine
from scoring_transform.datasets.scoring import score_datasets
from scoring_transform.datasets.spark import SparkEngine
from scoring_transform.datasets.spark_session import opened_session, to_settings
from scoring_transform.frames import whole
from scoring_transform.model import default_model, read_model
from scoring_transform.streams import KEYS
from sync_core.errors import FatalError, SettingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from scoring_transform.model import Model

pytestmark = pytest.mark.slow
COLLECTING = (
    "collect",
    "toPandas",
    "toArrow",
    "toLocalIterator",
    "take",
    "head",
    "first",
    "tail",
    "show",
    "count",
    "isEmpty",
)


@pytest.fixture(scope="module")
def session(spark_home: Path, small: dict[str, str]) -> Iterator[SparkSession]:
    """Return one session for all tests of this module."""
    places = {
        "spark.sql.warehouse.dir": (spark_home / "warehouse").as_uri(),
        "spark.sql.catalogImplementation": "in-memory",
    }
    with opened_session("local[2]", small | places, {}) as opened:
        yield opened


def score_here(source: Path, output: Path, model: Model) -> Path:
    """Score datasets on the embedded engine."""
    score_datasets(EmbeddedEngine(source=source, output=output), model, SCORED_AT)
    return output


def held(session: SparkSession) -> int:
    """Return how many results Spark still holds."""
    return len(session.sparkContext._jsc.getPersistentRDDs())


def forbid_collecting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every way to bring rows to the driver fail."""

    def refuse(*_: Any, **__: Any) -> None:
        pytest.fail("rows were brought to the driver")

    for kind in {DataFrame, *DataFrame.__subclasses__()}:
        for name in COLLECTING:
            monkeypatch.setattr(kind, name, refuse)


def to_watched(
    write: Callable[..., None], read: dict[str, list[str]]
) -> Callable[..., None]:
    """Return the writing that notes which input files each table is still made of."""

    def watched(engine: SparkEngine, tables: Any, keys: Any) -> None:
        read.update({n: t.to_native().inputFiles() for n, t in tables.items()})
        write(engine, tables, keys)

    return watched


def test_spark_writes_what_the_embedded_engine_writes(
    session: SparkSession,
    datasets: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every row and column is equal; no rows come to the driver, none are kept.

    What is used again was computed once: what is written is made of that, not of files.
    """
    expected = score_here(datasets, tmp_path / "expected", default_model())
    output = tmp_path / "out"
    engine = SparkEngine(session=session, source=str(datasets), output=str(output))
    read_again: dict[str, list[str]] = {}
    with monkeypatch.context() as patch:
        forbid_collecting(patch)
        patch.setattr(SparkEngine, "write", to_watched(SparkEngine.write, read_again))
        score_datasets(engine, default_model(), SCORED_AT)
    assert_same_result(expected, output)
    assert not read_again["activity_scores"] + read_again["event_summaries"]
    assert held(session) == 0
    assert not engine.kept


def test_tables_and_other_rules_give_equal_results_too(
    session: SparkSession, tmp_path: Path
) -> None:
    """Input and output may be tables of a catalogue, times may be timestamps."""
    rows = make_rows(seed=4, events=2)
    rows["sessions"] = [
        row | {"starts_at": row["starts_at"][:19], "ends_at": row["ends_at"][:19]}
        for row in rows["sessions"]
    ]
    source = write_datasets(tmp_path / "in", rows)
    for file in (source / "sessions").iterdir():
        pl.read_parquet(file).with_columns(
            pl.col("starts_at", "ends_at")
            .str.replace(" ", "T")
            .str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us")
        ).write_parquet(file)
    model = read_model(
        overrides={
            "rank_population": "all",
            "rounding": "half_up",
            "time_bucket_seconds": 60,
            "on_demand_until": {"days": 2},
            "exclude_email_domains": ["staff.example"],
        }
    )
    expected = score_here(source, tmp_path / "expected", model)
    for schema in ("made", "made_scores"):
        session.sql(f"create schema {schema}")
    for stream in ("events", "sessions", "attendees", "activities"):
        found = session.read.parquet(str(source / stream))
        found.write.saveAsTable(f"made.{stream}")
    engine = SparkEngine(
        session=session, source="table:made", output="table:made_scores"
    )
    score_datasets(engine, model, SCORED_AT)
    for name in KEYS:
        table = session.table(f"made_scores.{name}")
        table.write.parquet(str(tmp_path / "out" / name))
    assert_same_result(expected, tmp_path / "out")


@pytest.mark.parametrize(
    ("stream", "values", "said"),
    [
        ("events", {"starts_at": "2026-03-02"}, "`events.starts_at` is not a date"),
        ("attendees", {"attendee_id": None}, "no `attendees.attendee_id`"),
    ],
    ids=["time", "key"],
)
def test_spark_refuses_the_rows_that_the_embedded_engine_refuses(
    session: SparkSession, tmp_path: Path, stream: str, values: Any, said: str
) -> None:
    """The job stops with the same words, and everything held is let go."""
    rows = make_rows(events=1)
    first, *others = rows[stream]
    rows[stream] = [{**first, **values}, *others]
    source = write_datasets(tmp_path / "in", rows)
    engine = SparkEngine(
        session=session, source=str(source), output=str(tmp_path / "out")
    )
    with pytest.raises(FatalError, match=said):
        score_datasets(engine, default_model(), SCORED_AT)
    assert not (tmp_path / "out").exists()
    assert held(session) == 0


def test_places_that_do_not_fit_are_named(
    session: SparkSession, datasets: Path, tmp_path: Path
) -> None:
    """A missing input and a taken output are settings, not stack traces."""
    missing = SparkEngine(
        session=session, source=str(tmp_path / "no"), output=str(tmp_path / "out")
    )
    with pytest.raises(SettingError, match="input lacks a dataset"):
        missing.read("events")
    taken = SparkEngine(session=session, source=str(datasets), output=str(datasets))
    with pytest.raises(SettingError, match="output is there already"):
        taken.write({"events": taken.read("events")}, {"events": ["event_id"]})
    unknown = SparkEngine(
        session=session, source=str(datasets), output="out", form="no-such-format"
    )
    with pytest.raises(SettingError, match="no such format"):
        unknown.read("events")


def test_spark_divides_whole_numbers_exactly(
    session: SparkSession, tmp_path: Path
) -> None:
    """Up to 2^53 the quotient is right on both sides of every whole result."""
    most = 2**53 - 1
    pairs = [
        (quotient * divisor + step, divisor)
        for divisor in (1, 3, 7, 999_983, 9_007_199)
        for quotient in (1, 10**6, 10**9, most // divisor - 1)
        for step in (-1, 0, 1)
        if quotient * divisor + step <= most
    ]
    numbers = pl.DataFrame(pairs, schema=["a", "b"], orient="row")
    numbers.write_parquet(tmp_path / "numbers.parquet")
    frame = nw.from_native(session.read.parquet(str(tmp_path / "numbers.parquet")))
    divided = frame.with_columns(c=whole(nw.col("a") // nw.col("b"))).to_native()
    found = {(row["a"], row["b"]): row["c"] for row in divided.collect()}
    assert {pair: pair[0] // pair[1] for pair in pairs} == found


def test_a_reliable_checkpoint_is_used_where_there_is_one(
    session: SparkSession, datasets: Path, tmp_path: Path
) -> None:
    """With a checkpoint directory the rows that are kept outlive an executor."""
    context = session.sparkContext
    engine = SparkEngine(
        session=session, source=str(datasets), output=str(tmp_path / "out")
    )
    context.setCheckpointDir(str(tmp_path / "checkpoints"))
    try:
        kept = engine.keep(engine.read("events"))
    finally:
        context._jsc.sc().setCheckpointDir(None)
    assert list((tmp_path / "checkpoints").rglob("part-*"))
    assert kept.to_native().count() == 4


def test_a_session_that_is_there_is_used_and_left(session: SparkSession) -> None:
    """In a notebook the session belongs to the notebook; times are in UTC in it."""
    with opened_session("local[1]", {}, {}) as used:
        assert used is session
    assert session.conf.get("spark.sql.session.timeZone") == "UTC"
    assert session.range(1).count() == 1


def test_spark_submit_decides_the_master() -> None:
    """Under spark-submit neither the master nor the addresses are ours to choose."""
    submitted = to_settings("local[*]", {"a": "b"}, {"PYSPARK_GATEWAY_PORT": "1"})
    assert "spark.master" not in submitted
    assert "spark.driver.host" not in submitted
    assert submitted["a"] == "b"


@pytest.mark.parametrize(
    ("master", "bound"), [("local[4]", True), ("spark://host:7077", False)]
)
def test_only_a_local_session_hides_from_the_network(
    master: str, *, bound: bool
) -> None:
    """On one machine the driver listens on loopback; executors must reach it else."""
    settings = to_settings(master, {}, {})
    assert master == settings["spark.master"]
    assert bound == ("spark.driver.bindAddress" in settings)
