"""Two targets with one credential stay under the account's limit together."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

from crm_world import World, lead_score

from sandbox.server import SandboxSettings, running

if TYPE_CHECKING:
    from pathlib import Path

BURST, EACH = 20, 14
# Time goes five times as fast. The server's goes a little faster still: it forgets a
# request before the clients do, so that a busy machine cannot fail this test.
CLIENTS, SERVER = 5.0, 7.5
PROCESS = f"""
import sys, time
from target_crm.hubspot.account import HubSpot, HubSpotSettings
from target_crm.patience import Clockwork
crm = HubSpot(
    HubSpotSettings(
        credential="sandbox-token", api_url=sys.argv[1], pace_dir=sys.argv[2]
    ),
    clockwork=Clockwork(
        clock=lambda: time.monotonic() * {CLIENTS},
        sleep=lambda seconds: time.sleep(seconds / {CLIENTS}),
    ),
)
crm.check()
print("ready", flush=True)
sys.stdin.readline()
for _ in range({EACH}):
    crm.check()
print(crm.traffic.waits)
crm.close()
"""


def test_two_processes_get_no_429(tmp_path: Path) -> None:
    """They wait instead, and both end."""
    settings = SandboxSettings(
        burst_limit=BURST, clock=lambda: time.monotonic() * SERVER
    )
    with running(settings) as sandbox:
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", PROCESS, sandbox.url, str(tmp_path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        waits = [int(process.communicate(timeout=60)[0]) for process in processes]

        assert [process.returncode for process in processes] == [0, 0]
        assert len(sandbox.requests) == 2 * (EACH + 1)
        assert {seen.status for seen in sandbox.requests} == {200}
        assert sum(waits) > 0


def test_the_file_stands_in_the_state_folder_or_where_it_is_shared(
    hubspot: World, tmp_path: Path
) -> None:
    """Named after the account; neither host nor token can be read from it."""
    hubspot.run([lead_score(0)])
    (own,) = hubspot.folder.glob("pace-*")
    hubspot.run([lead_score(1)], pace_dir=str(tmp_path / "shared"))
    (shared,) = (tmp_path / "shared").glob("pace-*")
    assert shared.name == own.name
    assert len(own.name) == len("pace-") + 16
