"""Who is whom: contacts and leads of one e-mail address, and the rule that picks. Pure.

1. A contact wins; a lead is only looked at where no contact has the address.
2. A converted lead stands for the contact it became, and is never written.
3. Of several records the policy takes the newest, all, or none.
4. A person account's contact is left out, unless the policy says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from target_crm.salesforce.api import to_text
from target_crm.values import CLEARED, to_canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from target_crm.mapping import PropertySet

CONTACT, LEAD = "Contact", "Lead"
PREFIXES = {"003": CONTACT, "00Q": LEAD}
SEVERAL = "several_records_with_this_email"
PERSON_ACCOUNT = "person_account"
# Limits cheat sheet: a statement has at most 100,000 characters; the fields need some.
MAX_LISTED = 60_000
MAX_KEYS = 1_250  # so that an ordinary answer is one page, of at most 2,000 rows

Duplicates = Literal["newest", "all", "skip"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What to do where the address does not decide.

    Attributes:
        duplicates: Of several records.
        person_accounts: Whether their contacts are written.
    """

    duplicates: Duplicates = "newest"
    person_accounts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One record that has the address.

    Attributes:
        kind: Contact or Lead.
        changed_at: When anybody changed it last.
        converted: Whether it is a lead that became a contact.
        contact_id: The contact it became, if that is still there.
        person_account: Whether it is the contact of a person account.
        values: Our fields, in our spelling, without empty ones.
    """

    record_id: str
    kind: str
    changed_at: str = ""
    converted: bool = False
    contact_id: str = ""
    person_account: bool = False
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The records that a person's scores belong to.

    Attributes:
        ids: Newest first; empty if there is no record.
        values: What they hold, as far as all of them hold the same.
        left_out: Why the rules leave the person out.
    """

    ids: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    left_out: str = ""

    @property
    def contact_id(self) -> str:
        """The ids as one text, for the ledger."""
        return ",".join(self.ids)


NOBODY = Match()


def to_kind(record_id: str) -> str:
    """Return the object of an id."""
    return PREFIXES.get(record_id[:3], CONTACT)


def choose(people: Sequence[Person], rules: Rules) -> Match:
    """Return which of the records with one address are meant."""
    contacts = [person for person in people if person.kind == CONTACT]
    open_leads = [p for p in people if p.kind == LEAD and not p.converted]
    if contacts and not rules.person_accounts:
        contacts = [person for person in contacts if not person.person_account]
        if not contacts:
            return Match(left_out=PERSON_ACCOUNT)
    found = sorted(
        contacts or open_leads,
        key=lambda person: (person.changed_at, person.record_id),
        reverse=True,
    )
    if not found:
        return NOBODY
    if len(found) > 1 and rules.duplicates == "skip":
        return Match(left_out=SEVERAL)
    chosen = found if rules.duplicates == "all" else found[:1]
    return Match(
        ids=tuple(person.record_id for person in chosen), values=_shared(chosen)
    )


def _shared(people: Sequence[Person]) -> Mapping[str, str]:
    first, *others = people
    return {
        name: text
        for name, text in first.values.items()
        if all(other.values.get(name) == text for other in others)
    }


def converted_into(people: Iterable[Person]) -> list[str]:
    """Return the contacts that leads became, where no contact has the address."""
    listed = list(people)
    if any(person.kind == CONTACT for person in listed):
        return []
    return [p.contact_id for p in listed if p.converted and p.contact_id]


def to_person(row: Mapping[str, Any], properties: PropertySet) -> Person:
    """Return a row of a query as a person."""
    record_id = str(row.get("Id") or "")
    held = {
        name: to_canonical(spec.type, _to_text(row.get(name)))
        for name, spec in properties.properties.items()
    }
    return Person(
        record_id=record_id,
        kind=to_kind(record_id),
        changed_at=str(row.get("LastModifiedDate") or ""),
        converted=bool(row.get("IsConverted")),
        contact_id=str(row.get("ConvertedContactId") or ""),
        person_account=bool(row.get("IsPersonAccount")),
        values={name: text for name, text in held.items() if text != CLEARED},
    )


def _to_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def to_queries(
    kind: str, where: str, keys: Sequence[str], names: Sequence[str]
) -> Iterator[str]:
    """Return queries for records by a field, each short enough for a statement."""
    listed: list[str] = []
    size = 0
    for key in keys:
        text = to_text(key)
        length = len(text) + 1
        if listed and (size + length > MAX_LISTED or len(listed) == MAX_KEYS):
            yield _to_query(kind, where, listed, names)
            listed, size = [], 0
        listed.append(text)
        size += length
    if listed:
        yield _to_query(kind, where, listed, names)


def _to_query(kind: str, where: str, texts: Sequence[str], names: Sequence[str]) -> str:
    extra = ", IsConverted, ConvertedContactId" if kind == LEAD else ""
    chosen = ", ".join(("Id", "Email", "LastModifiedDate", *names))
    listed = ",".join(texts)
    return f"SELECT {chosen}{extra} FROM {kind} WHERE {where} IN ({listed})"  # noqa: S608 - names of a checked mapping, escaped texts
