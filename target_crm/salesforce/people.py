"""People of an organisation: written by id, created as leads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from target_crm.outcomes import Kind, Outcome, Why
from target_crm.salesforce.answers import Fate, Result
from target_crm.salesforce.matching import LEAD, NOBODY, to_kind
from target_crm.salesforce.writing import BATCH, Change, is_locked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_crm.crm import Contact
    from target_crm.mapping import Property, PropertySet
    from target_crm.salesforce.api import Api
    from target_crm.salesforce.bulk import Bulk
    from target_crm.salesforce.finding import Finder
    from target_crm.salesforce.matching import Match
    from target_crm.salesforce.writing import Collections, Writer

UNKNOWN = "[not provided]"
# Field of a new lead, field of the row, and what Salesforce takes at most.
LEAD_FIELDS = (
    ("FirstName", "first_name", 40),
    ("LastName", "last_name", 80),
    ("Company", "company", 255),
    ("Title", "job_title", 128),
    ("Phone", "phone", 40),
    ("City", "city", 40),
    ("Country", "country", 80),
)
# Object reference: the most characters of the kinds of text fields that we write.
LENGTHS = {"Text": 255, "TextArea": 255, "LongTextArea": 32_768, "text": 255}


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadRules:
    """What happens to people who are not in the organisation.

    Attributes:
        create: Whether they become leads.
        source: The lead source of new leads.
    """

    create: bool = True
    source: str = "Webinar"


@dataclass(frozen=True, slots=True)
class Ways:
    """How records are written: a few of them, and thousands."""

    collections: Collections
    bulk: Bulk
    bulk_threshold: int

    def for_count(self, count: int) -> Writer:
        """Return the way that fits a number of records."""
        return self.bulk if self.is_bulk(count) else self.collections

    def is_bulk(self, count: int) -> bool:
        """Tell whether a job is worth it."""
        return 0 < self.bulk_threshold <= count


class People:
    """The contacts and leads of one organisation.

    Args:
        api: Repeats what was not answered.
        properties: The fields that we answer for.
        finder: Finds people.
        leads: What to do about strangers.
        ways: How records are written.
    """

    def __init__(
        self,
        api: Api,
        properties: PropertySet,
        *,
        finder: Finder,
        leads: LeadRules,
        ways: Ways,
    ) -> None:
        self._api = api
        self._properties = properties
        self._finder = finder
        self._leads = leads
        self._ways = ways

    def upsert(self, contacts: Sequence[Contact]) -> list[Outcome]:
        """Write people with distinct addresses; one outcome each, in order."""
        matches = self._finder.of_contacts(contacts)
        ends, stale = self._write(contacts, matches)
        if stale:
            again = [c for c in contacts if c.email_key in stale]
            found = self._finder.match_all([contact.email_key for contact in again])
            more, stale = self._write(again, found, all_fields=True)
            ends |= more | stale
        return [ends[contact.email_key] for contact in contacts]

    def _write(
        self,
        contacts: Sequence[Contact],
        matches: Mapping[str, Match],
        *,
        all_fields: bool = False,
    ) -> tuple[dict[str, Outcome], dict[str, Outcome]]:
        """Write; return the outcomes, and those of people to look for again."""
        ends: dict[str, Outcome] = {}
        new, held = [], []
        for contact in contacts:
            match = matches.get(contact.email_key, NOBODY)
            if match.left_out:
                ends[contact.email_key] = _not_sent(match.left_out)
            elif match.ids:
                held.append((contact, match.ids))
            elif self._leads.create:
                new.append(contact)
            else:
                ends[contact.email_key] = _not_sent(Why.NO_CONTACT.value)
        results = self._update(held, all_fields=all_fields)
        results |= self._create(new)
        stale = {}
        for key, result in results.items():
            if result.reason is not None and result.reason.fate is Fate.REMATCH:
                stale[key] = result.reason.to_outcome()
            else:
                ends[key] = to_outcome(result)
        return ends, stale

    def _update(
        self, held: Sequence[tuple[Contact, tuple[str, ...]]], *, all_fields: bool
    ) -> dict[str, Result]:
        changes, keys = [], []
        for contact, ids in held:
            partial = len(ids) == 1 and not all_fields
            values = self._to_values(contact, partial=partial)
            for record_id in ids:
                kind = to_kind(record_id)
                changes.append(Change(kind=kind, record_id=record_id, values=values))
                keys.append((contact.email_key, ",".join(ids)))
        if not changes:
            return {}
        results: dict[str, Result] = {}
        written = self._settled(changes)
        for (key, ids_text), result in zip(keys, written, strict=True):
            if result.reason is None:
                result = Result(record_id=ids_text)  # noqa: PLW2901
            before = results.get(key)
            if before is None or before.reason is None:
                results[key] = result
        return results

    def _settled(self, changes: Sequence[Change]) -> list[Result]:
        """Update; what a job could not lock is sent again by collections."""
        results = self._ways.for_count(len(changes)).update(changes)
        if not self._ways.is_bulk(len(changes)):
            return results
        return self._again_alone(changes, results)

    def _again_alone(
        self, changes: Sequence[Change], results: Sequence[Result]
    ) -> list[Result]:
        settled = list(results)
        locked = [place for place, result in enumerate(settled) if is_locked(result)]
        if locked:
            some = [changes[place] for place in locked]
            write = self._ways.collections
            way = write.update if some[0].record_id else write.create
            for place, result in zip(locked, way(some), strict=True):
                settled[place] = result
        return settled

    def _create(self, contacts: Sequence[Contact]) -> dict[str, Result]:
        """Add leads; after a lost answer, look first who is there by now."""
        results: dict[str, Result] = {}
        left = list(contacts)
        is_first = True

        def attempt() -> None:
            nonlocal left, is_first
            if not is_first:
                results.update(self._update_those_there(left))
                left = [c for c in left if c.email_key not in results]
            is_first = False
            self._create_once(left, results)

        if left:
            self._api.retry(attempt)
        return results

    def _create_once(
        self, contacts: Sequence[Contact], results: dict[str, Result]
    ) -> None:
        if not contacts:
            return
        count = len(contacts)
        size = count if self._ways.is_bulk(count) else BATCH
        for start in range(0, count, size):
            part = contacts[start : start + size]
            changes = [self._to_lead(contact) for contact in part]
            written = self._ways.for_count(count).create(changes)
            if self._ways.is_bulk(count):
                written = self._again_alone(changes, written)
            for contact, result in zip(part, written, strict=True):
                results[contact.email_key] = replace(
                    result, created=result.reason is None
                )

    def _update_those_there(self, contacts: Sequence[Contact]) -> dict[str, Result]:
        matches = self._finder.match_all([contact.email_key for contact in contacts])
        held = [
            (contact, matches[contact.email_key].ids)
            for contact in contacts
            if matches[contact.email_key].ids
        ]
        return self._update(held, all_fields=True)

    def _to_values(self, contact: Contact, *, partial: bool) -> dict[str, Any]:
        chosen = contact.changed if partial else None
        return {
            name: to_json(self._properties.properties[name], text)
            for name, text in contact.properties.items()
            if chosen is None or name in chosen
        }

    def _to_lead(self, contact: Contact) -> Change:
        values = {
            name: value
            for name, value in self._to_values(contact, partial=False).items()
            if value is not None
        }
        person = {
            name: contact.person[source][:length]
            for name, source, length in LEAD_FIELDS
            if contact.person.get(source)
        }
        return Change(
            kind=LEAD,
            values={
                "LastName": UNKNOWN,
                "Company": UNKNOWN,
                "LeadSource": self._leads.source,
                **person,
                **values,
                "Email": contact.email_key,
            },
        )


def to_json(spec: Property, text: str) -> Any:
    """Return a value in our spelling as the JSON that its field takes."""
    if text == "":
        return None
    if spec.type == "number":
        number = float(text)
        return int(number) if number.is_integer() else number
    if spec.type == "bool":
        return text == "true"
    length = LENGTHS.get(spec.field_type)
    if spec.type == "string" and length and len(text) > length:
        return f"{text[: length - 1]}…"
    return text


def to_outcome(result: Result) -> Outcome:
    """Return what a result means for its row."""
    if result.reason is not None:
        return result.reason.to_outcome()
    kind = Kind.CREATED if result.created else Kind.UPDATED
    return Outcome(kind=kind, contact_id=result.record_id)


def _not_sent(why: str) -> Outcome:
    return Outcome(kind=Kind.NOT_SENT, code=why)
