"""Several processes keep one limit; a dead one, a torn file or no file harm nobody."""

from __future__ import annotations

import stat
import subprocess
import sys
import time
from array import array
from typing import TYPE_CHECKING, Any

import pytest

from sync_core.shared_pace import SharedPace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

WORKER = """
import sys, time
from pathlib import Path
from sync_core.shared_pace import SharedPace
starts = []
def clock():
    starts.append(time.monotonic())
    return starts[-1]
pace = SharedPace(Path(sys.argv[1]), 10, 0.2, clock=clock)
print("ready", flush=True)
sys.stdin.readline()
for _ in range(15):
    pace.wait()
    print(starts[-1], flush=True)
pace.close()
"""


@pytest.fixture
def make(tmp_path: Path, virtual_clock: Any) -> Iterator[Callable[..., SharedPace]]:
    """Makes paces on one file, as processes would have them, in virtual time."""
    made: list[SharedPace] = []

    def pace(limit: int = 5, seconds: float = 10.0, **changed: Any) -> SharedPace:
        path = changed.get("path", tmp_path / "shared" / "pace")
        made.append(
            SharedPace(
                path, limit, seconds, clock=virtual_clock, sleep=virtual_clock.sleep
            )
        )
        return made[-1]

    yield pace
    for one in made:
        one.close()


def most_in_a_window(starts: list[float], seconds: float) -> int:
    """Return the most starts in any stretch of so many seconds."""
    return max(sum(1 for s in starts if t <= s < t + seconds) for t in starts)


def test_two_together_never_exceed_the_window(
    make: Callable[..., SharedPace], virtual_clock: Any
) -> None:
    """Whoever asks, the sum counts."""
    paces = [make(), make()]
    starts = []
    for number in range(23):
        paces[number % 3 % 2].wait()
        starts.append(virtual_clock.now)

    assert most_in_a_window(starts, 10.0) == 5
    assert starts[-1] - starts[0] == pytest.approx(40.0)
    assert sum(pace.waits for pace in paces) == 4


def test_a_learned_limit_holds_for_the_requests_of_others(
    make: Callable[..., SharedPace], virtual_clock: Any
) -> None:
    """Their starts are in the file."""
    first, second = make(limit=100), make(limit=100)
    first.wait()
    first.wait()
    second.learn(2, 10.0)
    second.wait()
    assert virtual_clock.slept == [10.0]


@pytest.mark.parametrize(
    ("before", "waits"),
    [
        (array("d", [1e12] * 9).tobytes(), 0),
        (array("d", [-50.0] * 9).tobytes(), 0),
        (b"torn", 0),
        (array("d", [float("nan")] * 9).tobytes(), 0),
        (b"\x00" * 3, 0),
    ],
    ids=["of before a restart", "of a dead process", "torn", "no numbers", "too short"],
)
def test_what_stands_in_the_file_cannot_stop_a_run(
    make: Callable[..., SharedPace], tmp_path: Path, before: bytes, waits: int
) -> None:
    """Only starts of this window count; the file is put right."""
    path = tmp_path / "pace"
    path.write_bytes(before)
    pace = make(limit=2, path=path)
    pace.wait()
    pace.wait()
    assert pace.waits == waits
    assert len(path.read_bytes()) == 16


def test_the_file_is_private(make: Callable[..., SharedPace], tmp_path: Path) -> None:
    """So is its folder."""
    make().wait()
    folder = tmp_path / "shared"
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "pace")]
    assert modes == [0o700, 0o600]


def test_without_a_file_the_pace_is_kept_alone(
    make: Callable[..., SharedPace],
    tmp_path: Path,
    virtual_clock: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """And the log says so, once."""
    (tmp_path / "file").touch()
    pace = make(limit=2, path=tmp_path / "file" / "pace")
    for _ in range(3):
        pace.wait()
    assert virtual_clock.slept == [10.0]
    assert len(caplog.records) == 1


def test_after_close_it_goes_on(make: Callable[..., SharedPace]) -> None:
    """The file is opened again."""
    pace = make(limit=1)
    pace.wait()
    pace.close()
    pace.wait()
    assert pace.waits == 1


def test_a_claim_costs_less_than_a_millisecond(tmp_path: Path) -> None:
    """With a full window of a large account; in processor time of this process."""
    pace = SharedPace(tmp_path / "pace", 300, 1000.0)
    began = time.process_time()
    for _ in range(250):
        pace.wait()
    spent = time.process_time() - began
    pace.close()
    assert spent / 250 < 0.001


def test_two_real_processes_never_exceed_the_window(tmp_path: Path) -> None:
    """Their own notes of when they started prove it."""
    command = [sys.executable, "-c", WORKER, str(tmp_path / "pace")]
    workers = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    starts = []
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        out, _ = worker.communicate(timeout=60)
        starts += [float(line) for line in out.split()]
    assert len(starts) == 30
    assert most_in_a_window(starts, 0.2) <= 10
