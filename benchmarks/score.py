"""How fast the score is on Parquet, as a ratio to one plain scan-and-group of it.

    floor    group by event, attendee and activity; number, sum, first and last
    score    everything: counters, ranks, scores, groups, summaries

Ten activities for each attendee, 5,000 attendees for each event. The score reads some
whole events at a time, two portions of them at once, by the code of `leadscore score`;
nothing is written.

    python benchmarks/score.py [--rows 1000000 10000000]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from made_up_activity import HOUR, SESSIONS, START, write_parquet
from measuring import Case, Cost, measure, tabulate

from scoring_transform.datasets.abreast import work_abreast
from scoring_transform.datasets.whole_events import read_whole_events
from scoring_transform.embedded import ACTIVITIES, MANY, PEOPLE, Tables, run
from scoring_transform.instants import to_micros
from scoring_transform.model import default_model

if TYPE_CHECKING:
    from collections.abc import Mapping

PEOPLE_AN_EVENT = 5_000
ROWS_AN_EVENT = 50_000
ROWS_A_PORTION = 500_000
AT_ONCE = 2


def floor(folder: Path, _: int) -> None:
    """Group the whole file once."""
    pl.scan_parquet(folder / "*.parquet").group_by(
        "event_id", "attendee_id", "activity"
    ).agg(
        pl.len(),
        pl.col("quantity").sum(),
        pl.col("occurred_at").min(),
        pl.col("ended_at").max(),
    ).collect()


def score(folder: Path, _: int) -> None:
    """Score some whole events at a time, as `leadscore score` does."""
    model = default_model()
    files = {"activities": sorted(folder.glob("*.parquet"))}
    scratch = folder / "together"
    portions = read_whole_events(files, scratch, ROWS_A_PORTION, listed_in="activities")

    def work(frames: Mapping[str, pl.LazyFrame]) -> None:
        run(_to_tables(frames["activities"].collect()), model, MANY)

    work_abreast(portions, work, AT_ONCE)


def _to_tables(activities: pl.DataFrame) -> Tables:
    names = activities.select(pl.col("event_id").unique()).lazy()
    events = names.with_columns(
        starts=pl.lit(START),
        ends=pl.lit(START + 168 * HOUR),
        on_demand_ends=pl.lit(None, pl.Int64),
    )
    ids = pl.LazyFrame({"session_id": [f"s{i}" for i in range(SESSIONS)]})
    limits = {"starts": pl.lit(START), "ends": pl.lit(START + HOUR)}
    missing = ("window", "anonymous", "detail")
    return Tables(
        events=events,
        sessions=names.join(ids, how="cross").with_columns(**limits),
        people=pl.LazyFrame(schema=PEOPLE),
        activities=activities.lazy().with_columns(
            starts=to_micros(activities["occurred_at"]),
            ends=to_micros(activities["ended_at"]),
            **{name: pl.lit(None, ACTIVITIES[name]) for name in missing},
        ),
    )


def write(folder: Path, rows: int) -> None:
    """Write the files, in a process of its own so that its memory is not measured."""
    write_parquet(folder, rows, rows // ROWS_AN_EVENT, PEOPLE_AN_EVENT)


CASES = {"floor": floor, "score": score, "data": write}


def compare(rows: int, folder: Path) -> tuple[Cost, Cost]:
    """Measure the floor and the score of so many rows."""
    command = [str(Path(__file__).resolve()), "--folder", str(folder), "--case"]
    measure([*command, "data", "--rows", str(rows)])
    return measure([*command, "floor"]), measure([*command, "score"])


def main() -> None:
    """Measure floor and score for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--case", choices=["floor", "score", "data"])
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.case:
        CASES[given.case](given.folder, given.rows[0])
        return
    floor_name = "floor: scan and group"
    tabulate(
        [
            Case(name="score", floor=floor_name, rows=rows, compare=compare)
            for rows in given.rows
        ]
    )


if __name__ == "__main__":
    main()
