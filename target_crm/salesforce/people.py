"""People of an organisation: written by id, created as leads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sync_core.errors import FatalError
from target_crm.outcomes import Interrupted, Kind, Outcome, Why
from target_crm.salesforce.answers import Fate, Result
from target_crm.salesforce.batches import Change
from target_crm.salesforce.matching import LEAD, NOBODY, to_kind
from target_crm.salesforce.writing import Halted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_crm.crm import Contact
    from target_crm.mapping import Property, PropertySet
    from target_crm.salesforce.api import Api
    from target_crm.salesforce.finding import Finder
    from target_crm.salesforce.matching import Match
    from target_crm.salesforce.ways import Ways

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
        """Write people with distinct addresses; one outcome each, in order.

        Raises:
            Interrupted: It cannot go on; it tells the outcomes that are known.
        """
        matches = self._finder.of_contacts(contacts)
        ends, stale = self._write(contacts, matches)
        if stale:
            again = [c for c in contacts if c.email_key in stale]
            try:
                more, stale = self._write(again, self._match(again), all_fields=True)
            except FatalError as problem:
                raise Interrupted(problem, ends) from problem
            ends |= more | stale
        return [ends[contact.email_key] for contact in contacts]

    def _match(self, contacts: Sequence[Contact]) -> dict[str, Match]:
        return self._finder.match_all([contact.email_key for contact in contacts])

    def _write(
        self,
        contacts: Sequence[Contact],
        matches: Mapping[str, Match],
        *,
        all_fields: bool = False,
    ) -> tuple[dict[str, Outcome], dict[str, Outcome]]:
        """Write; return the outcomes, and those of people to look for again.

        After a lost answer it looks first who is there by now.
        """
        found, whole = matches, all_fields
        is_first = True

        def attempt() -> tuple[dict[str, Outcome], dict[str, Outcome]]:
            nonlocal found, whole, is_first
            if not is_first:
                found, whole = self._match(contacts), True
            is_first = False
            return self._write_once(contacts, found, all_fields=whole)

        ends: tuple[dict[str, Outcome], dict[str, Outcome]] = self._api.retry(attempt)
        return ends

    def _write_once(
        self,
        contacts: Sequence[Contact],
        matches: Mapping[str, Match],
        *,
        all_fields: bool,
    ) -> tuple[dict[str, Outcome], dict[str, Outcome]]:
        ends: dict[str, Outcome] = {}
        stale: dict[str, Outcome] = {}
        meant: list[tuple[Contact, tuple[str, ...]]] = []
        for contact in contacts:
            match = matches.get(contact.email_key, NOBODY)
            if match.left_out:
                ends[contact.email_key] = _not_sent(match.left_out)
            elif match.ids or self._leads.create:
                meant.append((contact, match.ids))
            else:
                ends[contact.email_key] = _not_sent(Why.NO_CONTACT.value)
        for key, result in self._send(meant, all_fields=all_fields).items():
            if result.reason is not None and result.reason.fate is Fate.REMATCH:
                stale[key] = result.reason.to_outcome()
            else:
                ends[key] = to_outcome(result)
        return ends, stale

    def _send(
        self, meant: Sequence[tuple[Contact, tuple[str, ...]]], *, all_fields: bool
    ) -> dict[str, Result]:
        """Write contacts to their records, or as leads where there are none."""
        changes: list[Change] = []
        owners: list[tuple[str, tuple[str, ...]]] = []
        for contact, ids in meant:
            made = self._to_changes(contact, ids, all_fields=all_fields)
            changes += made
            owners += [(contact.email_key, ids)] * len(made)
        try:
            return _by_person(owners, self._ways.write(changes))
        except Halted as problem:
            raise Interrupted(problem, _written(owners, problem.results)) from problem

    def _to_changes(
        self, contact: Contact, ids: Sequence[str], *, all_fields: bool
    ) -> list[Change]:
        if not ids:
            return [self._to_lead(contact)]
        values = self._to_values(contact, partial=len(ids) == 1 and not all_fields)
        return [
            Change(kind=to_kind(record_id), record_id=record_id, values=values)
            for record_id in ids
        ]

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


def _by_person(
    owners: Sequence[tuple[str, tuple[str, ...]]], found: Sequence[Result]
) -> dict[str, Result]:
    """Return one result for each person: the first refusal, if there is one."""
    results: dict[str, Result] = {}
    for (key, ids), result in zip(owners, found, strict=True):
        before = results.get(key)
        if before is None or before.reason is None:
            results[key] = _of_person(ids, result)
    return results


def _written(
    owners: Sequence[tuple[str, tuple[str, ...]]], found: Sequence[Result]
) -> dict[str, Outcome]:
    """Return the outcomes of people of whom every record is known to be written."""
    results = _by_person(owners, found)
    return {key: to_outcome(r) for key, r in results.items() if r.reason is None}


def _of_person(ids: Sequence[str], result: Result) -> Result:
    """Return a record's result as its person's: all of the records are one person."""
    if result.reason is not None:
        return result
    return Result(record_id=",".join(ids) or result.record_id, created=not ids)


def _not_sent(why: str) -> Outcome:
    return Outcome(kind=Kind.NOT_SENT, code=why)
