"""Cells that may be missing, and what a reader makes of it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from tap_events.files.webex import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Look

NOBODY = "the row names nobody: no e-mail and no name"


def test_a_collaborate_row_may_name_nobody_or_tell_no_time(
    look: Look, put: Callable[..., Path], reports: Path
) -> None:
    """Nobody is rejected; no time is a person without time."""
    head = (reports / "collaborate_attendance.csv").read_text(encoding="utf-8")
    common = "11/12/2026 16:00,Budgets,7,Hana,,11/12/2026 17:00"
    path = put(
        "c.csv",
        head.splitlines()[0]
        + f"\n{common},,,,,Participant,Guest,,,00:10:00,0"
        + f"\n{common},Cy,Cy,,Cy,Participant,Guest,,,,0\n",
    )
    look.at(path)
    assert [(r.row, r.reason) for r in look.rejected] == [(2, NOBODY)]
    assert look.people.keys() == {"Cy"}
    assert look.activities() == []


def test_a_question_may_lack_its_text_or_its_asker(
    look: Look, put: Callable[..., Path], reports: Path
) -> None:
    """Neither is dropped in silence, and further answers belong to the row before."""
    put("a.csv", (reports / "zoom_attendee_2026.csv").read_bytes())
    path = put(
        "qa.csv",
        "Question and Answer Report\n#,Question,Asker Name,Asker Email,Answer(s)\n"
        "1,,Ada Brook,,\n2,Why?,,,\n3,How?,Ada Brook,,Thus\n,,,,and thus\n",
    )
    look.at(path.parent)
    assert [(r.row, r.reason) for r in look.rejected] == [
        (3, "the row has no question"),
        (4, NOBODY),
    ]
    assert look.counts("question") == {"ada.brook@example.com": 1}


def test_a_teams_stay_without_leaving_counts_its_duration(
    look: Look, put: Callable[..., Path]
) -> None:
    """And one without joining is a person only."""
    look.at(
        put(
            "t.csv",
            "Full Name\tJoin Time\tLeave Time\tDuration\tEmail\n"
            "Ada\t9/22/2026, 2:00:00 PM\t\t20m\ta@example.com\n"
            "Ben\t\t\t\tb@example.com\n"
            "\t9/22/2026, 2:00:00 PM\t\t20m\t\n",
        )
    )
    assert look.counts("time_in_session") == {"a@example.com": 1200}
    assert look.people.keys() == {"a@example.com", "b@example.com"}
    assert [r.reason for r in look.rejected] == [NOBODY]


@pytest.mark.parametrize("action", ["Joined", "Left"])
def test_a_torn_time_in_a_list_of_comings_is_told(
    action: str, look: Look, put: Callable[..., Path]
) -> None:
    """The other rows make their stays."""
    look.at(
        put(
            "t.csv",
            "Full Name\tUser Action\tTimestamp\n"
            "Ada\tJoined\t9/22/2020, 2:00:00 PM\n"
            f"Ben\t{action}\tlater\n"
            "Ada\tLeft\t9/22/2020, 2:30:00 PM\n",
        )
    )
    assert look.watched() == {"Ada": 1800}
    assert [(r.row, r.reason) for r in look.rejected] == [
        (3, "the cell in column 'Timestamp' is not a date and time")
    ]


@pytest.mark.parametrize(
    ("duration", "expected"), [("28 Min.", 1680), ("00:10:00", 600), ("", 0)]
)
def test_a_webex_stay_without_leaving_counts_its_duration(
    duration: str, expected: int, look: Look, put: Callable[..., Path]
) -> None:
    """Of a duration in the site's language the number is sure."""
    start = "2026-11-12 16:00:00"
    cells = ["Budgets", start, "", "", "", "", "", "a@example.com", start, "", duration]
    text = "\t".join(COLUMNS) + "\n" + "\t".join(cells) + "\t\t\n"
    [stay] = look.at(put("w.csv", text)).activities()
    assert (stay.quantity, stay.ended_at) == (expected, None)


def test_a_webex_row_without_anybody_is_rejected(
    look: Look, put: Callable[..., Path]
) -> None:
    """There is no event left to tell of."""
    start = "2026-11-12 16:00:00"
    cells = ["Budgets", start, "", "", "", "", "", "", start, "", "1 min", "", ""]
    look.at(put("w.csv", "\t".join(COLUMNS) + "\n" + "\t".join(cells) + "\n"))
    assert look.bundles == []
    assert [r.reason for r in look.rejected] == [NOBODY]


def test_typed_cells_of_every_kind_are_read(
    look: Look, put: Callable[..., Path], tmp_path: Path
) -> None:
    """Dates, yes and no, whole numbers with a decimal point, and nothing."""
    mapping = tmp_path / "mapping.yml"
    mapping.write_text(
        "tables:\n"
        "  - name: people\n"
        "    event: {id: {constant: 1}}\n"
        "    person: {email: m, attended: there, registered_at: day, custom: [n, x]}\n",
        encoding="utf-8",
    )
    path = put("people.parquet", b"")
    pl.DataFrame(
        {
            "m": ["a@example.com"],
            "there": [True],
            "day": [date(2026, 11, 1)],
            "n": [3.0],
            "x": [None],
        }
    ).write_parquet(path)
    look.mapping_path = str(mapping)
    ada = look.at(path).people["a@example.com"]
    assert ada.attended is True
    assert ada.custom == {"n": "3"}
    assert ada.registered_at is not None
    assert ada.registered_at.date() == date(2026, 11, 1)
    assert look.bundle.event.event_id == "files:1"


def test_a_table_with_a_header_only_is_no_event(
    look: Look, put: Callable[..., Path], tmp_path: Path
) -> None:
    """Nobody did anything yet."""
    mapping = tmp_path / "mapping.yml"
    mapping.write_text(
        "tables: [{name: t, event: {id: E}, person: {email: Mail}}]", encoding="utf-8"
    )
    look.mapping_path = str(mapping)
    assert look.at(put("t.csv", "E,Mail\n")).bundles == []
