"""Records as they should become, and the collections requests that carry them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

BATCH = 200
SOBJECTS = "/composite/sobjects"
CREATE, CHANGE = "POST", "PATCH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A record as it should become; without an id it is a new one."""

    kind: str
    values: Mapping[str, Any]
    record_id: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as collections take it."""
        identity = {"Id": self.record_id} if self.record_id else {}
        return {"attributes": {"type": self.kind}, **identity, **self.values}


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one collections request carries.

    Attributes:
        method: HTTP's.
        path: Of the collection.
        changes: At most two hundred.
        places: Of the changes in the whole.
    """

    method: str
    path: str
    changes: tuple[Change, ...]
    places: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the body."""
        records = [change.to_json() for change in self.changes]
        return {"allOrNone": False, "records": records}

    def only(self, chosen: Iterable[int]) -> Batch:
        """Return a batch of some of the changes, by their places in this one."""
        listed = tuple(chosen)
        return Batch(
            method=self.method,
            path=self.path,
            changes=tuple(self.changes[number] for number in listed),
            places=tuple(self.places[number] for number in listed),
        )


def to_batches(changes: Sequence[Change]) -> Iterator[Batch]:
    """Return changes by request: those by id, then new ones."""
    held = [place for place, change in enumerate(changes) if change.record_id]
    new = [place for place, change in enumerate(changes) if not change.record_id]
    for method, listed in ((CHANGE, held), (CREATE, new)):
        for places in to_parts(changes, listed):
            yield _to_batch(method, SOBJECTS, changes, places)


def to_keyed(key: str, changes: Sequence[Change]) -> Iterator[Batch]:
    """Return changes of one object by request, which finds them by a key."""
    for places in to_parts(changes, range(len(changes))):
        path = f"{SOBJECTS}/{changes[0].kind}/{key}"
        yield _to_batch(CHANGE, path, changes, places)


def _to_batch(
    method: str,
    path: str,
    changes: Sequence[Change],
    places: Sequence[int],
) -> Batch:
    return Batch(
        method=method,
        path=path,
        changes=tuple(changes[place] for place in places),
        places=tuple(places),
    )


def to_parts(changes: Sequence[Change], places: Iterable[int]) -> Iterator[list[int]]:
    """Return the places of changes by request: one object at a time, each id once."""
    left = sorted(places, key=lambda place: changes[place].kind)
    while left:
        part: list[int] = []
        later: list[int] = []
        seen: set[str] = set()
        for place in left:
            record_id = changes[place].record_id
            if len(part) == BATCH or (record_id and record_id in seen):
                later.append(place)
            else:
                part.append(place)
                seen.add(record_id)
        yield part
        left = later
