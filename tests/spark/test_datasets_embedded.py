"""Datasets scored on this machine: what is read, what is refused, what comes out."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from made_datasets import (
    NOON,
    SCORED_AT,
    assert_same_result,
    make_rows,
    map_rows,
    read_table,
    write_datasets,
)
from typer.testing import CliRunner

from leadscore.cli import app
from leadscore.score import Job, run_job, to_conf
from scoring_transform.datasets import whole_events
from scoring_transform.datasets.embedded import EmbeddedEngine
from scoring_transform.datasets.scoring import score_datasets
from scoring_transform.model import default_model, read_model
from scoring_transform.streams import KEYS
from sync_core.errors import FatalError, SettingError
from sync_core.identity import to_email_key
from sync_core.mappings import shipped

if TYPE_CHECKING:
    from pathlib import Path


def score(source: Path, output: Path, **overrides: Any) -> Path:
    """Score datasets on the embedded engine."""
    model = read_model(overrides=overrides) if overrides else default_model()
    score_datasets(EmbeddedEngine(source=source, output=output), model, SCORED_AT)
    return output


def to_job(source: Path, output: Path, **others: Any) -> Job:
    """Return a job on the embedded engine."""
    asked = {"engine": "polars", "form": "parquet", "master": "local[2]"} | others
    return Job(
        source=str(source), output=str(output), scoring=shipped("scoring.yml"), **asked
    )


@pytest.mark.parametrize(
    "overrides",
    [
        pytest.param({}, id="shipped"),
        pytest.param(
            {
                "rank_population": "all",
                "rounding": "half_up",
                "time_bucket_seconds": 60,
                "exclude_email_domains": ["staff.example"],
            },
            id="every-other-policy",
        ),
        pytest.param(
            {"on_demand_until": {"days": 2}, "untimed_window": "on_demand"}, id="days"
        ),
    ],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_dataset_scores_as_the_mapper_scores_its_records(
    tmp_path: Path, seed: int, overrides: dict[str, Any]
) -> None:
    """Files and streams are two ways to the same rows, column by column."""
    rows = make_rows(seed=seed)
    source = write_datasets(tmp_path / "in", rows)
    output = score(source, tmp_path / "out", **overrides)
    expected = map_rows(rows, **overrides)
    for name, keys in KEYS.items():
        ordered = sorted(expected[name], key=lambda row: [row[key] for key in keys])
        assert ordered == read_table(output, name).to_dicts()


def test_columns_of_times_score_as_texts_do(tmp_path: Path) -> None:
    """A dataset may hold timestamps instead of ISO 8601, with or without a zone."""
    rows = make_rows(events=2)
    texts = write_datasets(tmp_path / "texts", rows)
    times = write_datasets(tmp_path / "times", rows)
    for stream, columns in {
        "activities": ["occurred_at", "ended_at"],
        "sessions": ["starts_at", "ends_at"],
    }.items():
        for file in (times / stream).iterdir():
            pl.read_parquet(file).with_columns(
                pl.col(columns).map_elements(to_time, return_dtype=pl.Datetime("us"))
            ).write_parquet(file)
    assert_same_result(
        score(texts, tmp_path / "a"),
        score(times, tmp_path / "b"),
    )


@pytest.mark.parametrize("near", [0, 10**9], ids=["brought-together", "in-place"])
def test_files_may_differ_in_what_their_columns_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, near: int
) -> None:
    """Zones, units, columns without a type and events named by numbers."""
    monkeypatch.setattr(whole_events, "NEAR", 0)
    monkeypatch.setattr(whole_events, "SLACK", near)
    rows = make_rows(events=2)
    texts = write_datasets(tmp_path / "texts", rows)
    odd = write_datasets(tmp_path / "odd", rows)
    times = pl.col("starts_at", "ends_at")
    first, second = sorted((odd / "sessions").iterdir())
    for file, zone, unit in ((first, "Asia/Kolkata", "ns"), (second, "UTC", "ms")):
        utc = times.map_elements(to_time, return_dtype=pl.Datetime("us"))
        zoned = utc.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
        whole = pl.read_parquet(file).with_columns(zoned)
        whole.with_columns(times.dt.cast_time_unit(unit)).write_parquet(file)  # type: ignore[arg-type]
    for folder in (texts, odd):
        for file in folder.rglob("*.parquet"):
            frame = pl.read_parquet(file)
            number = pl.col("event_id").str.strip_prefix("made:")
            if folder == odd:
                number = number.cast(pl.Int64)
            frame.with_columns(number).write_parquet(file)
    file = next((odd / "activities").iterdir())
    empty = pl.lit(None).alias("window")
    for folder in (texts, odd):
        same = folder / "activities" / file.name
        kind = pl.String if folder == texts else pl.Null
        pl.read_parquet(same).with_columns(empty.cast(kind)).write_parquet(same)
    assert_same_result(score(texts, tmp_path / "a"), score(odd, tmp_path / "b"))


def test_a_column_of_two_types_is_refused(tmp_path: Path) -> None:
    """In one paragraph."""
    source = write_datasets(tmp_path / "in", make_rows(events=1))
    file = next((source / "activities").iterdir())
    is_odd = pl.lit([1]).alias("detail")
    pl.read_parquet(file).with_columns(is_odd).write_parquet(file)
    with pytest.raises(FatalError, match="one type in all of them"):
        score(source, tmp_path / "out")


def test_a_dataset_without_the_events_names_is_refused(tmp_path: Path) -> None:
    """As rows that lack them are."""
    source = write_datasets(tmp_path / "in", make_rows(events=1))
    for file in (source / "activities").iterdir():
        pl.read_parquet(file).drop("event_id").write_parquet(file)
    with pytest.raises(FatalError, match=r"no `activities\.event_id`"):
        score(source, tmp_path / "out")


def to_time(text: str) -> dt.datetime:
    """Return a text's time in UTC, without a zone."""
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        return moment
    return moment.astimezone(dt.UTC).replace(tzinfo=None)


def test_missing_columns_are_empty_columns(tmp_path: Path) -> None:
    """A dataset needs its keys; everything else may be missing."""
    source = tmp_path / "in"
    least = {
        "events": {"event_id": ["e"]},
        "sessions": {"event_id": ["e"], "session_id": ["s"]},
        "attendees": {"event_id": ["e"], "attendee_id": ["a"]},
        "activities": {
            "event_id": ["e"],
            "activity_id": ["x"],
            "activity": ["chat"],
            "attendee_id": ["a"],
        },
    }
    for stream, columns in least.items():
        (source / stream).mkdir(parents=True)
        pl.DataFrame(columns).write_parquet(source / stream / "0.parquet")
    (row,) = read_table(score(source, tmp_path / "out"), "lead_scores").to_dicts()
    assert row["live_lead_score"] == 100.0
    assert row["live_reasons"] == ["posted 1 chat message"]
    assert row["email"] is None


def test_a_key_that_comes_twice_is_one_row(tmp_path: Path) -> None:
    """Copies of every file change nothing."""
    rows = make_rows(events=2)
    once = write_datasets(tmp_path / "once", rows)
    doubled = {stream: [*found, *found] for stream, found in rows.items()}
    twice = write_datasets(tmp_path / "twice", doubled)
    assert_same_result(score(once, tmp_path / "a"), score(twice, tmp_path / "b"))


def test_rows_of_an_unknown_event_are_left_out(tmp_path: Path) -> None:
    """Only what `events` lists is scored."""
    rows = make_rows(events=3)
    rows["events"] = rows["events"][:1]
    output = score(write_datasets(tmp_path / "in", rows), tmp_path / "out")
    for name in KEYS:
        assert {"made:0"} == set(read_table(output, name)["event_id"])


@pytest.mark.parametrize(
    "email",
    [
        "\u2003 Ann@A.example\t",
        "ΟΔΟΣ@Ö.example",
        "İ@x.example",
        "two@at@x.example",
        "@x.example",
        "x@",
        "\x1cb@c\n",
        "   ",
        "ß@x.example",
        None,
    ],
)
def test_addresses_are_compared_as_everywhere_else(
    tmp_path: Path, email: str | None
) -> None:
    """Two logins are one person exactly if their e-mail keys are equal."""
    rows = make_rows(events=1, attendees=2, activities=0)
    keyed = to_email_key(email)
    person = {**rows["attendees"][0], "role": "attendee", "attended": True}
    rows["attendees"] = [
        {**person, "attendee_id": "a", "email": email},
        {**person, "attendee_id": "b", "email": keyed or "other@x.example"},
    ]
    output = score(write_datasets(tmp_path / "in", rows), tmp_path / "out")
    assert (1 if keyed else 2) == read_table(output, "lead_scores").height


def with_first(rows: Any, stream: str, **values: Any) -> Any:
    """Return the rows with a changed first row of a stream."""
    return rows | {stream: [{**rows[stream][0], **values}, *rows[stream][1:]]}


@pytest.mark.parametrize(
    ("stream", "values", "said"),
    [
        ("activities", {"occurred_at": "yesterday"}, "activities.occurred_at"),
        ("sessions", {"starts_at": "2026-03-02"}, "sessions.starts_at"),
        ("attendees", {"attendee_id": None}, "attendees.attendee_id"),
        ("events", {"event_id": None}, "events.event_id"),
    ],
)
def test_a_row_that_cannot_be_read_stops_the_run(
    tmp_path: Path, stream: str, values: dict[str, Any], said: str
) -> None:
    """The refusal names the column, quotes nothing, and nothing is written."""
    rows = with_first(make_rows(events=1), stream, **values)
    source = write_datasets(tmp_path / "in", rows)
    with pytest.raises(FatalError, match=said) as refusal:
        score(source, tmp_path / "out")
    assert "yesterday" not in str(refusal.value)
    assert not (tmp_path / "out").exists()


def test_a_missing_dataset_is_named(tmp_path: Path) -> None:
    """The message says which folder was looked for."""
    source = write_datasets(tmp_path / "in", make_rows(events=1))
    for file in (source / "sessions").iterdir():
        file.unlink()
    with pytest.raises(SettingError, match="sessions has no Parquet files"):
        score(source, tmp_path / "out")


def test_an_earlier_result_is_never_overwritten(tmp_path: Path) -> None:
    """A second run into the same folder is refused before anything is computed."""
    source = write_datasets(tmp_path / "in", make_rows(events=1))
    output = score(source, tmp_path / "out")
    before = read_table(output, "lead_scores")
    with pytest.raises(SettingError, match="not empty"):
        score(source, output)
    assert before.equals(read_table(output, "lead_scores"))


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"engine": "duckdb"}, "polars and spark"),
        ({"form": "orc"}, "needs `--engine spark`"),
        ({"engine": "spark", "conf": ("spark.executor.memory",)}, "KEY=VALUE"),
        ({"conf": ("spark.executor.memory=1g",)}, "needs `--engine spark`"),
    ],
    ids=["engine", "format", "conf", "conf-without-spark"],
)
def test_a_job_that_makes_no_sense_is_refused(
    tmp_path: Path, others: dict[str, Any], said: str
) -> None:
    """Each refusal says what is allowed."""
    with pytest.raises(SettingError, match=said):
        run_job(to_job(tmp_path, tmp_path / "out", **others))


def test_settings_of_spark_are_pairs() -> None:
    """A value may hold an equals sign itself."""
    assert to_conf(("a=b=c", "d=")) == {"a": "b=c", "d": ""}


def test_the_command_says_what_it_wrote(tmp_path: Path) -> None:
    """One line: the tables, where, how long, which engine and model."""
    source = write_datasets(tmp_path / "in", make_rows(events=1))
    ticks = iter([10.0, 12.5])
    said = run_job(
        to_job(source, tmp_path / "out"), now=lambda: NOON, clock=lambda: next(ticks)
    )
    assert "lead_scores, activity_scores, event_summaries" in said
    assert "in 2.5 s (polars, model 'default'" in said
    table = read_table(tmp_path / "out", "lead_scores")
    assert {SCORED_AT} == set(table["scored_at"])


def test_the_command_line_scores_datasets(tmp_path: Path) -> None:
    """`leadscore score` takes the two folders."""
    source = write_datasets(tmp_path / "in", make_rows(events=1))
    words = ["score", "--input", str(source), "--output", str(tmp_path / "out")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "Wrote lead_scores" in result.output
