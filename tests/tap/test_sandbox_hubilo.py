"""The look-alike refuses and answers as the API's documents say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import requests

from sandbox.server import running
from sandbox.settings import SandboxSettings
from sandbox.world import build_world

if TYPE_CHECKING:
    from tap_account import Clock

Get = Callable[..., requests.Response]
WEBINAR = build_world().hubilo
EVENT = str(WEBINAR.number)
AGENDA = str(WEBINAR.sessions[0].number)
MISSING = "Sorry, Some parameter are missing. Please enter all required values."


@pytest.fixture
def get(virtual_clock: Clock) -> Iterator[Get]:
    """Return a function that asks the sandbox."""
    with (
        running(SandboxSettings(clock=virtual_clock)) as sandbox,
        requests.Session() as session,
    ):

        def ask(path: str, token: str | None = None, **query: str) -> requests.Response:
            bearer = token or sandbox.sandbox.settings.access_token
            return session.get(
                f"{sandbox.url}/api/v1/integration{path}",
                params=query,
                headers={"Authorization": f"Bearer {bearer}"},
                timeout=10,
            )

        yield ask


def test_most_refusals_are_inside_a_200(get: Get) -> None:
    """The collection saves them so; a client must look into the body."""
    answer = get("/user/list", token="wrong", eventId=EVENT)
    assert answer.status_code == 200
    assert answer.json() == {"status": 401, "message": "Invalid Access"}


def test_the_newest_endpoint_uses_http_statuses(get: Get) -> None:
    """Deleted users: real codes, and a flag."""
    wrong = get("/user/deleted/list", token="wrong", eventId=EVENT)
    assert (wrong.status_code, wrong.json()["flag"]) == (401, 1)
    missing = get("/user/deleted/list")
    assert missing.status_code == 400
    assert missing.json() == {
        "status": 400,
        "message": "eventId is required",
        "flag": 1,
    }


@pytest.mark.parametrize(
    ("path", "query"),
    [
        pytest.param("/user/list", {}, id="users-without-event"),
        pytest.param("/event/detail", {}, id="detail-without-event"),
        pytest.param("/event/detail", {"eventId": "1"}, id="unknown-event"),
        pytest.param("/analytics/session/session-info", {}, id="sessions"),
        pytest.param(
            "/analytics/session/attendee",
            {"eventId": EVENT, "agendaId": AGENDA},
            id="attendance-without-stream-type",
        ),
        pytest.param(
            "/analytics/session/attendee",
            {"eventId": EVENT, "agendaId": AGENDA, "streamType": "live"},
            id="stream-type-in-lower-case",
        ),
        pytest.param(
            "/analytics/session/register", {"eventId": EVENT}, id="register-no-agenda"
        ),
        pytest.param("/event/list", {"currentPage": "-1"}, id="page-below-zero"),
    ],
)
def test_a_missing_parameter_is_refused(
    get: Get, path: str, query: dict[str, str]
) -> None:
    """In the API's own words."""
    assert get(path, **query).json() == {"status": 400, "message": MISSING}


@pytest.mark.parametrize(
    ("limit", "path", "status"),
    [
        pytest.param("9", "/event/list", 400, id="below-ten"),
        pytest.param("101", "/event/list", 400, id="above-a-hundred"),
        pytest.param("100", "/event/list", 200, id="a-hundred"),
        pytest.param("100", "/user/list", 400, id="users-less-than-a-hundred"),
        pytest.param("99", "/user/list", 200, id="users-ninety-nine"),
    ],
)
def test_limits_are_kept(get: Get, limit: str, path: str, status: int) -> None:
    """10 to 100, and one endpoint whose error says less than 100."""
    assert get(path, eventId=EVENT, limit=limit).json()["status"] == status


def test_the_twenty_first_request_of_a_second_is_refused(
    get: Get, virtual_clock: Clock
) -> None:
    """With the documented headers, and without Retry-After."""
    answers = [get("/organiser/profile") for _ in range(21)]
    assert [a.status_code for a in answers] == [200] * 20 + [429]
    refused = answers[-1]
    assert refused.headers["RateLimit-Limit"] == "20"
    assert refused.headers["RateLimit-Remaining"] == "0"
    assert refused.headers["RateLimit-Reset"] == "1"
    assert "Retry-After" not in refused.headers
    assert refused.json() == {
        "status": 429,
        "message": "Too many requests, please try again later.",
    }
    virtual_clock.sleep(1)
    assert get("/organiser/profile").status_code == 200


def _data(answer: requests.Response) -> dict[str, Any]:
    found: dict[str, Any] = answer.json()["data"]
    return found


def test_every_endpoint_spells_its_page_its_way(get: Get) -> None:
    """``currentPage``, ``currentpage``, and totals one level deeper."""
    events = _data(get("/event/list"))
    assert (events["currentPage"], events["totalPages"]) == (0, 1)
    sessions = _data(get("/analytics/session/session-info", eventId=EVENT))
    assert (sessions["currentpage"], sessions["count"]) == (0, 3)
    users = _data(get("/user/list", eventId=EVENT))["data"][0]
    logins = sum(len(p.spellings) for p in WEBINAR.people)
    assert users["totalCount"] == [{"count": logins}]
    assert len(users["paginatedResults"]) == 99
    deleted = _data(get("/user/deleted/list", eventId=EVENT))
    assert (deleted["total"], deleted["limit"]) == (2, 100)
    query = {"eventId": EVENT, "agendaId": AGENDA}
    registered = _data(get("/analytics/session/register", **query))
    assert registered["currentPage"] == 1
    assert registered["count"] == len(registered["data"]) == logins


def test_attendance_is_told_in_milliseconds_and_a_clock_time(get: Get) -> None:
    """The parts sum to the whole, as in the documented example."""
    query = {"eventId": EVENT, "agendaId": AGENDA, "streamType": "LIVE"}
    found = _data(get("/analytics/session/attendee", **query))
    assert found["sessionId"] == int(AGENDA)
    for row in found["data"]:
        total = sum(entry["duration"] for entry in row["streamHistory"]) // 1000
        hours, minutes, seconds = map(int, row["sessionAttendedDuration"].split(":"))
        assert hours * 3600 + minutes * 60 + seconds == total
    assert any(len(row["streamHistory"]) > 1 for row in found["data"])


def test_events_are_found_by_a_part_of_their_name(get: Get) -> None:
    """``searchInput`` looks into the name; an empty listing still has one page."""
    found = _data(get("/event/list", searchInput="without THE"))["data"]
    assert [row["id"] for row in found] == [WEBINAR.number]
    nothing = _data(get("/event/list", searchInput="nothing of that name"))
    assert (nothing["data"], nothing["totalPages"]) == ([], 1)


def test_a_detail_adds_a_place_to_the_row(get: Get) -> None:
    """Epoch milliseconds are strings in both."""
    [row] = _data(get("/event/list"))["data"]
    detail = _data(get("/event/detail", eventId=EVENT))["data"]
    assert detail.items() >= row.items()
    assert detail["isEventOnline"] == "YES"
    assert isinstance(row["startTimeMilli"], str)


def test_the_sandbox_never_lives_before_its_event_is_over(get: Get) -> None:
    """A demo on a machine whose clock is behind finds something to show."""
    assert get("/organiser/profile").headers["Date"] == "Mon, 02 Nov 2026 09:00:00 GMT"
