"""The bookmark: whole events, the source's time, and nothing that hides events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tap_account import NOW, event_row, milli

from sync_core.errors import FatalError
from tap_events.state import check_not_future, check_state, parse_state, to_bookmark
from tap_events.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_account import Account, Run

Json = dict[str, Any]


def state_of(bookmark: Any, **more: Any) -> Json:
    """Return a state with a bookmark of events."""
    marks = {"replication_key": "updated_at", "replication_key_value": bookmark}
    return {"bookmarks": {"events": marks | more}}


def ended(number: int, at: datetime) -> Json:
    """Return an event that ended at a time."""
    return event_row(
        number, startTimeMilli=milli(at - timedelta(days=1)), endTimeMilli=milli(at)
    )


def sent(run: Run) -> list[str]:
    """Return the ids of the events of a run, in order."""
    assert run.error is None
    return [e["event_id"].partition(":")[2] for e in run.records("events")]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="A20-empty"),
        pytest.param('{"bookmarks": {"eve', id="A20-torn"),
        pytest.param("[]", id="A20-list"),
        pytest.param("null", id="A20-null"),
        pytest.param("7", id="A20-number"),
        pytest.param('"text"', id="A20-text"),
    ],
)
def test_a_state_file_that_holds_no_state_is_refused(text: str) -> None:
    """The sentence says what to do about it."""
    with pytest.raises(FatalError, match="full refresh"):
        parse_state(text)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        pytest.param({"value": 1}, "not one of this tap", id="A20-other-key"),
        pytest.param(
            {"bookmarks": {}, "version": 9}, "not one of this", id="A20-version"
        ),
        pytest.param({"bookmarks": []}, "no object", id="A20-bookmarks-list"),
        pytest.param({"bookmarks": {"events": 7}}, "no object", id="A20-mark-number"),
        pytest.param({"bookmarks": {"issues": {}}}, "another tap", id="A20-other-tap"),
        pytest.param(state_of(5), "no time", id="A20-number"),
        pytest.param(state_of("soon"), "no time", id="A20-text"),
        pytest.param(state_of(["x"]), "no time", id="A20-list-bookmark"),
        pytest.param(
            state_of("2026-01-01", replication_key="id"), "another field", id="A20-key"
        ),
    ],
)
def test_a_state_that_is_not_ours_is_refused_before_anything(
    account: Account, read_account: Callable[..., Run], state: Json, words: str
) -> None:
    """No request is made and no line is written."""
    run = read_account(state=state)
    assert isinstance(run.error, FatalError)
    assert words in str(run.error)
    assert run.lines == []
    assert account.seen == []


def test_a_bookmark_of_the_year_2222_is_refused(
    account: Account, read_account: Callable[..., Run]
) -> None:
    """It would hide every event for ever; one request learns the source's now."""
    run = read_account(state=state_of("2222-01-01T00:00:00Z"))
    assert isinstance(run.error, FatalError)
    assert "later than the source's own time" in str(run.error)
    assert run.lines == []
    assert [path for path, _ in account.seen] == ["/organiser/profile"]


@pytest.mark.parametrize(
    "state", [pytest.param({}, id="empty"), pytest.param({"bookmarks": {}}, id="none")]
)
def test_an_empty_state_is_a_first_run(
    read_account: Callable[..., Run], state: Json
) -> None:
    """Meltano passes such a state after a failed first run."""
    assert sent(read_account(state=state)) == ["7"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["bookmarks", "events", "replication_key_value", "x"]),
                inner,
            )
        ),
        max_leaves=8,
    )
)
def test_any_json_as_state_is_taken_or_refused_in_a_sentence(value: Any) -> None:
    """No shape of state ends in another error than ours."""
    state = value if isinstance(value, dict) else {"bookmarks": value}
    told = ""
    try:
        check_state(state, STREAMS)
    except FatalError as error:
        told = str(error)
    assert not told or "full refresh" in told


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_bookmark_means_the_time_that_was_written(at: datetime) -> None:
    """Written as the streams do and read back, it is the same second."""
    at = at.replace(microsecond=0)
    text = at.isoformat().replace("+00:00", "Z")
    assert to_bookmark({"replication_key_value": text}) == at
    check_not_future(at, at)


def test_events_are_sent_oldest_change_first(
    account: Account, read_account: Callable[..., Run]
) -> None:
    """The list of the API has no promised order; the bookmark needs one."""
    days = [20, 1, 12]
    account.events = [ended(d, datetime(2026, 10, d, tzinfo=UTC)) for d in days]
    assert sent(read_account()) == ["1", "12", "20"]


def test_an_event_is_sent_again_until_it_is_old(
    account: Account, read_account: Callable[..., Run]
) -> None:
    """Within the look-back whole events are read again, older ones are not."""
    newest = datetime(2026, 10, 31, tzinfo=UTC)
    account.events = [
        ended(age, newest - timedelta(days=age)) for age in (0, 29, 30, 31, 90)
    ]
    first = read_account()
    assert sent(first) == ["90", "31", "30", "29", "0"]
    again = read_account(state=first.states[-1])
    assert sent(again) == ["30", "29", "0"]
    assert sent(read_account(state=first.states[-1], late_activity_days=0)) == ["0"]
    assert len(again.records("attendees")) == 3 * 250


def test_looking_back_never_moves_the_bookmark_back(
    account: Account, read_account: Callable[..., Run]
) -> None:
    """Every state of the second run is at least the state it started from."""
    days = range(10, 20)
    account.events = [ended(d, datetime(2026, 10, d, tzinfo=UTC)) for d in days]
    first = read_account()
    again = read_account(state=first.states[-1])
    marks = {s["bookmarks"]["events"]["replication_key_value"] for s in again.states}
    assert marks == {"2026-10-19T00:00:00Z"}


def test_equal_times_across_the_bookmark_are_not_lost(
    account: Account, read_account: Callable[..., Run]
) -> None:
    """An event that ends in the same second as the bookmark is read (A15)."""
    at = datetime(2026, 10, 1, 12, tzinfo=UTC)
    account.events = [ended(1, at)]
    first = read_account()
    account.events.append(ended(2, at))
    again = read_account(state=first.states[-1], late_activity_days=0)
    assert sent(again) == ["1", "2"]


def test_a_running_event_is_sent_with_the_sources_now(
    account: Account, read_account: Callable[..., Run]
) -> None:
    """It can still change, so its last change is now, by the server's clock."""
    account.events = [ended(1, NOW + timedelta(days=3)), event_row(7)]
    account.events[0]["startTimeMilli"] = milli(NOW - timedelta(hours=1))
    run = read_account()
    assert sent(run) == ["7", "1"]
    assert run.records("events")[-1]["updated_at"] == "2026-11-02T09:00:00Z"
    assert run.bookmark == "2026-11-02T09:00:00Z"


def test_an_event_to_come_is_not_sent_yet(
    account: Account, read_account: Callable[..., Run]
) -> None:
    """It has nothing to score; it is sent when it has begun."""
    account.events = [ended(1, NOW + timedelta(days=3)), event_row(7)]
    assert sent(read_account()) == ["7"]
    account.now = NOW + timedelta(days=2, minutes=1)
    assert sent(read_account()) == ["7", "1"]


def test_a_start_date_leaves_out_what_ended_before(
    account: Account, read_account: Callable[..., Run]
) -> None:
    """It also bounds the look-back."""
    days = (1, 12, 20)
    account.events = [ended(d, datetime(2026, 10, d, tzinfo=UTC)) for d in days]
    run = read_account(start_date="2026-10-12")
    assert sent(run) == ["12", "20"]
    assert sent(read_account(state=run.states[-1], start_date="2026-10-15")) == ["20"]


def test_the_state_does_not_grow_with_the_events(
    account: Account, read_account: Callable[..., Run]
) -> None:
    """One bookmark, whatever number of events there were."""
    account.users, account.live, account.recorded = [], [], []
    account.events = [event_row(1)]
    one = read_account()
    account.events = [event_row(n) for n in range(1, 60)]
    many = read_account()
    assert len(sent(many)) == 59
    assert len(str(many.states[-1])) == len(str(one.states[-1]))


def test_an_event_is_closed_by_its_own_record(
    account: Account, read_account: Callable[..., Run]
) -> None:
    """All of an event stands before it, and a STATE covers only closed events."""
    account.events = [event_row(7), event_row(8)]
    closed: set[str] = set()
    covered = None
    for message in read_account().messages:
        if message["type"] == "STATE":
            covered = message["value"]["bookmarks"]["events"].get(
                "replication_key_value"
            )
            assert covered is None or closed
        elif message["type"] == "RECORD":
            event_id = message["record"]["event_id"]
            assert event_id not in closed
            if message["stream"] == "events":
                closed.add(event_id)
    assert closed == {"hubilo:7", "hubilo:8"}
    assert covered == "2026-10-20T17:00:00Z"


def test_a_run_that_dies_between_events_is_continued(
    account: Account, read_account: Callable[..., Run]
) -> None:
    """What the first run did not finish, the second does; nothing is missing."""
    account.events = [ended(d, datetime(2026, 10, d, tzinfo=UTC)) for d in (1, 2, 3)]

    def twist(path: str, query: Json, before: int, body: Json) -> Json:
        if query.get("eventId") == "3":
            return {"status": 401, "message": "Invalid Access"}
        return body

    account.twist = twist
    first = read_account()
    assert isinstance(first.error, FatalError)
    account.twist = None
    second = read_account(state=first.states[-1], late_activity_days=0)
    assert sent(second) == ["2", "3"]


def test_the_same_facts_have_the_same_ids_in_every_run(
    read_account: Callable[..., Run],
) -> None:
    """A repeated run repeats its records, so that a target can see it."""
    first, second = read_account(), read_account()
    for stream in STREAMS:
        assert first.records(stream) == second.records(stream)
