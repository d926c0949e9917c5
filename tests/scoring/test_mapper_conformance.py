"""Our mapper keeps to the conformance kit's properties, and to some of its own."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from score_worlds import (
    Chance,
    map_lines,
    record_message,
    schema_messages,
    state_message,
    to_lines,
)

from sandbox.mapper_conformance import test_mapper as kit_checks
from sandbox.mapper_conformance.feed import read_feed
from sandbox.mapper_conformance.plugin import WEBINARS, Kit
from sandbox.mapper_conformance.running import Mapper, to_command
from scoring_transform.parsing import FIELDS, to_frame
from sync_core.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Message = dict[str, Any]

ENTRY = "scoring_transform.mapper:ScoringTransform"
#: Those that need no process of their own, and so can be drawn often.
PROPERTIES = [
    kit_checks.test_any_order_gives_the_same_records,
    kit_checks.test_groups_do_not_touch_each_other,
    kit_checks.test_repeated_schemas_are_harmless,
    kit_checks.test_a_state_follows_what_it_covers,
    kit_checks.test_the_last_state_comes_out,
    kit_checks.test_a_tap_that_died_lets_no_state_out,
    kit_checks.test_schemas_come_first_and_keys_once,
    kit_checks.test_records_keep_to_their_schema,
    kit_checks.test_the_spelling_of_a_number_is_no_matter,
    kit_checks.test_an_open_group_is_withheld,
    kit_checks.test_an_open_group_is_scored_on_request,
]


@pytest.mark.parametrize("check", PROPERTIES, ids=lambda check: check.__name__[5:])
@given(seed=st.integers(0, 2**32))
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.differing_executors,
        HealthCheck.function_scoped_fixture,
    ],
)
def test_a_property_of_the_kit_holds(
    tmp_path: Path, check: Callable[[Kit, Mapper, int], None], seed: int
) -> None:
    """For any interleaving, repeats, cuts and spellings that are drawn."""
    feed = read_feed(WEBINARS)

    def make() -> Mapper:
        return Mapper(
            command=to_command(ENTRY),
            config=feed.settings["always"],
            folder=tmp_path,
            seconds=60,
            entry=ENTRY,
        )

    check(Kit(feed=feed, make=make, memory_rows=0), make(), seed)


def to_batches(messages: list[Message], folder: Path) -> bytes:
    """Return the lines with each run of activities in one Parquet file."""
    sent: list[Message] = []
    run: list[dict[str, Any]] = []
    for message in messages:
        if message.get("stream") == "activities" and message["type"] == "RECORD":
            run.append(message["record"])
            continue
        if run:
            path = folder / f"{len(sent)} ä.parquet"
            sent.append(write_batch(run, path, "parquet"))
            run = []
        sent.append(message)
    return to_lines(sent)


def records(messages: list[Message]) -> list[str]:
    """Return the records that were written, in an order of their own."""
    rows = [m for m in messages if m["type"] == "RECORD"]
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def write_batch(rows: list[dict[str, Any]], path: Path, kind: str) -> Message:
    """Write a batch file and return its message."""
    text = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    encoding = {"format": kind.split(".", maxsplit=1)[0]}
    if kind == "parquet":
        frame = to_frame("activities", rows)
        empty = [c for c in FIELDS["activities"] if frame[c].null_count() == len(rows)]
        frame.with_columns(pl.lit(None).alias(c) for c in empty).write_parquet(path)
    elif kind == "jsonl.gz":
        encoding["compression"] = "gzip"
        path.write_bytes(gzip.compress(text))
    else:
        path.write_bytes(text)
    return {
        "type": "BATCH",
        "stream": "activities",
        "encoding": encoding,
        "manifest": [path.as_uri()],
    }


def test_batches_beyond_the_limit_score_the_same(tmp_path: Path) -> None:
    """Completed events are scored first; what is open goes to disk."""
    files, work = tmp_path / "files", tmp_path / "work"
    files.mkdir()
    messages = [*schema_messages()]
    for i in range(4):
        messages += Chance(i).world(f"zoom:{i}").messages()
    expected = map_lines(to_lines(messages))
    data = to_batches(messages, files)
    found = map_lines(data, max_rows_in_memory=10, state_dir=str(work))
    assert records(expected) == records(found)
    assert not list(work.rglob("*.parquet"))


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"manifest": ["s3://bucket/file"]}, "not on this machine"),
        ({"manifest": ["file:///nowhere/at.all"]}, "at.all cannot be read"),
        ({"encoding": {"format": "avro"}}, "avro"),
        ({"stream": "events"}, "Send it as RECORD"),
    ],
)
def test_batches_that_cannot_be_read(
    tmp_path: Path, changes: dict[str, Any], wanted: str
) -> None:
    """The message says what to set."""
    row = {"event_id": "e", "activity_id": "a", "activity": "chat"}
    batch = write_batch([row], tmp_path / "x.jsonl", "jsonl") | changes
    with pytest.raises(FatalError, match=wanted):
        map_lines(to_lines([*schema_messages(), batch]))


def test_files_stay_until_a_state_covers_them(tmp_path: Path) -> None:
    """Without a STATE the next run reads them again."""
    world = Chance(0).world()
    rows = [row | {"activity": "chat"} for row in world.activities]
    batch = write_batch(rows, tmp_path / "x.jsonl", "jsonl")
    messages = [*schema_messages(), batch, world.messages()[-1]]
    map_lines(to_lines(messages))
    assert list(tmp_path.iterdir())
    map_lines(to_lines([*messages, state_message(1)]))
    assert not list(tmp_path.iterdir())


def test_batch_files_are_gone_once_a_state_covers_them(tmp_path: Path) -> None:
    """Records, keys and STATE are the same, and no file stays."""
    messages = [*schema_messages()]
    for i in range(3):
        messages += Chance(i).world(f"zoom:{i}").messages()
    messages.append(state_message(1))
    assert map_lines(to_lines(messages)) == map_lines(to_batches(messages, tmp_path))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b'{"type":"RECORD","stream":"activities","rec', id="torn"),
        pytest.param(
            b'{"type":"RECORD","stream":"activities","record":\n', id="torn-record"
        ),
        pytest.param(b"[1]\n", id="not-an-object"),
        pytest.param(b'{"type":"NOTE"}\n', id="unknown-type"),
        pytest.param(b'{"type":"RECORD","record":{}}\n', id="no-stream"),
        pytest.param(b"\xff\xfe\n", id="not-utf-8"),
    ],
)
def test_broken_input_stops_without_quoting_it(data: bytes) -> None:
    """A fatal message names the trouble, never the content."""
    person = {"event_id": "e", "activity_id": "x", "activity": "chat"}
    canary = record_message("activities", person | {"detail": "canary"})
    with pytest.raises(FatalError) as caught:
        map_lines(to_lines([*schema_messages(), canary]) + data)
    assert "canary" not in str(caught.value)
    assert "rec" + 'ord":' not in str(caught.value)


@pytest.mark.parametrize("stream", ["events", "sessions", "attendees", "activities"])
def test_a_record_before_its_schema_stops(stream: str) -> None:
    """As the Singer specification demands."""
    data = to_lines([record_message(stream, {"event_id": "e"})])
    with pytest.raises(FatalError, match="before its SCHEMA"):
        map_lines(data)


def test_every_odd_record_keeps_to_its_schema() -> None:
    """Every announced field is there, and has the type that was announced."""
    jsonschema = pytest.importorskip("jsonschema")
    messages = [*schema_messages()]
    for i in range(10):
        messages += Chance(11 + i).world(f"zoom:{i}").messages()
    written = map_lines(to_lines(messages))
    schemas = {m["stream"]: m["schema"] for m in written if m["type"] == "SCHEMA"}
    for message in written:
        if message["type"] == "RECORD":
            schema = schemas[message["stream"]]
            jsonschema.validate(message["record"], schema)
            assert message["record"].keys() == schema["properties"].keys()


def test_odd_events_score_the_same_in_any_order() -> None:
    """With everything that can be odd in an event, mixed and repeated."""
    for seed in range(20):
        chance = Chance(seed)
        worlds = [chance.world(f"zoom:{i}") for i in range(3)]
        plain = [m for world in worlds for m in world.messages()]
        parts = [m for world in worlds for m in world.children()]
        parts += chance.random.sample(parts, len(parts) // 4)
        chance.random.shuffle(parts)
        ends = [record_message("events", world.event) for world in worlds]
        expected = map_lines(to_lines([*schema_messages(), *plain]))
        found = map_lines(to_lines([*schema_messages(), *parts, *ends]))
        assert records(expected) == records(found)
