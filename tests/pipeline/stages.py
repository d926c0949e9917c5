"""Whole plugins as processes, joined as Meltano joins them, and killed on purpose."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

from sandbox.world import build_world, write_hubilo_export, write_zoom_reports

if TYPE_CHECKING:
    import signal

    from sandbox.server import RunningSandbox

ROOT = Path(__file__).parents[2]
STAGES = ("tap-events", "scoring-transform", "target-hubspot")
PATIENCE = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """Send a signal to a stage once something was seen.

    Attributes:
        stage: The plugin.
        signal: What it gets.
        after_lines: After so many lines reached it (the tap: left it).
        after_requests: After the CRM answered so many requests.
    """

    stage: str
    signal: signal.Signals
    after_lines: int = 0
    after_requests: int = 0


@dataclass(slots=True)
class Ran:
    """How a run of the three stages ended."""

    codes: dict[str, int]
    states: list[str]
    logs: dict[str, str]
    was_killed: bool = False

    @property
    def is_ok(self) -> bool:
        """Whether every stage ended well."""
        return not any(self.codes.values())


@dataclass(slots=True)
class Line:
    """The pipeline with its configuration, its state file and its CRM."""

    folder: Path
    sandbox: RunningSandbox
    config: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        world = build_world()
        state = str(self.folder / "state")
        write_hubilo_export(self.folder / "export", world.hubilo)
        write_zoom_reports(self.folder / "reports", world.zoom)
        self.config = {
            "tap-events": {
                "platform": "hubilo",
                "hubilo_api_url": self.sandbox.url,
                "hubilo_access_token": "sandbox-token",
                "files_path": str(self.folder / "export"),
                "files_mapping": str(ROOT / "mappings/files/hubilo_export.yml"),
                "state_dir": state,
            },
            "scoring-transform": {"state_dir": state},
            "target-hubspot": {
                "api_url": self.sandbox.url,
                "access_token": "sandbox-token",
                "state_dir": state,
                "state_interval_seconds": 1,
            },
        }

    def use_reports(self) -> None:
        """Read the report files instead of the platform."""
        self.config["tap-events"] = {
            "platform": "files",
            "files_path": str(self.folder / "reports"),
            "state_dir": str(self.folder / "state"),
        }

    @property
    def crm_requests(self) -> int:
        """Requests that the CRM has answered."""
        return sum(not seen.path.startswith("/api/") for seen in self.sandbox.requests)

    @property
    def writes(self) -> int:
        """Requests that could have changed the CRM."""
        return sum(
            seen.method != "GET"
            and not seen.path.startswith("/api/")
            and not seen.path.endswith(("/read", "/search", "/token"))
            for seen in self.sandbox.requests
        )

    def run(self, kill: Kill | None = None) -> Ran:
        """Run the three stages once, with the state of the run before."""
        with _Run(self, kill) as run:
            return run.to_end()

    def command(self, stage: str) -> list[str]:
        """Return the command line of a stage."""
        path = self.folder / f"{stage}.json"
        path.write_text(json.dumps(self.config[stage]))
        program = str(Path(sys.executable).with_name(stage))
        command = [program, "--config", str(path)]
        if stage == "tap-events" and self.state_file.exists():
            command += ["--state", str(self.state_file)]
        return command

    @property
    def state_file(self) -> Path:
        """Where the last STATE is kept, as Meltano would."""
        return self.folder / "state.json"


class _Run:
    """Three processes and the relays between them."""

    def __init__(self, line: Line, kill: Kill | None) -> None:
        self._line = line
        self._kill = kill
        self._killed = threading.Event()
        self._logs = {
            stage: (line.folder / f"{stage}.log").open("w+") for stage in STAGES
        }
        self._processes = {stage: self._start(stage) for stage in STAGES}
        self._states: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        for process in self._processes.values():
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream:
                    _close(stream)
        for log in self._logs.values():
            log.close()

    def _start(self, stage: str) -> subprocess.Popen[bytes]:
        first = stage == STAGES[0]
        return subprocess.Popen(
            self._line.command(stage),
            stdin=subprocess.DEVNULL if first else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._logs[stage],
            cwd=self._line.folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )

    def to_end(self) -> Ran:
        """Relay until the ends, as Meltano would, and save the last STATE."""
        threads = [
            threading.Thread(target=self._relay, args=pair)
            for pair in itertools.pairwise(STAGES)
        ]
        threads.append(threading.Thread(target=self._read_states))
        if self._kill and self._kill.after_requests:
            threads.append(threading.Thread(target=self._watch_requests))
        for thread in threads:
            thread.start()
        for process in self._processes.values():
            process.wait(PATIENCE)
        for thread in threads:
            thread.join(PATIENCE)
        if self._states:
            self._line.state_file.write_text(self._states[-1])
        return Ran(
            codes={s: p.returncode for s, p in self._processes.items()},
            states=self._states,
            logs={stage: self._read_log(stage) for stage in STAGES},
            was_killed=self._killed.is_set(),
        )

    def _read_log(self, stage: str) -> str:
        self._logs[stage].seek(0)
        return self._logs[stage].read()

    def _relay(self, source: str, sink: str) -> None:
        """Copy lines; a dead middle takes the last stage with it, as in Meltano."""
        given = self._processes[source].stdout
        taken = self._processes[sink].stdin
        assert given is not None
        assert taken is not None
        for count, line in enumerate(given, start=1):
            self._note(source if source == STAGES[0] else sink, count)
            if source == STAGES[0]:
                self._note(sink, count)
            try:
                taken.write(line)
                taken.flush()
            except (BrokenPipeError, ValueError):
                self._processes[source].kill()
                break
        source_code = self._processes[source].wait(PATIENCE)
        if source == STAGES[1] and source_code:
            self._processes[sink].kill()
        _close(taken)

    def _note(self, stage: str, lines: int) -> None:
        kill = self._kill
        if kill and kill.stage == stage and kill.after_lines == lines:
            self._strike()

    def _strike(self) -> None:
        assert self._kill is not None
        process = self._processes[self._kill.stage]
        if process.poll() is None:
            process.send_signal(self._kill.signal)
            self._killed.set()

    def _watch_requests(self) -> None:
        assert self._kill is not None
        target = self._processes[STAGES[-1]]
        before = self._line.crm_requests
        wait = threading.Event()
        while target.poll() is None:
            if self._line.crm_requests - before >= self._kill.after_requests:
                self._strike()
                return
            wait.wait(0.002)

    def _read_states(self) -> None:
        stdout = self._processes[STAGES[-1]].stdout
        assert stdout is not None
        for line in stdout:
            self._states.append(line.decode())


def _close(stream: IO[bytes]) -> None:
    try:
        stream.close()
    except (BrokenPipeError, ValueError):
        return
