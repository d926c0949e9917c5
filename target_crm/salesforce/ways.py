"""How records are written: a few of them by collections, thousands by a job."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync_core.errors import FatalError
from target_crm.salesforce.answers import NO_ANSWER, Result
from target_crm.salesforce.batches import BATCH
from target_crm.salesforce.writing import Halted, is_locked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_crm.salesforce.batches import Change
    from target_crm.salesforce.bulk import Bulk
    from target_crm.salesforce.writing import Collections, Writer


@dataclass(frozen=True, slots=True)
class Ways:
    """The two ways, and from how many records on a job is worth it; 0 is never."""

    collections: Collections
    bulk: Bulk
    bulk_threshold: int

    def is_bulk(self, count: int) -> bool:
        """Tell whether a job is worth it."""
        return 0 < self.bulk_threshold <= count

    def size(self, count: int) -> int:
        """Return how many of so many people one write should take."""
        return count if self.is_bulk(count) else self.collections.size

    def write(self, changes: Sequence[Change]) -> list[Result]:
        """Change records by their ids, add those without; one result each, in order.

        What a job could not lock is sent again by collections.

        Raises:
            TransientError: It is not known whether they were added.
            Halted: Nothing more can be written.
        """
        if not self.is_bulk(len(changes)):
            return self.collections.write(changes)
        some, many = _apart(changes)
        results: list[Result] = [NO_ANSWER] * len(changes)
        try:
            _put(results, changes, many, self.bulk)
            some += [place for place in many if is_locked(results[place])]
            _put(results, changes, some, self.collections)
        except FatalError as problem:
            raise Halted(problem, results) from problem
        return results


def _apart(changes: Sequence[Change]) -> tuple[list[int], list[int]]:
    """Return the places of what is not worth a job of its own, and of the rest."""
    groups: dict[tuple[str, bool], list[int]] = defaultdict(list)
    for place, change in enumerate(changes):
        groups[change.kind, bool(change.record_id)].append(place)
    biggest = max(len(places) for places in groups.values())
    fewest = min(BATCH, biggest)
    some = [p for places in groups.values() if len(places) < fewest for p in places]
    many = [p for places in groups.values() if len(places) >= fewest for p in places]
    return some, many


def _put(
    results: list[Result], changes: Sequence[Change], places: Sequence[int], way: Writer
) -> None:
    """Write some of the changes; keep what is known of them even if it halts."""
    if not places:
        return
    try:
        written = way.write([changes[place] for place in places])
    except Halted as problem:
        _keep(results, places, problem.results)
        raise
    _keep(results, places, written)


def _keep(
    results: list[Result], places: Sequence[int], written: Sequence[Result]
) -> None:
    for place, result in zip(places, written, strict=True):
        results[place] = result
