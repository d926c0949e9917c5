"""Who a foreign record is about: an id, else an e-mail address, else a guest's name.

The same person always gets the same id, wherever the record comes from: an activity
that only carries an address brings that address along as an attendee, and the score
unites all ids of one address.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoring_transform.sources.facts import EventRef, Fact, Kind
from scoring_transform.sources.values import hashed, to_key_reader, to_text_reader
from sync_core.identity import to_email_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from scoring_transform.sources.paths import Record
    from scoring_transform.sources.scope import Scope
    from scoring_transform.sources.shapes import Person

SHORT = 16
# A person's smallest id stands for all of them: `~` comes after every letter and digit,
# so an id that the platform gave stays, whatever else becomes known later.
DERIVED = "~"


@dataclass(frozen=True, slots=True)
class Someone:
    """A person of a record.

    Attributes:
        key: The attendee's id; made of an address or a name, it does not show it.
        email: The address, if the record has one.
    """

    key: str
    email: str | None

    def to_stub(self, event: EventRef, order: int) -> Fact:
        """Return the attendee that an activity refers to, with what it knows."""
        fields = {"email": self.email} if self.email else {}
        return Fact(
            kind=Kind.ATTENDEES, event=event, key=self.key, fields=fields, order=order
        )


def to_person_reader(
    scope: Scope, person: Person
) -> Callable[[Record], Someone | None]:
    """Return how to read who a record is about."""
    if person.id is None and person.email is None and person.guest is None:
        scope.refuse("a person needs `id`, `email` or `guest`")
    id_ = person.id and to_key_reader(scope.at("id"), person.id)
    email = person.email and to_text_reader(scope.at("email"), person.email)
    guest = person.guest and to_text_reader(scope.at("guest"), person.guest)

    def read(record: Record) -> Someone | None:
        address = email(record) if email else None
        key = to_email_key(address)
        known = address if key else None
        if id_ and (native := id_(record)):
            return Someone(native, known)
        if key:
            return Someone(f"{DERIVED}email:{hashed(key)[:SHORT]}", known)
        if guest and (name := guest(record)):
            folded = " ".join(name.casefold().split())
            return Someone(f"{DERIVED}guest:{hashed(folded)[:SHORT]}", None)
        return None

    return read
