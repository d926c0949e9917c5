"""Bulk API 2.0 ingest: a job, one CSV upload, states over time, result files.

Bulk API 2.0 docs: Open, UploadComplete, InProgress, JobComplete | Failed | Aborted;
`#N/A` clears a field, an empty cell leaves it alone; a job that cannot be read fails
as a whole; results come as CSV with sf__Id and sf__Created, or sf__Error.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import msgspec

from sandbox.salesforce.call import NOTHING, Call, Reply
from sandbox.salesforce.clock import to_stamp
from sandbox.salesforce.collections import upsert_one
from sandbox.salesforce.errors import ApiError, RowError, not_found
from sandbox.salesforce.ids import to_id
from sandbox.salesforce.values import parse_cells

if TYPE_CHECKING:
    import sqlite3

    from sandbox.salesforce.schema import Sobject

OPERATIONS = frozenset({"insert", "update", "upsert"})
MAX_UPLOAD = 150_000_000  # limits cheat sheet: 150 MB a file
_ENDS = {"LF": b"\n", "CRLF": b"\r\n"}
_CHUNK = 200
_PAGE = 1000  # Bulk API 2.0 guide, Get Information About All Jobs: at most 1,000 a page
_AHEAD = 1.25  # so that the sandbox's own work does not make a job longer than it is
_DONE, _FAILED = ("sf__Id", "sf__Created"), ("sf__Id", "sf__Error")
_BATCH = 10_000  # limits cheat sheet: one internal batch for every 10,000 records


def create(call: Call) -> Reply:
    """POST /jobs/ingest."""
    wish = call.json()
    sobject = call.schema.find(str(wish.get("object", "")))
    operation = wish.get("operation")
    if operation not in OPERATIONS:
        raise ApiError(400, "INVALIDJOB", "Unsupported operation")
    key = wish.get("externalIdFieldName")
    if operation == "upsert" and not (key and _is_key(sobject, str(key))):
        raise ApiError(
            400, "INVALIDJOB", "InvalidJob : Field name provided is not External ID"
        )
    if wish.get("lineEnding", "LF") not in _ENDS:
        raise ApiError(400, "INVALIDJOB", "Unsupported line ending")
    number = call.db.execute("SELECT count(*) FROM sf_job").fetchone()[0] + 1
    body = {
        "id": to_id("750", number),
        "operation": operation,
        "object": sobject.name,
        "createdDate": to_stamp(call.now),
        "state": "Open",
        "contentType": "CSV",
        "apiVersion": float(call.version),
        "lineEnding": wish.get("lineEnding", "LF"),
        "columnDelimiter": wish.get("columnDelimiter", "COMMA"),
        **({"externalIdFieldName": key} if key else {}),
    }
    body["contentUrl"] = (
        f"services/data/v{call.version}/jobs/ingest/{body['id']}/batches"
    )
    call.db.execute(
        "INSERT INTO sf_job (id, body) VALUES (?, ?)", (body["id"], _dump(body))
    )
    return Reply(body=body)


def upload(call: Call, job_id: str) -> Reply:
    """PUT /jobs/ingest/{id}/batches: once, 201 without a body."""
    body = _job(call.db, job_id)
    if body["state"] != "Open":
        raise ApiError(400, "INVALIDJOBSTATE", "Cannot upload to a job that is closed")
    if len(call.body) > MAX_UPLOAD:
        raise ApiError(413, "REQUEST_BODY_TOO_LARGE", "The file is too large")
    if not call.headers.get("content-type", "").startswith("text/csv"):
        raise ApiError(400, "INVALIDBATCH", "Content type must be text/csv")
    stored = call.db.execute(
        "UPDATE sf_job SET data = ?, refused = ? WHERE id = ? AND data IS NULL",
        (
            call.body,
            _dump({str(n): e.to_csv() for n, e in call.refused.items()}),
            job_id,
        ),
    )
    if not stored.rowcount:
        raise ApiError(400, "INVALIDJOBSTATE", "Data was already uploaded to this job")
    return Reply(status=201, rows=max(0, call.body.count(b"\n") - 1))


def change_state(call: Call, job_id: str) -> Reply:
    """PATCH /jobs/ingest/{id}: UploadComplete or Aborted."""
    body = _job(call.db, job_id)
    state = call.json().get("state")
    if state not in {"UploadComplete", "Aborted"} or body["state"] != "Open":
        raise ApiError(400, "INVALIDJOBSTATE", f"Job cannot be set to {state}")
    body["state"] = state
    due = call.now + call.org.job_s if state == "UploadComplete" else None
    call.db.execute(
        "UPDATE sf_job SET body = ?, due = ? WHERE id = ?", (_dump(body), due, job_id)
    )
    return Reply(body=body)


def read(call: Call, job_id: str) -> Reply:
    """GET /jobs/ingest/{id}."""
    body = _job(call.db, job_id)
    if body["state"] == "UploadComplete":
        body = {**body, "state": "InProgress"}
    return Reply(body={"numberRecordsProcessed": 0, "numberRecordsFailed": 0, **body})


def list_jobs(call: Call) -> Reply:
    """GET /jobs/ingest: pages that a query locator continues (Bulk API 2.0 guide)."""
    start = int(call.params.get("queryLocator", "0"))
    rows = call.db.execute(
        "SELECT body FROM sf_job ORDER BY number LIMIT ? OFFSET ?", (_PAGE + 1, start)
    )
    jobs = [msgspec.json.decode(row[0]) for row in rows]
    more = f"{call.base}/jobs/ingest?queryLocator={start + _PAGE}"
    done = len(jobs) <= _PAGE
    return Reply(
        body={
            "done": done,
            "records": jobs[:_PAGE],
            "nextRecordsUrl": None if done else more,
        }
    )


def delete(call: Call, job_id: str) -> Reply:
    """DELETE /jobs/ingest/{id}."""
    _job(call.db, job_id)
    call.db.execute("DELETE FROM sf_job WHERE id = ?", (job_id,))
    return NOTHING


def results(call: Call, job_id: str, name: str) -> Reply:
    """GET /jobs/ingest/{id}/successfulResults and its two siblings."""
    body = _job(call.db, job_id)
    if body["state"] not in {"JobComplete", "Failed", "Aborted"}:
        raise ApiError(400, "INVALIDJOBSTATE", "The job is not finished")
    row = call.db.execute(
        "SELECT results FROM sf_job WHERE id = ?", (job_id,)
    ).fetchone()
    return Reply(csv=msgspec.json.decode(row[0] or "{}").get(name.lower(), ""))


def run_due(call: Call) -> None:
    """Do the work of every job as far as its time has come.

    Bulk API 2.0 docs: a job is worked off in chunks, and tells how many records it has
    processed; the records of a chunk are there as soon as it is done.
    """
    rows = call.db.execute(
        "SELECT id, body, data, refused, results, due FROM sf_job "
        "WHERE due IS NOT NULL ORDER BY number"
    ).fetchall()
    for job_id, text, data, refused, results, due in rows:
        left = due - call.now
        share = 1.0 if left <= 0 else 1.0 - left / call.org.job_s
        run = _Run(call, msgspec.json.decode(text), msgspec.json.decode(refused))
        done = run.run(data or b"", msgspec.json.decode(results or "{}"), share)
        call.db.execute(
            "UPDATE sf_job SET body = ?, results = ?, due = ? WHERE id = ?",
            (_dump(run.body), _dump(done), None if run.is_over else due, job_id),
        )


class _Run:
    """The work of one job, as far as it goes now."""

    def __init__(self, call: Call, body: dict[str, Any], refused: Any) -> None:
        self.call = call
        self.body = body
        self.refused = dict(refused)
        self.sobject = call.schema.find(body["object"])
        self.done: list[list[str]] = []
        self.failed: list[list[str]] = []

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is left."""
        return self.body["state"] in {"JobComplete", "Failed"}

    def run(self, data: bytes, before: dict[str, str], share: float) -> dict[str, str]:
        """Return the three result files as they are after this share of the rows."""
        problem = self._problem(data)
        if problem and share >= 1:
            self.body |= {"state": "Failed", "errorMessage": problem}
            return {"unprocessedrecords": data.decode("utf-8", "replace")}
        first = int(before.get("rows", "0"))
        if problem or (share < 1 and _lines(data) * share < first):
            return before
        if before.get("rows") and before["rows"] == before["count"]:
            self._tell(int(before["count"]), share)
            return before
        header, *rows = csv.reader(io.StringIO(data.decode(), newline=""))
        end = _chunks(len(rows), share * _AHEAD)
        for number in range(first, end):
            self._row(number, header, rows[number])
        failed = self.body.get("numberRecordsFailed", 0) + len(self.failed)
        self.body["numberRecordsFailed"] = failed
        self._tell(len(rows), share)
        return {
            "successfulresults": before.get("successfulresults", _heads(_DONE, header))
            + _to_csv(self.done),
            "failedresults": before.get("failedresults", _heads(_FAILED, header))
            + _to_csv(self.failed),
            "unprocessedrecords": _to_csv([header]),
            "rows": str(end),
            "count": str(len(rows)),
        }

    def _tell(self, count: int, share: float) -> None:
        """Tell how many rows are done, and when all of them are."""
        self.body["numberRecordsProcessed"] = _chunks(count, share)
        if share >= 1:
            seconds = 1 + count // _BATCH
            self.body |= {"state": "JobComplete", "totalProcessingTime": seconds}

    def _problem(self, data: bytes) -> str:
        ending = self.body["lineEnding"]
        first = data.split(b"\n", 1)[0]
        if first.endswith(b"\r") != (ending == "CRLF"):
            return (
                "ClientInputError : LineEnding is invalid on user data. Current "
                f"LineEnding setting is {ending}"
            )
        header = next(csv.reader([first.decode("utf-8", "replace").strip()]), [])
        for name in header:
            try:
                self.sobject.find(name)
            except ApiError:
                return f"InvalidBatch : Field name not found : {name}"
        return ""

    def _row(self, number: int, header: list[str], row: list[str]) -> None:
        try:
            refusal = self.refused.get(str(number))
            if refusal:
                self.failed.append(["", refusal, *row])
                return
            record_id, created = self._write(dict(zip(header, row, strict=False)))
        except RowError as error:
            self.failed.append(["", error.to_csv(), *row])
            return
        self.done.append([record_id, str(created).lower(), *row])

    def _write(self, cells: dict[str, str]) -> tuple[str, bool]:
        values = parse_cells(self.sobject, cells)
        records, operation = self.call.records, self.body["operation"]
        if operation == "insert":
            return records.create(self.sobject, values), True
        if operation == "update":
            record_id = str(values.get("Id") or "")
            if not record_id:
                raise RowError("MISSING_ARGUMENT", "Id not specified in an update call")
            records.update(self.sobject, record_id, values)
            return record_id, False
        key = self.sobject.find(self.body["externalIdFieldName"])
        done = upsert_one(self.call, self.sobject, key, values)
        return done.record_id, bool(done.created)


def _chunks(count: int, share: float) -> int:
    """Return how many rows are in the chunks that are done."""
    if share >= 1:
        return count
    return int(count * share) // _CHUNK * _CHUNK


def _lines(data: bytes) -> int:
    return max(0, data.count(b"\n") - 1)


def _heads(first: tuple[str, ...], header: list[str]) -> str:
    return _to_csv([[*first, *header]])


def _to_csv(rows: list[list[str]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows(rows)
    return text.getvalue()


def _job(db: sqlite3.Connection, job_id: str) -> dict[str, Any]:
    row = db.execute("SELECT body FROM sf_job WHERE id = ?", (job_id,)).fetchone()
    if row is None:
        raise not_found()
    found: dict[str, Any] = msgspec.json.decode(row[0])
    return found


def _is_key(sobject: Sobject, name: str) -> bool:
    field = sobject.find(name)
    return field.is_key or field.type == "id"


def _dump(value: Any) -> str:
    return msgspec.json.encode(value).decode()
