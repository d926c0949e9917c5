"""Dates, durations and stays as people and programs write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_core.errors import RowRejected
from tap_events.files.times import (
    Clock,
    DateOrder,
    to_date_order,
    to_minutes,
    to_seconds,
    to_union_seconds,
    to_wall,
)

walls = st.datetimes(
    datetime.fromisoformat("2001-01-01"), datetime.fromisoformat("2098-01-01")
)
MONTH, DAY = DateOrder.MONTH_FIRST, DateOrder.DAY_FIRST
NARROW_SPACE = "\u202f"


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("Mar 28, 2020 08:07:27", MONTH, "2020-03-28T08:07:27"),
        ("Apr 09, 2020 8:50 PM", MONTH, "2020-04-09T20:50:00"),
        ("05/12/2026 09:00:00 AM", MONTH, "2026-05-12T09:00:00"),
        ("08/30/2026 20:00:00", MONTH, "2026-08-30T20:00:00"),
        ("9/22/26, 2:48:05 PM", MONTH, "2026-09-22T14:48:05"),
        (f"9/22/26, 2:48:05{NARROW_SPACE}PM", MONTH, "2026-09-22T14:48:05"),
        ("22.09.26, 14:48:05", DAY, "2026-09-22T14:48:05"),
        ("22/09/2026, 2:48:05 pm", DAY, "2026-09-22T14:48:05"),
        ("2026-11-12 16:00:00", DAY, "2026-11-12T16:00:00"),
        ("2026-11-12T16:00:00Z", DAY, "2026-11-12T16:00:00+00:00"),
        ("2026/11/12 4:00:00 p.m.", MONTH, "2026-11-12T16:00:00"),
        ("11/12/2026 12:30:00 AM", MONTH, "2026-11-12T00:30:00"),
        ("11/12/2026 12:30:00 PM", MONTH, "2026-11-12T12:30:00"),
    ],
)
def test_a_written_time_is_read(text: str, order: DateOrder, expected: str) -> None:
    """Every form seen in a report is read."""
    assert to_wall(text, order).isoformat() == expected


@pytest.mark.parametrize(
    "text",
    ["", "--", "tomorrow", "13/13/2026 10:00", "Foo 12, 2026 10:00", "11/12/2026"],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError):  # noqa: PT011 - any ValueError means "not a time"
        to_wall(text, MONTH)


@pytest.mark.parametrize(
    ("stamps", "default", "expected"),
    [
        pytest.param(["9/22/26, 2:48 PM"], None, MONTH, id="a middle above 12"),
        pytest.param(["22/9/26, 14:48"], MONTH, DAY, id="a first above 12"),
        pytest.param(
            ["9/10/26, 11:00 PM", "9/11/26, 1:00 AM"], None, MONTH, id="one night apart"
        ),
        pytest.param(
            ["10/9/26, 23:00", "11/9/26, 01:00"], MONTH, DAY, id="the other night"
        ),
        pytest.param(["9/10/26, 2:48 PM"], None, MONTH, id="upper-case PM is American"),
        pytest.param(["9/10/26, 2:48 pm"], None, DAY, id="lower-case pm is not"),
        pytest.param(["9/10/26, 14:48"], None, DAY, id="nor is a 24-hour clock"),
        pytest.param(["09.10.26, 14:48"], None, DAY, id="dots have the day first"),
        pytest.param(["9/10/26 14:48"], MONTH, MONTH, id="the reader knows better"),
        pytest.param(["--", ""], None, MONTH, id="no dates at all"),
        pytest.param(["13/13/26 14:48"], DAY, DAY, id="no date in either order"),
    ],
)
def test_the_order_of_a_date_comes_from_all_dates(
    stamps: list[str], default: DateOrder | None, expected: DateOrder
) -> None:
    """An ambiguous date is read as the others of its report tell."""
    assert to_date_order(stamps, default) is expected


@given(
    walls,
    st.sampled_from(
        [
            ("%m/%d/%Y %I:%M:%S %p", MONTH),
            ("%d/%m/%Y %H:%M:%S", DAY),
            ("%d.%m.%y, %H:%M:%S", DAY),
            ("%m/%d/%y, %I:%M:%S %p", MONTH),
            ("%b %d, %Y %H:%M:%S", MONTH),
            ("%Y-%m-%d %H:%M:%S", MONTH),
        ]
    ),
)
def test_any_time_survives_being_written(
    moment: datetime, form: tuple[str, DateOrder]
) -> None:
    """Writing and reading a time gives the same time."""
    pattern, order = form
    moment = moment.replace(microsecond=0)
    assert to_wall(moment.strftime(pattern), order) == moment


@given(
    walls,
    st.sampled_from([MONTH, DAY]),
)
def test_a_day_above_twelve_always_tells_the_order(
    moment: datetime, order: DateOrder
) -> None:
    """One telling date decides, whatever the habits of writing say."""
    moment = moment.replace(day=13 + moment.day % 15)
    pattern = "%m/%d/%Y %H:%M" if order is MONTH else "%d/%m/%Y %H:%M"
    for default in (MONTH, DAY, None):
        assert to_date_order([moment.strftime(pattern)], default) is order


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1h 30m 5s", 5405),
        ("59m 39s", 3579),
        ("1h 30s", 3630),
        ("30m", 1800),
        ("8s", 8),
        ("28 min", 1680),
        ("2 hr 5 min", 7500),
        ("00:59:39", 3579),
        ("100:00:00", 360000),
        ("05:07", 307),
        ("", None),
    ],
)
def test_a_duration_is_read(text: str, expected: int | None) -> None:
    """Zero parts may be left out."""
    assert to_seconds(text, "Duration") == expected


@pytest.mark.parametrize("text", ["soon", "12", "1h 30", "-5m", "1:2:3:4"])
def test_what_is_no_duration_rejects_its_row(text: str) -> None:
    """The column is named, the cell is not quoted."""
    with pytest.raises(
        RowRejected, match="column 'Duration' is not a duration"
    ) as info:
        to_seconds(text, "Duration")
    assert f"'{text}'" not in str(info.value)


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59))
def test_any_duration_survives_being_written(h: int, m: int, s: int) -> None:
    """Teams leaves zero parts out; a clock does not."""
    parts = [f"{n}{unit}" for n, unit in ((h, "h"), (m, "m"), (s, "s")) if n]
    total = h * 3600 + m * 60 + s
    assert to_seconds(" ".join(parts) or "0s", "x") == total
    assert to_seconds(f"{h:02}:{m:02}:{s:02}", "x") == total


def test_minutes_are_whole_numbers() -> None:
    """Zoom counts minutes; anything else is no such cell."""
    assert to_minutes("60", "x") == 3600
    assert to_minutes("", "x") is None
    with pytest.raises(RowRejected, match="not a number of minutes"):
        to_minutes("an hour", "x")


def test_a_zone_is_applied_with_its_summer_time() -> None:
    """The same wall time is another moment in winter and in summer."""
    clock = Clock(ZoneInfo("Europe/Berlin"), DAY)
    assert clock.to_moment("12.01.2026 16:00", "x") == datetime(
        2026, 1, 12, 15, tzinfo=UTC
    )
    assert clock.to_moment("12.07.2026 16:00", "x") == datetime(
        2026, 7, 12, 14, tzinfo=UTC
    )


def test_a_stay_over_the_repeated_hour_has_its_full_length() -> None:
    """Clocks were put back between joining at 2:50 and leaving at 2:10."""
    clock = Clock(ZoneInfo("Europe/Berlin"), DAY)
    start, end = clock.to_stay(
        ("25.10.2026 02:50", "Join"), ("25.10.2026 02:10", "Leave")
    )
    assert start is not None
    assert end is not None
    assert end - start == timedelta(minutes=20)


def test_leaving_before_joining_rejects_the_row() -> None:
    """A stay cannot be negative."""
    clock = Clock(ZoneInfo("UTC"), DAY)
    with pytest.raises(RowRejected, match="'Leave' is before the time of joining"):
        clock.to_stay(("25.10.2026 12:50", "Join"), ("25.10.2026 12:10", "Leave"))


moments = st.integers(0, 5000).map(
    lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=n)
)
stays = st.lists(
    st.tuples(moments, moments).map(lambda p: (min(p), max(p))), max_size=8
)


@given(stays)
def test_the_union_counts_each_second_once(
    found: list[tuple[datetime, datetime]],
) -> None:
    """A count of the seconds covered says the same."""
    zero = datetime(2026, 1, 1, tzinfo=UTC)
    covered = {
        second
        for start, end in found
        for second in range(
            int((start - zero).total_seconds()), int((end - zero).total_seconds())
        )
    }
    assert to_union_seconds(found) == len(covered)
