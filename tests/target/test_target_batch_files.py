"""Scores that come in the files of BATCH messages."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from crm_world import (
    STATE,
    World,
    activity_score,
    lead_score,
    schema,
    to_lines,
)

from sync_core.errors import FatalError

if TYPE_CHECKING:
    from pathlib import Path

    Rows = list[dict[str, Any]]

FORMS = ["parquet", "jsonl", "jsonl.gz"]


def batch(folder: Path, rows: Rows, form: str = "jsonl", **changes: Any) -> Any:
    """Write a file and return the BATCH message that names it."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{len(list(folder.iterdir()))} ä.{form}"
    text = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    if form == "parquet":
        pl.DataFrame(rows, infer_schema_length=None).write_parquet(path)
    else:
        path.write_bytes(gzip.compress(text) if form.endswith("gz") else text)
    encoding = {"format": form.split(".", maxsplit=1)[0]}
    if form.endswith("gz"):
        encoding["compression"] = "gzip"
    return {
        "type": "BATCH",
        "stream": "lead_scores",
        "encoding": encoding,
        "manifest": [path.as_uri()],
    } | changes


def sent(*messages: Any) -> str:
    """Return the lines of a mapper with these messages between SCHEMA and STATE."""
    streams = ("lead_scores", "activity_scores", "event_summaries", "foreign")
    schemas = [schema(stream) for stream in streams]
    return to_lines([*schemas, *messages, {"type": "STATE", "value": STATE}])


@pytest.mark.parametrize("form", FORMS)
def test_rows_of_files_are_those_of_records(
    hubspot: World, tmp_path: Path, form: str
) -> None:
    """What the CRM was told by files is unchanged when records say it."""
    rows = [lead_score(n) for n in range(120)]
    files = tmp_path / "files"
    details = batch(files, [activity_score()], form, stream="activity_scores")

    ran = hubspot.run_lines(sent(batch(files, rows, form), details))

    assert (ran.code, ran.states, ran.outcomes) == (0, [STATE], {"created": 120})
    again = hubspot.run(rows, [activity_score()])
    assert (again.outcomes, again.requests) == ({"unchanged": 120}, [])


@pytest.mark.parametrize("form", FORMS)
def test_files_go_when_their_rows_are_safe(
    hubspot: World, tmp_path: Path, form: str
) -> None:
    """So nobody's data stays behind."""
    files = tmp_path / "files"

    hubspot.run_lines(sent(batch(files, [lead_score()], form)))

    assert list(files.iterdir()) == []


def test_files_stay_if_the_crm_cannot_be_written_to(
    hubspot: World, tmp_path: Path
) -> None:
    """Nothing is confirmed, so nothing is deleted."""
    files = tmp_path / "files"

    ran = hubspot.run_lines(
        sent(batch(files, [lead_score()])), access_token="somebody else's"
    )

    assert (ran.code, ran.states) == (None, [])
    assert len(list(files.iterdir())) == 1


def test_a_dry_run_leaves_the_files(hubspot: World, tmp_path: Path) -> None:
    """The real run reads them."""
    files = tmp_path / "files"
    lines = sent(batch(files, [lead_score()]))

    plan = hubspot.run_lines(lines, dry_run=True)

    assert plan.states == []
    assert len(list(files.iterdir())) == 1
    assert hubspot.run_lines(lines).outcomes == {"created": 1}


def test_rows_count_in_the_order_in_which_they_came(
    hubspot: World, tmp_path: Path
) -> None:
    """A record before a file is older, one behind it newer."""
    before, behind = (
        {"type": "RECORD", "stream": "lead_scores", "record": record}
        for record in (lead_score(0, live_rank=9), lead_score(1, live_rank=9))
    )
    rows = [lead_score(0, live_rank=5), lead_score(1, live_rank=5)]

    hubspot.run_lines(sent(before, batch(tmp_path / "files", rows), behind))

    ranks = [
        hubspot.contact(f"p{n}@example.com")["webinar_live_rank"] for n in range(2)
    ]
    assert ranks == ["5", "9"]


def test_a_row_that_cannot_be_used_is_rejected_alone(
    hubspot: World, tmp_path: Path
) -> None:
    """As one that came as a record is."""
    rows = [lead_score(), lead_score(1, event_id=None), lead_score(2)]

    ran = hubspot.run_lines(sent(batch(tmp_path / "files", rows)))

    assert ran.states == [STATE]
    assert ran.outcomes == {"created": 2, "rejected": 1}


def test_what_a_crm_does_not_need_is_not_read(hubspot: World, tmp_path: Path) -> None:
    """Our own file goes, that of a stream we do not know stays."""
    files = tmp_path / "files"
    ours = batch(files, [{}], stream="event_summaries")
    foreign = batch(files, [{}], stream="foreign")
    for path in files.iterdir():
        path.write_bytes(b"torn {")

    ran = hubspot.run_lines(sent(ours, foreign))

    assert (ran.code, ran.states) == (0, [STATE])
    assert [path.as_uri() for path in files.iterdir()] == foreign["manifest"]


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("parquet", b"PAR1 canary"),
        ("jsonl", b'{"event_id": "canary'),
        ("jsonl", b'["canary"]\n'),
        ("jsonl", b"[" * 100_000),
        ("jsonl.gz", b"canary"),
        ("jsonl.gz", gzip.compress(b'{"email": "canary"}' * 999)[:-20]),
    ],
    ids=["parquet", "torn", "no-record", "deep", "no-gzip", "torn-gzip"],
)
def test_a_damaged_file_stops_the_run(
    hubspot: World, tmp_path: Path, form: str, data: bytes
) -> None:
    """By the file's name, with nothing of what is in it; and it stays."""
    files = tmp_path / "files"
    message = batch(files, [lead_score()], form)
    (path,) = files.iterdir()
    path.write_bytes(data)

    ran = hubspot.run_lines(sent(message))

    assert isinstance(ran.problem, FatalError)
    assert path.name in str(ran.problem)
    assert "canary" not in str(ran.problem)
    assert (ran.states, path.exists()) == ([], True)


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"manifest": ["s3://bucket/file"]}, "not on this machine"),
        ({"manifest": ["file:///nowhere/at.all"]}, "at.all cannot be read"),
        ({"encoding": {"format": "avro"}}, "avro"),
    ],
)
def test_a_message_that_names_no_file_of_ours(
    hubspot: World, tmp_path: Path, changes: dict[str, Any], wanted: str
) -> None:
    """The message says what to do."""
    ran = hubspot.run_lines(sent(batch(tmp_path, [lead_score()], **changes)))

    assert wanted in str(ran.problem)
    assert ran.states == []
