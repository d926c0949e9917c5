"""Made-up datasets with everything in them that engines could read differently."""

from __future__ import annotations

import datetime as dt
import io
import json
import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl
from polars.testing import assert_frame_equal

from scoring_transform.activities import NAMES, TIME
from scoring_transform.mapper import ScoringTransform
from scoring_transform.streams import KEYS

if TYPE_CHECKING:
    from pathlib import Path

Rows = Sequence[Mapping[str, Any]]
NOON = dt.datetime(2026, 3, 9, 12, tzinfo=dt.UTC)
SCORED_AT = "2026-03-09T12:00:00Z"
START = dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC)
SESSIONS = ("s0", "s1", "s2")
DETAILS = (None, "Pricing", "Demo  of\u00a0the\tday", "Preisübersicht " * 5, "§")
EMAILS = (
    lambda _: None,
    lambda n: f" Person{n // 2}@A.example\u2003",
    lambda n: f"person{n}@b.example",
    lambda n: f"ÉTÉ{n // 3}@ΟΔΟΣ.example",
    lambda n: f"not an address {n}",
    lambda n: f"d{n}@staff.example",
)
#: How sources write one and the same time.
SPELLINGS = (
    lambda at: at.isoformat().replace("+00:00", "Z"),
    lambda at: at.isoformat(),
    lambda at: at.isoformat(timespec="microseconds"),
    lambda at: at.isoformat().replace("+00:00", ""),
    lambda at: at.isoformat(sep=" "),
    lambda at: at.astimezone(
        dt.timezone(dt.timedelta(hours=5, minutes=30))
    ).isoformat(),
)
SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "events": {
        "event_id": pl.String,
        "platform": pl.String,
        "name": pl.String,
        "url": pl.String,
        "starts_at": pl.String,
        "ends_at": pl.String,
        "on_demand_ends_at": pl.String,
        "reported_activities": pl.List(pl.String),
        "updated_at": pl.String,
    },
    "sessions": dict.fromkeys(
        ("event_id", "session_id", "name", "starts_at", "ends_at"), pl.String
    ),
    "attendees": {
        **dict.fromkeys(
            (
                "event_id",
                "attendee_id",
                "email",
                "first_name",
                "last_name",
                "company",
                "role",
                "registered_at",
            ),
            pl.String,
        ),
        "attended": pl.Boolean,
        "profile_score": pl.Float64,
    },
    "activities": {
        **dict.fromkeys(
            (
                "event_id",
                "activity_id",
                "attendee_id",
                "session_id",
                "activity",
                "window",
                "object_id",
                "occurred_at",
                "ended_at",
                "detail",
            ),
            pl.String,
        ),
        "quantity": pl.Float64,
        "anonymous": pl.Boolean,
    },
}


class Maker:
    """Draws the rows of some events; one seed is one set of rows."""

    def __init__(self, seed: int, attendees: int, activities: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - no secret
        self.attendees = attendees
        self.activities = activities

    def pick(self, options: Sequence[Any]) -> Any:
        """Return one of the options."""
        return self.random.choice(options)

    def spell(self, seconds: float) -> str:
        """Return a time in one of its spellings."""
        return str(self.pick(SPELLINGS)(START + dt.timedelta(seconds=seconds)))

    def to_event(self, number: int) -> Mapping[str, Any]:
        """Return an event; every third one's on-demand window stays open."""
        begin = number * 86_400
        return {
            "event_id": f"made:{number}",
            "platform": "made",
            "name": f"Event {number}",
            "url": None,
            "starts_at": self.spell(begin),
            "ends_at": self.spell(begin + 7200),
            "on_demand_ends_at": self.spell(begin + 500_000) if number % 3 else None,
            "reported_activities": ["question"] if number % 2 else None,
            "updated_at": self.spell(begin + 7200),
        }

    def to_sessions(self, number: int) -> Rows:
        """Return three sessions one after the other."""
        begin = number * 86_400
        return [
            {
                "event_id": f"made:{number}",
                "session_id": session,
                "name": session,
                "starts_at": self.spell(begin + place * 2400),
                "ends_at": self.spell(begin + (place + 1) * 2400),
            }
            for place, session in enumerate(SESSIONS)
        ]

    def to_attendees(self, number: int) -> Rows:
        """Return people, some with two logins, some of the staff."""
        return [
            {
                "event_id": f"made:{number}",
                "attendee_id": f"a{place:03}",
                "email": self.pick(EMAILS)(place),
                "first_name": self.pick((None, f"First {place}")),
                "last_name": f"Last {place}",
                "company": self.pick((None, "Firm")),
                "role": self.pick(("attendee",) * 9 + ("host", None)),
                "registered_at": self.pick((None, f"2026-02-{1 + place % 28:02}")),
                "attended": self.pick((True, True, False, None)),
                "profile_score": self.pick((None, 0.0, 12.3456789012)),
            }
            for place in range(self.attendees)
        ]

    def to_activities(self, number: int) -> Rows:
        """Return activities, some of them twice, some of people on no list."""
        return [self.to_activity(number) for _ in range(self.activities)]

    def to_activity(self, number: int) -> Mapping[str, Any]:
        """Return one activity in, around or after the event."""
        kind = self.pick((*NAMES, TIME, TIME, "unknown"))
        begin = number * 86_400 + self.random.randrange(-600, 9000) + 0.25
        stay = kind == TIME and self.random.random() < 0.9
        ends = begin + self.random.randrange(3000) + 0.001
        timed = self.random.random() < 0.95
        return {
            "event_id": f"made:{number}",
            "activity_id": f"x{self.random.randrange(self.activities)}",
            "attendee_id": f"a{self.random.randrange(self.attendees + 3):03}",
            "session_id": self.pick((None, *SESSIONS, "elsewhere")),
            "activity": kind,
            "window": self.pick((None,) * 6 + ("live", "on_demand")),
            "object_id": self.pick((None, "o1", "o2", "o3")),
            "occurred_at": self.spell(begin) if timed else None,
            "ended_at": self.spell(ends) if stay and timed else None,
            "detail": self.pick(DETAILS),
            "quantity": self.pick((None, 1.0, 2.0, 0.0, 33.5)),
            "anonymous": self.pick((None, False, False, True)),
        }


def make_rows(
    *, seed: int = 1, events: int = 4, attendees: int = 24, activities: int = 400
) -> dict[str, Rows]:
    """Return the rows of all four datasets."""
    maker = Maker(seed, attendees, activities)
    numbers = range(events)
    return {
        "events": [maker.to_event(n) for n in numbers],
        "sessions": [row for n in numbers for row in maker.to_sessions(n)],
        "attendees": [row for n in numbers for row in maker.to_attendees(n)],
        "activities": [row for n in numbers for row in maker.to_activities(n)],
    }


def write_datasets(folder: Path, rows: Mapping[str, Rows]) -> Path:
    """Write the four datasets, each in two files."""
    for stream, schema in SCHEMAS.items():
        (folder / stream).mkdir(parents=True)
        frame = pl.DataFrame(rows[stream], schema=schema)
        half = frame.height // 2
        frame.head(half).write_parquet(folder / stream / "first.parquet")
        frame.slice(half).write_parquet(folder / stream / "second.parquet")
    return folder


def read_table(folder: Path, name: str) -> pl.DataFrame:
    """Return a table of a result in the order of its keys."""
    return pl.read_parquet(folder / name / "*.parquet").sort(KEYS[name])


def assert_same_result(expected: Path, actual: Path) -> None:
    """Compare two results: every table, column, type, row and value."""
    for name in KEYS:
        wanted = read_table(expected, name)
        assert wanted.height > 0
        assert_frame_equal(wanted, read_table(actual, name), check_exact=True)


def map_rows(rows: Mapping[str, Rows], **config: Any) -> Mapping[str, Rows]:
    """Return what the mapper makes of the same rows, by stream."""
    streams = ("sessions", "attendees", "activities", "events")
    messages: list[Mapping[str, Any]] = [
        {"type": "SCHEMA", "stream": name, "schema": {}, "key_properties": []}
        for name in streams
    ]
    messages += [
        {"type": "RECORD", "stream": name, "record": row}
        for name in streams
        for row in rows[name]
    ]
    lines = [json.dumps(message) for message in messages]
    output = io.BytesIO()
    mapper = ScoringTransform(config=config, now=lambda: NOON, output=output)
    mapper.listen(io.BytesIO("\n".join(lines).encode()))  # type: ignore[arg-type]
    sent: dict[str, list[Any]] = {name: [] for name in KEYS}
    for line in output.getvalue().splitlines():
        message = json.loads(line)
        if message["type"] == "RECORD":
            sent[message["stream"]].append(message["record"])
    return sent
