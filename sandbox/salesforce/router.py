"""Which resource answers which request, and who may ask at all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sandbox.salesforce import bulk, collections, composite, queries, sobjects
from sandbox.salesforce.call import Call, Reply
from sandbox.salesforce.errors import ApiError, not_found, over_limit

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

DAY_S = 86_400.0
_JOB = r"/jobs/ingest/(\w+)"


def show_limits(call: Call) -> Reply:
    """GET /limits."""
    used = used_requests(call.db, call.now)
    day = {"Max": call.org.daily_limit, "Remaining": call.org.daily_limit - used}
    return Reply(
        body={
            "DailyApiRequests": day,
            "DailyBulkV2QueryJobs": {"Max": 10_000, "Remaining": 10_000},
        }
    )


def show_resources(call: Call) -> Reply:
    """GET /: what this version has."""
    names = ("limits", "query", "sobjects", "composite", "jobs")
    return Reply(body={name: f"{call.base}/{name}" for name in names})


ROUTES: tuple[tuple[str, re.Pattern[str], Callable[..., Reply]], ...] = tuple(
    (method, re.compile(pattern), answer)
    for method, pattern, answer in (
        ("GET", r"/?", show_resources),
        ("GET", r"/limits/?", show_limits),
        ("GET", r"/sobjects/?", sobjects.list_objects),
        ("GET", r"/sobjects/(\w+)/describe/?", sobjects.describe),
        ("POST", r"/sobjects/(\w+)/?", sobjects.create),
        ("GET", r"/sobjects/(\w+)/(\w{15,18})", sobjects.read),
        ("PATCH", r"/sobjects/(\w+)/(\w{15,18})", sobjects.update),
        ("DELETE", r"/sobjects/(\w+)/(\w{15,18})", sobjects.delete),
        ("PATCH", r"/sobjects/(\w+)/(\w+)/(.+)", sobjects.upsert),
        ("GET", r"/query/?", queries.query),
        ("GET", r"/query/([\w-]+)", queries.query_more),
        ("POST", r"/composite/?", composite.composite),
        ("POST", r"/composite/sobjects/?", collections.create),
        ("PATCH", r"/composite/sobjects/?", collections.update),
        ("DELETE", r"/composite/sobjects/?", collections.delete),
        ("PATCH", r"/composite/sobjects/(\w+)/(\w+)", collections.upsert),
        ("GET", r"/composite/sobjects/(\w+)", collections.retrieve),
        ("POST", r"/composite/sobjects/(\w+)", collections.retrieve),
        ("GET", r"/jobs/ingest/?", bulk.list_jobs),
        ("POST", r"/jobs/ingest/?", bulk.create),
        ("GET", _JOB, bulk.read),
        ("PATCH", _JOB, bulk.change_state),
        ("DELETE", _JOB, bulk.delete),
        ("PUT", rf"{_JOB}/batches/?", bulk.upload),
        (
            "GET",
            rf"{_JOB}/((?i:successfulResults|failedResults|unprocessedRecords))/?",
            bulk.results,
        ),
    )
)


def answer(call: Call) -> Reply:
    """Return the resource's answer.

    Raises:
        ApiError: The request is refused.
    """
    known = False
    for method, pattern, resource in ROUTES:
        found = pattern.fullmatch(call.path)
        if found and method == call.method:
            return resource(call, *found.groups())
        known = known or bool(found)
    if known:
        raise ApiError(
            405, "METHOD_NOT_ALLOWED", f"HTTP Method '{call.method}' not allowed"
        )
    raise not_found()


def check_version(call: Call) -> None:
    """Refuse API versions that are gone (410) or not there yet (404)."""
    number = float(call.version)
    if number < call.org.oldest_version:
        # REST docs, end-of-life policy: versions 21 to 30 are gone; answered with 410.
        raise ApiError(410, "UNSUPPORTED_API_VERSION", "This API version is retired")
    if number > call.org.newest_version or number % 1:
        raise not_found()


def count_request(call: Call) -> None:
    """Count a request against the last 24 hours.

    Raises:
        ApiError: 403 REQUEST_LIMIT_EXCEEDED, without Retry-After.
    """
    if used_requests(call.db, call.now) >= call.org.daily_limit:
        raise over_limit()
    call.db.execute("INSERT INTO sf_request VALUES (?)", (call.now,))


def used_requests(db: sqlite3.Connection, now: float) -> int:
    """Return how many requests the last 24 hours had."""
    db.execute("DELETE FROM sf_request WHERE at <= ?", (now - DAY_S,))
    return int(db.execute("SELECT count(*) FROM sf_request").fetchone()[0])
