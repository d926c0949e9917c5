"""A person's level changed: an entry of its own on the timeline, once.

A change is noted in the ledger when the CRM has accepted the new level, before the
level itself is. So a run that ends between the two, or before the timeline was told,
leaves a change that a later run tells; and one that was told is not told again.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from target_crm import wanted
from target_crm.rows import WINDOWS
from target_crm.texts import to_level_change, to_level_title
from target_crm.timeline import MAX_WAITING, send, to_attendance, with_ids

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from target_crm.crm import Attendance, Timeline
    from target_crm.desk import Desk
    from target_crm.mapping import PropertySet
    from target_crm.rows import Row
    from target_crm.wanted import Wish


class Change(msgspec.Struct, frozen=True, array_like=True):
    """One change of a level, as the ledger keeps it; empty texts are no level."""

    before: str
    after: str
    score_before: str = ""
    score_after: str = ""
    told: bool = False


class LevelChanges:
    """Notes changes of levels while contacts are written; tells them afterwards.

    Args:
        timeline: Where to tell them; None keeps silent.
        desk: The books.
        properties: Of contacts.
        workers: Calls at the same time.
    """

    def __init__(
        self,
        timeline: Timeline | None,
        desk: Desk,
        *,
        properties: PropertySet,
        workers: int,
    ) -> None:
        self._timeline = timeline
        self._desk = desk
        self._properties = properties
        self._workers = workers
        self._waiting: dict[str, dict[str, tuple[Row, str]]] = {}
        self._count = 0

    def note(self, wishes: Iterable[Wish]) -> None:
        """Note the changes of wishes that the CRM has just accepted."""
        if self._timeline is None:
            return
        noted: dict[str, dict[str, Change]] = defaultdict(dict)
        for wish in wishes:
            for window in WINDOWS:
                change = to_change(self._properties, wish, window)
                if change is not None:
                    place = to_place(wish.row.event_id, window)
                    noted[place][wish.row.email_key or ""] = change
        for place, changes in noted.items():
            self._keep(place, changes)

    def add(self, row: Row, contact_id: str) -> None:
        """Collect a row whose contact is in the CRM."""
        if self._timeline is None:
            return
        people = self._waiting.setdefault(row.event_id, {})
        people[row.email_key or ""] = (row, contact_id)
        self._count += 1
        if self._count >= MAX_WAITING:
            self.tell()

    def tell(self) -> None:
        """Tell the changes of the people collected that are noted and not told."""
        timeline = self._timeline
        if timeline is None:
            return
        while self._waiting:
            event_id, people = next(iter(self._waiting.items()))
            for window in WINDOWS:
                self._tell(timeline, to_place(event_id, window), window, people)
            del self._waiting[event_id]
        self._count = 0

    def _tell(
        self,
        timeline: Timeline,
        place: str,
        window: str,
        people: Mapping[str, tuple[Row, str]],
    ) -> None:
        changes = dict(self._open_changes(place, list(people)))
        if not changes:
            return
        rows = {key: people[key] for key in changes}
        entries = [
            to_entry(row, contact_id, window, changes[row.email_key or ""])
            for row, contact_id in with_ids(self._desk.ledger, rows)
        ]
        remember = partial(self._remember, place, changes)
        send(timeline, self._desk, entries, self._workers, remember)

    def _remember(
        self,
        place: str,
        changes: Mapping[str, Change],
        accepted: Sequence[Attendance],
    ) -> None:
        told = {entry.email_key: changes[entry.email_key] for entry in accepted}
        self._keep(
            place,
            {key: msgspec.structs.replace(c, told=True) for key, c in told.items()},
        )

    def _open_changes(
        self, place: str, keys: Sequence[str]
    ) -> Iterator[tuple[str, Change]]:
        for key, state in self._desk.ledger.entries(place, keys).items():
            change = msgspec.json.decode(state, type=Change)
            if not change.told:
                yield key, change

    def _keep(self, place: str, changes: Mapping[str, Change]) -> None:
        states = {key: msgspec.json.encode(c).decode() for key, c in changes.items()}
        self._desk.ledger.accept_entries(place, states)


def to_place(event_id: str, window: str) -> str:
    """Return the name under which the ledger keeps an event's changes."""
    return f"{event_id}#level:{window}"


def to_change(properties: PropertySet, wish: Wish, window: str) -> Change | None:
    """Return how a wish changes a level; None if it does not, or nobody knows.

    A first score is no change: there was no level to change from. A level that is
    empty in the CRM and not in the ledger may never have been written.
    """
    level = properties.by_source.get(f"{window}_level")
    known = wish.known
    if level is None or known is None or not (known.event_id or known.starts_at):
        return None
    if level.name not in known.properties:
        return None
    if known.properties[level.name] == wish.wanted.get(level.name):
        return None
    changed = wanted.changes(properties, wish)
    if level.name not in changed:
        return None
    before, after = changed[level.name]
    score = properties.by_source.get(f"{window}_lead_score")
    name = score.name if score else ""
    return Change(
        before=before,
        after=after,
        score_before=known.properties.get(name, ""),
        score_after=wish.wanted.get(name, ""),
    )


def to_entry(row: Row, contact_id: str, window: str, change: Change) -> Attendance:
    """Return a change as an entry with a key of its own."""
    whole = to_attendance(row, contact_id)
    place = to_place(row.event_id, window)
    facts: dict[str, Any] = {
        "event": replace(
            whole.event, event_id=f"{place}:{change.before}>{change.after}"
        ),
        "title": to_level_title(window, change.before, change.after),
        "note": to_level_change(
            row.values,
            window,
            levels=(change.before, change.after),
            scores=(change.score_before, change.score_after),
        ),
        "joined_at": "",
        "left_at": "",
    }
    return replace(whole, **facts)
