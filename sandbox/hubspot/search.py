"""Search: filters, sorting, pages, and an index that runs behind the writes.

HubSpot docs, search: five filter groups of six filters, 18 in all, one sort, 200 to a
page, 10,000 to a query; new and changed records appear after a few moments.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import msgspec

from sandbox.hubspot import records
from sandbox.hubspot.api import Call, Operation, Reply
from sandbox.hubspot.clock import to_seconds
from sandbox.hubspot.errors import invalid
from sandbox.hubspot.rows import kind_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

    from sandbox.hubspot.records import Record

MAX_GROUPS, MAX_FILTERS, MAX_ALL_FILTERS = 5, 6, 18
MAX_PAGE, MAX_RESULTS = 200, 10_000
_QUERY_PROPERTIES = ("email", "firstname", "lastname", "phone", "company")


class Filter(msgspec.Struct, rename="camel"):
    """One condition."""

    property_name: str
    operator: str
    value: str | None = None
    values: list[str] = []
    high_value: str | None = None


class FilterGroup(msgspec.Struct):
    """Conditions that must all hold."""

    filters: list[Filter] = []


class Sort(msgspec.Struct, rename="camel"):
    """What the results are sorted by."""

    property_name: str
    direction: str = "ASCENDING"


class SearchRequest(msgspec.Struct, rename="camel"):
    """Body of a search."""

    filter_groups: list[FilterGroup] = []
    sorts: list[Sort | str] = []
    query: str = ""
    properties: list[str] = []
    limit: int = 10
    after: str | int = 0


def search(call: Call) -> Reply:
    """Return one page of the records that match any of the filter groups."""
    kind, body = kind_of(call), call.body
    known = call.account.definitions(call.db, kind)
    _check(body, known)
    found = [
        record
        for record in _indexed(call, kind)
        if _matches_query(record, body.query)
        and (
            not body.filter_groups
            or any(_matches_group(record, group) for group in body.filter_groups)
        )
    ]
    _sort(found, body.sorts, known)
    start = int(body.after)
    page = found[start : start + body.limit]
    reply: dict[str, Any] = {
        "total": len(found),
        "results": [record.to_selection(body.properties, known) for record in page],
    }
    if start + body.limit < len(found):
        reply["paging"] = {"next": {"after": str(start + body.limit)}}
    return Reply(reply)


def _check(body: SearchRequest, known: Mapping[str, Any]) -> None:
    groups = body.filter_groups
    filters = [one for group in groups for one in group.filters]
    after = str(body.after)
    # HubSpot docs, search: 5 groups, 6 filters each, 18 in all.
    for is_wrong, message in (
        (len(groups) > MAX_GROUPS, f"At most {MAX_GROUPS} filterGroups are allowed"),
        (
            any(len(group.filters) > MAX_FILTERS for group in groups)
            or len(filters) > MAX_ALL_FILTERS,
            f"At most {MAX_FILTERS} filters in a group and {MAX_ALL_FILTERS} in all",
        ),
        (not 0 < body.limit <= MAX_PAGE, f"limit must be between 1 and {MAX_PAGE}"),
        (
            not after.isdecimal() or int(after) + body.limit > MAX_RESULTS,
            f"Only the first {MAX_RESULTS} results can be read",
        ),
        (len(body.sorts) > 1, "Only one sort is allowed"),
    ):
        if is_wrong:
            raise invalid(message)
    for one in filters:
        if one.property_name not in known:
            raise invalid(f'Property "{one.property_name}" does not exist')
        if one.operator not in _OPERATORS:
            raise invalid(f"Operator {one.operator} does not exist")


def _indexed(call: Call, kind: str) -> list[Record]:
    """Return the records as the index knows them, some seconds ago."""
    found = records.load_all(call.db, kind)
    horizon = call.now - call.account.settings.index_lag_s
    if horizon >= call.now:
        return found
    return [_as_of(call.db, one, horizon) for one in found if one.created <= horizon]


def _as_of(db: sqlite3.Connection, record: Record, horizon: float) -> Record:
    if record.updated <= horizon:
        return record
    properties: dict[str, str] = {}
    for (changes,) in db.execute(
        "SELECT properties FROM hs_change WHERE id = ? AND at <= ? ORDER BY rowid",
        (record.id, horizon),
    ):
        properties |= msgspec.json.decode(changes)
    record.properties = properties
    return record


def _matches_query(record: Record, query: str) -> bool:
    if not query:
        return True
    held = (record.properties.get(name, "") for name in _QUERY_PROPERTIES)
    return any(query.lower() in value.lower() for value in held)


def _matches_group(record: Record, group: FilterGroup) -> bool:
    values = record.all_properties()
    return all(
        _OPERATORS[one.operator](values.get(one.property_name, ""), one)
        for one in group.filters
    )


def _to_order(text: str) -> float | str:
    try:
        return to_seconds(text) if "T" in text else float(text)
    except ValueError:
        return text.lower()


def _compare(test: Callable[[Any, Any], bool]) -> Callable[[str, Filter], bool]:
    def compare(value: str, one: Filter) -> bool:
        left, right = _to_order(value), _to_order(one.value or "")
        return bool(value) and type(left) is type(right) and test(left, right)

    return compare


def _is_between(value: str, one: Filter) -> bool:
    low, high = _to_order(one.value or ""), _to_order(one.high_value or "")
    held = _to_order(value)
    if not value or not isinstance(held, float):
        return False
    return isinstance(low, float) and isinstance(high, float) and low <= held <= high


def _has_token(value: str, one: Filter) -> bool:
    token = (one.value or "").strip("*").lower()
    return token in value.lower()


_OPERATORS: dict[str, Callable[[str, Filter], bool]] = {
    "EQ": _compare(operator.eq),
    "NEQ": lambda value, one: not _compare(operator.eq)(value, one),
    "LT": _compare(operator.lt),
    "LTE": _compare(operator.le),
    "GT": _compare(operator.gt),
    "GTE": _compare(operator.ge),
    "BETWEEN": _is_between,
    "IN": lambda value, one: value.lower() in {v.lower() for v in one.values},
    "NOT_IN": lambda value, one: value.lower() not in {v.lower() for v in one.values},
    "HAS_PROPERTY": lambda value, _: bool(value),
    "NOT_HAS_PROPERTY": lambda value, _: not value,
    "CONTAINS_TOKEN": _has_token,
    "NOT_CONTAINS_TOKEN": lambda value, one: not _has_token(value, one),
}


def _sort(
    found: list[Record], sorts: Sequence[Sort | str], known: Mapping[str, Any]
) -> None:
    """Sort in place; records without a value come last, equal ones by id."""
    # HubSpot docs, search: one sort; inferred that its property must exist.
    for sort in map(_to_sort, sorts):
        name = sort.property_name
        if name not in known:
            raise invalid(f'Property "{name}" does not exist')
        keys = {one.id: _to_order(one.all_properties().get(name, "")) for one in found}
        with_value = [one for one in found if keys[one.id] != ""]
        without = [one for one in found if keys[one.id] == ""]
        with_value.sort(
            key=lambda one: (isinstance(keys[one.id], str), keys[one.id]),
            reverse=sort.direction == "DESCENDING",
        )
        found[:] = with_value + without


def _to_sort(sort: Sort | str) -> Sort:
    """HubSpot docs show objects, its clients send text: a name or an object's JSON."""
    if not isinstance(sort, str):
        return sort
    if not sort.startswith("{"):
        return Sort(sort.removeprefix("-"), _DIRECTIONS[sort.startswith("-")])
    try:
        return msgspec.json.decode(sort, type=Sort)
    except msgspec.MsgspecError as error:
        raise invalid(f"Invalid sort: {error}") from error


_DIRECTIONS = ("ASCENDING", "DESCENDING")


OPERATIONS = (
    Operation(
        method="POST",
        base="objects",
        path="/{object}/search",
        handler=search,
        body=SearchRequest,
        scopes=frozenset({"crm.objects.contacts.read"}),
        is_search=True,
    ),
)
