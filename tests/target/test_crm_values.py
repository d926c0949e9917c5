"""Values as a CRM takes them, and mappings as a person may write them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_core.errors import RowRejected, SettingError
from target_crm.mapping import Group, Option, Property, PropertySet, load_properties
from target_crm.rows import Row, to_plain, to_row, to_utc
from target_crm.texts import to_breakdown, to_reasons
from target_crm.values import to_canonical

if TYPE_CHECKING:
    from pathlib import Path


def spec(kind: str = "string", **changed: Any) -> Property:
    """Return a property of a type."""
    return Property(source="live_rank", name="p", type=kind, **changed)  # type: ignore[arg-type]


def to_text(spec: Property, value: Any) -> str | None:
    """Return the text that a property gets of a row with this value."""
    values = {spec.source: value}
    row = Row(
        event_id="e", attendee_id="a", email_key="a@b", starts_at="", values=values
    )
    properties = PropertySet(Group("g", "G"), {spec.name: spec})
    return properties.to_properties(row).get(spec.name)


LEVELS = (Option("High"), Option("Low"))


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("number", 97.5, "97.5"),
        ("number", 97.0, "97"),
        ("number", 3, "3"),
        ("number", Decimal("33.30"), "33.3"),
        ("number", 1e-7, "0.0000001"),
        ("number", 12345678.9, "12345678.9"),
        ("number", 0, "0"),
        ("number", -0.0, "0"),
        ("datetime", "2026-11-01T10:00:00+02:00", "2026-11-01T08:00:00.000Z"),
        ("datetime", "2026-11-01T10:00:00", "2026-11-01T10:00:00.000Z"),
        ("date", "2026-11-01T23:30:00-02:00", "2026-11-02"),
        ("bool", True, "true"),
        ("bool", False, "false"),
        ("string", ["a", "b"], "a; b"),
        ("string", "=1+1", "=1+1"),
        ("string", 5, "5"),
    ],
)
def test_a_value_becomes_the_text_that_a_crm_takes(
    kind: str, value: Any, text: str
) -> None:
    """No exponent, no comma, times in UTC, text exact."""
    assert to_text(spec(kind), value) == text


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        ("number", "third", "INVALID_NUMBER"),
        ("number", True, "INVALID_NUMBER"),
        ("number", float("nan"), "INVALID_NUMBER"),
        ("enumeration", "Tall", "INVALID_OPTION"),
        ("enumeration", "high", "INVALID_OPTION"),
        ("datetime", "soon", "INVALID_TIME"),
        ("bool", "yes", "INVALID_BOOLEAN"),
        ("bool", 1, "INVALID_BOOLEAN"),
    ],
)
def test_a_value_that_does_not_fit_rejects_its_row(
    kind: str, value: Any, code: str
) -> None:
    """With the property's name, without the value."""
    options = LEVELS if kind == "enumeration" else ()

    with pytest.raises(RowRejected) as caught:
        to_text(spec(kind, options=options), value)

    assert (caught.value.code, caught.value.field) in {
        (code, "p"),
        ("INVALID_TIME", "p"),
    }
    assert str(value) not in str(caught.value).split()


@pytest.mark.parametrize("empty", [None, "", []], ids=["null", "text", "list"])
@pytest.mark.parametrize(("when_null", "text"), [("leave", None), ("clear", "")])
def test_null_leaves_or_clears_as_the_mapping_says(
    empty: Any, when_null: str, text: str | None
) -> None:
    """Clearing is explicit."""
    assert to_text(spec(when_null=when_null), empty) == text


@pytest.mark.parametrize(
    ("kind", "held", "ours"),
    [
        ("number", "97.50", "97.5"),
        ("number", "1E+2", "100"),
        ("number", None, ""),
        ("number", "many", "many"),
        ("datetime", "1793527200000", "2026-11-01T10:00:00.000Z"),
        ("datetime", "2026-11-01T10:00:00Z", "2026-11-01T10:00:00.000Z"),
        ("datetime", "never", "never"),
        ("date", "2026-11-01", "2026-11-01"),
        ("string", "Ünï", "Ünï"),
    ],
)
def test_a_crms_spelling_is_read_as_ours(
    kind: str, held: str | None, ours: str
) -> None:
    """So that equal values are equal and nothing is rewritten for a zero."""
    assert to_canonical(kind, held) == ours


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3) | st.integers())
def test_a_number_that_was_written_is_read_back_equal(value: Any) -> None:
    """Whatever its size: text, and text again."""
    text = to_text(spec("number"), value)

    assert text is not None
    assert to_canonical("number", text) == text
    assert Decimal(text) == Decimal(str(value))


@given(st.datetimes(timezones=st.timezones()))
def test_times_sort_as_texts(moment: Any) -> None:
    """All in UTC with the same number of digits."""
    text = to_utc(moment.isoformat(), "x")

    assert text is not None
    assert text.endswith("Z")
    assert len(text) == len("2026-11-01T10:00:00.000Z")


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Decimal(5), 5),
        (Decimal("5.5"), 5.5),
        (["a\0b"], ["ab"]),
        ("x\0", "x"),
        ("ünï", "ünï"),
        (None, None),
    ],
)
def test_json_values_become_plain(value: Any, plain: Any) -> None:
    """Decimals of the reader are numbers again; NUL is no text."""
    assert to_plain("x", value) == plain


def test_an_unmapped_field_goes_no_further() -> None:
    """Whatever else a record holds reaches no disk and no CRM."""
    row = to_row({"event_id": "e", "attendee_id": 7, "canary": "do not keep"})

    assert row.key == ("e", "7")
    assert "canary" not in row.values


def test_reasons_say_rank_of_how_many() -> None:
    """A score without what it is relative to means nothing."""
    values = {
        "live_reasons": ["asked 2 questions", "clicked 1 CTA: Pricing"],
        "live_rank": 3,
        "live_max_rank": 210,
        "live_ranked_attendees": 412,
        "on_demand_reasons": [],
    }

    assert to_reasons(values) == (
        "Live: asked 2 questions\n"
        "Live: clicked 1 CTA: Pricing\n"
        "Live: rank 3 of 210 among 412 attendees"
    )
    assert to_reasons({}) is None


def test_a_breakdown_lists_what_was_done_strongest_first() -> None:
    """And says what the platform does not report, instead of a zero."""
    values = {
        "live_lead_score": 97.5,
        "live_level": "High",
        "live_rank": 3,
        "live_max_rank": 210,
        "live_ranked_attendees": 412,
        "live_chat": 2.5,
        "live_question": 10,
        "live_reaction": 0,
        "live_cta_click": None,
        "unavailable_activities": ["cta_click"],
    }

    assert to_breakdown(values) == (
        "Live 97.5 (High), rank 3 of 210 among 412 attendees\n"
        "- Questions: 10\n"
        "- Chat: 2.5\n"
        "Not reported by the platform: CTA clicks"
    )
    assert to_breakdown({}) is None


_HEAD = "group: {name: g, label: G}\nproperties:\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (_HEAD + "  p: {source: nothing, set: minimal}\n", "properties.p.source"),
        (_HEAD + "  p: {source: live_rank, sett: minimal}\n", "sett"),
        (_HEAD + "  p: {source: live_rank, type: float}\n", "float"),
        (_HEAD + "  p: {source: live_rank, policy: replace}\n", "replace"),
        (
            _HEAD + "  p: {source: live_level, type: enumeration, set: minimal}\n",
            "options",
        ),
        (_HEAD + "  p: {source: live_rank, set: full}\n", "no property"),
        (_HEAD + "  p: {source: live_rank}\n  p: {source: live_rank}\n", "p"),
        ("group: {name: g}\nproperties: {}\n", "label"),
        ("- a\n", "mapping"),
        ("", "mapping"),
        ("a: !!python/object:os.system x\n", "mapping"),
    ],
    ids=[
        "unknown source",
        "unknown key",
        "unknown type",
        "unknown policy",
        "options missing",
        "empty set",
        "key twice",
        "group without a label",
        "a list",
        "empty",
        "a tag",
    ],
)
def test_a_wrong_mapping_is_refused_with_the_place(
    tmp_path: Path, text: str, told: str
) -> None:
    """The file, the key and what is allowed."""
    path = tmp_path / "mapping.yml"
    path.write_text(text)

    with pytest.raises(SettingError) as caught:
        load_properties(path, "minimal", "hubspot")

    assert told in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(("name", "count"), [("minimal", 10), ("full", 34)])
def test_the_shipped_sets_have_their_size(name: Any, count: int) -> None:
    """Ten fit every edition of HubSpot."""
    properties = load_properties(None, name, "hubspot")

    assert len(properties.properties) == count
    assert all(spec.description for spec in properties.ours)
    assert all(spec.name.startswith("webinar_") for spec in properties.ours)
