"""Runs a case as a process of its own and says what it took."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

#: Rows that compile all modules: one event.
FEW = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a process took.

    Attributes:
        wall: Seconds from start to end.
        cpu: Seconds of both cores, which other work on the machine disturbs less.
        peak: MiB of memory at most.
    """

    wall: float
    cpu: float
    peak: float


def measure(arguments: list[str], source: IO[bytes] | None = None) -> Cost:
    """Run a Python program and return what it took."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdin=source or subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[1],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{arguments} ended with {process.returncode}")
    return Cost(
        wall=time.perf_counter() - begin,
        cpu=used.ru_utime + used.ru_stime,
        peak=used.ru_maxrss / 1024,
    )


@contextlib.contextmanager
def compiled() -> Iterator[None]:
    """Let processes run from compiled modules, as those of an installation do.

    They are in a folder that is removed again, whatever this machine's settings are.
    The first run compiles them, so it should not be measured.
    """
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = folder
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case of a table.

    Attributes:
        name: Of the case.
        floor: Of its floor.
        rows: Activities.
        compare: Measures floor and case on so many rows, in a folder of their own.
    """

    name: str
    floor: str
    rows: int
    compare: Callable[[int, Path], tuple[Cost, Cost]]

    def measured(self, rows: int) -> tuple[Cost, Cost]:
        """Return what the floor and the case took."""
        with tempfile.TemporaryDirectory() as folder:
            return self.compare(rows, Path(folder))


def tabulate(cases: Sequence[Case]) -> None:
    """Print a table of cases beside their floors, each run on few rows before."""
    with compiled():
        for case in cases:
            case.measured(FEW)
        show_head()
        for case in cases:
            lowest, cost = case.measured(case.rows)
            show(case.floor, case.rows, lowest, lowest)
            show(case.name, case.rows, cost, lowest)


def show(name: str, rows: int, cost: Cost, floor: Cost) -> None:
    """Print one line of a table."""
    print(
        f"{name:28}{rows:>12,}{cost.wall:>9.1f} s{cost.cpu:>9.1f} s"
        f"{rows / cost.wall:>12,.0f}/s{cost.peak:>8.0f} MiB"
        f"{cost.wall / floor.wall:>7.1f} x{cost.cpu / floor.cpu:>7.1f} x",
        flush=True,
    )


def show_head() -> None:
    """Print the head of the table."""
    print(
        f"{'case':28}{'activities':>12}{'wall':>11}{'cpu':>11}{'rate':>14}"
        f"{'peak':>12}{'wall':>9}{'cpu':>9}"
    )
