"""Plain values of foreign records become text, numbers and moments, or are refused."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring_transform.sources.units import (
    Unfit,
    check_format,
    to_moment,
    to_number,
    to_quantity,
    to_text,
    to_zone,
)

UTC = to_zone("UTC")
BERLIN = to_zone("Europe/Berlin")


def utc(*parts: int) -> dt.datetime:
    """Return a moment in UTC."""
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(None, None, id="nothing"),
        pytest.param("  ", None, id="only spaces"),
        pytest.param(" a b ", "a b", id="spaces around"),
        pytest.param(85012345678, "85012345678", id="whole number"),
        pytest.param(12.0, "12", id="whole number with a point"),
        pytest.param(1.5, "1.5", id="fraction"),
        pytest.param(True, "true", id="true"),
        pytest.param(False, "false", id="false"),
    ],
)
def test_plain_values_become_text(value: Any, expected: str | None) -> None:
    """An id is the same text whether a tap sends it as text or as a number."""
    assert expected == to_text(value)


@pytest.mark.parametrize("value", [[], {}, [1], {"a": 1}, float("inf"), 10**400])
def test_what_is_not_plain_is_no_text(value: Any) -> None:
    """Objects, arrays and numbers beyond all bounds are refused."""
    with pytest.raises(Unfit):
        to_text(value)


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        pytest.param(3, "count", 3, id="count"),
        pytest.param("3", "count", 3, id="count as text"),
        pytest.param("", "count", None, id="empty"),
        pytest.param(None, "minutes", None, id="nothing"),
        pytest.param(90, "seconds", 90, id="seconds"),
        pytest.param(1.1, "minutes", 66, id="minutes, exact"),
        pytest.param("31.5", "minutes", 1890, id="minutes as text"),
        pytest.param(2, "hours", 7200, id="hours"),
        pytest.param(1500, "milliseconds", 1.5, id="milliseconds"),
        pytest.param("01:02:03", "HH:MM:SS", 3723, id="clock"),
        pytest.param("59:30", "HH:MM:SS", 3570, id="clock without hours"),
        pytest.param("100:00:00.5", "HH:MM:SS", 360000.5, id="long clock"),
        pytest.param(None, "HH:MM:SS", None, id="no clock"),
    ],
)
def test_lengths_become_seconds(value: Any, unit: Any, expected: float | None) -> None:
    """Each unit of the closed list is converted."""
    assert expected == to_quantity(value, unit)


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        pytest.param(-1, "count", id="negative"),
        pytest.param("-1", "count", id="negative text"),
        pytest.param("many", "count", id="word"),
        pytest.param("1_000", "count", id="underscore"),
        pytest.param("٣", "count", id="other digits"),
        pytest.param("nan", "count", id="nan"),
        pytest.param("1e400", "count", id="infinite"),
        pytest.param(True, "count", id="flag"),
        pytest.param([3], "count", id="array"),
        pytest.param(10**12, "hours", id="beyond all bounds"),
        pytest.param(10**30, "count", id="beyond a float"),
        pytest.param("1:2:3:4", "HH:MM:SS", id="too many colons"),
        pytest.param(90, "HH:MM:SS", id="number instead of a clock"),
    ],
)
def test_what_is_no_length_is_refused(value: Any, unit: Any) -> None:
    """A number that cannot be one does not become 0."""
    with pytest.raises(Unfit):
        to_quantity(value, unit)


@pytest.mark.parametrize(
    ("value", "form", "zone", "expected"),
    [
        pytest.param(
            "2026-03-04T15:00:42.000000Z",
            "iso",
            BERLIN,
            utc(2026, 3, 4, 15, 0, 42),
            id="iso in UTC",
        ),
        pytest.param(
            "2026-03-04T15:00:00+02:00",
            "iso",
            UTC,
            utc(2026, 3, 4, 13),
            id="iso with an offset",
        ),
        pytest.param(
            "2026-07-04 15:00", "iso", BERLIN, utc(2026, 7, 4, 13), id="iso without"
        ),
        pytest.param(1772636400, "epoch_s", BERLIN, utc(2026, 3, 4, 15), id="epoch"),
        pytest.param(
            "1772636400500",
            "epoch_ms",
            UTC,
            utc(2026, 3, 4, 15, 0, 0, 500000),
            id="epoch in ms as text",
        ),
        pytest.param(
            "04/03/2026 16:00",
            "%d/%m/%Y %H:%M",
            BERLIN,
            utc(2026, 3, 4, 15),
            id="pattern in a zone",
        ),
        pytest.param(
            "04.03.2026 16:00 -0500",
            "%d.%m.%Y %H:%M %z",
            BERLIN,
            utc(2026, 3, 4, 21),
            id="pattern with an offset",
        ),
        pytest.param("", "iso", UTC, None, id="empty"),
        pytest.param(None, "epoch_s", UTC, None, id="nothing"),
    ],
)
def test_times_become_utc(
    value: Any, form: str, zone: Any, expected: dt.datetime | None
) -> None:
    """ISO, epochs and patterns, with or without a zone of their own."""
    assert expected == to_moment(value, form, zone)


@pytest.mark.parametrize(
    ("value", "form"),
    [
        pytest.param("yesterday", "iso", id="word"),
        pytest.param("2026-02-30T10:00:00", "iso", id="no such day"),
        pytest.param("0001-01-01T00:00:00+14:00", "iso", id="before year 1"),
        pytest.param(10**14, "epoch_s", id="after year 9999"),
        pytest.param(-5, "epoch_s", id="before 1970"),
        pytest.param(True, "epoch_s", id="flag"),
        pytest.param({"at": 1}, "iso", id="object"),
        pytest.param("04-03-2026", "%d/%m/%Y", id="another pattern"),
    ],
)
def test_what_is_no_time_is_refused(value: Any, form: str) -> None:
    """The refusal names the format, never the value."""
    with pytest.raises(Unfit, match=r"^is (not |a )"):
        to_moment(value, form, UTC)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
UNITS = ["count", "milliseconds", "seconds", "minutes", "hours", "HH:MM:SS"]


@given(ANYTHING, st.sampled_from(UNITS))
def test_any_value_is_a_length_or_refused(value: Any, unit: Any) -> None:
    """Nothing else can happen, and no length is negative."""
    try:
        length = to_quantity(value, unit)
    except Unfit:
        return
    assert length is None or 0 <= length <= 1e9


@given(ANYTHING, st.sampled_from(["iso", "epoch_s", "epoch_ms", "%d/%m/%Y %H:%M"]))
def test_any_value_is_a_moment_in_utc_or_refused(value: Any, form: str) -> None:
    """Nothing else can happen."""
    try:
        moment = to_moment(value, form, BERLIN)
    except Unfit:
        return
    assert moment is None or moment.utcoffset() == dt.timedelta(0)


@given(st.integers(0, 10**9) | st.floats(0, 1e9))
def test_numbers_stay_themselves(value: float) -> None:
    """A number that fits is not changed."""
    assert value == to_number(value)


@pytest.mark.parametrize("form", ["", "ISO", "epoch", "%", "dd/mm/yyyy", "%Q"])
def test_what_is_no_format_is_refused(form: str) -> None:
    """The refusal lists the formats there are."""
    with pytest.raises(ValueError, match="iso, epoch_s, epoch_ms or a pattern"):
        check_format(form)


@pytest.mark.parametrize("name", ["Nowhere/City", "", "../etc", "Europe"])
def test_what_is_no_zone_is_refused(name: str) -> None:
    """The refusal gives an example."""
    with pytest.raises(ValueError, match="Europe/Berlin"):
        to_zone(name)
