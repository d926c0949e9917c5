"""Run a Meltano job as a person would, and say how it ended."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync_core.errors import FatalError
from sync_core.plugin import STOPPED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from leadscore.home import Home

TAIL = 12
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A Meltano job in one environment, with the variables it runs with."""

    name: str
    environment: str
    variables: Mapping[str, str]


def run_job(home: Home, job: Job, told: Callable[[str], None]) -> Path:
    """Run a job to its end.

    Args:
        home: The project and its state folder; Meltano's own state goes there too.
        job: What to run.
        told: Called with each line that the run prints.

    Returns:
        The log of the run.

    Raises:
        FatalError: The run failed; the text holds the end of its log.
    """
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    log = home.work.folder("runs") / f"{stamp}-{os.getpid()}-meltano.log"
    lines: list[str] = []
    with log.open("w", encoding="utf-8") as stream, _start(home, job) as process:
        for line in process.stdout or ():
            stream.write(line)
            lines.append(_ANSI.sub("", line).rstrip())
            told(lines[-1])
    if process.returncode:
        raise FatalError(
            f"`meltano run {job.name}` failed (exit code {process.returncode}); the "
            f"whole log is {log}.\n{to_reason(lines)}"
        )
    return log


def to_reason(lines: Sequence[str]) -> str:
    """Return what the plugins said when they stopped, else the end of the log."""
    said = [line.partition(STOPPED) for line in lines if STOPPED in line]
    if said:
        return "\n".join(f"{_plugin_of(head)}{text}" for head, _, text in said)
    return "\n".join(line for line in lines[-TAIL:] if line)


def _plugin_of(head: str) -> str:
    """Return the plugin's name of the part of a log line before its own words."""
    name = head.partition("]")[2].strip()
    return f"{name}: " if name else ""


def _start(home: Home, job: Job) -> subprocess.Popen[str]:
    meltano = shutil.which("meltano")
    if meltano is None:
        raise FatalError(
            "Meltano is not installed here. Run ./run.sh, or "
            "`pip install 'webinar-lead-score[run]'`, then run again."
        )
    command = [meltano, "--environment", job.environment, "run", job.name]
    return subprocess.Popen(  # noqa: S603 - our own job, no shell
        command,
        cwd=home.project,
        env={**os.environ, **meltano_variables(home), **job.variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )


def meltano_variables(home: Home) -> dict[str, str]:
    """Return what makes Meltano keep its state in our folder."""
    return {
        "LEADSCORE_HOME": str(home.work.path),
        "MELTANO_SYS_DIR_ROOT": str(home.work.folder("meltano")),
        "NO_COLOR": "1",
    }
