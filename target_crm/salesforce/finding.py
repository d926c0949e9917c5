"""People of an organisation, found by their e-mail addresses."""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from target_crm.crm import Found
from target_crm.salesforce.answers import Refused
from target_crm.salesforce.composite import MAX_HEAVY, get_all, to_query_path
from target_crm.salesforce.fields import read_describes
from target_crm.salesforce.matching import (
    CONTACT,
    LEAD,
    NOBODY,
    Match,
    choose,
    converted_into,
    to_person,
    to_queries,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from target_crm.crm import Contact
    from target_crm.mapping import PropertySet
    from target_crm.salesforce.api import Api
    from target_crm.salesforce.fields import Describe
    from target_crm.salesforce.matching import Person, Rules

MAX_REMEMBERED = 50_000  # forgetting costs another search
SEARCH = 2_500  # addresses that fit into four queries, if they are not very long
# Limits cheat sheet: a statement may be too complicated below its longest length.
TOO_MUCH, FEWEST = "QUERY_TOO_COMPLICATED", 50
_PERSON_ACCOUNT = "IsPersonAccount"


class Finder:
    """Finds the contacts and leads of one organisation.

    Args:
        api: Sends the queries.
        properties: The fields that we answer for.
        rules: What to do where an address does not decide.
        before: Called once, before the first search of a run.
    """

    def __init__(
        self,
        api: Api,
        properties: PropertySet,
        rules: Rules,
        *,
        before: Callable[[], None],
    ) -> None:
        self._api = api
        self._properties = properties
        self._rules = rules
        self._before = before
        self._lock = threading.Lock()
        self._absent: set[str] = set()  # of those just read
        self._contact_fields: tuple[str, ...] | None = None
        self._is_ready = False

    def read(self, keys: Sequence[str]) -> dict[str, Found]:
        """Return the people who are in the organisation, by address."""
        matches = self.match(keys)
        with self._lock:
            if len(self._absent) > MAX_REMEMBERED:
                self._absent.clear()
            self._absent |= {key for key, match in matches.items() if match == NOBODY}
        return {
            key: Found(
                contact_id=match.contact_id,
                properties=match.values,
                left_out=match.left_out,
            )
            for key, match in matches.items()
            if match != NOBODY
        }

    def match(self, keys: Sequence[str]) -> dict[str, Match]:
        """Return whom each address means; all queries in one request, if they fit."""
        try:
            return self._match(keys)
        except Refused as refusal:
            if len(keys) <= FEWEST or refusal.reason.code != TOO_MUCH:
                raise
        middle = len(keys) // 2
        return self.match(keys[:middle]) | self.match(keys[middle:])

    def _match(self, keys: Sequence[str]) -> dict[str, Match]:
        fields = self._fields_of_contacts()
        names = list(self._properties.properties)
        queries = [
            *to_queries(CONTACT, "Email", keys, [*names, *fields]),
            *to_queries(LEAD, "Email", keys, names),
        ]
        people: dict[str, list[Person]] = defaultdict(list)
        for row in self._rows(queries):
            person = to_person(row, self._properties)
            people[str(row.get("Email") or "").lower()].append(person)
        self._add_converted(people, [*names, *fields])
        return {key: choose(people.get(key, ()), self._rules) for key in keys}

    def _add_converted(
        self, people: Mapping[str, list[Person]], names: Sequence[str]
    ) -> None:
        """Add the contacts that leads became and that have another address now."""
        became: dict[str, list[str]] = defaultdict(list)
        for key, found in people.items():
            for contact_id in converted_into(found):
                became[contact_id].append(key)
        for row in self._rows(list(to_queries(CONTACT, "Id", list(became), names))):
            person = to_person(row, self._properties)
            for key in became[person.record_id]:
                people[key].append(person)

    def _rows(self, queries: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        for start in range(0, len(queries), MAX_HEAVY):
            part = queries[start : start + MAX_HEAVY]
            for page in get_all(self._api, [to_query_path(query) for query in part]):
                yield from self._api.rows(page)

    def learn(self, contact: Describe) -> None:
        """Take over what was just read of the contact object."""
        flag = _PERSON_ACCOUNT
        self._contact_fields = (flag,) if flag in contact.fields else ()

    def _fields_of_contacts(self) -> tuple[str, ...]:
        """Return the field that tells person accounts, where they are switched on."""
        with self._lock:
            if not self._is_ready:
                self._before()
                self._is_ready = True
            if self._contact_fields is None:
                self.learn(read_describes(self._api, [CONTACT])[CONTACT])
            return self._contact_fields or ()

    def of_contacts(self, contacts: Iterable[Contact]) -> dict[str, Match]:
        """Return whom contacts mean: by their ids, as was just read, or asked."""
        found: dict[str, Match] = {}
        unknown = []
        for contact in contacts:
            key = contact.email_key
            if contact.contact_id:
                found[key] = Match(ids=tuple(contact.contact_id.split(",")))
            elif self._was_absent(key):
                found[key] = NOBODY
            else:
                unknown.append(key)
        return found | self.match_all(unknown)

    def _was_absent(self, key: str) -> bool:
        with self._lock:
            absent = key in self._absent
            self._absent.discard(key)
            return absent

    def match_all(self, keys: Sequence[str]) -> dict[str, Match]:
        """Return whom any number of addresses mean."""
        found: dict[str, Match] = {}
        for start in range(0, len(keys), SEARCH):
            found |= self.match(keys[start : start + SEARCH])
        return found
