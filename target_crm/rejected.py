"""Rejected rows: append-only, with the reason and what is needed to send them again.

Each line of the file is one fact about one row, the last one counts:

    rejected    refused, and why; `attempts` counts how often
    passed      accepted since
    superseded  a newer event of the same person was written since
    dropped     a person decided to forget it
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sync_core.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from target_crm.outcomes import Outcome

REJECTED = "rejected"
PASSED = "passed"
SUPERSEDED = "superseded"
DROPPED = "dropped"

Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRow:
    """A row that still waits to be accepted.

    Attributes:
        key: Of the row in its stream: event and attendee.
        code: The refusing side's code.
        blamed: The property to blame, if known.
        reason: The refusing side's words.
        attempts: How often it was refused.
        at: When it was refused last.
        record: The row, to send it again.
    """

    key: Key
    code: str
    blamed: str | None = None
    reason: str = ""
    attempts: int = 1
    at: str = ""
    record: Mapping[str, Any] = field(default_factory=dict)


def _now() -> datetime:
    return datetime.now(UTC)


class RejectedRows:
    """The file of rejected rows of one CRM account.

    Args:
        path: A private file.
        account: Lines of other accounts are left alone.
        now: The wall clock.
    """

    def __init__(
        self, path: Path, account: str, *, now: Callable[[], datetime] = _now
    ) -> None:
        self._path = path
        self._account = account
        self._now = now
        self._waiting = self._read()
        self._lines: list[str] = []

    @property
    def waiting(self) -> Mapping[Key, RejectedRow]:
        """The rows that still wait, by key, oldest first."""
        return self._waiting

    def reject(self, key: Key, outcome: Outcome, record: Mapping[str, Any]) -> None:
        """Keep a row that was refused; once more if it was refused before."""
        before = self._waiting.pop(key, None)
        row = RejectedRow(
            key=key,
            code=outcome.code,
            blamed=outcome.field,
            reason=outcome.message,
            attempts=(before.attempts if before else 0) + 1,
            at=self._now().isoformat(timespec="seconds"),
            record=record,
        )
        self._waiting[key] = row
        self._append(REJECTED, row)

    def settle(self, key: Key, how: str) -> None:
        """Close a waiting row; a row that does not wait is left alone."""
        row = self._waiting.pop(key, None)
        if row is not None:
            self._append(how, row)

    def flush(self) -> None:
        """Write what was collected and wait until the disk has it."""
        if not self._lines:
            return
        text = "".join(f"{line}\n" for line in self._lines)
        try:
            with self._path.open("r+b") as stream:
                _end_torn_line(stream)
                stream.write(text.encode())
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise FatalError(
                f"The rejected rows {self._path} cannot be written ({error.strerror}). "
                "Free some space or check the owner, then run again: nothing that was "
                "not confirmed is lost."
            ) from error
        self._lines.clear()

    def _append(self, status: str, row: RejectedRow) -> None:
        event_id, attendee_id = row.key
        line: dict[str, Any] = {
            "at": row.at,
            "account": self._account,
            "status": status,
            "event_id": event_id,
            "attendee_id": attendee_id,
            "attempts": row.attempts,
            "code": row.code,
            "field": row.blamed,
        }
        if status == REJECTED:
            line |= {"reason": row.reason, "record": dict(row.record)}
        self._lines.append(json.dumps(line))

    def _read(self) -> dict[Key, RejectedRow]:
        waiting: dict[Key, RejectedRow] = {}
        for line in self._path.read_bytes().splitlines():
            fact = _fact(line)
            if fact is None or fact.get("account") != self._account:
                continue
            key = (str(fact["event_id"]), str(fact["attendee_id"]))
            waiting.pop(key, None)
            if fact["status"] == REJECTED:
                waiting[key] = _to_row(key, fact)
        return waiting


def _fact(line: bytes) -> dict[str, Any] | None:
    """A torn line was never confirmed by a STATE, so its row is read again."""
    try:
        fact = json.loads(line)
    except ValueError:
        return None
    return fact if isinstance(fact, dict) and "attendee_id" in fact else None


def _to_row(key: Key, fact: Mapping[str, Any]) -> RejectedRow:
    return RejectedRow(
        key=key,
        code=fact["code"],
        blamed=fact["field"],
        reason=fact["reason"],
        attempts=fact["attempts"],
        at=fact["at"],
        record=fact["record"],
    )


def _end_torn_line(stream: Any) -> None:
    size = stream.seek(0, os.SEEK_END)
    if size:
        stream.seek(size - 1)
        torn = stream.read(1) != b"\n"
        stream.seek(0, os.SEEK_END)
        if torn:
            stream.write(b"\n")
