"""How fast the mapper is, score and output included, as a ratio to a floor.

    floor    read the same lines and decode each into a typed object, nothing else
    events   5,000 attendees and 50,000 activities each, as RECORD
    leads    the same, but only `lead_scores` are sent
    batch    the same as BATCH (Parquet)
    files    the same, and what is sent is BATCH (Parquet), too
    small    20 attendees and 200 activities each, as RECORD
    one      everything in one event of 100,000 attendees, as RECORD

Each case is a process of its own that reads a file and writes to nowhere.

    python benchmarks/mapper.py [--rows 1000000] [--cases events small]
"""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from measuring import Case, Cost, measure, tabulate

CASES = {
    "events": (50_000, 5_000),
    "leads": (50_000, 5_000),
    "batch": (50_000, 5_000),
    "files": (50_000, 5_000),
    "small": (200, 20),
    "one": (0, 100_000),
}
AS_FILES = ("batch", "files")
SETTINGS = {"leads": {"streams": ["lead_scores"]}}
SCRIPT = str(Path(__file__).resolve())


class Activity(msgspec.Struct, gc=False):
    """What the floor decodes of an activity."""

    event_id: str | None = None
    activity_id: str | None = None
    attendee_id: str | None = None
    session_id: str | None = None
    activity: str | None = None
    object_id: str | None = None
    quantity: float | None = None
    occurred_at: str | None = None
    ended_at: str | None = None


class Message(msgspec.Struct, gc=False):
    """What the floor decodes of a line."""

    type: str
    record: Activity | None = None


def decode(path: Path) -> None:
    """Decode every line into a typed object and forget it."""
    decoder = msgspec.json.Decoder(Message)
    with path.open("rb") as source:
        for line in source:
            decoder.decode(line)


def write(path: Path, rows: int, case: str, batches: Path | None) -> None:
    """Write the lines of a case, in a process of its own."""
    from made_up_activity import write_lines  # noqa: PLC0415 - not in the floor

    in_event, people = CASES[case]
    events = max(1, rows // in_event) if in_event else 1
    with path.open("wb") as target:
        write_lines(target, rows, events, people, batches)


def compare(case: str, rows: int, folder: Path) -> tuple[Cost, Cost]:
    """Measure the floor of a case, and the case."""
    path, config = folder / "lines.jsonl", folder / "config.json"
    settings: dict[str, Any] = {"state_dir": str(folder / "work")}
    settings |= SETTINGS.get(case, {})
    if case == "files":
        storage = {"root": str(folder / "scores")}
        settings["batch_config"] = {
            "encoding": {"format": "parquet"},
            "storage": storage,
        }
    config.write_text(json.dumps(settings))
    measure([SCRIPT, "--write", str(path), "--rows", str(rows), "--cases", case])
    lowest = measure([SCRIPT, "--decode", str(path)])
    if case in AS_FILES:
        write = [SCRIPT, "--write", str(path), "--batches", str(folder)]
        measure([*write, "--rows", str(rows), "--cases", case])
    return lowest, map_file(path, config)


def map_file(path: Path, config: Path) -> Cost:
    """Run the mapper on a file."""
    command = [SCRIPT, "--mapper", "--config", str(config)]
    with path.open("rb") as source:
        return measure(command, source)


def main() -> None:
    """Measure the cases that were asked for."""
    if "--mapper" in sys.argv:
        from scoring_transform.mapper import (  # noqa: PLC0415 - not in the floor
            ScoringTransform,
        )

        sys.argv.remove("--mapper")
        ScoringTransform.cli()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--cases", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--decode", type=Path)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--batches", type=Path)
    given = parser.parse_args()
    if given.write:
        write(given.write, given.rows, given.cases[0], given.batches)
        return
    if given.decode:
        decode(given.decode)
        return
    tabulate(
        [
            Case(
                name=case,
                floor=f"{case}: floor",
                rows=given.rows,
                compare=partial(compare, case),
            )
            for case in given.cases
        ]
    )


if __name__ == "__main__":
    main()
