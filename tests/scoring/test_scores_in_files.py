"""Scores as the files of BATCH messages, which hold what RECORD lines would."""

from __future__ import annotations

import gzip
import io
import json
import stat
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

import polars as pl
import pytest
import singer_sdk.typing as th
from score_worlds import Chance, map_lines, schema_messages, state_message, to_lines
from singer_sdk import Target
from singer_sdk.sinks import BatchSink

from sync_core.errors import FatalError, SettingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    Message = dict[str, Any]

FORMS = [
    pytest.param({"format": "parquet"}, id="parquet"),
    pytest.param({"format": "parquet", "compression": "gzip"}, id="parquet-gzip"),
    pytest.param({"format": "jsonl"}, id="jsonl"),
    pytest.param({"format": "jsonl", "compression": "none"}, id="jsonl-none"),
    pytest.param({"format": "jsonl", "compression": "gzip"}, id="jsonl-gzip"),
]
#: What the target below has read, by stream.
READ: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
SETTINGS = {"encoding": {"format": "jsonl"}, "storage": {"root": "scores"}}


@pytest.fixture(scope="module")
def lines() -> bytes:
    """Two drawn events, each with a STATE behind it."""
    messages = schema_messages()
    for number in range(2):
        world = Chance(number).world(f"zoom:{number}")
        messages += [*world.messages(), state_message(number)]
    return to_lines(messages)


def to_config(folder: Path, encoding: dict[str, str], **more: Any) -> dict[str, Any]:
    """Return the setting for a folder."""
    return {"encoding": encoding, "storage": {"root": folder.as_uri()}, **more}


def expanded(messages: list[Message]) -> Iterator[Message]:
    """Yield the messages with the rows of files as records."""
    for message in messages:
        if message["type"] != "BATCH":
            yield message
            continue
        for address in message["manifest"]:
            for row in read_rows(Path(urlparse(address).path), message["encoding"]):
                yield {"type": "RECORD", "stream": message["stream"], "record": row}


def read_rows(path: Path, encoding: dict[str, str]) -> list[dict[str, Any]]:
    """Return the rows of a file by its encoding."""
    if encoding["format"] == "parquet":
        return pl.read_parquet(path).to_dicts()
    data = path.read_bytes()
    text = gzip.decompress(data) if encoding.get("compression") == "gzip" else data
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("encoding", FORMS)
def test_files_hold_what_records_would(
    lines: bytes, tmp_path: Path, encoding: dict[str, str]
) -> None:
    """Rows, their order, the schemas before them and the STATE behind them."""
    found = map_lines(lines, batch_config=to_config(tmp_path, encoding))

    assert "RECORD" not in {message["type"] for message in found}
    assert list(expanded(found)) == map_lines(lines)


def test_a_file_has_no_more_rows_than_the_setting_says(
    lines: bytes, tmp_path: Path
) -> None:
    """A target that holds a file in memory can say how much that is."""
    config = to_config(tmp_path, {"format": "jsonl"}, batch_size=7)

    found = map_lines(lines, batch_config=config)

    sizes = [len(path.read_bytes().splitlines()) for path in tmp_path.iterdir()]
    assert max(sizes) == 7
    assert list(expanded(found)) == map_lines(lines)


def test_the_files_are_for_their_owner_only(lines: bytes, tmp_path: Path) -> None:
    """There are people in them; a prefix and a folder that is new are fine."""
    folder = tmp_path / "new" / "scores"
    storage = {"root": str(folder), "prefix": "run-"}
    config = {"encoding": {"format": "parquet"}, "storage": storage}

    map_lines(lines, batch_config=config)

    assert all(path.name.startswith("run-") for path in folder.iterdir())
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_only_the_wanted_streams_are_written(lines: bytes, tmp_path: Path) -> None:
    """No file for the others."""
    config = to_config(tmp_path, {"format": "parquet"})

    found = map_lines(lines, batch_config=config, streams=["lead_scores"])

    streams = {message["stream"] for message in found if message["type"] != "STATE"}
    assert streams == {"lead_scores"}
    assert all("lead_scores" in path.name for path in tmp_path.iterdir())


class ListSink(BatchSink):
    """Keeps what the SDK hands over."""

    def process_batch(self, context: dict[str, Any]) -> None:
        """Keep the records of a file, in which the SDK makes numbers decimals."""
        plain = json.dumps(context["records"], default=float)
        READ[self.stream_name] += json.loads(plain)


class ListTarget(Target):
    """A target of the SDK without a word of ours."""

    name = "target-list"
    config_jsonschema = th.PropertiesList().to_dict()
    default_sink_class = ListSink


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_a_target_of_the_sdk_reads_them(
    lines: bytes, tmp_path: Path, compression: str
) -> None:
    """With no setting of its own, by the SDK's own reading."""
    encoding = {"format": "jsonl", "compression": compression}
    found = map_lines(lines, batch_config=to_config(tmp_path, encoding))
    READ.clear()

    ListTarget(config={}).listen(io.StringIO(to_lines(found).decode()))

    expected = [m for m in map_lines(lines) if m["type"] == "RECORD"]
    assert set(READ) == {message["stream"] for message in expected}
    for stream, rows in READ.items():
        wanted = [m["record"] for m in expected if m["stream"] == stream]
        assert rows == wanted


@pytest.mark.parametrize(
    ("changes", "setting"),
    [
        ({"encoding": {}}, "encoding.format"),
        ({"storage": {}}, "storage.root"),
        ({"storage": {"root": "s3://bucket/scores"}}, "storage.root"),
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": "many"}, "batch_size"),
    ],
    ids=["no-form", "no-folder", "elsewhere", "no-rows", "no-number"],
)
def test_a_setting_that_cannot_be_is_refused(
    lines: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    setting: str,
) -> None:
    """Before anything is read, by its name."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingError, match=setting):
        map_lines(lines, batch_config=SETTINGS | changes)


def test_a_folder_that_cannot_be_made_is_told(lines: bytes, tmp_path: Path) -> None:
    """With the setting that names it; no STATE follows."""
    (tmp_path / "scores").write_text("a file")
    config = to_config(tmp_path / "scores", {"format": "parquet"})

    with pytest.raises(FatalError, match=r"batch_config\.storage\.root"):
        map_lines(lines, batch_config=config)


def test_a_full_disk_is_told(
    lines: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its name, with nobody's data."""

    def fill(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", fill)
    config = to_config(tmp_path, {"format": "parquet"})

    with pytest.raises(FatalError, match="No space left on device"):
        map_lines(lines, batch_config=config)
