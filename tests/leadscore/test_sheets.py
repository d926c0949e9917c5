"""Row S7: no cell of a table is taken for a formula."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from leadscore.cli import app
from leadscore.sheets import to_rejected_sheet, to_step_sheet
from sync_core.cells import BEGIN_A_FORMULA, to_cell, to_csv
from target_crm.breakdowns import LEAD_SCORE
from target_crm.explained import Explained
from target_crm.rejected import RejectedRow
from target_crm.tables import BREAKDOWNS, METADATA

if TYPE_CHECKING:
    from pathlib import Path

BOMB = '=HYPERLINK("http://x.example","click")'
LEAD: dict[str, Any] = {
    "event_id": "zoom:1",
    "event_name": BOMB,
    "attendee_id": "@SUM(1)",
    "first_name": "+1",
    "last_name": "-1",
}
STEP: dict[str, Any] = {
    "window": "live",
    "activity": "file_download",
    "value": 2,
    "unit": "files",
    "rank": 1,
    "max_rank": 3,
    "ranked_attendees": 3,
    "weight": -12.5,
    "score": 10.0,
    "details": ["=1+1", "b"],
}


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30 1", "'+49 30 1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\0=1", "'\0=1"),
        ("Ann", "Ann"),
        ("", ""),
        (None, ""),
        (-1, "-1"),
        (-1.5, "-1.5"),
        (Decimal("-0.1"), "-0.1"),
        (["=1", "a"], "'=1; a"),
    ],
    ids=repr,
)
def test_s7_a_cell_is_no_formula_and_a_number_stays_one(value: Any, cell: str) -> None:
    """The characters of the rule, and the values that they must not touch."""
    assert to_cell(value) == cell


@given(st.lists(st.text(st.characters(exclude_characters="\0")), min_size=1))
def test_s7_whatever_is_written_is_read_back_as_text(texts: list[str]) -> None:
    """By a reader of CSV; with an apostrophe where a formula would begin."""
    columns = [f"c{place}" for place in range(len(texts))]
    row = dict(zip(columns, texts, strict=True))

    lines = "\n".join(to_csv(columns, [row]))

    read = list(csv.reader(io.StringIO(lines, newline="")))[1] or [""]
    assert [cell for cell in read if cell.startswith(BEGIN_A_FORMULA)] == []
    assert [cell.removeprefix("'") for cell in read] == [
        text.removeprefix("'") for text in texts
    ]


def test_s7_an_explanation_holds_no_formula() -> None:
    """Neither in what a person is called nor in what was clicked."""
    lines = "\n".join(to_step_sheet([Explained(lead=LEAD, activities=[STEP])]))

    (row,) = csv.DictReader(io.StringIO(lines))
    assert [cell for cell in row.values() if cell.startswith(("=", "+", "@"))] == []
    assert (row["event_name"], row["weight"]) == (f"'{BOMB}", "-12.5")
    assert row["details"] == "'=1+1; b"


def test_s7_a_list_of_rejected_rows_holds_no_formula() -> None:
    """Nor a person, unless they are asked for."""
    row = RejectedRow(
        key=("=1", "a"),
        code="INVALID_EMAIL",
        reason="+bad@example.com is invalid",
        record={"email": "+bad@example.com"},
    )

    said = "\n".join(to_rejected_sheet([row], b"key"))
    named = "\n".join(to_rejected_sheet([row], b"key", people=True))

    (hidden,), (open_,) = (csv.DictReader(io.StringIO(text)) for text in (said, named))
    assert (hidden["event_id"], open_["contact"]) == ("'=1", "'+bad@example.com")
    assert "example.com" not in said


def test_s7_the_command_writes_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`leadscore explain --csv`, to stdout."""
    monkeypatch.setenv("LEADSCORE_HOME", str(tmp_path))
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    METADATA.create_all(engine)
    known = {"event_id": "zoom:1", "attendee_id": "a", "email_key": "ann@example.com"}
    with engine.begin() as connection:
        for part, record in ((LEAD_SCORE, LEAD), ("live:file_download", STEP)):
            told = {**known, "part": part, "record": json.dumps(record)}
            connection.execute(BREAKDOWNS.insert().values(**told))
    engine.dispose()

    ran = CliRunner().invoke(
        app, ["explain", "--event", "zoom:1", "--email", "ann@example.com", "--csv"]
    )

    assert ran.exit_code == 0, ran.output
    (row,) = csv.DictReader(io.StringIO(ran.output))
    assert (row["event_name"], row["value"]) == (f"'{BOMB}", "2")
