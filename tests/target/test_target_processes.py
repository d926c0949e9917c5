"""The target as a process that is killed: nothing lost, nothing confirmed too early."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from crm_world import STATE, UPSERT, World, lead_score, messages, to_lines, world

from sandbox.faults import Hang, Planned

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.pipeline
ROWS = [lead_score(n) for n in range(130)]


def _start(hubspot: World, folder: Path) -> subprocess.Popen[str]:
    config = {
        "access_token": "sandbox-token",
        "api_url": hubspot.sandbox.url,
        "state_dir": str(hubspot.folder),
        "max_concurrent_requests": 1,
        "batch_size_rows": 100,
    }
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    return subprocess.Popen(
        [sys.executable, "-m", "target_crm.target", "--config", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TARGET_HUBSPOT_LOGLEVEL": "WARNING"},
    )


def _feed(process: subprocess.Popen[str], sent: list[Any]) -> None:
    assert process.stdin is not None
    process.stdin.write(to_lines(sent))
    process.stdin.flush()


@pytest.mark.parametrize(
    ("sign", "code"),
    [
        (signal.SIGKILL, -signal.SIGKILL),
        (signal.SIGTERM, 143),
        (signal.SIGINT, 130),
    ],
    ids=["SIGKILL", "SIGTERM", "SIGINT"],
)
def test_a_killed_run_confirms_nothing_and_the_next_one_completes_it(
    tmp_path: Path, sign: signal.Signals, code: int
) -> None:
    """Killed while HubSpot keeps it waiting in the middle of its rows."""
    fault = Planned(part="hubspot", path=UPSERT, fault=Hang(seconds=6), requests=(1,))
    with world(tmp_path / "state", faults=[fault]) as hubspot:
        with _start(hubspot, tmp_path) as process:
            _feed(process, messages(ROWS))
            assert process.stdin is not None
            process.stdin.close()
            process.stdin = None
            _wait_for_properties(hubspot, process)
            process.send_signal(sign)
            out, _ = process.communicate(timeout=30)

        assert (process.returncode, out) == (code, "")
        ran = hubspot.run(ROWS)
        assert (ran.code, ran.states) == (0, [STATE])
        assert len(hubspot.crm["contacts"]) == len(ROWS)


def test_a_run_whose_input_ends_early_writes_and_confirms_what_it_got(
    hubspot: World, tmp_path: Path
) -> None:
    """End of input is an end like any other; only a STATE that came is printed."""
    with _start(hubspot, tmp_path) as process:
        out, _ = process.communicate(to_lines(messages(ROWS)[:-1]), timeout=60)

    assert (process.returncode, out) == (0, "")
    assert len(hubspot.crm["contacts"]) == len(ROWS)


def test_the_exit_code_is_one_for_a_rejected_row_after_the_state(
    hubspot: World, tmp_path: Path
) -> None:
    """A caller that only looks at the code sees it; nothing is read twice."""
    rows = [*ROWS, lead_score(999, email="nobody")]
    with _start(hubspot, tmp_path) as process:
        out, err = process.communicate(to_lines(messages(rows)), timeout=60)

    assert (process.returncode, json.loads(out)) == (1, STATE)
    assert "rejected" in err


def _wait_for_properties(hubspot: World, process: subprocess.Popen[str]) -> None:
    """Wait until the process has created the properties: the upsert is next."""
    for _ in range(600):
        if any("batch/create" in seen.path for seen in hubspot.sandbox.requests):
            return
        try:
            process.wait(timeout=0.1)
        except subprocess.TimeoutExpired:
            continue
        break
    raise AssertionError("the target never came to its first upsert")
