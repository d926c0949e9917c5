"""Several requests in one.

REST docs, composite: at most 25 subrequests, of which at most 5 are queries or
collections; the whole counts as one request; each has its own status and body.
"""

from __future__ import annotations

import dataclasses
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from sandbox.salesforce.call import Call, Reply
from sandbox.salesforce.errors import ApiError, malformed

MAX_SUBREQUESTS = 25
MAX_HEAVY = 5


def composite(call: Call) -> Reply:
    """POST /composite."""
    wish = call.json()
    parts = wish.get("compositeRequest")
    if not isinstance(parts, list) or not parts:
        raise malformed("Missing compositeRequest")
    if wish.get("allOrNone"):
        raise malformed("allOrNone is not served by this sandbox")
    heavy = [p for p in parts if _is_heavy(str(p.get("url", "")))]
    if len(parts) > MAX_SUBREQUESTS or len(heavy) > MAX_HEAVY:
        raise ApiError(
            400,
            "LIMIT_EXCEEDED",
            f"at most {MAX_SUBREQUESTS} subrequests, {MAX_HEAVY} of them queries",
        )
    return Reply(
        body={"compositeResponse": [_one(call, part) for part in parts]},
        rows=len(parts),
    )


def _is_heavy(url: str) -> bool:
    return "/query" in url or "/composite/sobjects" in url


def _one(call: Call, part: dict[str, Any]) -> dict[str, Any]:
    url = urlsplit(str(part.get("url", "")))
    if not url.path.startswith(f"{call.base}/") or call.send is None:
        raise malformed("Each url must be of this version")
    inner = dataclasses.replace(
        call,
        method=str(part.get("method", "GET")),
        path=url.path.removeprefix(call.base),
        params=dict(parse_qsl(url.query)),
        body=msgspec.json.encode(part["body"]) if "body" in part else b"",
        refused={},
    )
    try:
        reply = call.send(inner)
    except ApiError as error:
        reply = Reply(status=error.status, body=error.to_body())
    return {
        "body": reply.body,
        "httpHeaders": {},
        "httpStatusCode": reply.status,
        "referenceId": str(part.get("referenceId", "")),
    }
