"""How fast the score is on Parquet, as a ratio to one plain scan-and-group of it.

    floor    group by event, attendee and activity; number, sum, first and last
    score    everything: counters, ranks, scores, groups, summaries

Ten activities for each attendee, 5,000 attendees for each event. The score reads some
events at a time, as a reader of files can; nothing is written.

    python benchmarks/score.py [--rows 1000000 10000000]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import polars as pl
from made_up_activity import HOUR, SESSIONS, START, write_parquet
from measuring import measure, show, show_head

from scoring_transform.embedded import ACTIVITIES, PEOPLE, Tables, run
from scoring_transform.model import default_model

PEOPLE_AN_EVENT = 5_000
ROWS_AN_EVENT = 50_000
EVENTS_AT_ONCE = 5


def floor(folder: Path) -> None:
    """Group the whole file once."""
    pl.scan_parquet(folder / "*.parquet").group_by(
        "event_id", "attendee_id", "activity"
    ).agg(
        pl.len(),
        pl.col("quantity").sum(),
        pl.col("occurred_at").min(),
        pl.col("ended_at").max(),
    ).collect()


def score(folder: Path) -> None:
    """Score the whole file."""
    files = pl.scan_parquet(folder / "*.parquet")
    names = files.select(pl.col("event_id").unique(maintain_order=True)).collect()
    model = default_model()
    for some in names.iter_slices(EVENTS_AT_ONCE):
        wanted = pl.col("event_id").is_in(some["event_id"].implode())
        run(_to_tables(files.filter(wanted), some), model)


def _to_tables(activities: pl.LazyFrame, names: pl.DataFrame) -> Tables:
    events = names.lazy().with_columns(
        starts=pl.lit(START),
        ends=pl.lit(START + 168 * HOUR),
        on_demand_ends=pl.lit(None, pl.Int64),
    )
    ids = pl.LazyFrame({"session_id": [f"s{i}" for i in range(SESSIONS)]})
    limits = {"starts": pl.lit(START), "ends": pl.lit(START + HOUR)}
    missing = ("window", "anonymous", "detail")
    return Tables(
        events=events,
        sessions=names.lazy().join(ids, how="cross").with_columns(**limits),
        people=pl.LazyFrame(schema=PEOPLE),
        activities=activities.with_columns(
            starts=_instant("occurred_at"),
            ends=_instant("ended_at"),
            **{name: pl.lit(None, ACTIVITIES[name]) for name in missing},
        ),
    )


def _instant(name: str) -> pl.Expr:
    return pl.col(name).str.to_datetime("%+", time_unit="us").to_physical()


def main() -> None:
    """Measure floor and score for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--case", choices=["floor", "score"])
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.case:
        {"floor": floor, "score": score}[given.case](given.folder)
        return
    show_head()
    for rows in given.rows:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder)
            write_parquet(path, rows, rows // ROWS_AN_EVENT, PEOPLE_AN_EVENT)
            command = [sys.argv[0], "--folder", folder, "--case"]
            lowest = measure([*command, "floor"])
            show("floor: scan and group", rows, lowest, lowest)
            show("score", rows, measure([*command, "score"]), lowest)


if __name__ == "__main__":
    main()
