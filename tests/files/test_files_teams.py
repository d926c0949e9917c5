"""Traps in the layouts of Teams, Webex and Collaborate reports."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from sync_core.errors import FatalError
from tap_events.files.naming import to_teams_name
from tap_events.files.webex import COLUMNS
from tap_events.records import Role, Window

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Look

NARROW_SPACE = "\u202f"


def teams(*rows: str, start: str = "9/10/26, 2:00:00 PM", columns: str = "") -> str:
    """Return a report with these participants."""
    header = columns or (
        "Name\tFirst Join\tLast Leave\tIn-Meeting Duration\tEmail\tRole"
    )
    return (
        f"1. Summary\r\nMeeting title\tBudgets\r\nStart time\t{start}\r\n"
        f"End time\t{start.replace('2:00', '3:00').replace('14:00', '15:00')}\r\n\r\n"
        "2. Participants\r\n" + "\r\n".join((header, *rows)) + "\r\n"
    )


@pytest.mark.parametrize(
    ("start", "join", "expected"),
    [
        pytest.param(
            "9/10/26, 2:00:00 PM", "9/10/26, 2:01:00 PM", (9, 10), id="American"
        ),
        pytest.param(
            f"9/10/26, 2:00:00{NARROW_SPACE}PM",
            f"9/10/26, 2:01:00{NARROW_SPACE}PM",
            (9, 10),
            id="narrow no-break space",
        ),
        pytest.param(
            "10/09/2026, 14:00:00", "10/09/2026, 14:01:00", (9, 10), id="British"
        ),
        pytest.param("10.09.26, 14:00:00", "10.09.26, 14:01:00", (9, 10), id="German"),
        pytest.param(
            "22/9/26, 2:00:00 PM", "22/9/26, 2:01:00 PM", (9, 22), id="a telling day"
        ),
    ],
)
def test_the_date_order_is_that_of_the_whole_report(
    start: str,
    join: str,
    expected: tuple[int, int],
    look: Look,
    put: Callable[..., Path],
) -> None:
    """The reader's locale wrote the dates."""
    path = put(
        "t.csv", teams(f"Ada\t{join}\t\t\tada@example.com\tAttendee", start=start)
    )
    event = look.at(path).bundle.event
    month, day = expected
    assert event.starts_at == datetime(2026, month, day, 14, 0, tzinfo=UTC)


def test_a_comma_separated_copy_is_read(look: Look, put: Callable[..., Path]) -> None:
    """Dates hold commas, so a comma-separated copy quotes them."""
    text = (
        "1. Summary\nMeeting title,Budgets\n"
        'Start time,"9/22/26, 2:00:00 PM"\n\n2. Participants\n'
        "Name,First Join,Last Leave,In-Meeting Duration,Email,Role\n"
        'Ada,"9/22/26, 2:00:00 PM","9/22/26, 2:10:00 PM",10m,ada@example.com,'
        "Presenter\n"
    )
    look.at(put("t.csv", text))
    assert look.watched() == {"ada@example.com": 600}
    assert look.people["ada@example.com"].role is Role.SPEAKER


def test_a_changed_name_is_still_one_person(
    look: Look, put: Callable[..., Path]
) -> None:
    """Two rows with one address are one person, whose sums add up."""
    look.at(
        put(
            "t.csv",
            teams(
                "Ada\t9/22/26, 2:00:00 PM\t9/22/26, 2:20:00 PM\t5m\ta@example.com\t",
                "Ada B\t9/22/26, 2:30:00 PM\t9/22/26, 2:40:00 PM\t10m\tA@example.com\t",
                start="9/22/26, 2:00:00 PM",
            ),
        )
    )
    assert look.watched() == {"a@example.com": 900}


def test_a_sum_with_gaps_has_no_end(look: Look, put: Callable[..., Path]) -> None:
    """Five minutes between 2:00 and 2:20: which, nobody knows."""
    row = "Ada\t9/22/26, 2:00:00 PM\t9/22/26, 2:20:00 PM\t5m\ta@example.com\t"
    path = put("t.csv", teams(row, start="9/22/26, 2:00:00 PM"))
    [total] = look.at(path).activities()
    assert (total.quantity, total.ended_at, total.window) == (300, None, Window.LIVE)


def test_the_old_table_of_stays_is_read(look: Look, put: Callable[..., Path]) -> None:
    """Older reports have ``Full Name`` and single stays in one table."""
    text = (
        "Meeting Summary\nTotal Number of Participants\t1\nMeeting Title\tBudgets\n"
        "Meeting Start Time\t9/22/2021, 2:00:00 PM\n"
        "Meeting End Time\t9/22/2021, 3:00:00 PM\n\n"
        "Full Name\tJoin Time\tLeave Time\tDuration\tEmail\tRole\n"
        "Ada\t9/22/2021, 2:00:00 PM\t9/22/2021, 2:20:00 PM\t20m\ta@example.com\t\n"
        "Ada\t9/22/2021, 2:30:00 PM\t9/22/2021, 2:40:00 PM\t10m\ta@example.com\t\n"
    )
    look.at(put("t.csv", text))
    assert look.watched() == {"a@example.com": 1800}
    assert look.bundle.event.name == "Budgets"


def test_the_oldest_list_of_comings_is_read(
    look: Look, put: Callable[..., Path]
) -> None:
    """``Joined`` and ``Left`` make a stay; who never left has no time."""
    look.at(
        put(
            "t.csv",
            "Full Name\tUser Action\tTimestamp\n"
            "Ada\tJoined before\t9/22/2020, 2:00:00 PM\n"
            "Ben\tJoined\t9/22/2020, 2:05:00 PM\n"
            "Ada\tLeft\t9/22/2020, 2:30:00 PM\n"
            "Cy\tJoined\t\n",
        )
    )
    assert look.watched() == {"Ada": 1800}
    assert look.people["Ben"].attended is True
    assert [r.reason for r in look.rejected] == [
        "the cell in column 'Timestamp' is empty"
    ]


def test_columns_headed_as_utc_are_utc(look: Look, put: Callable[..., Path]) -> None:
    """Whatever the setting says."""
    look.timezone = "America/New_York"
    look.at(
        put(
            "t.csv",
            "Name\tFirst Join (UTC)\tLast Leave (UTC)\tDuration\tEmail\n"
            "Ada\t9/22/26, 2:00:00 PM\t9/22/26, 2:20:00 PM\t20m\ta@example.com\n",
        )
    )
    [stay] = look.activities()
    assert stay.occurred_at == datetime(2026, 9, 22, 14, 0, tzinfo=UTC)


def test_a_count_that_is_no_number_rejects_the_row(
    look: Look, put: Callable[..., Path]
) -> None:
    """The column is named, the cell is not."""
    columns = "Name\tFirst Join\tEmail\tEngagement: Reaction-Like"
    path = put(
        "t.csv", teams("Ada\t9/10/26, 2:00:00 PM\ta@example.com\tmany", columns=columns)
    )
    look.at(path)
    assert [r.reason for r in look.rejected] == [
        "the cell in column 'Engagement: Reaction-Like' is not a number"
    ]


def test_a_torn_start_time_names_the_file(look: Look, put: Callable[..., Path]) -> None:
    """The summary concerns the whole report."""
    path = put("t.csv", teams(start="soon"))
    with pytest.raises(FatalError, match=r"t\.csv \(Teams attendance report\).*'Start"):
        look.at(path)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("Ada Brook (External)", "Ada Brook"),
        ("Ada Brook (Unverified) ", "Ada Brook"),
        ("Ada Brook [Brook Ltd] (Guest)", "Ada Brook"),
        (" 4915550100 (Unverified)", "4915550100"),
        ("Ada (Leeds)", "Ada (Leeds)"),
    ],
)
def test_only_what_teams_adds_goes_from_a_name(cell: str, expected: str) -> None:
    """A name's own parentheses stay."""
    assert to_teams_name(cell) == expected


WEBEX_ROW = (
    'Budgets\t="2026-11-12 16:00:00"\t="2026-11-12 17:00:00"\tAda\tAda\tBrook\t'
    '{role}\tada@example.com\t="2026-11-12 16:00:20"\t="2026-11-12 16:10:20"\t'
    "10 min\tDesktop app\t"
)


@pytest.mark.parametrize(
    ("header", "role", "expected"),
    [
        pytest.param(COLUMNS, "Attendee", Role.ATTENDEE, id="English, as guessed"),
        pytest.param(COLUMNS, "Panelist", Role.SPEAKER, id="a panelist"),
        pytest.param(
            [f"列{n}" for n in range(13)], "主催者", Role.ATTENDEE, id="by place"
        ),
        pytest.param(
            [f"Spalte {n}" for n in range(13)], "Gastgeber", Role.HOST, id="German role"
        ),
    ],
)
def test_webex_goes_by_language_or_by_place(
    header: list[str], role: str, expected: Role, look: Look, put: Callable[..., Path]
) -> None:
    """The header is in the site's language."""
    text = "\t".join(header) + "\r\n" + WEBEX_ROW.format(role=role) + "\r\n"
    look.at(put("w.csv", text.encode("utf-16")))
    assert look.watched() == {"ada@example.com": 600}
    assert look.people["ada@example.com"].role is expected


def test_webex_columns_may_stand_in_another_order(
    look: Look, put: Callable[..., Path]
) -> None:
    """A webinar adds a source id; a known language goes by name."""
    header = "\t".join(("Source ID", *COLUMNS))
    text = f"{header}\n42\t{WEBEX_ROW.format(role='Host')}\n"
    assert look.at(put("w.csv", text)).watched() == {"ada@example.com": 600}


def test_one_webex_file_may_tell_of_two_meetings(
    look: Look, put: Callable[..., Path]
) -> None:
    """Name and start repeat in each row and name the event."""
    row = WEBEX_ROW.format(role="")
    text = "\t".join(COLUMNS) + f"\n{row}\n{row.replace('11-12', '11-19')}\n"
    look.at(put("w.csv", text))
    assert [b.event.starts_at for b in look.bundles] == [
        datetime(2026, 11, 12, 16, 0, tzinfo=UTC),
        datetime(2026, 11, 19, 16, 0, tzinfo=UTC),
    ]


def test_a_webex_row_without_times_is_rejected(
    look: Look, put: Callable[..., Path]
) -> None:
    """No meeting, or no stay in it."""
    row = WEBEX_ROW.format(role="")
    no_meeting = row.replace('="2026-11-12 16:00:00"', "")
    no_stay = row.replace('="2026-11-12 16:00:20"', "")
    text = "\n".join(("\t".join(COLUMNS), row, no_meeting, no_stay, ""))
    look.at(put("w.csv", text))
    assert [r.reason for r in look.rejected] == [
        "the row has no time of the meeting's start",
        "the row has no time of joining",
    ]


def test_a_collaborate_row_without_date_is_rejected(
    look: Look, put: Callable[..., Path], reports: Path
) -> None:
    """The date names the event."""
    text = (reports / "collaborate_attendance.csv").read_text(encoding="utf-8")
    text += ',"Budgets",0000001,Hana,,,Cy,Cy,,,Participant,Guest,,,00:10:00,0\r\n'
    look.at(put("c.csv", text))
    assert [r.reason for r in look.rejected] == [
        "the cell in column 'SessionDate' is empty"
    ]
