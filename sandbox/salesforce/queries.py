"""SOQL over REST, page by page."""

from __future__ import annotations

import re

from sandbox.salesforce.call import Call, Reply
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.ids import to_id
from sandbox.salesforce.sobjects import to_body
from sandbox.salesforce.soql import parse

MIN_PAGE = 200  # REST docs, Sforce-Query-Options: a page holds 200 to 2,000 rows


def query(call: Call) -> Reply:
    """GET /query?q=…: the first page."""
    text = call.params.get("q")
    if not text:
        raise ApiError(400, "MALFORMED_QUERY", "unexpected token: <EOF>")
    found = parse(text, call.schema)
    ids = [row[0] for row in call.db.execute(found.sql, found.arguments)]
    if not found.fields:
        return Reply(body={"totalSize": len(ids), "done": True, "records": []})
    number = call.db.execute("SELECT count(*) FROM sf_cursor").fetchone()[0] + 1
    cursor = to_id("01g", number)
    if len(ids) > _page_size(call):
        call.db.execute(
            "INSERT INTO sf_cursor VALUES (?, ?, ?, ?)",
            (cursor, found.sobject.name, ",".join(found.fields), ",".join(ids)),
        )
    return _page(call, cursor, found.sobject.name, (list(found.fields), ids), 0)


def query_more(call: Call, locator: str) -> Reply:
    """GET /query/{cursor}-{offset}: a following page."""
    cursor, _, offset = locator.rpartition("-")
    row = call.db.execute(
        "SELECT object, fields, ids FROM sf_cursor WHERE id = ?", (cursor,)
    ).fetchone()
    if row is None or not offset.isdigit():
        raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    chosen = (row[1].split(","), row[2].split(","))
    return _page(call, cursor, row[0], chosen, int(offset))


def _page(
    call: Call, cursor: str, kind: str, chosen: tuple[list[str], list[str]], start: int
) -> Reply:
    names, ids = chosen
    end = start + _page_size(call)
    rows = call.records.read_all(ids[start:end])
    body = {
        "totalSize": len(ids),
        "done": end >= len(ids),
        "records": [to_body(call, kind, row, names) for row in rows],
    }
    if end < len(ids):
        body["nextRecordsUrl"] = f"{call.base}/query/{cursor}-{end}"
    return Reply(body=body)


def _page_size(call: Call) -> int:
    wanted = re.search(
        r"batchsize\s*=\s*(\d+)", call.headers.get("sforce-query-options", "").lower()
    )
    size = call.org.page_size
    return min(size, max(MIN_PAGE, int(wanted[1]))) if wanted else size
