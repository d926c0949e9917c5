"""A CRM's reason is told without the person, in lines and in tables alike."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore.crm import to_rejected_lines
from leadscore.reasons import to_reason
from leadscore.sheets import to_rejected_sheet
from target_crm.rejected import RejectedRow
from target_crm.rows import PERSON_FIELDS

TABLE = {
    "an address in another spelling": (
        {"email": "Ada Lovelace@Acme"},
        "Email address ada lovelace@acme is invalid",
        "Email address c:0123 is invalid",
    ),
    "a name that is too long": (
        {"email": "a@x.example", "first_name": "Ada Augusta Byron King Lovelace"},
        "First Name: data value too large: Ada Augusta Byron King Lovelace",
        "First Name: data value too large: c:0123",
    ),
    "a name inside the address": (
        {"email": "ada@acme", "first_name": "Ada", "company": "Acme"},
        "ADA@ACME is refused",
        "c:0123 is refused",
    ),
    "a name with other blanks": (
        {"first_name": "  Ada   Byron "},
        "Ada Byron is too long",
        "c:0123 is too long",
    ),
    "a short name inside a word": (
        {"first_name": "Al", "city": "Va"},
        "invalid value: Al",
        "invalid value: c:0123",
    ),
    "a telephone number": (
        {"phone": "+49 (30) 1"},
        "Phone +49 (30) 1 is no number",
        "Phone c:0123 is no number",
    ),
    "another address": ({}, "x@y.example has it", "<e-mail> has it"),
    "empty values": ({"email": None, "first_name": " "}, "No", "No"),
}


def to_row(record: dict[str, Any], reason: str) -> RejectedRow:
    """Return a row that waits."""
    return RejectedRow(key=("zoom:1", "a1"), code="X", reason=reason, record=record)


@pytest.mark.parametrize(("record", "reason", "told"), TABLE.values(), ids=list(TABLE))
def test_a_reason_names_nobody(
    monkeypatch: pytest.MonkeyPatch,
    record: dict[str, Any],
    reason: str,
    told: str,
) -> None:
    """In both forms of the list."""
    monkeypatch.setattr("leadscore.reasons.pseudonym", lambda *_: "c:0123")
    rows = [to_row(record, reason)]

    lines = list(to_rejected_lines(rows, b"key"))
    sheet = list(to_rejected_sheet(rows, b"key"))

    assert lines[1].endswith(f": {told}")
    assert sheet[1].endswith(f",{told}")


@given(
    st.sampled_from(PERSON_FIELDS),
    st.text(st.characters(codec="ascii"), min_size=1).filter(str.strip),
)
def test_whatever_a_field_holds_is_not_told(field: str, value: str) -> None:
    """Whatever characters of a pattern are in it."""
    row = to_row({field: value}, f"No: {value} .")

    told = to_reason(row, "?").split()

    assert told == ["No:", "?", "."] or value.strip().lower() in "no: ."
