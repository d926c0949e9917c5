"""What the timeline is told: one attendance a person and event, once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from target_crm.crm import Attendance, Event
from target_crm.outcomes import UNCHANGED
from target_crm.parallel import in_parallel
from target_crm.rows import WINDOWS, to_utc
from target_crm.texts import to_breakdown, to_reasons

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from target_crm.crm import Timeline
    from target_crm.desk import Desk
    from target_crm.ledger import Ledger
    from target_crm.outcomes import Outcome
    from target_crm.rows import Row

MAX_WAITING = 5_000


class Attendances:
    """Collects attendances while contacts are written; tells them afterwards.

    Args:
        timeline: Where to tell them; None keeps silent.
        desk: The books.
        workers: Calls at the same time.
    """

    def __init__(self, timeline: Timeline | None, desk: Desk, workers: int) -> None:
        self._timeline = timeline
        self._desk = desk
        self._workers = workers
        self._waiting: dict[str, dict[str, tuple[Row, str]]] = {}
        self._count = 0

    def add(self, row: Row, contact_id: str) -> None:
        """Collect a row whose contact is in the CRM."""
        if self._timeline is None or not self._timeline.takes(row.values):
            return
        people = self._waiting.setdefault(row.event_id, {})
        people[row.email_key or ""] = (row, contact_id)
        self._count += 1
        if self._count >= MAX_WAITING:
            self.tell()

    def tell(self) -> None:
        """Tell what was collected and is not yet told; contacts must be there."""
        timeline = self._timeline
        if timeline is None:
            return
        while self._waiting:
            event_id, people = next(iter(self._waiting.items()))
            self._tell_event(timeline, event_id, people)
            del self._waiting[event_id]
        self._count = 0

    def _tell_event(
        self, timeline: Timeline, event_id: str, people: Mapping[str, tuple[Row, str]]
    ) -> None:
        told = self._desk.ledger.entries(event_id, list(people))
        new = []
        for entry in self._entries(people):
            if told.get(entry.email_key) == timeline.state(entry):
                self._close(entry, UNCHANGED)
            else:
                new.append(entry)
        if new:
            self._ensure_event(timeline, new[0].event)
            remember = partial(self._remember, timeline, event_id)
            send(timeline, self._desk, new, self._workers, remember)

    def _ensure_event(self, timeline: Timeline, event: Event) -> None:
        state = timeline.event_state(event)
        name = f"event/{event.event_id}"
        if state and self._desk.ledger.note(name) != state:
            timeline.tell_event(event)
            self._desk.ledger.set_note(name, state)

    def _remember(
        self, timeline: Timeline, event_id: str, accepted: Sequence[Attendance]
    ) -> None:
        self._desk.ledger.accept_entries(
            event_id, {entry.email_key: timeline.state(entry) for entry in accepted}
        )

    def _close(self, entry: Attendance, outcome: Outcome) -> None:
        self._desk.close_entry(entry.row_key, entry.email_key, outcome)

    def _entries(self, people: Mapping[str, tuple[Row, str]]) -> list[Attendance]:
        return [
            to_attendance(row, contact_id)
            for row, contact_id in with_ids(self._desk.ledger, people)
        ]


def with_ids(
    ledger: Ledger, people: Mapping[str, tuple[Row, str]]
) -> Iterator[tuple[Row, str]]:
    """Yield rows with the ids of their contacts; those of nobody are left out."""
    unknown = [key for key, (_, contact_id) in people.items() if not contact_id]
    contacts = ledger.contacts(unknown)
    for key, (row, contact_id) in people.items():
        if contact_id:
            yield row, contact_id
        elif key in contacts:
            yield row, contacts[key].contact_id


def send(
    timeline: Timeline,
    desk: Desk,
    entries: Sequence[Attendance],
    workers: int,
    remember: Callable[[Sequence[Attendance]], None],
) -> None:
    """Tell entries in batches; remember those that are accepted, close all.

    Args:
        timeline: Where to tell them.
        desk: The books.
        entries: Of one event.
        workers: Calls at the same time.
        remember: Writes accepted entries into the ledger.
    """
    size = timeline.batch_size
    parts = [entries[i : i + size] for i in range(0, len(entries), size)]
    problem: Exception | None = None
    for part, outcomes in in_parallel(timeline.tell, parts, workers):
        if isinstance(outcomes, Exception):
            problem = problem or outcomes
            continue
        pairs = list(zip(part, outcomes, strict=True))
        remember([entry for entry, outcome in pairs if outcome.is_accepted])
        for entry, outcome in pairs:
            desk.close_entry(entry.row_key, entry.email_key, outcome)
    if problem is not None:
        raise problem


def to_attendance(row: Row, contact_id: str) -> Attendance:
    """Return a row as a part in an event, live if the person was there live."""
    values = row.values
    window = next((w for w in WINDOWS if values.get(f"{w}_joined_at")), "live")
    joined, left = (
        to_utc(values.get(f"{window}_{name}"), name) or ""
        for name in ("joined_at", "left_at")
    )
    note = "\n\n".join(filter(None, (to_reasons(values), to_breakdown(values))))
    return Attendance(
        row_key=row.key,
        email_key=row.email_key or "",
        contact_id=contact_id,
        event=Event(
            event_id=row.event_id,
            name=str(values.get("event_name") or row.event_id),
            starts_at=row.starts_at,
            ends_at=to_utc(values.get("event_ends_at"), "event_ends_at") or "",
            url=str(values.get("event_url") or ""),
        ),
        joined_at=joined,
        left_at=left,
        note=note,
        live=values.get("live_rank") is not None,
        scores=values,
    )
