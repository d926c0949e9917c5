"""From rows to a CRM that holds them: the one order of work for every CRM.

rows --latest event of each person--> ledger same? unchanged
     --else, where the ledger knows nothing--> read the CRM
     --upsert in batches--> outcomes --> ledger, rejected rows, report
then the timeline, which refers to the contacts
then, and only then, the STATE
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sync_core.errors import RowRejected
from target_crm import breakdowns, wanted
from target_crm.outcomes import Why, not_sent, to_rejected
from target_crm.rows import to_row
from target_crm.writer import Means, Writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from target_crm.ledger import Known
    from target_crm.rows import Row
    from target_crm.wanted import Wish


class Delivery:
    """Writes rows to a CRM."""

    def __init__(self, means: Means) -> None:
        self._crm = means.crm
        self._desk = means.desk
        self._properties = means.properties
        self._is_dry = means.policy.dry_run
        self._attendances = means.attendances
        self._levels = means.levels
        self._writer = Writer(means)
        self._pending: dict[str, Wish] = {}

    def deliver(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Take the rows of records; every one has an outcome when `settle` returns.

        Raises:
            FatalError: The CRM cannot be written to; what it accepted is in the ledger.
        """
        rows = list(self._read(records))
        self._write(rows)

    def settle(self) -> None:
        """Do all that must be done before a STATE.

        Contacts that wait to fill a batch, then the timeline, then the rejected rows.
        """
        self._send()
        if not self._is_dry:
            self._attendances.tell()
            self._levels.tell()
            self._desk.rejected.flush()

    def finish(self) -> None:
        """Send the rows again that an earlier run could not, then settle."""
        if not self._is_dry:
            self._resend()
        self.settle()
        self._desk.report.still_rejected = len(self._desk.rejected.waiting)

    # records to rows

    def _read(self, records: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
        desk = self._desk
        kept = []
        for record in records:
            if not desk.resending:
                desk.report.rows += 1
            try:
                row = to_row(record)
            except RowRejected as problem:
                desk.close_record(record, to_rejected(problem))
                continue
            desk.note_read(row)
            kept.append(breakdowns.of_lead_score(row))
            if row.email_key is None:
                desk.close_row(row, not_sent(Why.NO_EMAIL))
            else:
                yield row
        if not self._is_dry:
            desk.ledger.keep_breakdowns(kept)

    def _resend(self) -> None:
        desk = self._desk
        again = [
            row for key, row in desk.rejected.waiting.items() if key not in desk.seen
        ]
        self._send()
        desk.resending = True
        try:
            for start in range(0, len(again), self._crm.batch_size):
                part = again[start : start + self._crm.batch_size]
                self.deliver([row.record for row in part])
            self._send()
        finally:
            desk.resending = False

    # rows to wishes

    def _write(self, rows: Sequence[Row]) -> None:
        latest = self._latest(rows)
        if not self._pending.keys().isdisjoint(latest):
            self._send()  # the ledger must know what a person was last told
        known = self._desk.ledger.contacts(list(latest))
        wishes = list(self._wishes(latest.values(), known))
        for wish in self._writer.compared(wishes):
            self._pending[wish.row.email_key or ""] = wish
        if len(self._pending) >= self._crm.rows_in_a_drain:
            self._send()

    def _send(self) -> None:
        """Write what waits; few changes among many rows fill few batches."""
        waiting = list(self._pending.values())
        self._pending.clear()
        self._writer.send(waiting)

    def _latest(self, rows: Sequence[Row]) -> dict[str, Row]:
        """Each person's latest event; the last of equal ones."""
        latest: dict[str, Row] = {}
        for row in rows:
            key = row.email_key or ""
            other = latest.get(key)
            older = row
            if other is None or is_newer(row, other):
                latest[key], older = row, other or row
            if other is not None:
                self._desk.close_row(older, not_sent(Why.SUPERSEDED))
                self._attendances.add(older, "")
                self._levels.add(older, "")
        return latest

    def _wishes(
        self, rows: Iterable[Row], known: Mapping[str, Known]
    ) -> Iterator[Wish]:
        for row in rows:
            try:
                yield wanted.to_wish(
                    self._properties, row, known.get(row.email_key or "")
                )
            except RowRejected as problem:
                self._desk.close_row(row, to_rejected(problem))


def is_newer(row: Row, other: Row) -> bool:
    """Tell whether a row counts more than one read before it."""
    return row.event_id == other.event_id or row.age >= other.age
