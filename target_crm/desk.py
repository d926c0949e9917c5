"""Where every row's end is written down: report, rejected rows, ledger."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sync_core.identity import pseudonym
from target_crm.outcomes import Kind, Outcome, Why
from target_crm.rejected import PASSED, SUPERSEDED
from target_crm.rows import LEAD_SCORE_FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from target_crm.ledger import Ledger
    from target_crm.rejected import Key, RejectedRows
    from target_crm.report import RunReport
    from target_crm.rows import Row


@dataclass(slots=True)
class Desk:
    """One run's books.

    Attributes:
        ledger: What the CRM has accepted.
        rejected: Rows that wait.
        report: Counters of this run.
        key: This installation's key for pseudonyms.
        resending: Whether the rows at hand are of an earlier run.
        seen: Keys of waiting rows that this run has read or made.
        plan_to: Where the lines of a dry run's plan go.
    """

    ledger: Ledger
    rejected: RejectedRows
    report: RunReport
    key: bytes
    resending: bool = False
    seen: set[Key] = field(default_factory=set)
    plan_to: Callable[[str], None] | None = None

    def note_read(self, row: Row) -> None:
        """Remember that a waiting row came again by itself."""
        if row.key in self.rejected.waiting:
            self.seen.add(row.key)

    def close_row(self, row: Row, outcome: Outcome) -> None:
        """Write down how a row ended."""
        self._count(outcome)
        if outcome.kind is Kind.REJECTED:
            self._reject(row.key, outcome, row.values, row.email_key)
        elif not self.report.dry_run:
            self.rejected.settle(row.key, _settled(outcome))

    def close_record(self, record: Mapping[str, Any], outcome: Outcome) -> None:
        """Write down that a record is no row at all."""
        self._count(outcome)
        known = {k: v for k, v in record.items() if k in LEAD_SCORE_FIELDS}
        key = to_key(known)
        self._reject(key, outcome, json.loads(_dumps(known)), None)

    def close_entry(self, row_key: Key, email_key: str, outcome: Outcome) -> None:
        """Write down how a timeline entry ended; a refused one sends its row again."""
        self.report.timeline[outcome.kind.value] += 1
        if outcome.kind is not Kind.REJECTED:
            return
        self.report.reasons[outcome.code] += 1
        event_id, attendee_id = row_key
        rows = self.ledger.breakdowns(event_id, [attendee_id], "lead_score")
        if rows:
            self._reject(row_key, outcome, rows[0], email_key)

    def plan(
        self, row: Row, kind: Kind, changed: Mapping[str, tuple[str, str]]
    ) -> None:
        """Write down what a row would change; people stand in it as pseudonyms.

        Args:
            row: The row.
            kind: What would become of its contact.
            changed: Values before and after, without any that says who it is.
        """
        entry = self.report.add_plan(row, kind, changed, self.key)
        if self.plan_to is not None:
            self.plan_to(json.dumps(entry, ensure_ascii=False))

    def _count(self, outcome: Outcome) -> None:
        if self.resending:
            self.report.resent[outcome.kind.value] += 1
        else:
            self.report.count(outcome)

    def _reject(
        self,
        key: Key,
        outcome: Outcome,
        record: Mapping[str, Any],
        email_key: str | None,
    ) -> None:
        if self.report.dry_run:
            return
        self.rejected.reject(key, outcome, record)
        self.seen.add(key)
        name = (email_key or key[1]).encode(errors="replace").decode()
        person = pseudonym(name, self.key)
        self.report.list_rejected(person, key[0], outcome)


def to_key(record: Mapping[str, Any]) -> Key:
    """Return a record's key, or one made of its content where it has none."""
    event_id, attendee_id = record.get("event_id"), record.get("attendee_id")
    if event_id and attendee_id:
        return str(event_id), str(attendee_id)
    digest = hashlib.sha256(_dumps(record).encode()).hexdigest()[:16]
    return str(event_id or "?"), f"row:{digest}"


def _settled(outcome: Outcome) -> str:
    return SUPERSEDED if outcome.code == Why.SUPERSEDED.value else PASSED


def _dumps(record: Mapping[str, Any]) -> str:
    return json.dumps(record, sort_keys=True, default=_number)


def _number(value: Any) -> Any:
    """Decimals are all that JSON lacks here; an infinite one stays text."""
    number = float(value)
    return number if math.isfinite(number) else str(value)
