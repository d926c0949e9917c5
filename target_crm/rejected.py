"""Rejected rows: append-only, with the reason and what is needed to send them again.

They are kept where the ledger is: in the file `rejected.jsonl` beside it, or in its
table `rejected` where `ledger_url` names a database, so that a runner without a disk of
its own loses none. Each line is one fact about one row, the last one counts:

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
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

from sync_core.errors import FatalError
from target_crm.tables import REJECTED as REJECTED_TABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from target_crm.database import Database
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


class Lines(Protocol):
    """Where the facts are kept: read whole, and only added to."""

    @property
    def place(self) -> str:
        """What to call it."""

    def read(self, account: str) -> Iterator[str | bytes]:
        """Yield the lines, oldest first; those of other accounts may be left out."""

    def accounts(self) -> set[str]:
        """Return the accounts that there are lines of."""

    def add(self, account: str, lines: Sequence[str]) -> None:
        """Add lines of an account; they are safe when this returns."""


class RejectedRows:
    """The rejected rows of one CRM account.

    Args:
        lines: Where they are kept.
        account: Lines of other accounts are left alone.
        now: The wall clock.
    """

    def __init__(
        self, lines: Lines, account: str, *, now: Callable[[], datetime] = _now
    ) -> None:
        self._kept = lines
        self._account = account
        self._now = now
        self._waiting = self._read()
        self._attempts: dict[Key, int] = {}
        self._lines: list[str] = []

    @property
    def place(self) -> str:
        """What to call the place that they are kept in."""
        return self._kept.place

    @property
    def waiting(self) -> Mapping[Key, RejectedRow]:
        """The rows that still wait, by key, oldest first."""
        return self._waiting

    def reject(self, key: Key, outcome: Outcome, record: Mapping[str, Any]) -> None:
        """Keep a row that was refused; once more if it was refused before."""
        before = self._waiting.pop(key, None)
        attempts = before.attempts if before else self._attempts.get(key, 0)
        row = RejectedRow(
            key=key,
            code=outcome.code,
            blamed=outcome.field,
            reason=outcome.message,
            attempts=attempts + 1,
            at=self._now().isoformat(timespec="seconds"),
            record=record,
        )
        self._waiting[key] = row
        self._append(REJECTED, row)

    def settle(self, key: Key, how: str) -> None:
        """Close a waiting row; a row that does not wait is left alone."""
        row = self._waiting.pop(key, None)
        if row is not None:
            # A contact may pass and what refers to it be refused once more.
            self._attempts[key] = row.attempts
            self._append(how, row)

    def flush(self) -> None:
        """Write what was collected and wait until it is safe."""
        if not self._lines:
            return
        self._kept.add(self._account, self._lines)
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
        for line in self._kept.read(self._account):
            fact = _fact(line)
            if fact is None or fact.get("account") != self._account:
                continue
            key = (str(fact["event_id"]), str(fact["attendee_id"]))
            waiting.pop(key, None)
            if fact["status"] == REJECTED:
                waiting[key] = _to_row(key, fact)
        return waiting


def _fact(line: str | bytes) -> dict[str, Any] | None:
    """A torn line was never confirmed by a STATE, so its row is read again."""
    try:
        fact = json.loads(line)
    except ValueError:
        return None
    is_whole = isinstance(fact, dict) and {"account", "attendee_id"} <= fact.keys()
    return fact if is_whole else None


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


class RejectedFile:
    """The file of a state folder.

    Args:
        path: A private file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def place(self) -> str:
        """What to call it."""
        return str(self._path)

    def read(self, account: str) -> Iterator[bytes]:  # noqa: ARG002 - each line says it
        """Yield the lines of all accounts."""
        yield from self._path.read_bytes().splitlines()

    def accounts(self) -> set[str]:
        """Return the accounts that there are lines of."""
        facts = (_fact(line) for line in self._path.read_bytes().splitlines())
        return {str(fact["account"]) for fact in facts if fact}

    def add(self, account: str, lines: Sequence[str]) -> None:  # noqa: ARG002 - likewise
        """Add lines and wait until the disk has them.

        Raises:
            FatalError: The file cannot be written.
        """
        text = "".join(f"{line}\n" for line in lines)
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


class RejectedTable:
    """The table of a ledger's database.

    Args:
        database: Of the ledger.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def place(self) -> str:
        """What to call it."""
        return f"the table `{REJECTED_TABLE.name}` of {self._database.place}"

    def read(self, account: str) -> Iterator[str]:
        """Yield the lines of an account."""
        columns = REJECTED_TABLE.c
        query = sa.select(columns.fact).where(columns.account == account)
        for row in self._database.rows(query.order_by(columns.number)):
            yield row["fact"]

    def accounts(self) -> set[str]:
        """Return the accounts that there are lines of."""
        query = sa.select(REJECTED_TABLE.c.account).distinct()
        return {row["account"] for row in self._database.rows(query)}

    def add(self, account: str, lines: Sequence[str]) -> None:
        """Add lines of an account, in one transaction."""
        facts = [{"account": account, "fact": line} for line in lines]
        self._database.append(REJECTED_TABLE, facts)


def _end_torn_line(stream: Any) -> None:
    size = stream.seek(0, os.SEEK_END)
    if size:
        stream.seek(size - 1)
        torn = stream.read(1) != b"\n"
        stream.seek(0, os.SEEK_END)
        if torn:
            stream.write(b"\n")
