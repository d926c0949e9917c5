"""Runs a mapper over lines: its command as a process, or its class in this one."""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import io
import json
import os
import shlex
import subprocess
import sys
import termios
import threading
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from sandbox.mapper_conformance.feed import Message

#: A small process between: a process begins with the peak of the one that started it.
BETWEEN = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL).returncode
with open(sys.argv[1], "w") as told:
    told.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
raise SystemExit(code)
"""
#: Seconds in which a few lines that were read are taken.
MOMENT = 0.3
KIB = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How one run of the mapper ended.

    Attributes:
        code: Its exit code; negative is the signal that ended it.
        messages: What it wrote, line by line; a torn last line is left out.
        log: All of stderr.
    """

    code: int
    messages: list[Message]
    log: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapper:
    """How a mapper is run.

    Attributes:
        command: Its command line; ``{config}`` and ``{folder}`` are replaced.
        config: Its settings; ``{folder}`` is replaced.
        folder: What it may write to.
        seconds: How long one run may take.
        entry: ``module:Class``, to run it in this process where that will do.
    """

    command: str
    config: Mapping[str, Any]
    folder: Path
    seconds: float
    entry: str = ""

    def run(self, data: bytes, **settings: Any) -> Ran:
        """Run it once over some lines."""
        if self.entry:
            return self._run_here(data, settings)
        return self.run_process(data, **settings)

    def run_process(self, data: bytes, **settings: Any) -> Ran:
        """Run it once, as a process."""
        done = subprocess.run(  # noqa: S603 - the command under test
            self._words(settings),
            input=data,
            capture_output=True,
            check=False,
            cwd=self.folder,
            timeout=self.seconds,
        )
        return Ran(
            code=done.returncode,
            messages=to_messages(done.stdout),
            log=done.stderr.decode(errors="replace"),
        )

    def run_until(
        self,
        data: bytes,
        number: signal.Signals,
        *,
        written: int,
        all_read: bool = False,
        **settings: Any,
    ) -> Ran:
        """Run it, and send a signal once it wrote so many lines.

        Its input stays open until then, so that it cannot have come to its end.

        Args:
            data: Its input.
            number: The signal.
            written: After how many lines of output.
            all_read: Whether it must have read all of its input by then, too.
            settings: Further settings.
        """
        with self._start(settings) as process:
            held: list[bytes] = []
            feeding = threading.Thread(target=_feed, args=(process.stdin, data))
            watch = threading.Timer(self.seconds, process.kill)
            feeding.start()
            watch.start()
            out = _opened(process.stdout)
            while len(held) < written and (line := out.readline()):
                held.append(line)
            if all_read:
                feeding.join()
                _await_reading(process)
            process.send_signal(number)
            rest = out.read()
            process.wait()
            watch.cancel()
            feeding.join()
            with contextlib.suppress(BrokenPipeError):
                _opened(process.stdin).close()
        return Ran(
            code=process.returncode, messages=to_messages(b"".join([*held, rest]))
        )

    def peak(self, data_path: Path, **settings: Any) -> tuple[int, int]:
        """Return the exit code over a file, and the bytes of memory at most."""
        told = self.folder / "peak.txt"
        words = [sys.executable, "-c", BETWEEN, str(told), *self._words(settings)]
        with data_path.open("rb") as source:
            done = subprocess.run(  # noqa: S603 - the command under test
                words,
                stdin=source,
                capture_output=True,
                check=False,
                cwd=self.folder,
                timeout=self.seconds,
            )
        peak = int(told.read_text()) * KIB
        told.unlink()
        return done.returncode, peak

    def _start(self, settings: Mapping[str, Any]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - the command under test
            self._words(settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
        )

    def _settings(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: value.replace("{folder}", str(self.work))
            if isinstance(value, str)
            else value
            for name, value in {**self.config, **settings}.items()
        }

    @property
    def work(self) -> Path:
        """Where the mapper may keep what it needs while it runs."""
        return self.folder / "work"

    def _words(self, settings: Mapping[str, Any]) -> Sequence[str]:
        path = self.folder / "config.json"
        path.write_text(json.dumps(self._settings(settings)), "utf-8")
        texts = {"{config}": str(path), "{folder}": str(self.work)}
        return [_filled(word, texts) for word in shlex.split(self.command)]

    def _run_here(self, data: bytes, settings: Mapping[str, Any]) -> Ran:
        output = io.BytesIO()
        stdout = io.TextIOWrapper(output, "utf-8", write_through=True)
        source = io.TextIOWrapper(io.BytesIO(data), "utf-8")
        code, log = 0, ""
        with contextlib.redirect_stdout(stdout):
            try:
                made = to_class(self.entry)(config=self._settings(settings))
                made.listen(source)
            except (Exception, SystemExit) as problem:  # noqa: BLE001 - a process ends
                code, log = 1, str(problem)
        return Ran(code=code, messages=to_messages(output.getvalue()), log=log)


def to_class(entry: str) -> Callable[..., Any]:
    """Return the class of ``module:Class``."""
    module, _, name = entry.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found


def to_command(entry: str) -> str:
    """Return the command line that runs a class of the Singer SDK."""
    module, _, name = entry.partition(":")
    program = f"from {module} import {name}; {name}.cli()"
    words = [sys.executable, "-c", program, "--config", "{config}"]
    return shlex.join(words).replace("'{config}'", "{config}")


def to_messages(output: bytes) -> list[Message]:
    """Return the messages of whole lines."""
    whole = output[: output.rfind(b"\n") + 1]
    return [json.loads(line) for line in whole.splitlines()]


def _feed(target: IO[bytes] | None, data: bytes) -> None:
    with contextlib.suppress(BrokenPipeError):
        stream = _opened(target)
        stream.write(data)
        stream.flush()


def _await_reading(process: subprocess.Popen[bytes]) -> None:
    """Wait until a process has read what is in its input, and has seen to it."""
    unread = bytearray(4)
    while process.poll() is None:
        fcntl.ioctl(_opened(process.stdin), termios.FIONREAD, unread)
        if not any(unread):
            time.sleep(MOMENT)
            return
        time.sleep(MOMENT / 10)


def _opened(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise OSError(os.strerror(9))
    return stream


def _filled(word: str, texts: Mapping[str, str]) -> str:
    for name, text in texts.items():
        word = word.replace(name, text)
    return word
