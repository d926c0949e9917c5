"""What a reader gets out of one file, before the files of one event are joined."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_events.records import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from tap_events.records import ActivityKind, Window

MAIN_SESSION = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What one row says about a person; several rows may mean the same one.

    ``details`` are keyed by the attendee fields they fill (``first_name`` …).
    """

    email: str | None = None
    names: tuple[str, ...] = ()
    role: Role = Role.ATTENDEE
    attended: bool = False
    registered_at: datetime | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    custom: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing done; ``who`` is ``None`` where the file names nobody.

    ``is_total`` marks time that a file gives as a sum: single stays, if any other
    file of the event has them, count instead.
    """

    activity: ActivityKind
    who: Person | None
    session_id: str | None = MAIN_SESSION
    window: Window | None = None
    object_id: str | None = None
    quantity: float = 1
    occurred_at: datetime | None = None
    ended_at: datetime | None = None
    detail: str | None = None
    is_total: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSession:
    """A session that a report tells of."""

    session_id: str = MAIN_SESSION
    name: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One file's part of one event.

    ``native_id`` names the event within its platform; without it the report belongs
    to an event that another file tells of, found by ``webinar_id``, folder or time.
    """

    platform: str
    native_id: str | None = None
    webinar_id: str | None = None
    topic: str = ""
    url: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    on_demand_ends_at: datetime | None = None
    sessions: tuple[ReportSession, ...] = ()
    people: tuple[Person, ...] = ()
    facts: tuple[Fact, ...] = ()

    def moments(self) -> Iterator[datetime]:
        """Yield every time that something was done at."""
        for fact in self.facts:
            if fact.occurred_at is not None:
                yield fact.occurred_at
            if fact.ended_at is not None:
                yield fact.ended_at


def to_live_end(reported: datetime | None, facts: Iterable[Fact]) -> datetime | None:
    """Return when a live event was over: nobody can leave it after its end.

    Reports round the end to minutes, so somebody's last seconds would else be taken
    for a look at the recording.
    """
    ends = (fact.ended_at for fact in facts)
    return max(filter(None, (reported, *ends)), default=None)
