"""What a CRM must offer, and the values that cross this border.

A CRM is one package with a class that has these methods and a target class. Rows,
ledger, rejected rows, report and order of work are the same for every CRM.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_crm.mapping import PropertySet
    from target_crm.outcomes import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """What one contact should hold."""

    email_key: str
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one contact holds now; values in our spelling."""

    contact_id: str
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A webinar as an entry that attendees refer to."""

    event_id: str
    name: str
    starts_at: str
    ends_at: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendance:
    """One person's part in one event.

    Attributes:
        row_key: Of the row it comes from.
        email_key: The person.
        contact_id: The CRM's id of the person.
        event: The event.
        joined_at: First moment in the event, if known.
        left_at: Last moment in the event, if known.
        note: The breakdown as text, for timelines that hold text.
    """

    row_key: tuple[str, str]
    email_key: str
    contact_id: str
    event: Event
    joined_at: str = ""
    left_at: str = ""
    note: str = ""


@dataclass(slots=True)
class Traffic:
    """What a run cost; counted by the CRM's client."""

    requests: int = 0
    waits: int = 0
    daily_left: int | None = None


class Timeline(Protocol):
    """Where a person's history is written."""

    def state(self, attendance: Attendance) -> str:
        """Return a text that changes when the entry must be told again."""

    def event_state(self, event: Event) -> str:
        """Return a text that changes when the event must be told again; or empty."""

    def tell_event(self, event: Event) -> None:
        """Create or update the event."""

    def tell(self, entries: Sequence[Attendance]) -> list[Outcome]:
        """Write entries of one event; one outcome each, in order."""


class Crm(Protocol):
    """A CRM account."""

    @property
    def name(self) -> str:
        """Name of the CRM, which its shipped mapping has too."""

    @property
    def batch_size(self) -> int:
        """The most contacts in one request."""

    @property
    def traffic(self) -> Traffic:
        """What the run cost so far."""

    @property
    def timeline(self) -> Timeline | None:
        """Where a person's history is written; None if nowhere."""

    def account(self) -> str:
        """Return an id of the account that does not change with its credential."""

    def check(self) -> None:
        """Check the credential by reading; write nothing."""

    def prepare(self, properties: PropertySet) -> bool:
        """Check the properties and create what is missing; whether none existed."""

    def read(
        self, email_keys: Sequence[str], properties: PropertySet
    ) -> dict[str, Found]:
        """Return the contacts that exist, by key; at most `batch_size` keys."""

    def upsert(self, contacts: Sequence[Contact]) -> list[Outcome]:
        """Write contacts; one outcome each, in order; at most `batch_size`."""

    def close(self) -> None:
        """Close the connections."""
