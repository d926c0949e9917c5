"""Pages that lie: the tap reads all rows or stops, and never reads fewer in silence."""

from __future__ import annotations

import itertools
from contextlib import closing
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import settings as run_settings
from hypothesis import strategies as st
from tap_account import Account, serving

from sync_core.errors import FatalError
from sync_core.workdir import WorkDir
from tap_events.platforms import TimeSource, Tools
from tap_events.platforms.hubilo.api import HubiloApi
from tap_events.platforms.hubilo.paging import USERS as USERS_LISTING
from tap_events.rejected import RejectedRows
from tap_events.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_account import Run

Json = dict[str, Any]
USERS = "/user/list"
LIVE = "/analytics/session/attendee"


def _users(body: Json) -> list[Json]:
    found: list[Json] = body["data"]["data"][0]["paginatedResults"]
    return found


def test_every_row_of_every_page_arrives_once(
    read_account: Callable[..., Run],
) -> None:
    """250 people on three pages and 130 watchers on two are all there."""
    run = read_account()
    assert run.error is None
    assert len(run.records("attendees")) == 250
    live = [a for a in run.records("activities") if a["window"] == "live"]
    assert len(live) == 130


def test_an_empty_page_in_the_middle_is_not_the_end(
    account: Account, read_account: Callable[..., Run]
) -> None:
    """A page that comes back empty once is looked for again (A12)."""

    def twist(path: str, query: Json, before: int, body: Json) -> Json:
        if path == USERS and before == 1:
            _users(body).clear()
        return body

    account.twist = twist
    run = read_account()
    assert run.error is None
    assert len(run.records("attendees")) == 250


def test_a_page_that_stays_empty_is_an_error(
    account: Account, read_account: Callable[..., Run]
) -> None:
    """A count that is never reached stops the run; nothing of the event is sent."""

    def twist(path: str, query: Json, before: int, body: Json) -> Json:
        if path == USERS and query["currentPage"] == "1":
            _users(body).clear()
        return body

    account.twist = twist
    run = read_account()
    assert isinstance(run.error, FatalError)
    assert "GET /user/list gives 150 rows and counts 250" in str(run.error)
    assert run.records("events") == run.records("attendees") == []
    assert run.bookmark is None


def test_a_count_that_is_too_high_is_an_error(
    account: Account, read_account: Callable[..., Run]
) -> None:
    """Fewer rows than the server counts is never taken for all."""

    def twist(path: str, query: Json, before: int, body: Json) -> Json:
        if path == LIVE:
            body["data"]["count"] += 1
        return body

    account.twist = twist
    run = read_account()
    assert isinstance(run.error, FatalError)
    assert "gives 130 rows and counts 131" in str(run.error)


def test_a_page_repeated_once_costs_nothing(
    account: Account, read_account: Callable[..., Run]
) -> None:
    """Rows read twice vanish by their id and the missing ones are found (A13)."""
    first: Json = {}

    def twist(path: str, query: Json, before: int, body: Json) -> Json:
        if path == USERS and before == 0:
            first.update(deepcopy(body))
        return first if path == USERS and before == 1 else body

    account.twist = twist
    run = read_account()
    assert run.error is None
    assert len(run.records("attendees")) == 250


@pytest.mark.parametrize(
    "wrap",
    [
        pytest.param(lambda _: 0, id="always-the-first-page"),
        pytest.param(lambda number: number % 2, id="loop-of-two"),
        pytest.param(lambda number: number % 3, id="loop-of-three"),
    ],
)
def test_pages_that_go_in_circles_end_the_run(
    account: Account, read_account: Callable[..., Run], wrap: Callable[[int], int]
) -> None:
    """A loop is noticed within its first round, not followed for ever (A13)."""
    account.users = account.users * 2  # the server claims six pages

    def twist(path: str, query: Json, before: int, body: Json) -> Json:
        if path == USERS:
            start = wrap(int(query["currentPage"])) * 100
            _users(body)[:] = account.users[:300][start : start + 100]
            body["data"]["data"][0]["totalCount"][0]["count"] = 100_000
        return body

    account.twist = twist
    run = read_account()
    assert isinstance(run.error, FatalError)
    assert "repeats a page" in str(run.error)
    assert sum(path == USERS for path, _ in account.seen) <= 6


def test_pages_counted_from_one_are_read_to_their_end(
    account: Account, read_account: Callable[..., Run]
) -> None:
    """Where 0 and 1 are the same page, the last page is one further."""

    def twist(path: str, query: Json, before: int, body: Json) -> Json:
        if path == USERS:
            number = max(0, int(query["currentPage"]) - 1)
            _users(body)[:] = account.users[number * 100 : (number + 1) * 100]
        return body

    account.twist = twist
    run = read_account()
    assert run.error is None
    assert len(run.records("attendees")) == 250


def test_a_row_that_moves_to_an_earlier_page_is_found(
    account: Account, read_account: Callable[..., Run]
) -> None:
    """Somebody deleted between two pages shifts the rest; one more round finds it."""
    account.live, account.recorded = [], []

    def twist(path: str, query: Json, before: int, body: Json) -> Json:
        if path == USERS and before == 0:
            del account.users[0]
        return body

    account.twist = twist
    run = read_account()
    assert run.error is None
    emails = {a["email"] for a in run.records("attendees")}
    assert {f"person{n}@example.com" for n in range(2, 251)} <= emails


@run_settings(max_examples=50)
@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "drop"]), st.integers(0, 249)), max_size=8
    )
)
def test_rows_that_exist_all_along_are_read_however_pages_shift(
    changes: list[tuple[str, int]],
) -> None:
    """Rows come and go between the requests of a running event (A14)."""
    clock = itertools.count()
    stable = {f"r{n}" for n in range(1, 251)}
    pending = iter(changes)

    def twist(path: str, query: Json, before: int, body: Json) -> Json:
        for change, place in itertools.islice(pending, 1):
            if change == "add":
                account.users.insert(0, {"id": f"new{next(clock)}"})
            else:
                gone = account.users.pop(min(place, len(account.users) - 1))
                stable.discard(str(gone["id"]))
        return body

    account = Account(twist=twist, users=[{"id": name} for name in sorted(stable)])
    settings = Settings(platform="hubilo", hubilo_access_token="t")
    rejected = RejectedRows(WorkDir("never-written"))
    with serving(account):
        api = HubiloApi(
            replace(settings, hubilo_api_url=account.url),
            Tools(
                rejected=rejected,
                time=TimeSource(clock=lambda: float(next(clock)), sleep=_never),
            ),
        )
        with closing(api):
            rows = api.read_all(USERS_LISTING, {"eventId": "7"}, moving=True)
    assert stable <= {row["id"] for row in rows}


def _never(seconds: float) -> None:
    raise AssertionError(f"waited {seconds} s")


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda body: body["data"].pop("data"), id="no-list"),
        pytest.param(lambda body: body["data"].pop("count"), id="no-count"),
        pytest.param(lambda body: body["data"].pop("totalPages"), id="no-pages"),
        pytest.param(lambda body: body.pop("data"), id="no-data"),
        pytest.param(lambda body: body.pop("status"), id="no-status"),
        pytest.param(lambda body: body.update(data=[]), id="data-is-a-list"),
        pytest.param(lambda body: body["data"].update(data={}), id="rows-no-list"),
        pytest.param(lambda body: body["data"].update(count="x"), id="count-no-number"),
        pytest.param(lambda body: body.update(status=500), id="status-500-inside"),
        pytest.param(lambda body: body.update(status="oops"), id="status-no-number"),
    ],
)
def test_an_answer_without_its_parts_is_never_no_rows(
    account: Account, read_account: Callable[..., Run], spoil: Callable[[Json], Any]
) -> None:
    """A 200 that lacks what it must hold is retried, then an error (A10)."""

    def twist(path: str, query: Json, before: int, body: Json) -> Json:
        if path == LIVE:
            spoil(body)
        return body

    account.twist = twist
    run = read_account()
    assert isinstance(run.error, FatalError)
    assert LIVE in str(run.error)
    assert run.bookmark is None
    assert sum(path == LIVE for path, _ in account.seen) == 8


def test_identical_rows_on_one_page_are_both_counted(
    account: Account, read_account: Callable[..., Run]
) -> None:
    """Twins that the server counts as two are no missing row; the act is one."""
    account.live = [account.live[0], account.live[0]]
    run = read_account()
    assert run.error is None
    live = [a for a in run.records("activities") if a["window"] == "live"]
    assert len(live) == 1


def test_a_limit_that_is_refused_is_lowered_by_one(
    account: Account, read_account: Callable[..., Run]
) -> None:
    """The API documents 100 and in one place answers "less than 100"."""

    def twist(path: str, query: Json, before: int, body: Json) -> Json:
        if path == USERS and query["limit"] == "100":
            return {"status": 400, "message": "Limit must be less than 100"}
        return body

    account.twist = twist
    run = read_account()
    assert run.error is None
    assert len(run.records("attendees")) == 250
    limits = [query["limit"] for path, query in account.seen if path == USERS]
    assert limits == ["100", "99", "99", "99"]
