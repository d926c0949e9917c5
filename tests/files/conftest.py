"""What the tests of the file readers share."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tap_events.files import RejectedRow, read_bundles
from tap_events.files.times import to_union_seconds
from tap_events.records import ActivityKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_events.records import Activity, Attendee, Bundle

REPORTS = Path(__file__).parents[1] / "data" / "reports"


@dataclass
class Look:
    """Reads files and answers what a test asks of the one event in them."""

    mapping_path: str | None = None
    timezone: str = "UTC"
    rejected: list[RejectedRow] = field(default_factory=list)
    bundles: list[Bundle] = field(default_factory=list)

    def at(self, *paths: Path | str) -> Look:
        """Read these paths."""
        self.bundles = read_bundles(
            [str(path) for path in paths],
            mapping_path=self.mapping_path,
            timezone=self.timezone,
            on_rejected=self.rejected.append,
        )
        return self

    @property
    def bundle(self) -> Bundle:
        """The only event."""
        assert len(self.bundles) == 1
        return self.bundles[0]

    @property
    def people(self) -> dict[str, Attendee]:
        """People by e-mail, else by name."""
        return {
            p.email or f"{p.first_name or ''} {p.last_name or ''}".strip(): p
            for p in self.bundle.attendees
        }

    def activities(self, kind: str | None = None) -> list[Activity]:
        """All activities, or those of one kind."""
        return [a for a in self.bundle.activities if kind in {None, a.activity}]

    def counts(self, kind: str) -> dict[str, float]:
        """The sum of quantities by person; nobody stands for anonymous."""
        names = {p.attendee_id: name for name, p in self.people.items()}
        found: dict[str, float] = defaultdict(float)
        for one in self.activities(kind):
            found[names[one.attendee_id] if one.attendee_id else "nobody"] += (
                one.quantity
            )
        return dict(found)

    def watched(self) -> dict[str, float]:
        """Seconds watched by person, overlapping stays counted once."""
        found: dict[str, float] = {}
        for name, person in self.people.items():
            mine = [
                one
                for one in self.activities(ActivityKind.TIME_IN_SESSION)
                if one.attendee_id == person.attendee_id
            ]
            stays = [(a.occurred_at, a.ended_at) for a in mine if a.ended_at]
            totals = sum(a.quantity for a in mine if not a.ended_at)
            if mine:
                found[name] = to_union_seconds(stays) + totals
        return found


@pytest.fixture
def look() -> Look:
    """A look at files, with times in UTC and no mapping."""
    return Look()


@pytest.fixture
def reports() -> Path:
    """The folder of sample reports."""
    return REPORTS


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Write a file into a folder of its own and return its path."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / "reports" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(data)
        return path

    return write
