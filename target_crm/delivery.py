"""From rows to a CRM that holds them: the one order of work for every CRM.

rows --latest event of each person--> ledger same? unchanged
     --else, where the ledger knows nothing--> read the CRM
     --upsert in batches--> outcomes --> ledger, rejected rows, report
then the timeline, which refers to the contacts
then, and only then, the STATE
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sync_core.errors import RowRejected
from target_crm import breakdowns, wanted
from target_crm.outcomes import UNCHANGED, Kind, Outcome, Why, not_sent, to_rejected
from target_crm.parallel import in_parallel
from target_crm.rows import to_row
from target_crm.setup import Setup

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from target_crm.crm import Crm, Found
    from target_crm.desk import Desk
    from target_crm.ledger import Known
    from target_crm.mapping import PropertySet
    from target_crm.rows import Row
    from target_crm.timeline import Attendances
    from target_crm.wanted import Wish


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a run may do.

    Attributes:
        only_existing: Never create a contact.
        dry_run: Compare with the CRM and write nothing.
        workers: Calls at the same time.
    """

    only_existing: bool = False
    dry_run: bool = False
    workers: int = 4


class Delivery:
    """Writes rows to a CRM.

    Args:
        crm: The account.
        desk: The books.
        properties: Of contacts.
        policy: What this run may do.
        attendances: Collects what the timeline will be told.
    """

    def __init__(
        self,
        crm: Crm,
        desk: Desk,
        *,
        properties: PropertySet,
        policy: Policy,
        attendances: Attendances,
    ) -> None:
        self._crm = crm
        self._desk = desk
        self._properties = properties
        self._policy = policy
        self._attendances = attendances
        self._setup = Setup(crm, desk.ledger, properties)

    def deliver(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Write the rows of records; every one ends with an outcome.

        Raises:
            FatalError: The CRM cannot be written to; what it accepted is in the ledger.
        """
        rows = list(self._read(records))
        self._write(rows)

    def settle(self) -> None:
        """Do all that must be done before a STATE: the timeline, the rejected rows."""
        if not self._policy.dry_run:
            self._attendances.tell()
            self._desk.rejected.flush()

    def finish(self) -> None:
        """Send the rows again that an earlier run could not, then settle."""
        if not self._policy.dry_run:
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
            desk.seen.add(row.key)
            kept.append(breakdowns.of_lead_score(row))
            if row.email_key is None:
                desk.close_row(row, not_sent(Why.NO_EMAIL))
            else:
                yield row
        if not self._policy.dry_run:
            desk.ledger.keep_breakdowns(kept)

    def _resend(self) -> None:
        desk = self._desk
        again = [
            row for key, row in desk.rejected.waiting.items() if key not in desk.seen
        ]
        desk.resending = True
        try:
            for start in range(0, len(again), self._crm.batch_size):
                part = again[start : start + self._crm.batch_size]
                self.deliver([row.record for row in part])
        finally:
            desk.resending = False

    # rows to wishes

    def _write(self, rows: Sequence[Row]) -> None:
        latest = self._latest(rows)
        known = self._desk.ledger.contacts(list(latest))
        wishes = list(self._wishes(latest.values(), known))
        self._send(list(self._compared(wishes)))

    def _latest(self, rows: Sequence[Row]) -> dict[str, Row]:
        """Each person's latest event; the last of equal ones."""
        latest: dict[str, Row] = {}
        for row in rows:
            key = row.email_key or ""
            other = latest.get(key)
            older = row
            if other is None or row.age >= other.age:
                latest[key], older = row, other or row
            if other is not None:
                self._desk.close_row(older, not_sent(Why.SUPERSEDED))
                self._attendances.add(older, "")
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

    def _compared(self, wishes: Sequence[Wish]) -> Iterator[Wish]:
        """Close what needs no write; yield the rest, compared where needed."""
        unknown = []
        for wish in wishes:
            if self._must_read(wish):
                unknown.append(wish)
            elif not self._is_closed(wish):
                yield wish
        if unknown and not self._policy.dry_run:
            self._setup.ensure()
        yield from self._read_crm(unknown)

    def _must_read(self, wish: Wish) -> bool:
        if self._policy.dry_run:
            return True
        if wish.known is not None:
            fill = self._properties.fill_only
            return any(
                name in fill and name not in wish.known.properties
                for name in wish.wanted
            )
        return (
            self._policy.only_existing
            or bool(self._properties.fill_only)
            or self._setup.was_there_before()
        )

    def _read_crm(self, wishes: Sequence[Wish]) -> Iterator[Wish]:
        size = self._crm.batch_size
        parts = [wishes[i : i + size] for i in range(0, len(wishes), size)]
        for part, found in in_parallel(self._find, parts, self._policy.workers):
            if isinstance(found, Exception):
                raise found
            for wish in part:
                held = found.get(wish.row.email_key or "")
                if held and held.left_out:
                    self._close(wish, Outcome(kind=Kind.NOT_SENT, code=held.left_out))
                    continue
                compared = wanted.with_found(self._properties, wish, held)
                if not self._is_closed(compared):
                    yield compared

    def _find(self, wishes: Sequence[Wish]) -> dict[str, Found]:
        keys = [wish.row.email_key or "" for wish in wishes]
        return self._crm.read(keys, self._properties)

    def _is_closed(self, wish: Wish) -> bool:
        """Close a wish that needs no write, and say so."""
        outcome = self._end_without_write(wish)
        if outcome is None:
            return False
        if wish.exists and wish.known and not self._policy.dry_run:
            self._desk.ledger.accept_contacts([self._read_known(wish, outcome)])
        self._close(wish, outcome)
        return True

    def _end_without_write(self, wish: Wish) -> Outcome | None:
        if wish.exists is False and self._policy.only_existing:
            return not_sent(Why.NO_CONTACT)
        if wanted.is_superseded(wish):
            return not_sent(Why.SUPERSEDED)
        changed = wanted.changes(self._properties, wish)
        if wish.known is not None and not wanted.is_reason_to_write(
            self._properties, changed
        ):
            return UNCHANGED
        if self._policy.dry_run:
            kind = Kind.UPDATED if wish.exists else Kind.CREATED
            self._desk.report.add_plan(wish.row, kind, changed, self._desk.key)
            return Outcome(kind=kind)
        return None

    def _read_known(self, wish: Wish, outcome: Outcome) -> Known:
        """What to remember of a contact that was read and needs no write."""
        if outcome.kind is Kind.UNCHANGED or wish.known is None:
            return wanted.accepted(wish, None)
        return wish.known

    # wishes to the CRM

    def _send(self, wishes: Sequence[Wish]) -> None:
        if not wishes:
            return
        self._setup.ensure()
        left = self._upsert(wishes)
        if left:
            self._setup.renew()
            left = self._upsert(left)
            for wish in left:
                self._close(wish, self._setup.missing_property())

    def _upsert(self, wishes: Sequence[Wish]) -> list[Wish]:
        """Send wishes; return those that a property was missing for."""
        size = self._crm.write_size(len(wishes))
        parts = [wishes[i : i + size] for i in range(0, len(wishes), size)]
        left: list[Wish] = []
        problem: Exception | None = None
        for part, outcomes in in_parallel(self._put, parts, self._policy.workers):
            if isinstance(outcomes, Exception):
                problem = problem or outcomes
            else:
                left += self._accept(part, outcomes)
        if problem is not None:
            raise problem
        return left

    def _put(self, wishes: Sequence[Wish]) -> list[Outcome]:
        return self._crm.upsert(
            [wanted.to_contact(self._properties, wish) for wish in wishes]
        )

    def _accept(
        self, wishes: Sequence[Wish], outcomes: Sequence[Outcome]
    ) -> list[Wish]:
        pairs = list(zip(wishes, outcomes, strict=True))
        self._desk.ledger.accept_contacts(
            wanted.accepted(wish, outcome.contact_id)
            for wish, outcome in pairs
            if outcome.is_accepted
        )
        left = []
        for wish, outcome in pairs:
            if self._setup.is_stale(outcome):
                left.append(wish)
            else:
                self._close(wish, outcome)
        return left

    def _close(self, wish: Wish, outcome: Outcome) -> None:
        self._desk.close_row(wish.row, outcome)
        is_older = outcome.code == Why.SUPERSEDED.value
        if outcome.is_accepted or is_older:
            before = wish.known.contact_id if wish.known else ""
            self._attendances.add(wish.row, outcome.contact_id or before)
