"""The mapper as a process: exit codes, signals, pipes, what it says."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from score_worlds import (
    Chance,
    counted,
    record_message,
    rows_of,
    schema_messages,
    state_message,
    to_lines,
)

if TYPE_CHECKING:
    from pathlib import Path

RUN = "from scoring_transform.mapper import ScoringTransform as S; S.cli()"

#: The same with an engine that works for many minutes and hears no signal meanwhile.
BUSY = """
import hashlib, sys
import scoring_transform.scorer as scorer

def work(tables, parts, model):
    print("busy", file=sys.stderr, flush=True)
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**30)

scorer.run_in_parts = work
"""


def start(folder: Path, program: str = RUN, **config: Any) -> subprocess.Popen[bytes]:
    """Start the mapper."""
    path = folder / "config.json"
    path.write_text(json.dumps({"state_dir": str(folder / "work")} | config))
    return subprocess.Popen(
        [sys.executable, "-c", program, "--config", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def finish(process: subprocess.Popen[bytes], data: bytes) -> tuple[int, bytes, str]:
    """Send everything, and return exit code, output and messages."""
    out, err = process.communicate(data, timeout=60)
    return process.returncode, out, err.decode()


def test_a_whole_run(tmp_path: Path) -> None:
    """Exit code 0; the STATE is the last line."""
    messages = [*schema_messages(), *counted("chat", [2, 1]).messages()]
    data = to_lines([*messages, state_message(1)])
    code, out, err = finish(start(tmp_path), data)
    assert (code, err.count("Traceback")) == (0, 0)
    lines = [json.loads(line) for line in out.splitlines()]
    assert lines[-1] == state_message(1)
    assert sum(1 for m in lines if m["type"] == "RECORD") > 2


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)]
)
def test_a_signal_ends_it_at_once(tmp_path: Path, number: int, code: int) -> None:
    """With nothing more written, so that nothing is confirmed."""
    with start(tmp_path, flush_seconds=0) as process:
        assert process.stdin
        assert process.stdout
        first = [*schema_messages(), *counted("chat", [2, 1]).messages()]
        process.stdin.write(to_lines([*first, state_message(1)]))
        process.stdin.flush()
        before = iter(process.stdout.readline, b"")
        assert any(b'"STATE"' in line for line in before)
        process.stdin.write(to_lines(Chance(1).world("zoom:open").children()))
        process.stdin.write(to_lines([state_message(2)]))
        process.stdin.flush()
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (code, b"") == (process.returncode, out)
    assert b"Traceback" not in err


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)]
)
def test_a_signal_ends_it_while_the_engine_works(
    tmp_path: Path, number: int, code: int
) -> None:
    """Within seconds, with nothing written and nothing left on disk."""
    config = {"max_rows_in_memory": 0, "flush_seconds": 0}
    with start(tmp_path, BUSY + RUN, **config) as process:
        assert process.stdin
        assert process.stderr
        *children, event = counted("chat", [2, 1]).messages()
        data = [*schema_messages(), *children, state_message(1), event]
        process.stdin.write(to_lines(data))
        process.stdin.close()
        process.stdin = None
        assert any(b"busy" in line for line in iter(process.stderr.readline, b""))
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
    assert (code, b"") == (process.returncode, out)
    assert b"Traceback" not in err
    assert not list((tmp_path / "work").glob("spill/*"))


def test_an_event_without_an_end_is_an_error(tmp_path: Path) -> None:
    """Its STATE is withheld and the exit code says so."""
    world = counted("chat", [2, 1])
    data = to_lines([*schema_messages(), *world.children(), state_message(1)])
    code, out, err = finish(start(tmp_path), data)
    assert (code, out) == (1, b"")
    assert "never completed" in err
    assert "example.com" not in err


@pytest.mark.parametrize(
    ("config", "wanted"),
    [
        ({"weights": {"chat": 99}}, "time_in_session"),
        ({"scoring": "nowhere.yml"}, "nowhere.yml"),
        ({"rounding": "up"}, "half_up"),
        ({"close_events": "never"}, "by_record"),
    ],
)
def test_a_wrong_setting_stops_before_anything_is_read(
    tmp_path: Path, config: dict[str, Any], wanted: str
) -> None:
    """One paragraph that names the setting, exit code 1, no output."""
    code, out, err = finish(start(tmp_path, **config), b"not even JSON")
    assert (code, out) == (1, b"")
    assert wanted in err
    assert "Traceback" not in err


def test_a_closed_pipe_ends_it(tmp_path: Path) -> None:
    """The target is gone: stop, and say so."""
    process = start(tmp_path, flush_seconds=0)
    assert process.stdout
    assert process.stdin
    assert process.stderr
    process.stdout.close()
    worlds = [Chance(i).world(f"zoom:{i}") for i in range(3)]
    data = [m for world in worlds for m in [*world.messages(), state_message(1)]]
    process.stdin.write(to_lines([*schema_messages(), *data]))
    process.stdin.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=30) == 1
    assert b"Traceback" not in err


def test_scores_do_not_wait_for_a_quiet_tap(tmp_path: Path) -> None:
    """Longer than `flush_seconds`, whatever the tap waits for."""
    process = start(tmp_path, flush_seconds=1)
    assert process.stdin
    assert process.stdout
    messages = [*counted("chat", [2, 1]).messages(), state_message(1)]
    process.stdin.write(to_lines([*schema_messages(), *messages]))
    process.stdin.flush()
    while json.loads(process.stdout.readline()) != state_message(1):
        assert process.poll() is None
    assert finish(process, b"")[0] == 0


def test_a_closed_pipe_ends_it_even_if_the_tap_is_quiet(tmp_path: Path) -> None:
    """What was written in the background failed; nobody sends a line any more."""
    process = start(tmp_path, flush_seconds=0)
    assert process.stdin
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    process.stdin.write(
        to_lines([*schema_messages(), *counted("chat", [2]).messages()])
    )
    process.stdin.flush()
    assert process.wait(timeout=30) == 1
    assert b"Stopped: " in process.stderr.read()
    process.stdin.close()
    process.stderr.close()


def test_about_lists_every_setting(tmp_path: Path) -> None:
    """With a title, a description and the default."""
    result = subprocess.run(
        [sys.executable, "-c", RUN, "--about", "--format", "json"],
        capture_output=True,
        check=True,
        timeout=60,
        cwd=tmp_path,
    )
    about = json.loads(result.stdout)
    properties = about["settings"]["properties"]
    assert {"scoring", "weights", "state_dir"} <= properties.keys()
    assert all(p["title"] and p["description"] for p in properties.values())


@pytest.mark.parametrize("mode", ["on_incomplete", "close_events"])
def test_events_may_come_first(tmp_path: Path, mode: str) -> None:
    """A tap that sends each stream by itself: the end of the input completes all."""
    world = counted("chat", [2, 1])
    messages = [record_message("events", world.event), *world.children()]
    data = to_lines([*schema_messages(), *messages, state_message(1)])
    config = {"on_incomplete": "score"} if mode == "on_incomplete" else {mode: "at_end"}
    code, out, _ = finish(start(tmp_path, **config), data)
    lines = [json.loads(line) for line in out.splitlines()]
    named = {row["event_name"] for row in rows_of(lines, "lead_scores")}
    assert (code, lines[-1]) == (0, state_message(1))
    assert named == ({"Launch"} if mode == "close_events" else {None})
