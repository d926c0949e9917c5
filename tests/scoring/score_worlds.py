"""Made-up events as Singer records, and a way to send them through the real mapper."""

from __future__ import annotations

import datetime as dt
import io
import itertools
import json
import random
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from scoring_transform.activities import NAMES
from scoring_transform.mapper import ScoringTransform
from sync_core.mappings import shipped

NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
START = dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC)
ONLY_IN_FILE = ("levels", "p_groups", "s_groups")
STREAMS = ("events", "sessions", "attendees", "activities")
POOL = ("ann@a.example", "bob@a.example", "cem@b.example", "dee@staff.example")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything a source knows of one event, as the records it would send."""

    event: dict[str, Any]
    sessions: list[dict[str, Any]] = field(default_factory=list)
    attendees: list[dict[str, Any]] = field(default_factory=list)
    activities: list[dict[str, Any]] = field(default_factory=list)

    @property
    def event_id(self) -> str:
        """The event's key."""
        return str(self.event["event_id"])

    def children(self) -> list[dict[str, Any]]:
        """Return the messages of everything but the event itself."""
        return [
            record_message(stream, row)
            for stream in STREAMS[1:]
            for row in getattr(self, stream)
        ]

    def messages(self) -> list[dict[str, Any]]:
        """Return all messages, the event's own last."""
        return [*self.children(), record_message("events", self.event)]


def record_message(stream: str, record: dict[str, Any]) -> dict[str, Any]:
    """Return a RECORD message."""
    return {"type": "RECORD", "stream": stream, "record": record}


def state_message(value: Any) -> dict[str, Any]:
    """Return a STATE message."""
    return {"type": "STATE", "value": {"bookmarks": {"events": {"at": value}}}}


def schema_messages() -> list[dict[str, Any]]:
    """Return the SCHEMA messages of all four streams."""
    return [
        {"type": "SCHEMA", "stream": s, "schema": {"properties": {}}} for s in STREAMS
    ]


def to_lines(messages: list[dict[str, Any]]) -> bytes:
    """Return messages as a tap writes them."""
    return b"".join(
        json.dumps(message, separators=(",", ":")).encode() + b"\n"
        for message in messages
    )


def map_lines(data: bytes, **config: Any) -> list[dict[str, Any]]:
    """Return what the mapper sends for these lines.

    Args:
        data: Singer messages.
        config: Settings of the mapper, or keys that only a scoring file has.
    """
    output = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        settings = to_settings(config, Path(folder) / "scoring.yml")
        mapper = ScoringTransform(config=settings, now=lambda: NOON, output=output)
    try:
        mapper.listen(io.BytesIO(data))  # type: ignore[arg-type]
    finally:
        sent = [json.loads(line) for line in output.getvalue().splitlines()]
    return sent


def to_settings(config: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return settings of the mapper; what only a file can say is in that file."""
    own = {key: config[key] for key in ONLY_IN_FILE if key in config}
    if not own:
        return config
    shipped_rules = yaml.safe_load(shipped("scoring.yml").read_text())
    path.write_text(yaml.safe_dump(shipped_rules | own))
    rest = {key: value for key, value in config.items() if key not in own}
    return rest | {"scoring": str(path)}


def map_worlds(worlds: list[World], **config: Any) -> list[dict[str, Any]]:
    """Return what the mapper sends for whole events."""
    messages = [m for world in worlds for m in world.messages()]
    return map_lines(to_lines([*schema_messages(), *messages]), **config)


def rows_of(messages: list[dict[str, Any]], stream: str) -> list[dict[str, Any]]:
    """Return the records of one stream."""
    return [
        m["record"] for m in messages if m["type"] == "RECORD" and m["stream"] == stream
    ]


def leads_of(world: World, **config: Any) -> dict[str, dict[str, Any]]:
    """Return the lead scores of one event by attendee."""
    rows = rows_of(map_worlds([world], **config), "lead_scores")
    return {row["attendee_id"]: row for row in rows}


def counts_of(
    world: World, window: str = "live", **config: Any
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the activity scores of one event and window by attendee and activity."""
    rows = rows_of(map_worlds([world], **config), "activity_scores")
    return {
        (row["attendee_id"], row["activity"]): row
        for row in rows
        if row["window"] == window
    }


def at(minutes: float) -> str:
    """Return the instant so many minutes after the webinar's start."""
    moment = START + dt.timedelta(minutes=minutes)
    return moment.isoformat().replace("+00:00", "Z")


def make_event(**changes: Any) -> dict[str, Any]:
    """Return an event of an hour with a week on demand."""
    event = {
        "event_id": "zoom:1",
        "platform": "zoom",
        "name": "Launch",
        "starts_at": at(0),
        "ends_at": at(7 * 24 * 60),
    }
    return event | changes


def make_world(
    activities: list[dict[str, Any]], people: str = "abcdef", **changes: Any
) -> World:
    """Return an event of one session in which these activities were done.

    Args:
        activities: Activities; what is missing in them is filled in.
        people: One attendee for each letter.
        changes: Parts of the world to replace.
    """
    event = changes.pop("event", make_event())
    key = {"event_id": event["event_id"]}
    filled = [
        key | {"activity_id": f"x{i}", "session_id": "s1", "occurred_at": at(1)} | row
        for i, row in enumerate(activities)
    ]
    attendees = [
        key
        | {"attendee_id": letter, "email": f"{letter}@example.com", "attended": True}
        for letter in people
    ]
    session = key | {"session_id": "s1", "starts_at": at(0), "ends_at": at(60)}
    parts: dict[str, Any] = {"attendees": attendees, "sessions": [session]} | changes
    return World(event=event, activities=filled, **parts)


def counted(activity: str, counts: list[int], people: str = "abcdef") -> World:
    """Return an event in which each person did one activity so many times."""
    return make_world(
        [
            {"attendee_id": person, "activity": activity, "object_id": f"o{i}"}
            for person, count in zip(people, counts, strict=False)
            for i in range(count)
        ],
        people[: len(counts)],
    )


def only(activity: str) -> dict[str, Any]:
    """Return weights that give everything to one activity."""
    return {"weights": dict.fromkeys(NAMES, 0) | {activity: 100}}


class Chance:
    """Draws whole events; the same seed draws the same events."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - test data

    def world(self, event_id: str = "zoom:1") -> World:
        """Draw an event with everything that can be odd in one."""
        return World(
            event=self._event(event_id),
            sessions=self._sessions(event_id),
            attendees=self._attendees(event_id),
            activities=self._activities(event_id),
        )

    def rules(self) -> dict[str, Any]:
        """Draw settings that decide scores."""
        pick = self.random.choice
        return {
            "weights": self.weights(),
            "rank_population": pick(["doers", "all"]),
            "rounding": pick(["truncate", "half_up"]),
            "time_bucket_seconds": pick([1, 1, 60, 300]),
            "on_demand_until": pick(["event_end", "open", {"days": 1}]),
            "untimed_window": pick(["live", "on_demand", "ignore"]),
            "exclude_roles": pick([[], ["host"], ["speaker", "host", "staff"]]),
            "exclude_email_domains": pick([[], ["staff.example"]]),
            **pick([{}, {}, self.groups()]),
        }

    def groups(self) -> dict[str, Any]:
        """Draw levels and groups with names and limits of their own."""
        ends = [*sorted(self.random.sample(range(1, 1000), 2)), 1000]
        tenths = [end / 10 for end in ends]
        shares = [b - a for a, b in itertools.pairwise([0, *ends])]
        return {
            "levels": [{"name": f"L{e}", "up_to": e} for e in tenths],
            "p_groups": [
                {"name": f"P{place}", "share": share / 10}
                for place, share in enumerate(shares)
            ],
            "s_groups": [
                {"name": f"S{limit}", "at_least": limit}
                for limit in (*tenths[1::-1], 0)
            ],
        }

    def weights(self) -> dict[str, float]:
        """Draw nine weights that total 100, some 0, some with decimals."""
        scale = self.random.choice([1, 1, 2, 10, 1000])
        cuts = sorted(self.random.randrange(100 * scale + 1) for _ in range(8))
        edges = [0, *cuts, 100 * scale]
        parts = [b - a for a, b in itertools.pairwise(edges)]
        return {name: part / scale for name, part in zip(NAMES, parts, strict=True)}

    def _event(self, event_id: str) -> dict[str, Any]:
        pick = self.random.choice
        return make_event(
            event_id=event_id,
            starts_at=pick([at(0), at(0), None]),
            ends_at=pick([at(60), at(1000), at(7 * 24 * 60), None]),
            on_demand_ends_at=pick([None, None, at(90), at(2000)]),
            reported_activities=pick([[], [], ["chat", "question"]]),
        )

    def _sessions(self, event_id: str) -> list[dict[str, Any]]:
        return [
            {
                "event_id": event_id,
                "session_id": f"s{i}",
                "starts_at": self.random.choice([at(0), at(30), at(60), None]),
                "ends_at": self.random.choice([at(60), at(60), at(120), None]),
            }
            for i in range(self.random.randrange(3))
        ]

    def _attendees(self, event_id: str) -> list[dict[str, Any]]:
        pick = self.random.choice
        return [
            {
                "event_id": event_id,
                "attendee_id": f"p{i}",
                "email": pick(
                    [None, "nobody", *POOL, *POOL, " Ann@A.example ", "BOB@a.example"]
                ),
                "first_name": pick([None, "Ann"]),
                "role": pick([None, "attendee", "attendee", "attendee", "host"]),
                "attended": pick([True, False, None]),
                "profile_score": pick([None, None, 0, 12.5, 30]),
            }
            for i in range(self.random.randrange(9))
        ]

    def _activities(self, event_id: str) -> list[dict[str, Any]]:
        rows = [self._activity(event_id, i) for i in range(self.random.randrange(40))]
        again = [row for row in rows if self.random.random() < 0.2]
        return rows + again

    def _activity(self, event_id: str, place: int) -> dict[str, Any]:
        pick = self.random.choice
        return {
            "event_id": event_id,
            "activity_id": f"a{place}",
            "attendee_id": pick([None, "p9", *[f"p{i}" for i in range(6)]]),
            "session_id": pick([None, "s0", "s0", "s1", "s9"]),
            "activity": pick([*NAMES, NAMES[0], NAMES[0], "quiz"]),
            "window": pick([None, None, None, None, "live", "on_demand", "lobby"]),
            "object_id": pick([None, "o1", "o2", "o3"]),
            "quantity": pick([None, 1, 1, 1, 2, 3, 0, -1, 2.7, 90, 45.5]),
            "occurred_at": pick([None, *[at(5 * i) for i in range(-1, 26)]]),
            "ended_at": pick([None, *[at(5 * i + 2.5) for i in range(26)]]),
            "anonymous": pick([None, False, False, False, False, True]),
            "detail": pick([None, "Pricing", "Deck"]),
        }
