"""Writing records with Bulk API 2.0: one job for thousands of rows.

Facts (Bulk API 2.0 guide, limits cheat sheet; seen 2026-11): a job takes one CSV of at
most 100 MB; `#N/A` clears a field and an empty cell leaves it; results come as CSV in
any order; a job tells how many records it has processed. CRLF, so that a lone carriage
return inside a value does not end a row.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sync_core.errors import FatalError
from target_crm.salesforce.answers import NO_ANSWER, Refused, Result, to_csv_reason
from target_crm.salesforce.matching import LEAD
from target_crm.salesforce.writing import Halted, check_stop

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from target_crm.salesforce.api import Api
    from target_crm.salesforce.batches import Change

MAX_UPLOAD = 90_000_000
NULL = "#N/A"
FIRST_WAIT, SHORTEST_WAIT, LONGEST_WAIT = 0.5, 0.1, 10.0
GROWTH = 0.25
DONE = frozenset({"JobComplete", "Failed", "Aborted"})
RUNNING = frozenset({"UploadComplete", "InProgress"})
PATH = "/jobs/ingest"
_PLAIN = frozenset({str, int, float})  # the writer spells them as `to_cell` does


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """The file of a job, and the places of its rows in the whole by their keys."""

    kind: str
    operation: str
    key: str
    data: bytes
    places: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job, and the places of its rows in the whole by their keys."""

    job_id: str
    started: float
    key: str = ""
    places: Mapping[str, int] = field(default_factory=dict)


class Bulk:
    """Writes any number of records in a few jobs.

    Args:
        api: Sends the requests.
        max_seconds: How long a job is waited for. Salesforce may begin with one when it
            is done with another, so the time that went into waiting for another does
            not count.
    """

    def __init__(self, api: Api, *, max_seconds: float) -> None:
        self._api = api
        self._max_seconds = max_seconds

    def write(self, changes: Sequence[Change]) -> list[Result]:
        """Change records by their ids, add those without; one result each, in order.

        New ones have an e-mail address of their own.

        Raises:
            Halted: A job was not done; it tells what those before it wrote.
        """
        results: list[Result] = [NO_ANSWER] * len(changes)
        uploads = [u for p in _by_kind(changes) for u in to_uploads(changes, p)]
        jobs = [self._start(upload) for upload in uploads]
        self._api.pause(FIRST_WAIT)
        try:
            for job in jobs:
                told = self._await(job)
                for place, result in self._results(job, told):
                    results[place] = result
            check_stop(results)
        except FatalError as problem:
            raise Halted(problem, results) from problem
        return results

    def await_unfinished(self) -> None:
        """Wait for jobs that an interrupted run left behind: they may add leads."""
        for job in self._api.rows(self._api.send("GET", PATH).data):
            adds = job.get("operation") == "insert" and job.get("object") == LEAD
            if adds and job.get("state") in RUNNING:
                started = self._api.time.clock()
                self._await(Job(job_id=str(job.get("id")), started=started))

    def _start(self, upload: Upload) -> Job:
        wish = {
            "object": upload.kind,
            "operation": upload.operation,
            "contentType": "CSV",
            "lineEnding": "CRLF",
        }
        job_id = str(self._ask("POST", PATH, json=wish).get("id"))
        path = f"{PATH}/{job_id}"
        self._tolerant("PUT", f"{path}/batches", data=upload.data)
        self._tolerant("PATCH", path, json={"state": "UploadComplete"})
        return Job(
            job_id=job_id,
            started=self._api.time.clock(),
            key=upload.key,
            places=upload.places,
        )

    def _tolerant(self, method: str, path: str, **content: Any) -> None:
        """Send what may be refused only because a lost answer had been a yes."""
        try:
            self._api.send(method, path, **content)
        except Refused as refusal:
            if refusal.reason.code != "INVALIDJOBSTATE":
                raise _refused(refusal) from refusal

    def _ask(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        try:
            data = self._api.send(method, path, **content).data
        except Refused as refusal:
            raise _refused(refusal) from refusal
        return data if isinstance(data, dict) else {}

    def _await(self, job: Job) -> Mapping[str, Any]:
        """Return what a job tells when it is done."""
        clock = self._api.time.clock
        last = clock() + self._max_seconds
        while True:
            asked = clock() - job.started
            told = self._ask("GET", f"{PATH}/{job.job_id}")
            if told.get("state") in DONE:
                break
            end = to_look(asked, _processed(told), len(job.places))
            wait = max(SHORTEST_WAIT, job.started + end - clock())
            if clock() + wait > last:
                raise FatalError(
                    f"The bulk job {job.job_id} is not done after waiting "
                    f"{self._max_seconds:.0f} seconds for it. It goes on in "
                    "Salesforce; run again later, nothing is written twice. Or raise "
                    "`bulk_timeout_seconds`.",
                    setting="bulk_timeout_seconds",
                )
            self._api.pause(wait)
        if told["state"] != "JobComplete":
            raise FatalError(
                f"The bulk job {job.job_id} ended as {told['state']} "
                f"({str(told.get('errorMessage') or 'no reason given').split(':')[0]})"
                ". Look at it in Setup, Bulk Data Load Jobs; or set `bulk_threshold` "
                "to 0 to do without jobs.",
                setting="bulk_threshold",
            )
        return told

    def _results(
        self, job: Job, told: Mapping[str, Any]
    ) -> Iterator[tuple[int, Result]]:
        names = ["successfulResults"]
        if told.get("numberRecordsFailed") != 0:
            names.append("failedResults")
        for name in names:
            text = self._api.send("GET", f"{PATH}/{job.job_id}/{name}").text
            yield from to_results(text, job)


def to_results(text: str, job: Job) -> Iterator[tuple[int, Result]]:
    """Return the places of a result file's rows, and what became of them."""
    rows = csv.reader(io.StringIO(text, newline=""))
    columns = {name: number for number, name in enumerate(next(rows, []))}
    key, record_id = columns.get(job.key), columns.get("sf__Id")
    created, refused = columns.get("sf__Created"), columns.get("sf__Error")
    for row in rows:
        place = job.places.get(_cell(row, key).lower())
        if place is None:
            place = job.places.get(_cell(row, record_id).lower())
        if place is None:
            continue
        if refused is not None:
            yield place, Result(reason=to_csv_reason(_cell(row, refused)))
        else:
            is_new = _cell(row, created).lower() == "true"
            yield place, Result(record_id=_cell(row, record_id), created=is_new)


def _cell(row: Sequence[str], column: int | None) -> str:
    return row[column] if column is not None and column < len(row) else ""


def _processed(told: Mapping[str, Any]) -> int:
    count = told.get("numberRecordsProcessed")
    return count if isinstance(count, int) else 0


def to_look(asked: float, processed: int, count: int) -> float:
    """Return how long after its start a job is looked at again.

    When it is done if it goes on like this, but no later than after twice the time that
    it had; by growing steps while it does not tell how far it is.
    """
    if 0 < processed < count:
        return asked + min(LONGEST_WAIT, asked, asked * (count - processed) / processed)
    return asked + min(LONGEST_WAIT, max(FIRST_WAIT, asked * GROWTH))


def _refused(refusal: Refused) -> FatalError:
    return FatalError(
        f"Salesforce refused a bulk job ({refusal.reason.code}). Check that the user "
        "may use the Bulk API, or set `bulk_threshold` to 0 to do without jobs.",
        setting="bulk_threshold",
    )


def _by_kind(changes: Sequence[Change]) -> Iterator[list[int]]:
    """Return places by job: one object and operation, each key once."""
    grouped: dict[tuple[str, str, int], list[int]] = defaultdict(list)
    seen: dict[str, int] = defaultdict(int)
    for place, change in enumerate(changes):
        operation, _ = _to_operation(change)
        name = _to_key(change)
        grouped[change.kind, operation, seen[name]].append(place)
        seen[name] += 1
    yield from grouped.values()


def _to_operation(change: Change) -> tuple[str, str]:
    return ("update", "Id") if change.record_id else ("insert", "Email")


def _to_key(change: Change) -> str:
    return (change.record_id or str(change.values["Email"])).lower()


def to_uploads(changes: Sequence[Change], places: Sequence[int]) -> Iterator[Upload]:
    """Return the files of one kind of changes, each below the size of an upload."""
    data = to_csv([to_cells(changes[place]) for place in places])
    if len(data) > MAX_UPLOAD and len(places) > 1:
        middle = len(places) // 2
        yield from to_uploads(changes, places[:middle])
        yield from to_uploads(changes, places[middle:])
        return
    first = changes[places[0]]
    operation, key = _to_operation(first)
    yield Upload(
        kind=first.kind,
        operation=operation,
        key=key,
        data=data,
        places={_to_key(changes[place]): place for place in places},
    )


def to_cells(change: Change) -> Mapping[str, Any]:
    """Return a change by column."""
    identity = {"Id": change.record_id} if change.record_id else {}
    return {**identity, **change.values}


def to_cell(value: Any) -> str:
    """Return a value as the text of a cell: null is told."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def to_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return rows as a CSV file with every column that any of them has."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(names)
    for row in rows:
        cells = [row.get(name, "") for name in names]
        writer.writerow([c if type(c) in _PLAIN else to_cell(c) for c in cells])
    return text.getvalue().encode()
