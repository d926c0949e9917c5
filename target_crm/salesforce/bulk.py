"""Writing records with Bulk API 2.0: one job for thousands of rows.

Facts (Bulk API 2.0 guide, limits cheat sheet; seen 2026-11): a job takes one CSV of at
most 100 MB; `#N/A` clears a field and an empty cell leaves it; results come as CSV in
any order. CRLF, so that a lone carriage return inside a value does not end a row.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sync_core.errors import FatalError
from target_crm.salesforce.answers import NO_ANSWER, Refused, Result, to_csv_reason
from target_crm.salesforce.matching import LEAD
from target_crm.salesforce.writing import check_stop

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from target_crm.salesforce.api import Api
    from target_crm.salesforce.writing import Change

MAX_UPLOAD = 90_000_000
NULL = "#N/A"
FIRST_WAIT, LONGEST_WAIT, GROWTH = 0.5, 10.0, 1.25
DONE = frozenset({"JobComplete", "Failed", "Aborted"})
RUNNING = frozenset({"UploadComplete", "InProgress"})
PATH = "/jobs/ingest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One upload and the places of its rows in the whole."""

    job_id: str
    key: str
    places: Mapping[str, int]


class Bulk:
    """Writes any number of records in a few jobs.

    Args:
        api: Sends the requests.
        max_seconds: How long a job is waited for.
    """

    def __init__(self, api: Api, *, max_seconds: float) -> None:
        self._api = api
        self._max_seconds = max_seconds

    def update(self, changes: Sequence[Change]) -> list[Result]:
        """Change records by their ids; one result each, in order."""
        return self._run(changes, "update", "Id")

    def create(self, changes: Sequence[Change]) -> list[Result]:
        """Add records, each with an e-mail of its own; one result each, in order."""
        return self._run(changes, "insert", "Email")

    def await_unfinished(self) -> None:
        """Wait for jobs that an interrupted run left behind: they may add leads."""
        answer = self._api.send("GET", PATH).data
        jobs = answer.get("records") if isinstance(answer, dict) else None
        for job in jobs or []:
            adds = job.get("operation") == "insert" and job.get("object") == LEAD
            if adds and job.get("state") in RUNNING:
                self._await(str(job.get("id")))

    def _run(self, changes: Sequence[Change], operation: str, key: str) -> list[Result]:
        results: list[Result] = [NO_ANSWER] * len(changes)
        jobs = [
            self._start(changes, places, operation, key)
            for places in _by_kind(changes, key)
        ]
        for job in jobs:
            self._await(job.job_id)
            for place, result in self._results(job):
                results[place] = result
        check_stop(results)
        return results

    def _start(
        self, changes: Sequence[Change], places: Sequence[int], operation: str, key: str
    ) -> Job:
        wish = {
            "object": changes[places[0]].kind,
            "operation": operation,
            "contentType": "CSV",
            "lineEnding": "CRLF",
        }
        rows = [to_cells(changes[place], key) for place in places]
        job_id = str(self._ask("POST", PATH, json=wish).get("id"))
        path = f"{PATH}/{job_id}"
        self._tolerant("PUT", f"{path}/batches", data=to_csv(rows))
        self._tolerant("PATCH", path, json={"state": "UploadComplete"})
        keys = {row[key].lower(): p for row, p in zip(rows, places, strict=True)}
        return Job(job_id=job_id, key=key, places=keys)

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

    def _await(self, job_id: str) -> None:
        clock = self._api.time.clock
        deadline, wait = clock() + self._max_seconds, FIRST_WAIT
        while True:
            job = self._ask("GET", f"{PATH}/{job_id}")
            if job.get("state") in DONE:
                break
            if clock() + wait > deadline:
                raise FatalError(
                    f"The bulk job {job_id} is not done after {self._max_seconds:.0f} "
                    "seconds. It goes on in Salesforce; run again later, nothing is "
                    "written twice. Or raise `bulk_timeout_seconds`.",
                    setting="bulk_timeout_seconds",
                )
            self._api.pause(wait)
            wait = min(LONGEST_WAIT, wait * GROWTH)
        if job["state"] != "JobComplete":
            raise FatalError(
                f"The bulk job {job_id} ended as {job['state']} "
                f"({str(job.get('errorMessage') or 'no reason given').split(':')[0]}). "
                "Look at it in Setup, Bulk Data Load Jobs; or set `bulk_threshold` to "
                "0 to do without jobs.",
                setting="bulk_threshold",
            )

    def _results(self, job: Job) -> Iterator[tuple[int, Result]]:
        for row in self._file(job, "successfulResults"):
            created = row.get("sf__Created", "").lower() == "true"
            yield from _placed(
                job, row, Result(record_id=row["sf__Id"], created=created)
            )
        for row in self._file(job, "failedResults"):
            reason = to_csv_reason(row.get("sf__Error", ""))
            yield from _placed(job, row, Result(reason=reason))

    def _file(self, job: Job, name: str) -> Iterator[dict[str, str]]:
        text = self._api.send("GET", f"{PATH}/{job.job_id}/{name}").text
        yield from csv.DictReader(io.StringIO(text, newline=""))


def _placed(
    job: Job, row: Mapping[str, str], result: Result
) -> Iterator[tuple[int, Result]]:
    key = (row.get(job.key) or row.get("sf__Id") or "").lower()
    if key in job.places:
        yield job.places[key], result


def _refused(refusal: Refused) -> FatalError:
    return FatalError(
        f"Salesforce refused a bulk job ({refusal.reason.code}). Check that the user "
        "may use the Bulk API, or set `bulk_threshold` to 0 to do without jobs.",
        setting="bulk_threshold",
    )


def _by_kind(changes: Sequence[Change], key: str) -> Iterator[list[int]]:
    """Return places by job: one object, below the size of an upload, each key once."""
    grouped: dict[tuple[str, int], list[int]] = defaultdict(list)
    seen: dict[str, int] = defaultdict(int)
    for place, change in enumerate(changes):
        name = to_cells(change, key)[key].lower()
        grouped[change.kind, seen[name]].append(place)
        seen[name] += 1
    for places in grouped.values():
        yield from _sized(changes, places)


def _sized(changes: Sequence[Change], places: Sequence[int]) -> Iterator[list[int]]:
    part: list[int] = []
    size = 0
    for place in places:
        values = changes[place].values.values()
        length = sum(4 * len(str(value)) + 3 for value in values) + 30
        if part and size + length > MAX_UPLOAD:
            yield part
            part, size = [], 0
        part.append(place)
        size += length
    yield part


def to_cells(change: Change, key: str) -> dict[str, str]:
    """Return a change as cells: null is told, what is left alone is missing."""
    identity = {"Id": change.record_id} if key == "Id" else {}
    return identity | {name: to_cell(value) for name, value in change.values.items()}


def to_cell(value: Any) -> str:
    """Return a value as the text of a cell."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def to_csv(rows: Sequence[Mapping[str, str]]) -> bytes:
    """Return rows as a CSV file with every column that any of them has."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
