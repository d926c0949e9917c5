"""What one foreign record says, in our terms, and how several sayings become one.

Foreign taps send in any order and say things twice. So what is merged never depends on
the order: the rule that stands first in the mapping wins; within one rule the earliest
start, the latest end and otherwise the smallest value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

ROLES = ("attendee", "staff", "speaker", "host")
WINS_IF_LATER = frozenset({"ends_at", "on_demand_ends_at", "updated_at"})


class Kind(StrEnum):
    """What a fact is about."""

    EVENTS = "events"
    SESSIONS = "sessions"
    PEOPLE = "people"
    ATTENDEES = "attendees"
    ACTIVITIES = "activities"


class EventRef(NamedTuple):
    """The event a fact belongs to: by its own id, or by an alias of it."""

    native: str
    is_alias: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that a record says.

    Attributes:
        kind: What it is about.
        event: The event; None for people, who belong to no event.
        key: The session's, attendee's or activity's id; empty for an event.
        fields: Our fields by name; without None.
        order: The place of its rule in the mapping; the lowest wins.
        aliases: Other names of an event.
    """

    kind: Kind
    event: EventRef | None
    key: str
    fields: Mapping[str, Any]
    order: int
    aliases: tuple[str, ...] = ()


@dataclass(slots=True)
class Merged:
    """What all facts about one thing say together."""

    _held: dict[str, tuple[int, Any]] = field(default_factory=dict)

    def add(self, fields: Mapping[str, Any], order: int) -> None:
        """Take what one fact says."""
        for name, value in fields.items():
            held = self._held.get(name)
            if held is None or _wins(name, (order, value), held):
                self._held[name] = (order, value)

    def fill(self, other: Merged) -> None:
        """Take from another what is not known here."""
        for name, entry in other._held.items():
            self._held.setdefault(name, entry)

    def get(self, name: str) -> Any:
        """Return what is known by a name."""
        entry = self._held.get(name)
        return None if entry is None else entry[1]

    def to_fields(self) -> dict[str, Any]:
        """Return everything that is known; ``custom.x`` stands inside `custom`."""
        plain: dict[str, Any] = {}
        custom: dict[str, Any] = {}
        for name, (_, value) in sorted(self._held.items()):
            head, _, rest = name.partition(".")
            if rest and head == "custom":
                custom[rest] = value
            else:
                plain[name] = value
        return {**plain, "custom": custom} if custom else plain


def _wins(name: str, new: tuple[int, Any], held: tuple[int, Any]) -> bool:
    """Return whether a value replaces the one that is held."""
    if name == "attended":
        return bool(new[1]) and not held[1]
    if name == "role":
        return ROLES.index(new[1]) > ROLES.index(held[1])
    if new[0] != held[0]:
        return new[0] < held[0]
    low, high = (held, new) if name in WINS_IF_LATER else (new, held)
    return bool(low[1] < high[1])
