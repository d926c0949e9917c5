"""The tap as a process: exit codes, one paragraph of text, nothing half said."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from tap_account import TOKEN, event_row

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tap_account import Account, Run

Json = dict[str, Any]
pytestmark = pytest.mark.pipeline


def command(folder: Path, config: Json, *arguments: str) -> list[str]:
    """Return the command line for a configuration."""
    path = folder / "config.json"
    path.write_text(json.dumps({"state_dir": str(folder / "work")} | config))
    return [sys.executable, "-m", "tap_events", "--config", str(path), *arguments]


def run(line: list[str]) -> subprocess.CompletedProcess[str]:
    """Run the tap to its end."""
    env = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    return subprocess.run(
        line, capture_output=True, text=True, timeout=60, check=False, env=env
    )


def hubilo(account: Account, **changes: Any) -> Json:
    """Return a configuration for an account."""
    return {
        "platform": "hubilo",
        "hubilo_api_url": account.url,
        "hubilo_access_token": TOKEN,
    } | changes


def said(stderr: str) -> str:
    """Return what a person reads besides the log."""
    return "\n".join(x for x in stderr.splitlines() if "| INFO" not in x)


def test_a_wrong_setting_is_told_in_one_paragraph(tmp_path: Path) -> None:
    """Exit code 1, the setting and the next step, nothing on stdout."""
    done = run(command(tmp_path, {"platform": "zoom", "hubilo_access_token": TOKEN}))
    assert done.returncode == 1
    assert done.stdout == ""
    assert said(done.stderr) == (
        "Stopped: `platform` is `zoom`, which is none of ours. "
        "Set it to `files` or `hubilo`."
    )


def test_a_wrong_token_ends_after_one_request(tmp_path: Path, account: Account) -> None:
    """The first request is the check of the credential."""
    account.twist = lambda *_: {"status": 401, "message": "Invalid Access"}
    done = run(command(tmp_path, hubilo(account)))
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Check `hubilo_access_token`" in said(done.stderr)
    assert len(account.seen) == 1
    assert TOKEN not in done.stderr


def test_a_torn_state_file_ends_before_anything(
    tmp_path: Path, account: Account
) -> None:
    """One sentence, exit code 1, no request and no line."""
    state = tmp_path / "state.json"
    state.write_text('{"bookmarks": {"ev')
    done = run(command(tmp_path, hubilo(account), "--state", str(state)))
    assert done.returncode == 1
    assert done.stdout == ""
    assert "The state file" in said(done.stderr)
    assert account.seen == []


def test_a_whole_run_ends_with_one_summary_line(
    tmp_path: Path, account: Account
) -> None:
    """Exit code 0; the log says what was sent, and nothing of any person."""
    done = run(command(tmp_path, hubilo(account)))
    assert done.returncode == 0
    assert "sent events 1, sessions 1, attendees 250, activities 131" in done.stderr
    assert "METRIC" not in done.stderr
    assert "example.com" not in done.stderr
    assert len(done.stderr.splitlines()) < 15


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGTERM, 143, id="A19-sigterm"),
        pytest.param(signal.SIGINT, 130, id="A19-sigint"),
        pytest.param(signal.SIGKILL, -9, id="A19-sigkill"),
    ],
)
def test_a_stopped_run_is_no_success(
    tmp_path: Path, account: Account, number: signal.Signals, code: int
) -> None:
    """In the middle of an event: the exit code tells, no STATE covers the event."""
    reached, release = threading.Event(), threading.Event()

    def twist(path: str, query: Json, before: int, body: Json) -> Json:
        if path == "/user/list" and query["eventId"] == "8":
            reached.set()
            release.wait(30)
        return body

    account.events = [event_row(7), event_row(8)]
    account.users, account.live = account.users[:3], account.live[:3]
    account.twist = twist
    env = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    with subprocess.Popen(
        command(tmp_path, hubilo(account)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
    ) as process:
        lines: list[str] = []
        assert process.stdout is not None
        try:
            assert reached.wait(30)
            process.send_signal(number)
            lines = process.stdout.read().splitlines()
            assert process.wait(30) == code
        finally:
            release.set()
            process.kill()
            process.communicate()
    records = [json.loads(line) for line in lines if '"RECORD"' in line]
    assert {r["record"]["event_id"] for r in records} == {"hubilo:7"}


def test_a_tap_killed_after_any_line_is_resumed_without_a_loss(
    account: Account, read_account: Callable[..., Run]
) -> None:
    """Whatever line was the last to arrive, what it covers had arrived (A19)."""
    account.users, account.live = account.users[:3], account.live[:3]
    account.events = [
        event_row(n, endTimeMilli=str(1_790_100_000_000 + n * 86_400_000))
        for n in range(4)
    ]
    whole = read_account()
    everything = {e["event_id"] for e in whole.records("events")}
    resumed: dict[str, set[str]] = {}
    arrived: set[str] = set()
    state: Json = {}
    for message in whole.messages:
        if message["type"] == "STATE":
            state = message["value"]
        if message["type"] == "RECORD" and message["stream"] == "events":
            arrived.add(message["record"]["event_id"])
        key = json.dumps(state)
        if key not in resumed:
            rest = read_account(state=json.loads(key), late_activity_days=0)
            resumed[key] = {e["event_id"] for e in rest.records("events")}
        assert arrived | resumed[key] == everything
    assert len(resumed) > 4


def test_the_command_prints_its_catalog_without_settings(tmp_path: Path) -> None:
    """Discovery asks nothing of anybody."""
    done = run(command(tmp_path, {}, "--discover"))
    assert done.returncode == 0
    streams = [s["tap_stream_id"] for s in json.loads(done.stdout)["streams"]]
    assert sorted(streams) == ["activities", "attendees", "events", "sessions"]


def test_about_is_a_whole_page_of_documentation(tmp_path: Path) -> None:
    """Every setting has a title and a description; every credential is secret."""
    line = [sys.executable, "-m", "tap_events", "--about", "--format=json"]
    about = json.loads(run(line).stdout)
    ours = {
        name: facts
        for name, facts in about["settings"]["properties"].items()
        if name != "batch_config"
    }
    for facts in ours.values():
        assert facts["title"]
        assert facts["description"].endswith(".")
    words = ("token", "secret", "password", "api_key")
    credentials = {name for name in ours if any(word in name for word in words)}
    assert credentials == {name for name, f in ours.items() if f.get("secret")}
    assert credentials == {"hubilo_access_token"}
    assert "whole" in about["description"]
