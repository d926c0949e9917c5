"""What a CRM must offer, and the values that cross this border.

A CRM is one package with a class that has these methods and a target class. Rows,
ledger, rejected rows, report and order of work are the same for every CRM.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_crm.mapping import PropertySet
    from target_crm.outcomes import Outcome

NO_IDS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """What one contact should hold.

    Attributes:
        email_key: The person.
        properties: All values that we answer for.
        contact_id: The CRM's id, if it is known.
        changed: Names of what differs from what the CRM holds; None if unknown.
        person: What the row says of the person, for CRMs that need it to create one.
    """

    email_key: str
    properties: Mapping[str, str]
    contact_id: str = ""
    changed: frozenset[str] | None = None
    person: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one contact holds now; values in our spelling.

    Attributes:
        contact_id: The CRM's id.
        properties: By name; what is empty is missing.
        left_out: Why the CRM's own rules leave this person out; empty if they do not.
        email_keys: All addresses of the contact, where the CRM tells those of contacts
            that were merged into it.
    """

    contact_id: str
    properties: Mapping[str, str] = field(default_factory=dict)
    left_out: str = ""
    email_keys: frozenset[str] = frozenset()


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
        title: What the entry is about, if it is not the part in the event.
        live: Whether the person did anything live.
        scores: The row's values.
    """

    row_key: tuple[str, str]
    email_key: str
    contact_id: str
    event: Event
    joined_at: str = ""
    left_at: str = ""
    note: str = ""
    title: str = ""
    live: bool = True
    scores: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Traffic:
    """What a run cost; counted by the CRM's client."""

    requests: int = 0
    waits: int = 0
    daily_left: int | None = None


class Timeline(Protocol):
    """Where a person's history is written."""

    @property
    def batch_size(self) -> int:
        """The most entries that one `tell` takes."""

    def takes(self, values: Mapping[str, Any]) -> bool:
        """Tell whether a row's person gets an entry."""

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
        """The most keys that one `read` takes."""

    @property
    def rows_in_a_drain(self) -> int:
        """How many rows to collect before they are written."""

    @property
    def traffic(self) -> Traffic:
        """What the run cost so far."""

    @property
    def timeline(self) -> Timeline | None:
        """Where a person's history is written; None if nowhere."""

    @property
    def level_changes(self) -> Timeline | None:
        """Where a change of a level is written; None if nowhere."""

    def account(self) -> str:
        """Return an id of the account that does not change with its credential."""

    def check(self) -> None:
        """Check the credential by reading; write nothing."""

    @property
    def merges_into_new_ids(self) -> bool:
        """Whether a merged contact has an id that none of the two had."""

    def missing(self, properties: PropertySet) -> list[str]:
        """Check the properties; return the names of those that `prepare` would make."""

    def prepare(self, properties: PropertySet) -> bool:
        """Check the properties and create what is missing; whether none existed."""

    def read(
        self,
        email_keys: Sequence[str],
        properties: PropertySet,
        ids: Mapping[str, str] = NO_IDS,
    ) -> dict[str, Found]:
        """Return the contacts that exist, by key; at most `batch_size` keys.

        Args:
            email_keys: The people.
            properties: What to read of them.
            ids: The CRM's ids by key, of people whose address may have changed there.
        """

    def upsert(self, contacts: Sequence[Contact]) -> list[Outcome]:
        """Write contacts; one outcome each, in order; at most `write_size`."""

    def write_size(self, count: int) -> int:
        """Return how many contacts one `upsert` takes when there are so many."""

    def close(self) -> None:
        """Close the connections."""
