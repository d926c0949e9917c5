"""Faults between the source and the tap: read whole, or stopped with the state kept."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest
from tap_account import (
    TOKEN,
    Reply,
    event_row,
    milli,
    session_row,
    stay,
    user_row,
    watcher,
)

from sync_core.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_account import Account, Clock, Run

Json = dict[str, Any]
USERS = "/user/list"
EVENTS = "/event/list"
INVALID = {"status": 401, "message": "Invalid Access"}
BUSY = {"status": 429, "message": "Too many requests, please try again later."}


def _break(
    account: Account, *replies: Reply, path: str = USERS, first: int = 1
) -> list[int]:
    """Answer requests ``first``, ``first + 1``, … to a path with these replies."""
    hit: list[int] = []

    def twist(asked: str, query: Json, before: int, body: Json) -> Json | Reply:
        number = before - first
        if asked == path and 0 <= number < len(replies):
            hit.append(number)
            return replies[number]
        return body

    account.twist = twist
    return hit


RETRIED = [
    pytest.param(Reply.of(BUSY, 429, **{"Retry-After": "3"}), id="A1-429-seconds"),
    pytest.param(Reply.of(BUSY, 429, **{"Retry-After": "0"}), id="A1-429-zero"),
    pytest.param(
        Reply.of(BUSY, 429, **{"Retry-After": format_datetime(datetime.now(UTC))}),
        id="A1-429-date",
    ),
    pytest.param(Reply.of(BUSY, 429), id="A1-429-absent"),
    pytest.param(Reply.of(BUSY, 429, **{"Retry-After": "soon"}), id="A1-429-garbage"),
    pytest.param(Reply.of(BUSY), id="A1-429-inside-200"),
    *(
        pytest.param(Reply.of({}, status), id=f"A2-{status}")
        for status in (500, 502, 503, 504, 521, 524)
    ),
    pytest.param(Reply.of({"status": 500, "message": "x"}), id="A2-500-inside-200"),
    pytest.param(Reply.of({}, 408), id="A3-408"),
    pytest.param(Reply.of({}, 425), id="A3-425"),
    pytest.param(Reply(200, b'{"status": 200, "da'), id="A9-truncated"),
    pytest.param(Reply(200, b"<html>hello</html>"), id="A9-html"),
    pytest.param(
        Reply(200, b"<html>hello</html>", content_type="text/html"), id="A9-html-typed"
    ),
    pytest.param(Reply(204), id="A9-204"),
    pytest.param(Reply(200), id="A9-empty"),
    pytest.param(Reply(200, b"null"), id="A9-null"),
    pytest.param(Reply(200, b"[" * 100_000), id="A9-deep"),
    pytest.param(Reply(200, b"\xff\xfe\x00"), id="A9-binary"),
    pytest.param(
        Reply(200, b"not gzip", {"Content-Encoding": "gzip"}), id="A8-bad-gzip"
    ),
    pytest.param(Reply(200, b"{}", {"Content-Length": "500"}), id="A8-short-body"),
]


@pytest.mark.parametrize("reply", RETRIED)
def test_a_passing_fault_changes_nothing(
    account: Account, read_account: Callable[..., Run], reply: Reply
) -> None:
    """What comes out after one fault is what comes out without any."""
    undisturbed = read_account()
    account.seen.clear()
    reply.headers["Connection"] = "close"
    hit = _break(account, reply)
    run = read_account()
    assert run.error is None
    assert hit == [0]
    for stream in ("events", "sessions", "attendees", "activities"):
        assert run.records(stream) == undisturbed.records(stream)


@pytest.mark.parametrize("count", [pytest.param(n, id=f"A2-{n}-times") for n in (2, 7)])
def test_up_to_seven_failures_in_a_row_are_survived(
    account: Account, read_account: Callable[..., Run], count: int
) -> None:
    """Eight tries are made of each request."""
    hit = _break(account, *[Reply.of({}, 503)] * count)
    run = read_account()
    assert run.error is None
    assert len(hit) == count
    assert len(run.records("attendees")) == 250


def test_a_lasting_fault_keeps_what_was_done_before(
    account: Account, read_account: Callable[..., Run]
) -> None:
    """Nine failures stop the run; the event before stays done, the next run goes on."""
    account.events = [event_row(7), event_row(8, endTimeMilli=milli_of_october(21))]
    hit = _break(account, *[Reply.of({}, 500)] * 9, first=3)
    run = read_account()
    assert isinstance(run.error, FatalError)
    assert "8 tries" in str(run.error)
    assert len(hit) == 8
    assert [e["event_id"] for e in run.records("events")] == ["hubilo:7"]
    assert run.bookmark == "2026-10-20T17:00:00Z"
    account.twist = None
    again = read_account(state=run.states[-1], late_activity_days=0)
    assert again.error is None
    assert [e["event_id"] for e in again.records("events")] == ["hubilo:7", "hubilo:8"]


def milli_of_october(day: int) -> str:
    """Return a day of October as the API writes it."""
    return milli(datetime(2026, 10, day, 17, tzinfo=UTC))


@pytest.mark.parametrize(
    ("wish", "least"),
    [
        pytest.param("3", 3.0, id="A1-seconds"),
        pytest.param("59", 59.0, id="A1-a-minute"),
    ],
)
def test_no_request_comes_before_the_server_allows_it(
    account: Account,
    read_account: Callable[..., Run],
    virtual_clock: Clock,
    wish: str,
    least: float,
) -> None:
    """The wait is what the server asks for, or longer."""
    _break(account, Reply.of(BUSY, 429, **{"Retry-After": wish}))
    assert read_account().error is None
    assert max(virtual_clock.slept) >= least


def test_no_second_sees_more_than_twenty_requests(
    account: Account, read_account: Callable[..., Run], virtual_clock: Clock
) -> None:
    """The organiser's limit is kept, not run into; the bursts it allows are used."""
    account.sessions = [session_row(n) for n in range(40)]
    times: list[float] = []

    def twist(path: str, query: Json, before: int, body: Json) -> Json:
        times.append(virtual_clock())
        return body

    account.twist = twist
    assert read_account().error is None
    assert len(times) > 100
    assert all(later - at >= 1 for at, later in zip(times, times[20:], strict=False))
    assert times[-1] - times[0] < len(times) / 20


def test_a_wait_of_a_day_ends_the_run_at_once(
    account: Account, read_account: Callable[..., Run], virtual_clock: Clock
) -> None:
    """Nobody waits 86,400 seconds; the sentence says that the server asks for it."""
    _break(account, Reply.of(BUSY, 429, **{"Retry-After": "86400"}))
    run = read_account()
    assert isinstance(run.error, FatalError)
    assert "86400 s" in str(run.error)
    assert sum(virtual_clock.slept) < 1


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply.of(INVALID), id="A4-inside-200"),
        pytest.param(Reply.of(INVALID, 401), id="A4-401"),
        pytest.param(Reply.of({"status": 403, "message": "x"}, 403), id="A5-403"),
    ],
)
def test_a_refused_token_between_two_pages_stops_at_once(
    account: Account, read_account: Callable[..., Run], reply: Reply
) -> None:
    """A static token cannot be renewed: one request, and the setting is named."""
    hit = _break(account, reply, reply)
    run = read_account()
    assert isinstance(run.error, FatalError)
    assert run.error.setting == "hubilo_access_token"
    assert "`hubilo_access_token`" in str(run.error)
    assert hit == [0]
    assert run.records("events") == []


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("https://example.com/", id="A18-other-host"),
        pytest.param("http://127.0.0.1:1/", id="A18-http"),
        pytest.param("http://169.254.169.254/", id="A18-metadata"),
    ],
)
def test_a_redirect_is_not_followed(
    account: Account, read_account: Callable[..., Run], target: str
) -> None:
    """The token stays with the configured host."""
    _break(account, Reply(302, b"", {"Location": target}))
    run = read_account()
    assert isinstance(run.error, FatalError)
    assert "302" in str(run.error)


def test_an_answer_that_unpacks_to_more_than_a_page_is_refused(
    account: Account, read_account: Callable[..., Run]
) -> None:
    """100 MB out of 100 kB is not read to its end (A8)."""
    bomb = gzip.compress(b" " * 100_000_000)
    _break(account, Reply(200, bomb, {"Content-Encoding": "gzip"}))
    run = read_account()
    assert isinstance(run.error, FatalError)
    assert "50,000,000 bytes" in str(run.error)


def test_a_server_without_a_clock_is_not_guessed_at(
    account: Account, read_account: Callable[..., Run]
) -> None:
    """The bookmark is the source's time or none: our own clock may be wrong (A16)."""
    account.now = None
    run = read_account()
    assert isinstance(run.error, FatalError)
    assert "without a Date header" in str(run.error)
    assert run.lines == []


ODD_TEXTS = [
    pytest.param("x" * 1_000_000, "x" * 1_000_000, id="A17-long"),
    pytest.param("a\x00b", "ab", id="A17-nul"),
    pytest.param("a\ud800b", "a?b", id="A17-surrogate"),
    pytest.param("\N{PARTY POPPER} Zoë", "\N{PARTY POPPER} Zoë", id="A17-emoji"),
    pytest.param("=1+1", "=1+1", id="A17-formula"),
    pytest.param(12, "12", id="A17-number"),
    pytest.param(None, None, id="A17-null"),
    pytest.param(["list"], None, id="A17-list"),
    pytest.param({"an": "object"}, None, id="A17-object"),
]


@pytest.mark.parametrize(("sent", "expected"), ODD_TEXTS)
def test_odd_text_arrives_as_text(
    account: Account,
    read_account: Callable[..., Run],
    sent: Any,
    expected: str | None,
) -> None:
    """Nothing that JSON can carry in a name breaks the run or the others' rows."""
    account.users = [user_row(1, lastName=sent), user_row(2)]
    account.live, account.recorded = [], []
    run = read_account()
    assert run.error is None
    assert [a["last_name"] for a in run.records("attendees")] == [expected, None]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param({"email": "", "streamHistory": []}, "no e-mail", id="null-id"),
        pytest.param(watcher(2, streamHistory=None), "no streamHistory", id="no-stays"),
        pytest.param("text", "no object", id="A17-no-object"),
        pytest.param(watcher(2, stay(duration="x")), "no number", id="duration-text"),
        pytest.param(watcher(2, stay(duration=-5)), "negative", id="duration-negative"),
        pytest.param(watcher(2, stay(duration=1e300)), "no number", id="duration-huge"),
        pytest.param(watcher(2, stay(joinTime="soon")), "no known form", id="time"),
    ],
)
def test_a_row_that_cannot_be_used_is_counted_and_the_others_arrive(
    account: Account,
    read_account: Callable[..., Run],
    tmp_path: Any,
    row: Any,
    reason: str,
) -> None:
    """Rejected rows are listed with place and reason, and no person's data."""
    account.live = [watcher(1), row]
    account.recorded = []
    run = read_account()
    assert run.error is None
    assert len(run.records("activities")) == 1
    listed = (tmp_path / "work" / "rejected_rows.jsonl").read_text()
    assert listed.count("\n") == 1
    assert reason in listed
    assert "GET /analytics/session/attendee" in listed
    assert "erson2" not in listed


def test_rejected_rows_above_the_limit_stop_the_run(
    account: Account, read_account: Callable[..., Run]
) -> None:
    """With ``max_rejected_rows`` 0 the first one ends it, nothing of the event sent."""
    account.live = [watcher(1), {"email": ""}]
    run = read_account(max_rejected_rows=0)
    assert isinstance(run.error, FatalError)
    assert "1 rows cannot be used and `max_rejected_rows` allows 0" in str(run.error)
    assert run.records("attendees") == []


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"startTimeMilli": "soon"}, id="start-no-number"),
        pytest.param({"endTimeMilli": "9" * 30}, id="end-beyond-years"),
        pytest.param({"id": None}, id="null-id"),
    ],
)
def test_an_event_that_cannot_be_used_does_not_hide_the_others(
    account: Account, read_account: Callable[..., Run], changes: Json
) -> None:
    """The good event is sent, the other one is rejected (A17)."""
    account.events = [event_row(8, **changes), event_row(7)]
    run = read_account()
    assert run.error is None
    assert [e["event_id"] for e in run.records("events")] == ["hubilo:7"]


def test_the_year_9999_is_a_time(
    account: Account, read_account: Callable[..., Run]
) -> None:
    """An event without a real end says the last year there is (A17)."""
    far = milli(datetime(9999, 12, 31, tzinfo=UTC))
    account.events = [event_row(7, endTimeMilli=far)]
    run = read_account()
    assert run.records("events")[0]["ends_at"] == "9999-12-31T00:00:00Z"
    assert run.bookmark == "2026-11-02T09:00:00Z"


def test_no_secret_and_no_person_is_in_an_error_or_log(
    account: Account,
    read_account: Callable[..., Run],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Bodies that quote people and tokens leave no trace (I6)."""
    body = {"status": 400, "message": f"canary@example.com {TOKEN} Canary Person"}
    with caplog.at_level("DEBUG"):
        for status in (200, 400, 401, 403, 404, 500):
            _break(account, *[Reply.of(body, status)] * 9)
            account.seen.clear()
            run = read_account()
            assert isinstance(run.error, FatalError)
            said = f"{run.error} {run.error.__cause__} {caplog.text}"
            assert "anary" not in said


def test_no_credential_of_an_attendee_is_sent_on(
    read_account: Callable[..., Run],
) -> None:
    """Magic links and QR codes are logins: no field, custom or not, holds them."""
    assert not [line for line in read_account().lines if "canary" in line]
