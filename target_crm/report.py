"""What a run did: counters, one line for people, one JSON file for programs."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sync_core.identity import pseudonym
from target_crm.outcomes import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_crm.crm import Traffic
    from target_crm.outcomes import Outcome
    from target_crm.rows import Row

MAX_LISTED = 1_000


@dataclass(slots=True)
class RunReport:
    """Grows while the run goes on; holds no person's data, only pseudonyms.

    Attributes:
        target: Name of the plugin.
        dry_run: Whether nothing was written.
        rows: Rows of `lead_scores` read.
        outcomes: Rows by outcome; their sum is `rows`.
        reasons: Rejected and not sent rows by code.
        timeline: Timeline entries by outcome.
        resent: Rows of earlier runs that were sent again, by outcome.
        rejected: The rejected rows, each with event, pseudonym, code and property.
        plan: In a dry run, what would change; the first thousand rows of it.
        plan_file: Name of the file with all of it.
        would_create: In a dry run, the properties that a run would create first.
    """

    target: str
    dry_run: bool = False
    started_at: str = ""
    ended_at: str = ""
    account: str = ""
    rows: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    timeline: Counter[str] = field(default_factory=Counter)
    resent: Counter[str] = field(default_factory=Counter)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    plan: list[dict[str, Any]] = field(default_factory=list)
    plan_file: str = ""
    would_create: list[str] = field(default_factory=list)
    still_rejected: int = 0
    stopped: str = ""

    def count(self, outcome: Outcome) -> None:
        """Count how one row ended."""
        self.outcomes[outcome.kind.value] += 1
        if outcome.code:
            self.reasons[outcome.code] += 1

    def list_rejected(self, person: str, event_id: str, outcome: Outcome) -> None:
        """List a rejected row under the person's pseudonym."""
        if len(self.rejected) < MAX_LISTED:
            self.rejected.append(
                {
                    "event_id": event_id,
                    "contact": person,
                    "code": outcome.code,
                    "property": outcome.field,
                }
            )

    def add_plan(
        self,
        row: Row,
        kind: Kind,
        changed: Mapping[str, tuple[str, str]],
        key: bytes,
    ) -> dict[str, Any]:
        """Add what a row would change, and return it."""
        entry = {
            "event_id": row.event_id,
            "contact": pseudonym(row.email_key or "", key),
            "would_be": kind.value,
            "changes": {
                name: {"from": before, "to": after}
                for name, (before, after) in sorted(changed.items())
            },
        }
        if len(self.plan) < MAX_LISTED:
            self.plan.append(entry)
        return entry

    @property
    def rejections(self) -> int:
        """Refusals in this run: rows, rows sent again, and timeline entries."""
        name = Kind.REJECTED.value
        return self.outcomes[name] + self.resent[name] + self.timeline[name]

    @property
    def unfinished(self) -> int:
        """Rows that were read and have no outcome, because the run was stopped."""
        return self.rows - self.outcomes.total()

    def progress(self, traffic: Traffic) -> str:
        """Return what a person reads while the run goes on."""
        done = self.outcomes.total()
        return (
            f"{self.target}: {done:,} rows done so far, {traffic.requests:,} requests."
        )

    def line(self, traffic: Traffic) -> str:
        """Return the summary a person reads."""
        parts = [f"{self.outcomes[kind.value]:,} {_WORDS[kind]}" for kind in Kind]
        would = " (dry run, nothing was written)" if self.dry_run else ""
        told = self.timeline[Kind.CREATED.value] + self.timeline[Kind.UPDATED.value]
        timeline = f"; {told:,} timeline entries" if told else ""
        resent = sum(self.resent.values())
        again = f"; {resent:,} rejected earlier and sent again" if resent else ""
        left = (
            f", {traffic.daily_left:,} requests left today"
            if traffic.daily_left is not None
            else ""
        )
        rest = f", {self.unfinished:,} rows left" if self.unfinished else ""
        stopped = f" Stopped before the end{rest}." if self.stopped else ""
        return (
            f"{self.target}: {self.rows:,} rows: {', '.join(parts)}{timeline}{again}; "
            f"{traffic.requests:,} requests, {traffic.waits:,} waits{left}{would}."
            f"{stopped}"
        )

    def to_json(self, traffic: Traffic, exit_code: int) -> bytes:
        """Return the report that programs read."""
        data = {
            "target": self.target,
            "account": self.account,
            "dry_run": self.dry_run,
            "started_at": self.started_at,
            "ended_at": self.ended_at,
            "stopped": self.stopped,
            "exit_code": exit_code,
            "rows": self.rows,
            "outcomes": {kind.value: self.outcomes[kind.value] for kind in Kind},
            "unfinished": self.unfinished,
            "reasons": dict(sorted(self.reasons.items())),
            "timeline": dict(sorted(self.timeline.items())),
            "resent": dict(sorted(self.resent.items())),
            "rejected": self.rejected,
            "still_rejected": self.still_rejected,
            "would_create": self.would_create,
            "plan": self.plan,
            "plan_file": self.plan_file,
            "requests": traffic.requests,
            "waits": traffic.waits,
            "requests_left_today": traffic.daily_left,
        }
        text = json.dumps(data, indent=2, ensure_ascii=False)
        # Half a character, as a foreign id may hold, becomes JSON's escape of it.
        return text.encode(errors="backslashreplace") + b"\n"


_WORDS = {
    Kind.CREATED: "created",
    Kind.UPDATED: "updated",
    Kind.UNCHANGED: "unchanged",
    Kind.REJECTED: "rejected",
    Kind.NOT_SENT: "not sent",
}
