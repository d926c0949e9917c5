"""Envelopes, errors, paging and the rate limit, as the API words them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Row = dict[str, Any]

MISSING = "Sorry, Some parameter are missing. Please enter all required values."
MAX_LIMIT = 100
MIN_LIMIT = 10
REQUESTS_PER_SECOND = 20
TOO_MANY = 429


class Refusal(Exception):  # noqa: N818 - an answer, not a fault of ours
    """An answer of the API that is an error.

    ``inside_200`` is how most of the collection's saved errors come: HTTP 200 with
    the status in the body. The newest endpoint (deleted users) uses HTTP's own.
    """

    def __init__(self, status: int, message: str, *, inside_200: bool = True) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.inside_200 = inside_200

    def to_response(self, headers: Mapping[str, str]) -> JSONResponse:
        """Return the HTTP answer."""
        body: Row = {"status": self.status, "message": self.message}
        if not self.inside_200 and self.status != TOO_MANY:
            body["flag"] = 1
        code = 200 if self.inside_200 else self.status
        return JSONResponse(body, status_code=code, headers=dict(headers))


def to_envelope(data: Any) -> Row:
    """Wrap what an endpoint found; ``flag`` and the last field never vary."""
    return {
        "status": 200,
        "data": data,
        "message": "",
        "flag": 0,
        "eventLastUpdatedAt": 0,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a listing; pages are counted from 0, the documented default."""

    rows: list[Row]
    number: int
    limit: int
    count: int

    @property
    def total_pages(self) -> int:
        """How many pages there are; an empty listing still has one."""
        return max(1, -(-self.count // self.limit))


def cut_page(
    rows: Sequence[Row], query: Mapping[str, str], *, default: int = MAX_LIMIT
) -> Page:
    """Return the page that ``currentPage`` and ``limit`` ask for."""
    number, limit = to_int(query, "currentPage", 0), to_int(query, "limit", default)
    if not MIN_LIMIT <= limit <= MAX_LIMIT:
        # The collection saves this wording under session attendance.
        raise Refusal(400, "Limit should be less or equal to 100")
    start = number * limit
    return Page(
        rows=list(rows[start : start + limit]),
        number=number,
        limit=limit,
        count=len(rows),
    )


def to_int(query: Mapping[str, str], name: str, default: int) -> int:
    """Return a whole, non-negative parameter or its default."""
    text = query.get(name, "")
    if text and not text.isdecimal():
        raise Refusal(400, MISSING)
    return int(text) if text else default


@dataclass(slots=True)
class RateLimit:
    """20 requests in any second for the whole organiser, all endpoints together."""

    clock: Callable[[], float]
    enabled: bool = True
    _starts: deque[float] = field(default_factory=deque)

    def count(self) -> Mapping[str, str]:
        """Count a request; return the headers, or raise the 429.

        The collection's examples show these headers and no ``Retry-After``.
        """
        now = self.clock()
        while self._starts and now - self._starts[0] >= 1:
            self._starts.popleft()
        if self.enabled and len(self._starts) >= REQUESTS_PER_SECOND:
            raise Refusal(
                TOO_MANY, "Too many requests, please try again later.", inside_200=False
            )
        self._starts.append(now)
        return self.headers()

    def headers(self) -> Mapping[str, str]:
        """Return the documented headers."""
        left = max(0, REQUESTS_PER_SECOND - len(self._starts))
        return {
            "RateLimit-Limit": str(REQUESTS_PER_SECOND),
            "RateLimit-Remaining": str(left),
            "RateLimit-Reset": "1",
        }
