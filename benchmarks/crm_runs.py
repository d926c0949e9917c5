"""What both CRM benchmarks share: rows, sandboxes, runs and the table."""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measuring import measure

from target_crm.rows import ACTIVITIES, WINDOWS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

FLOOR = "floor, 1 at a time"
LATENCY_MS = 50


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One line of the result.

    Attributes:
        requests: Sent, as the program itself or the account counts them.
        counted: Those that the account charges for, where it tells.
    """

    name: str
    rows: int
    wall_s: float
    cpu_s: float
    requests: int = 0
    counted: int | None = None
    peak_mib: float = 0.0
    outcomes: Mapping[str, int]


def to_record(number: int, **changed: Any) -> dict[str, Any]:
    """Return one row as the mapper writes it."""
    record: dict[str, Any] = {
        "event_id": "bench:1",
        "attendee_id": f"a{number}",
        "email": f"person{number}@example.com",
        "event_name": "Benchmark",
        "event_starts_at": "2026-11-01T10:00:00Z",
        "attended": True,
        "on_demand_rank": None,
        "on_demand_level": None,
        "live_rank": number % 700 + 1,
        "live_max_rank": 700,
        "live_ranked_attendees": 9_000,
        "live_level": ("Low", "Medium", "High")[number % 3],
        "live_reasons": ["asked 2 questions", "watched 59 min", "answered 3 polls"],
    }
    for window in WINDOWS:
        record[f"{window}_lead_score"] = number % 1000 / 10
        record |= {f"{window}_{name}": number % 250 / 10 for name in ACTIVITIES}
    return record | changed


def changed_each(step: int, count: int) -> Iterator[dict[str, Any]]:
    """Return so many rows, of which every so-manieth has another score."""
    for number in range(count):
        more = {"live_lead_score": 0.5} if number % step == 0 else {}
        yield to_record(number, **more)


def write_input(path: Path, records: Iterable[dict[str, Any]]) -> Path:
    """Write rows as Singer messages."""
    schema = {
        "type": "SCHEMA",
        "stream": "lead_scores",
        "schema": {"type": "object", "properties": {}},
        "key_properties": ["event_id", "attendee_id"],
    }
    state = {"type": "STATE", "value": {"bookmarks": {}}}
    rows = ({"type": "RECORD", "stream": "lead_scores", "record": r} for r in records)
    with path.open("w") as stream:
        for message in (schema, *rows, state):
            stream.write(json.dumps(message) + "\n")
    return path


@contextlib.contextmanager
def serving(code: str, *arguments: object) -> Iterator[str]:
    """Run a sandbox as a process of its own; give the address that it prints."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        if server.stdout is None or server.stdin is None:
            raise RuntimeError("the sandbox has no pipes")
        yield server.stdout.readline().strip()
        server.stdin.close()
        server.wait(timeout=30)


@dataclass(frozen=True, kw_only=True)
class Target:
    """A target and the settings of its runs."""

    module: str
    settings: Mapping[str, Any]

    def run_once(self, folder: Path) -> None:
        """Run it over one row: its properties are there then, its modules compiled."""
        with tempfile.TemporaryDirectory(dir=folder) as name:
            source = write_input(Path(name) / "one.jsonl", [to_record(0)])
            self.run("one row", source, Path(name) / "state")

    def start(self) -> Measured:
        """Return what a start costs that does nothing."""
        cost = measure(["-m", self.module, "--version"])
        return Measured(
            name="start of the program",
            rows=0,
            wall_s=cost.wall,
            cpu_s=cost.cpu,
            peak_mib=cost.peak,
            outcomes={},
        )

    def run(self, name: str, source: Path, state: Path, **more: Any) -> Measured:
        """Run it over rows; measure it as the system does."""
        config = source.with_suffix(".config.json")
        settings = {**self.settings, "state_dir": str(state), "max_rejected": 1, **more}
        config.write_text(json.dumps(settings))
        before = _left(state)
        cost = measure(
            ["-m", self.module, "--config", str(config), "--input", str(source)]
        )
        report = _report(state)
        left = report["requests_left_today"]
        return Measured(
            name=name,
            rows=report["rows"],
            wall_s=cost.wall,
            cpu_s=cost.cpu,
            requests=report["requests"],
            counted=before - left if before and left is not None else None,
            peak_mib=cost.peak,
            outcomes={kind: n for kind, n in report["outcomes"].items() if n},
        )


def _report(state: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        max((state / "runs").glob("*.json")).read_bytes()
    )
    return found


def _left(state: Path) -> int | None:
    """Return what the last run said that is left of the day's requests."""
    if not (state / "runs").is_dir():
        return None
    left: int | None = _report(state)["requests_left_today"]
    return left


def show(found: Sequence[Measured]) -> None:
    """Print the measurements beside the floor."""
    floor = next(one for one in found if one.name == FLOOR)
    start = found[0]
    heads = (
        "run",
        "rows",
        "requests",
        "a 1,000 rows",
        "wall s",
        "× floor",
        "CPU s",
        "beyond start",
        "peak MiB",
        "outcomes",
    )
    print("| " + " | ".join(heads) + " |")
    print("|" + "---|" * len(heads))
    for one in found:
        print("| " + " | ".join(_cells(one, floor, start)) + " |")


def _cells(one: Measured, floor: Measured, start: Measured) -> tuple[str, ...]:
    beyond = max(0.0, one.cpu_s - start.cpu_s) if one.peak_mib else one.cpu_s
    share = one.rows / floor.rows  # a run over fewer rows is held to as much of it
    counted = "" if one.counted is None else f" ({one.counted} charged)"
    return (
        one.name,
        f"{one.rows:,}",
        f"{one.requests:,}{counted}",
        f"{1_000 * one.requests / one.rows:,.1f}" if one.rows else "",
        f"{one.wall_s:.1f}",
        f"{one.wall_s / floor.wall_s / share:.2f}" if share else "",
        f"{one.cpu_s:.2f}",
        f"{beyond:.2f}",
        f"{one.peak_mib:.0f}",
        ", ".join(f"{n:,} {kind}" for kind, n in one.outcomes.items()),
    )


def to_parser(description: str | None) -> argparse.ArgumentParser:
    """Return what both benchmarks may be told."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--latency-ms", type=int, default=LATENCY_MS)
    parser.add_argument("--json", type=Path)
    return parser


def tell(found: Sequence[Measured], place: Path | None) -> None:
    """Print the table, and write the figures to a file if one is named."""
    show(found)
    if place:
        place.write_text(json.dumps([asdict(one) for one in found], indent=2))
