"""How long `leadscore score` takes on Parquet, as a ratio to one scan-and-group of it.

    floor    group the activities by event, attendee and activity; nothing is written
    score    the command: reads four datasets, scores, writes three tables with reasons

Ten activities for each attendee, 5,000 attendees for each event.

    python benchmarks/datasets.py [--rows 1000000 10000000 50000000]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from measuring import Case, Cost, measure, tabulate

PROGRAM = Path(sys.executable).with_name("leadscore")
PEOPLE_AN_EVENT = 5_000
ROWS_AN_EVENT = 50_000


def write(folder: Path, rows: int) -> None:
    """Write the datasets, in a process of its own that is not measured."""
    from made_up_activity import write_datasets  # noqa: PLC0415 - not in the measuring

    write_datasets(folder, rows, max(1, rows // ROWS_AN_EVENT), PEOPLE_AN_EVENT)


def compare(rows: int, folder: Path) -> tuple[Cost, Cost]:
    """Measure the floor and the command on so many rows."""
    source = folder / "in"
    measure(
        [str(Path(__file__).resolve()), "--write", str(source), "--rows", str(rows)]
    )
    beside = Path(__file__).with_name("score.py")
    lowest = measure(
        [str(beside), "--case", "floor", "--folder", str(source / "activities")]
    )
    words = ["--input", str(source), "--output", str(folder / "out")]
    return lowest, measure([str(PROGRAM), "score", *words])


def main() -> None:
    """Measure each size that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.write:
        write(given.write, given.rows[0])
        return
    floor = "floor: scan and group"
    tabulate(
        [
            Case(name="leadscore score", floor=floor, rows=rows, compare=compare)
            for rows in given.rows
        ]
    )


if __name__ == "__main__":
    main()
