"""Writing records with sObject Collections: two hundred a batch, row by row.

Facts (REST guide, sObject Collections; seen 2026-11): at most 200 records, answered in
their order with `success` each; a malformed request is refused as a whole; one id may
stand in a request once; rows that could not get a lock are sent again alone. Several
batches ride in one composite request, which counts as one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from sync_core.errors import FatalError, TransientError
from target_crm.salesforce.answers import (
    NO_ANSWER,
    Fate,
    Reason,
    Refused,
    Result,
    stop,
    to_result,
)
from target_crm.salesforce.batches import (
    BATCH,
    CREATE,
    to_batches,
    to_keyed,
)
from target_crm.salesforce.composite import MAX_HEAVY, Part, write_all

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from target_crm.salesforce.api import Api
    from target_crm.salesforce.batches import Batch, Change

LOCK_WAITS = (0.5, 1.0, 2.0, 4.0, 8.0)
WHAT = "Writing records"


class Halted(FatalError):  # noqa: N818 - what it hands over counts
    """Nothing more can be written; some of the records were.

    Attributes:
        results: One each, in order; with a reason where it is not known to be written.
    """

    def __init__(self, problem: FatalError, results: Sequence[Result]) -> None:
        super().__init__(str(problem), setting=problem.setting, status=problem.status)
        self.results = tuple(results)


class Writer(Protocol):
    """A way to write many records."""

    def write(self, changes: Sequence[Change]) -> list[Result]:
        """Change records by their ids, add those without; one result each, in order.

        Raises:
            TransientError: It is not known whether they were added.
            Halted: Nothing more can be written.
        """


class Collections:
    """Writes up to two hundred records a batch, and a few batches a request.

    Args:
        api: Sends the requests.
        headers: Sent with every write.
        together: Batches in one request, at most five.
    """

    def __init__(
        self, api: Api, headers: Mapping[str, str] | None = None, *, together: int = 1
    ) -> None:
        self._api = api
        self._headers = dict(headers or {})
        self._together = min(MAX_HEAVY, max(1, together))

    @property
    def size(self) -> int:
        """Records that one request takes."""
        return BATCH * self._together

    def write(self, changes: Sequence[Change]) -> list[Result]:
        """Change records by their ids, add those without; one result each, in order.

        Raises:
            TransientError: It is not known whether they were added.
        """
        return self._write(changes, list(to_batches(changes)))

    def upsert(self, key: str, changes: Sequence[Change]) -> list[Result]:
        """Add or change records of one object by a key; one result each, in order."""
        return self._write(changes, list(to_keyed(key, changes)))

    def _write(
        self, changes: Sequence[Change], batches: Sequence[Batch]
    ) -> list[Result]:
        results: list[Result] = [NO_ANSWER] * len(changes)
        start = 0
        while start < len(batches):
            group = batches[start : start + self._together]
            start += len(group)
            for batch, found in zip(group, self._send(group), strict=True):
                settled = settle_locked(batch, found, self._send_one, self._api.pause)
                for place, result in zip(batch.places, settled, strict=True):
                    results[place] = result
        return results

    def _send(self, group: Sequence[Batch]) -> list[list[Result]]:
        if any(batch.method == CREATE for batch in group):
            return self._try(group)  # who adds looks first who is there by now
        found: list[list[Result]] = self._api.retry(lambda: self._try(group))
        return found

    def _try(self, group: Sequence[Batch]) -> list[list[Result]]:
        parts = [self._to_part(batch) for batch in group]
        if 1 in {len(group), self._together} or not all(p.may_ride for p in parts):
            return [self._send_one(batch) for batch in group]
        try:
            answers = write_all(self._api, parts)
        except Refused:
            return [self._send_one(batch) for batch in group]
        except TransientError:
            self._together = 1  # it may have been too much for one request
            raise
        return [
            self._without_limits(batch, answer)
            for batch, answer in zip(group, answers, strict=True)
        ]

    def _to_part(self, batch: Batch) -> Part:
        return Part(
            method=batch.method,
            path=batch.path,
            body=batch.to_json(),
            headers=self._headers,
        )

    def _without_limits(self, batch: Batch, answer: Any) -> list[Result]:
        """Send again alone what Apex had no more room for in a shared request."""
        if isinstance(answer, Refused) and is_apex(answer.reason):
            self._together = 1
            return self._send_one(batch)
        found = self._read(batch, answer)
        places = [place for place, result in enumerate(found) if is_apex(result.reason)]
        if not places:
            return found
        self._together = 1
        settled = list(found)
        again = self._send_one(batch.only(places))
        for number, result in zip(places, again, strict=True):
            settled[number] = result
        return settled

    def _send_one(self, batch: Batch) -> list[Result]:
        part = self._to_part(batch)
        try:
            answer = self._api.send(
                part.method,
                part.path,
                json=part.body,
                headers=part.headers,
                again=part.method != CREATE,
            ).data
        except Refused as refusal:
            return self._halves(batch, refusal.reason)
        return self._read(batch, answer)

    def _read(self, batch: Batch, answer: Any) -> list[Result]:
        if isinstance(answer, Refused):
            return self._halves(batch, answer.reason)
        count = len(batch.changes)
        entries = answer if isinstance(answer, list) else []
        results = [to_result(entry) for entry in entries[:count]]
        results += [NO_ANSWER] * (count - len(results))
        check_stop(results)
        return results

    def _halves(self, batch: Batch, reason: Reason) -> list[Result]:
        """Find the row that a whole request was refused for, and write the others."""
        count = len(batch.changes)
        if count == 1 or reason.code == "INVALID_FIELD":
            return [Result(reason=reason)] * count
        middle = count // 2
        return [
            *self._send_one(batch.only(range(middle))),
            *self._send_one(batch.only(range(middle, count))),
        ]


def settle_locked(
    batch: Batch,
    results: Sequence[Result],
    send: Callable[[Batch], list[Result]],
    pause: Callable[[float], None],
) -> list[Result]:
    """Send the rows that could not get a lock again, alone, a few times."""
    settled = list(results)
    for wait in LOCK_WAITS:
        locked = [place for place, result in enumerate(settled) if is_locked(result)]
        if not locked:
            break
        pause(wait)
        again = send(batch.only(locked))
        for place, result in zip(locked, again, strict=True):
            settled[place] = result
    return settled


def is_locked(result: Result) -> bool:
    """Tell whether a row may pass if it is sent again."""
    return result.reason is not None and result.reason.fate is Fate.AGAIN


def is_apex(reason: Reason | None) -> bool:
    """Tell whether the organisation's own Apex had no more room in the request.

    So it says: `CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY`, "System.LimitException: Apex CPU
    time limit exceeded" (seen 2026-11).
    """
    return reason is not None and "LimitException" in reason.message


def check_stop(results: Sequence[Result]) -> None:
    """Stop if a row says that nothing more is taken.

    Raises:
        FatalError: It does.
    """
    for result in results:
        if result.reason is not None and result.reason.fate is Fate.STOP:
            raise stop(result.reason, WHAT)
