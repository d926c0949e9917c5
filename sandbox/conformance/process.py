"""The target as a process: fed from a file, bounded in time, killed when asked."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_LOOK_EVERY_S = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How one run of the target ended.

    Attributes:
        code: Its exit code; negative is the signal that ended it.
        states: Lines on stdout.
        log: All of stderr.
        in_time: Whether it ended by itself or by our signal, not by the time limit.
    """

    code: int
    states: tuple[str, ...]
    log: str
    in_time: bool

    @property
    def output(self) -> str:
        """Everything it printed."""
        return "\n".join((*self.states, self.log))


def run_target(
    command: Sequence[str],
    folder: Path,
    *,
    seconds: float,
    kill_when: Callable[[], bool] = lambda: False,
) -> Ran:
    """Run a command over `input.jsonl` in a folder, where its output goes too."""
    paths = [folder / name for name in ("input.jsonl", "stdout.jsonl", "stderr.log")]
    with (
        paths[0].open("rb") as given,
        paths[1].open("wb") as told,
        paths[2].open("wb") as log,
    ):
        process = subprocess.Popen(  # noqa: S603 - the command under test
            command, stdin=given, stdout=told, stderr=log, start_new_session=True
        )
        try:
            in_time = _wait(process, time.monotonic() + seconds, kill_when)
        finally:
            _kill(process)
    states = paths[1].read_text("utf-8", "replace").splitlines()
    return Ran(
        code=process.returncode,
        states=tuple(line for line in states if line.strip()),
        log=paths[2].read_text("utf-8", "replace"),
        in_time=in_time,
    )


def _wait(
    process: subprocess.Popen[bytes], deadline: float, kill_when: Callable[[], bool]
) -> bool:
    while time.monotonic() < deadline:
        if kill_when():
            _kill(process)
        try:
            process.wait(_LOOK_EVERY_S)
        except subprocess.TimeoutExpired:
            continue
        return True
    return False


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the process and what it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
