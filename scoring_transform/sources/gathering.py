"""Facts gathered to whole events: what must wait waits, activities go straight through.

Only what describes an event, a session or a person is kept here, merged; it is sent
when its event is complete. Activities, which are many, are kept only while their event
is named by an alias that no record has explained yet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scoring_transform.sources.facts import ROLES, EventRef, Fact, Kind, Merged
from sync_core.errors import FatalError
from sync_core.identity import to_email_key

if TYPE_CHECKING:
    from collections.abc import Iterator

Pair = tuple[str, dict[str, Any]]
MOST_WAITING = 1_000_000


@dataclass(slots=True)
class OpenEvent:
    """What is known of an event that is not complete.

    Attributes:
        is_described: Whether a record of its own was seen.
    """

    merged: Merged = field(default_factory=Merged)
    sessions: dict[str, Merged] = field(default_factory=dict)
    attendees: dict[str, Merged] = field(default_factory=dict)
    is_described: bool = False


@dataclass(slots=True)
class People:
    """What is known of people in no particular event, by id and by address."""

    by_key: dict[str, Merged] = field(default_factory=dict)
    by_email: dict[str, Merged] = field(default_factory=dict)

    def add(self, fact: Fact) -> None:
        """Take what a fact says of somebody."""
        self.by_key.setdefault(fact.key, Merged()).add(fact.fields, fact.order)
        email = to_email_key(fact.fields.get("email"))
        if email:
            self.by_email.setdefault(email, Merged()).add(fact.fields, fact.order)

    def complete(self, key: str, attendee: Merged) -> None:
        """Fill in what is not known of an attendee."""
        if key in self.by_key:
            attendee.fill(self.by_key[key])
        email = to_email_key(attendee.get("email"))
        if email in self.by_email:
            attendee.fill(self.by_email[email])


class Gathering:
    """Events that are not complete, and what waits for them.

    Args:
        platform: The word that all ids of events begin with.
    """

    def __init__(self, platform: str) -> None:
        self._platform = platform
        self._open: dict[str, OpenEvent] = {}
        self._closed: set[str] = set()
        self._aliases: dict[str, str] = {}
        self._waiting: dict[str, list[Fact]] = {}
        self._people = People()
        self._waits = 0

    @property
    def is_holding(self) -> bool:
        """Whether anything was taken that has not been sent, or may be needed again."""
        return bool(self._open or self._waiting or self._people.by_key)

    @property
    def open_ids(self) -> list[str]:
        """The own ids of the events that are not complete, in order."""
        return sorted(self._open)

    def find(self, event: EventRef) -> str | None:
        """Return the own id of an event, None if its alias is not known yet."""
        return self._aliases.get(event.native) if event.is_alias else event.native

    def is_late(self, fact: Fact) -> bool:
        """Return whether a fact's event was completed before it came."""
        return fact.event is not None and self.find(fact.event) in self._closed

    def add(self, fact: Fact) -> list[Pair]:
        """Take a fact; return the activities that can go on now."""
        if fact.event is None:
            self._people.add(fact)
            return []
        native = self.find(fact.event)
        if native is None:
            self._wait(fact, fact.event.native)
            return []
        pairs = self._keep(fact, native)
        for alias in fact.aliases:
            self._aliases.setdefault(alias, native)
            for waiting in self._waiting.pop(alias, ()):
                self._waits -= 1
                pairs += self._keep(waiting, self._aliases[alias])
        return pairs

    def _wait(self, fact: Fact, alias: str) -> None:
        self._waiting.setdefault(alias, []).append(fact)
        self._waits += 1
        if self._waits > MOST_WAITING:
            raise FatalError(
                f"More than {MOST_WAITING:,} records name their event by an alias that "
                "no record has explained. Let the tap send the stream whose rule has "
                "`aliases` first, or select it.",
                setting="source",
            )

    def _keep(self, fact: Fact, native: str) -> list[Pair]:
        event = self._open.setdefault(native, OpenEvent())
        if fact.kind is Kind.ACTIVITIES:
            record = {"event_id": self._to_id(native), "activity_id": fact.key}
            return [(Kind.ACTIVITIES.value, record | dict(fact.fields))]
        if fact.kind is Kind.EVENTS:
            event.is_described = True
            event.merged.add(fact.fields, fact.order)
        else:
            group = event.sessions
            if fact.kind is Kind.ATTENDEES:
                group = event.attendees
            group.setdefault(fact.key, Merged()).add(fact.fields, fact.order)
        return []

    def forget_people(self) -> None:
        """Let go of what is known of people in no particular event."""
        self._people = People()

    def take_unexplained(self) -> list[Fact]:
        """Remove and return the facts whose event's alias was never explained."""
        facts = [fact for facts in self._waiting.values() for fact in facts]
        self._waiting, self._waits = {}, 0
        return facts

    def is_described(self, native: str) -> bool:
        """Return whether an open event has a record of its own."""
        return self._open[native].is_described

    def close(self, native: str, reported: frozenset[str]) -> Iterator[Pair]:
        """Yield all that is kept of an event, its own record last.

        Args:
            native: The event's own id.
            reported: The activities that the source can report.
        """
        event = self._open.pop(native)
        self._closed.add(native)
        key = {"event_id": self._to_id(native)}
        for name, session in sorted(event.sessions.items()):
            yield "sessions", key | {"session_id": name} | session.to_fields()
        for name, attendee in sorted(event.attendees.items()):
            self._people.complete(name, attendee)
            plain = {"attendee_id": name, "role": ROLES[0], "attended": False}
            yield "attendees", key | plain | attendee.to_fields()
        facts = {"platform": self._platform, "reported_activities": sorted(reported)}
        yield "events", key | facts | event.merged.to_fields()

    def _to_id(self, native: str) -> str:
        return f"{self._platform}:{native}"
