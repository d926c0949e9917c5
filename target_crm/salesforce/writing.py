"""Writing records with sObject Collections: two hundred a request, row by row.

Facts (REST guide, sObject Collections; seen 2026-11): at most 200 records, answered in
their order with `success` each; a malformed request is refused as a whole; one id may
stand in a request once; rows that could not get a lock are sent again alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from target_crm.salesforce.answers import (
    NO_ANSWER,
    Fate,
    Reason,
    Refused,
    Result,
    stop,
    to_result,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from target_crm.salesforce.api import Api

BATCH = 200
LOCK_WAITS = (0.5, 1.0, 2.0, 4.0, 8.0)
WHAT = "Writing records"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A record as it should become; without an id it is a new one."""

    kind: str
    values: Mapping[str, Any]
    record_id: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as collections take it."""
        identity = {"Id": self.record_id} if self.record_id else {}
        return {"attributes": {"type": self.kind}, **identity, **self.values}


class Writer(Protocol):
    """A way to write many records."""

    def update(self, changes: Sequence[Change]) -> list[Result]:
        """Change records by their ids; one result each, in order."""

    def create(self, changes: Sequence[Change]) -> list[Result]:
        """Add records; one result each, in order.

        Raises:
            TransientError: It is not known whether they were added.
        """


class Collections:
    """Writes up to two hundred records a request.

    Args:
        api: Sends the requests.
        headers: Sent with every write.
    """

    def __init__(self, api: Api, headers: Mapping[str, str] | None = None) -> None:
        self._api = api
        self._headers = dict(headers or {})

    def update(self, changes: Sequence[Change]) -> list[Result]:
        """Change records by their ids; one result each, in order."""
        return self._write(changes, self._patch)

    def create(self, changes: Sequence[Change]) -> list[Result]:
        """Add records; one result each, in order.

        Raises:
            TransientError: It is not known whether they were added.
        """
        return self._write(changes, self._post)

    def upsert(self, key: str, changes: Sequence[Change]) -> list[Result]:
        """Add or change records of one object by a key; one result each, in order."""

        def send(part: Sequence[Change]) -> list[Result]:
            path = f"/composite/sobjects/{part[0].kind}/{key}"
            return self._send("PATCH", path, part)

        return self._write(changes, send)

    def _write(
        self,
        changes: Sequence[Change],
        send: Callable[[Sequence[Change]], list[Result]],
    ) -> list[Result]:
        results: list[Result] = [NO_ANSWER] * len(changes)
        for places in to_parts(changes):
            part = [changes[place] for place in places]
            for place, result in zip(places, send(part), strict=True):
                results[place] = result
        return settle_locked(changes, results, send, self._api.pause)

    def _patch(self, part: Sequence[Change]) -> list[Result]:
        return self._send("PATCH", "/composite/sobjects", part)

    def _post(self, part: Sequence[Change]) -> list[Result]:
        return self._send("POST", "/composite/sobjects", part, again=False)

    def _send(
        self, method: str, path: str, part: Sequence[Change], *, again: bool = True
    ) -> list[Result]:
        wish = {"allOrNone": False, "records": [change.to_json() for change in part]}
        try:
            answer = self._api.send(
                method, path, json=wish, headers=self._headers, again=again
            ).data
        except Refused as refusal:
            return self._halves(method, path, part, refusal.reason)
        entries = answer if isinstance(answer, list) else []
        results = [to_result(entry) for entry in entries[: len(part)]]
        results += [NO_ANSWER] * (len(part) - len(results))
        check_stop(results)
        return results

    def _halves(
        self, method: str, path: str, part: Sequence[Change], reason: Reason
    ) -> list[Result]:
        """Find the row that a whole request was refused for, and write the others."""
        if len(part) == 1 or reason.code == "INVALID_FIELD":
            return [Result(reason=reason)] * len(part)
        middle = len(part) // 2
        again = method != "POST"
        return [
            *self._send(method, path, part[:middle], again=again),
            *self._send(method, path, part[middle:], again=again),
        ]


def to_parts(changes: Sequence[Change]) -> Iterator[list[int]]:
    """Return the places of changes by request: one object at a time, each id once."""
    left = sorted(range(len(changes)), key=lambda place: changes[place].kind)
    while left:
        part: list[int] = []
        later: list[int] = []
        seen: set[str] = set()
        for place in left:
            record_id = changes[place].record_id
            if len(part) == BATCH or (record_id and record_id in seen):
                later.append(place)
            else:
                part.append(place)
                seen.add(record_id)
        yield part
        left = later


def settle_locked(
    changes: Sequence[Change],
    results: Sequence[Result],
    send: Callable[[Sequence[Change]], list[Result]],
    pause: Callable[[float], None],
) -> list[Result]:
    """Send the rows that could not get a lock again, alone, a few times."""
    settled = list(results)
    for wait in LOCK_WAITS:
        locked = [place for place, result in enumerate(settled) if is_locked(result)]
        if not locked:
            break
        pause(wait)
        for start in range(0, len(locked), BATCH):
            places = locked[start : start + BATCH]
            again = send([changes[place] for place in places])
            for place, result in zip(places, again, strict=True):
                settled[place] = result
    return settled


def is_locked(result: Result) -> bool:
    """Tell whether a row may pass if it is sent again."""
    return result.reason is not None and result.reason.fate is Fate.AGAIN


def check_stop(results: Sequence[Result]) -> None:
    """Stop if a row says that nothing more is taken.

    Raises:
        FatalError: It does.
    """
    for result in results:
        if result.reason is not None and result.reason.fate is Fate.STOP:
            raise stop(result.reason, WHAT)
