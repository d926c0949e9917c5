"""Who is who in one event: rows joined by e-mail, else by a name that is unique."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync_core.identity import to_email_key
from tap_events.files.naming import (
    is_telephone,
    to_digest,
    to_first_and_last,
    to_name_key,
)
from tap_events.records import Attendee, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from tap_events.files.report import Person

# Who was seen in two roles had the one that stands first.
_ROLES = (Role.HOST, Role.SPEAKER, Role.STAFF, Role.ATTENDEE)


@dataclass(frozen=True, slots=True)
class Roster:
    """Finds the person behind a row; e-mail owners of each name are known."""

    owners: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, people: Sequence[Person]) -> Roster:
        """Return the roster of an event from everything its files say of people."""
        named: dict[str, set[str]] = defaultdict(set)
        for person in people:
            if email := to_email_key(person.email):
                for name in person.names:
                    named[to_name_key(name)].add(f"e:{email}")
        with_emails = cls(_frozen(named))
        for person in people:
            key = with_emails.to_key(person)
            for name in person.names[1:] if key.startswith("n:") else ():
                if to_name_key(name) not in with_emails.owners:
                    named[to_name_key(name)].add(key)
        return cls(_frozen(named))

    def to_key(self, person: Person) -> str:
        """Return the e-mail key, or a key made of the name if that stays unclear."""
        if email := to_email_key(person.email):
            return f"e:{email}"
        found = self._owners_of(person)
        if len(found) == 1:
            return next(iter(found))
        name = person.names[0] if person.names else (person.email or "")
        return f"n:{to_name_key(name)}"

    def is_ambiguous(self, person: Person) -> bool:
        """Whether a row without e-mail names somebody whose name several bear."""
        return not to_email_key(person.email) and len(self._owners_of(person)) > 1

    def _owners_of(self, person: Person) -> frozenset[str]:
        """Return who may be meant, by the first of the names that anybody bears."""
        for name in person.names:
            if found := self.owners.get(to_name_key(name)):
                return found
        return frozenset()


def _frozen(named: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {name: frozenset(keys) for name, keys in named.items()}


def to_attendee_id(key: str) -> str:
    """Return the id of a person's key; ids may be seen where e-mails may not."""
    return to_digest("person", key)


@dataclass(frozen=True, slots=True)
class Merged:
    """All that the rows of one person say together."""

    key: str
    rows: tuple[Person, ...]

    @property
    def email(self) -> str | None:
        """The person's e-mail key."""
        return self.key[2:] if self.key.startswith("e:") else None

    @property
    def role(self) -> Role:
        """The role that weighs most: a panelist who also attended is a speaker."""
        return min((row.role for row in self.rows), key=_ROLES.index)

    @property
    def registered_at(self) -> datetime | None:
        """The first registration."""
        return min(filter(None, (row.registered_at for row in self.rows)), default=None)

    @property
    def details(self) -> dict[str, str]:
        """The attendee fields, each from the first row that has it."""
        merged: dict[str, str] = {}
        for row in self.rows:
            merged = {**row.details, **merged}
        named = next((row.names[0] for row in self.rows if row.names), "")
        if {"first_name", "last_name"} & merged.keys() or is_telephone(named):
            return merged
        return {**to_first_and_last(named), **merged}

    @property
    def custom(self) -> dict[str, str]:
        """The answers to registration questions."""
        merged: dict[str, str] = {}
        for row in self.rows:
            merged = {**row.custom, **merged}
        return merged

    def to_attendee(self, event_id: str, *, was_there: bool) -> Attendee:
        """Return the person as the attendees stream has it."""
        details = self.details
        return Attendee(
            event_id=event_id,
            attendee_id=to_attendee_id(self.key),
            email=self.email,
            first_name=details.get("first_name"),
            last_name=details.get("last_name"),
            job_title=details.get("job_title"),
            company=details.get("company"),
            phone=details.get("phone"),
            city=details.get("city"),
            country=details.get("country"),
            role=self.role,
            registered_at=self.registered_at,
            attended=was_there or any(row.attended for row in self.rows),
            custom=self.custom,
        )


def to_merged(people: Iterable[Person], roster: Roster) -> list[Merged]:
    """Bring the rows of each person together, in the order of first appearance."""
    rows: dict[str, list[Person]] = {}
    for person in people:
        rows.setdefault(roster.to_key(person), []).append(person)
    return [Merged(key, tuple(found)) for key, found in rows.items()]
