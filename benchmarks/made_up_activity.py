"""Made-up activity in any amount, the same on every machine."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import polars as pl

from scoring_transform.activities import NAMES, TIME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO

START = 1_772_445_600_000_000
SECOND = 1_000_000
HOUR = 3600 * SECOND
SESSIONS = 3
STEP = 500_000
OBJECTS = ("poll_response", "cta_click", "file_download")
TIMES = {"starts_at": "2026-03-02T10:00:00Z", "ends_at": "2026-03-02T11:00:00Z"}


def activities(rows: int, events: int, people: int) -> Iterator[pl.DataFrame]:
    """Yield activities, event after event.

    Args:
        rows: How many in all.
        events: In how many events.
        people: How many attendees an event has.
    """
    in_event = rows // events
    for first in range(0, rows, STEP):
        place = pl.int_range(first, min(first + STEP, rows), eager=True).alias("i")
        yield _to_rows(pl.DataFrame(place), in_event, people)


def _drawn(seed: int, below: int) -> pl.Expr:
    return (pl.col("i").hash(seed) % below).cast(pl.Int64)


def _to_rows(places: pl.DataFrame, in_event: int, people: int) -> pl.DataFrame:
    event = pl.col("i") // in_event
    begin = START - 600 * SECOND + _drawn(5, 7200) * SECOND
    drawn = places.select(
        "i",
        event_id=pl.format("zoom:{}", event),
        attendee_id=pl.format("p{}", event * people + _drawn(1, people)),
        session_id=pl.format("s{}", _drawn(2, SESSIONS)),
        # A third of all activities are stays.
        kind=pl.max_horizontal(_drawn(3, 12) - 3, 0),
        begin=begin,
        end=begin + _drawn(6, 3000) * SECOND,
        object=pl.format("o{}", _drawn(4, 6)),
    )
    names = dict(enumerate(NAMES))
    named = drawn.with_columns(
        activity=pl.col("kind").replace_strict(names, return_dtype=pl.String)
    )
    is_time = pl.col("activity") == TIME
    return named.select(
        "event_id",
        "attendee_id",
        "session_id",
        "activity",
        activity_id=pl.format("a{}", "i"),
        object_id=pl.when(pl.col("activity").is_in(OBJECTS)).then("object"),
        quantity=pl.when(is_time)
        .then((pl.col("end") - pl.col("begin")) / SECOND)
        .otherwise(1.0),
        occurred_at=_shown("begin"),
        ended_at=pl.when(is_time).then(_shown("end")),
    )


def _shown(name: str) -> pl.Expr:
    moment = pl.col(name).cast(pl.Datetime("us"))
    return moment.dt.strftime("%Y-%m-%dT%H:%M:%SZ")


def write_parquet(folder: Path, rows: int, events: int, people: int) -> None:
    """Write activities as Parquet files."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(activities(rows, events, people)):
        frame.write_parquet(folder / f"{number:04d}.parquet")


def write_datasets(folder: Path, rows: int, events: int, people: int) -> None:
    """Write the four datasets that `leadscore score` reads.

    Args:
        folder: Gets a folder for each dataset.
        rows: How many activities.
        events: In how many events.
        people: How many attendees an event has.
    """
    write_parquet(folder / "activities", rows, events, people)
    key = pl.DataFrame({"n": pl.int_range(events, eager=True)}).select(
        "n", event_id=pl.format("zoom:{}", "n")
    )
    times = {name: pl.lit(value) for name, value in TIMES.items()}
    rooms = pl.DataFrame({"session_id": [f"s{i}" for i in range(SESSIONS)]})
    ended = times | {"ends_at": pl.lit("2026-03-09T10:00:00Z")}
    tables = {
        "events": key.select("event_id", name=pl.lit("Launch"), **ended),
        "sessions": key.join(rooms, how="cross").drop("n").with_columns(**times),
        "attendees": _to_people(key, people),
    }
    for name, table in tables.items():
        (folder / name).mkdir()
        table.write_parquet(folder / name / "0000.parquet")


def _to_people(events: pl.DataFrame, people: int) -> pl.DataFrame:
    places = pl.DataFrame({"place": pl.int_range(people, eager=True)})
    number = pl.col("n") * people + pl.col("place")
    named = events.join(places, how="cross").select(
        "event_id", attendee_id=pl.format("p{}", number)
    )
    return named.with_columns(
        email=pl.format("{}@example.com", "attendee_id"),
        first_name=pl.lit("Ann"),
        attended=pl.lit(value=True),
    )


def write_lines(
    target: IO[bytes],
    rows: int,
    events: int,
    people: int,
    batches: Path | None = None,
    form: str = "parquet",
) -> None:
    """Write the messages of a tap: children first, then the event, then STATE.

    Args:
        target: Where the lines go.
        rows: How many activities.
        events: How many events.
        people: How many attendees an event has.
        batches: A folder; the activities go there as BATCH files.
        form: Of these files: ``parquet`` or ``jsonl.gz``.
    """
    for stream in ("events", "sessions", "attendees", "activities"):
        schema = pl.DataFrame({"type": ["SCHEMA"], "stream": [stream]})
        schema.with_columns(
            schema=pl.struct(type=pl.lit("object")), key_properties=pl.lit([])
        ).write_ndjson(target)
    pending = pl.concat(activities(rows, events, people))
    for (name,), part in pending.group_by("event_id", maintain_order=True):
        event_id = str(name)
        _write_people(target, event_id, part)
        if batches is None:
            _write(target, "activities", part.select(pl.struct(pl.all())))
        else:
            path = batches / f"{event_id.partition(':')[2]}.{form}"
            _write_batch(target, part, path)
        _write_event(target, event_id)


def _write_people(target: IO[bytes], event_id: str, part: pl.DataFrame) -> None:
    key = pl.lit(event_id)
    sessions = [f"s{i}" for i in range(SESSIONS)]
    times = {name: pl.lit(value) for name, value in TIMES.items()}
    rooms = pl.DataFrame({"session_id": sessions}).select(
        pl.struct("session_id", event_id=key, **times)
    )
    people = part.select("attendee_id").unique().sort("attendee_id")
    logins = people.select(
        pl.struct(
            "attendee_id",
            event_id=key,
            email=pl.format("{}@example.com", "attendee_id"),
            first_name=pl.lit("Ann"),
            attended=pl.lit(value=True),
        )
    )
    _write(target, "sessions", rooms)
    _write(target, "attendees", logins)


def _write_batch(target: IO[bytes], part: pl.DataFrame, path: Path) -> None:
    encoding = {"format": path.name.split(".")[1]}
    if encoding["format"] == "parquet":
        part.write_parquet(path)
    else:
        encoding["compression"] = "gzip"
        with gzip.open(path, "wb", compresslevel=1) as packed:
            part.write_ndjson(packed)
    message = {
        "type": "BATCH",
        "stream": "activities",
        "encoding": encoding,
        "manifest": [path.as_uri()],
    }
    target.write(json.dumps(message).encode() + b"\n")


def _write_event(target: IO[bytes], event_id: str) -> None:
    event = pl.DataFrame({"event_id": [event_id], "name": ["Launch"]})
    ended = event.with_columns(
        ends_at=pl.lit("2026-03-09T10:00:00Z"), starts_at=pl.lit(TIMES["starts_at"])
    )
    _write(target, "events", ended.select(pl.struct(pl.all())))
    target.write(b'{"type":"STATE","value":{"at":"%s"}}\n' % event_id.encode())


def _write(target: IO[bytes], stream: str, records: pl.DataFrame) -> None:
    record = pl.col(records.columns[0]).alias("record")
    records.select(
        type=pl.lit("RECORD"), stream=pl.lit(stream), record=record
    ).write_ndjson(target)
