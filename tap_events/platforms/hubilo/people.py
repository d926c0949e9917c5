"""The people of one event, gathered from several endpoints and files into one each."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sync_core.identity import to_email_key
from tap_events.records import Attendee, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

ID_DIGITS = 20
# Of several roles the last one here counts.
RANK = (Role.ATTENDEE, Role.SPEAKER, Role.STAFF, Role.HOST)
DETAILS = (
    "email",
    "first_name",
    "last_name",
    "job_title",
    "company",
    "phone",
    "city",
    "country",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What one row tells of a person.

    ``key`` is the e-mail's key, or for somebody without one any text that no e-mail
    can be.
    """

    key: str
    details: Mapping[str, str] = field(default_factory=dict)
    role: Role = Role.ATTENDEE
    registered_at: datetime | None = None
    custom: Mapping[str, str] = field(default_factory=dict)


def to_attendee_id(key: str) -> str:
    """Return the id of a person in our streams; the same person, the same id."""
    return hashlib.sha256(key.encode()).hexdigest()[:ID_DIGITS]


class People:
    """One event's people; several rows of one mailbox are one person.

    Args:
        event_id: Whose people they are.
    """

    def __init__(self, event_id: str) -> None:
        self._event_id = event_id
        self._found: dict[str, Attendee] = {}
        self._left_out: set[str] = set()

    def leave_out(self, keys: Iterable[str]) -> None:
        """Leave these people out, wherever else they are found."""
        self._left_out.update(keys)

    def add(self, person: Person, *, attended: bool = False) -> str | None:
        """Add what a row tells; return the person's id, None for one left out.

        What is known already stays; blanks are filled, the stronger role counts.
        """
        if person.key in self._left_out:
            return None
        known = self._found.get(person.key) or Attendee(
            event_id=self._event_id, attendee_id=to_attendee_id(person.key)
        )
        details: dict[str, Any] = {
            name: getattr(known, name) or person.details.get(name) or None
            for name in DETAILS
        }
        times = [t for t in (known.registered_at, person.registered_at) if t]
        self._found[person.key] = replace(
            known,
            **details,
            role=max(known.role, person.role, key=RANK.index),
            registered_at=min(times, default=None),
            attended=known.attended or attended,
            custom={**person.custom, **known.custom},
        )
        return known.attendee_id

    def add_attendee(self, attendee: Attendee) -> str | None:
        """Add somebody another source knows; join by e-mail where there is one."""
        email = to_email_key(attendee.email)
        details = {name: getattr(attendee, name) or "" for name in DETAILS}
        person = Person(
            key=email or f"other:{attendee.attendee_id}",
            details={**details, "email": email or ""},
            role=attendee.role,
            registered_at=attendee.registered_at,
            custom=attendee.custom,
        )
        return self.add(person, attended=attendee.attended)

    def attendees(self) -> list[Attendee]:
        """Return everybody, in the order they were found."""
        return list(self._found.values())
