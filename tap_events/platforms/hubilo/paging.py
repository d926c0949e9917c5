"""What a page is: its rows and totals where each endpoint keeps them, or an error."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sync_core.errors import FatalError, TransientError
from sync_core.verdicts import to_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync_core.http import Answer

Row = dict[str, Any]

TOKEN = "hubilo_access_token"  # noqa: S105 - the setting's name
URL = "hubilo_api_url"
OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Where a listing keeps its rows and totals: every endpoint spells them its way.

    Attributes:
        path: Below ``/api/<version>/integration``.
        rows_at: The way to the rows inside ``data``.
        count_at: The way to the number of all rows; None where there is none.
        pages_at: The way to the number of pages; None where it follows from the count.
        key: The field that names a row; a row without it is named by its content.
    """

    path: str
    rows_at: tuple[str | int, ...] = ("data",)
    count_at: tuple[str | int, ...] | None = ("count",)
    pages_at: tuple[str | int, ...] | None = ("totalPages",)
    key: str = "id"


EVENTS = Listing(path="/event/list", count_at=None)
SESSIONS = Listing(path="/analytics/session/session-info", key="agendaId")
ATTENDANCE = Listing(path="/analytics/session/attendee")
USERS = Listing(
    path="/user/list",
    rows_at=("data", 0, "paginatedResults"),
    count_at=("data", 0, "totalCount", 0, "count"),
    pages_at=None,
)
DELETED = Listing(
    path="/user/deleted/list", rows_at=("users",), count_at=("total",), pages_at=None
)
PROFILE = "/organiser/profile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page: its rows, and how many rows and pages there are in all."""

    rows: list[Row]
    count: int | None
    pages: int


@dataclass(slots=True)
class Reading:
    """A listing while it is read, page after page.

    Attributes:
        listing: What is read.
        found: The rows by name; a row read twice is one row.
        from_one: The server counts pages from 1, so its pages 0 and 1 are the same.
    """

    listing: Listing
    found: dict[tuple[str, int], Row]
    count: int | None = None
    pages: int = 0
    from_one: bool = False
    last_is_empty: bool = False
    has_shifted: bool = False

    def add(self, page: Page, number: int) -> None:
        """Take a page in.

        Raises:
            FatalError: Nothing on it is new: the pages go in circles.
        """
        named = dict(self._name(page.rows))
        if page.rows and named.keys() <= self.found.keys():
            if number != 1 or self.from_one:
                raise FatalError(
                    f"GET {self.listing.path} repeats a page (number {number}), so "
                    "its end cannot be found. Run again; if it stays so, report it "
                    "to Hubilo's support.",
                    setting=URL,
                )
            self.from_one = True
        self.found |= named
        self.has_shifted |= number > 0 and page.count != self.count
        self.count = page.count
        self.pages = number + 1
        self.last_is_empty = not page.rows

    @property
    def is_whole(self) -> bool:
        """Whether as many rows came as the server counts."""
        enough = self.count is None or len(self.found) >= self.count
        return enough and not (self.from_one and self.last_is_empty)

    def is_settled(self, before: int, *, moving: bool) -> bool:
        """Whether another round could still find rows.

        A row deleted between two requests pulls the rest one place forward, past the
        next page's beginning: the sum is right and a row is missing. So a listing
        that may move is read until a round brings nothing new.

        Args:
            before: How many rows were known before this round.
            moving: The listing may change while it is read.
        """
        if self.has_shifted or (moving and self.pages > 1):
            return self.is_whole and before == len(self.found)
        return self.is_whole

    def _name(self, rows: list[Row]) -> Iterator[tuple[tuple[str, int], Row]]:
        """Name rows by key, else content; twins on one page are told apart."""
        seen: Counter[str] = Counter()
        for row in rows:
            key = row.get(self.listing.key) if isinstance(row, dict) else None
            name = str(key) if key is not None else _canonical(row)
            yield (name, seen[name]), row
            seen[name] += 1


def to_data(answer: Answer, path: str) -> Row:
    """Return ``data`` of an answer, or raise the error inside a 200.

    Most of the API's documented errors are HTTP 200 with the status in the body.
    """
    body = answer.data
    if not isinstance(body, dict):
        raise TransientError(f"GET {path} answered something else than an object.")
    status = body.get("status")
    if status != OK:
        code = status if isinstance(status, int) else 0
        if not OK < code < 600:  # noqa: PLR2004 - statuses of HTTP
            raise TransientError(f"GET {path} answered without a status.")
        setting = TOKEN if code in {401, 403} else URL
        raise to_error(code, answer.headers, what=f"GET {path}", setting=setting)
    data = body.get("data")
    if not isinstance(data, dict):
        raise TransientError(f"GET {path} answered without data.")
    return data


def to_page(answer: Answer, listing: Listing, limit: int) -> Page:
    """Return an answer as a page.

    Raises:
        TransientError: A list or total is missing: never "no rows".
    """
    data = to_data(answer, listing.path)
    rows = _dig(data, listing.rows_at)
    if not isinstance(rows, list):
        raise TransientError(f"GET {listing.path} answered without its list of rows.")
    count = _to_total(data, listing.count_at, listing, empty=not rows)
    if listing.pages_at is None:
        return Page(rows=rows, count=count, pages=-(-(count or 0) // limit))
    pages = _to_total(data, listing.pages_at, listing, empty=not rows)
    return Page(rows=rows, count=count, pages=pages or 0)


def _to_total(
    data: Row, at: tuple[str | int, ...] | None, listing: Listing, *, empty: bool
) -> int | None:
    if at is None:
        return None
    total = _dig(data, at)
    if total is None and empty:
        return 0  # an aggregate over no rows has no total
    try:
        return max(0, int(total))
    except (TypeError, ValueError) as error:
        raise TransientError(
            f"GET {listing.path} answered without `{at[-1]}`, so its end is unknown."
        ) from error


def _dig(value: Any, at: tuple[str | int, ...]) -> Any:
    for step in at:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _canonical(row: Any) -> str:
    return json.dumps(row, sort_keys=True)
