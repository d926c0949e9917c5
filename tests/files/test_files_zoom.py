"""Traps in the layouts of Zoom reports."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from sync_core.errors import FatalError
from tap_events.records import Role, Window

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Look

SUMMARY = (
    "Attendee Report\n"
    "Report generated time,11/13/2026 09:02:11 AM\n"
    "Topic,Webinar ID,Actual Start Time,Actual Duration (minutes)\n"
    "Budgets,900 0000 0002,{start},{minutes}\n"
)
ATTENDEES = (
    "Attendee Details\n"
    "Attended,First Name,Last Name,Email,Join Time,Leave Time,Duration (Minutes)\n"
)


def report(*rows: str, start: str = "11/12/2026 04:00:00 PM", minutes: int = 60) -> str:
    """Return an attendee report with these rows of attendees."""
    head = SUMMARY.format(start=start, minutes=minutes)
    return head + ATTENDEES + "".join(f"{row}\n" for row in rows)


ADA = "Yes,Ada,Brook,ada@example.com,11/12/2026 04:00:20 PM,11/12/2026 04:59:59 PM,60"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_any_delimiter_and_encoding_is_read(
    delimiter: str, encoding: str, look: Look, put: Callable[..., Path]
) -> None:
    """A spreadsheet in another country saves the same report differently."""
    data = report(ADA).replace(",", delimiter).encode(encoding)
    assert look.at(put("report.csv", data)).watched() == {"ada@example.com": 3579}


def test_the_content_tells_what_a_file_is(look: Look, put: Callable[..., Path]) -> None:
    """The name of the file does not matter."""
    assert look.at(put("notes.dat", report(ADA))).people.keys() == {"ada@example.com"}


def test_the_time_zone_is_that_of_the_setting(
    look: Look, put: Callable[..., Path]
) -> None:
    """Reports name no zone; the id does not change with the setting."""
    look.timezone = "America/New_York"
    event = look.at(put("report.csv", report(ADA))).bundle.event
    assert event.starts_at == datetime(2026, 11, 12, 21, 0, tzinfo=UTC)
    assert event.event_id == "zoom:90000000002:2026-11-12"


def test_leaving_last_ends_the_webinar(look: Look, put: Callable[..., Path]) -> None:
    """Zoom rounds the duration; nobody watched a recording in the last seconds."""
    late = ADA.replace("04:59:59", "05:02:30")
    event = look.at(put("report.csv", report(late))).bundle.event
    assert event.ends_at == datetime(2026, 11, 12, 17, 2, 30, tzinfo=UTC)


def test_a_missing_leave_time_leaves_the_minutes(
    look: Look, put: Callable[..., Path]
) -> None:
    """The reported minutes are all there is."""
    row = "Yes,Ada,Brook,ada@example.com,11/12/2026 04:00:20 PM,--,12"
    [stay] = look.at(put("report.csv", report(row))).activities()
    assert (stay.quantity, stay.ended_at) == (720, None)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param(
            "Yes,Ada,Brook,ada@example.com,soon,--,1",
            "the cell in column 'Join Time' is not a date and time",
            id="no time",
        ),
        pytest.param(
            "Yes,,,,11/12/2026 04:00:20 PM,11/12/2026 04:10:20 PM,10",
            "the row names nobody: no e-mail and no name",
            id="nobody",
        ),
        pytest.param(
            "Yes,Ada,Brook,a@example.com,11/12/2026 04:10 PM,11/12/2026 04:00 PM,1",
            "the time in column 'Leave Time' is before the time of joining",
            id="backwards",
        ),
    ],
)
def test_a_bad_row_is_told_and_the_others_count(
    row: str, reason: str, look: Look, put: Callable[..., Path]
) -> None:
    """File, line and reason, and nothing of the person."""
    path = put("report.csv", report(row, ADA))
    assert look.at(path).watched() == {"ada@example.com": 3579}
    [rejected] = look.rejected
    assert (rejected.file, rejected.row) == (str(path), 7)
    assert rejected.reason == reason


def test_a_report_without_a_start_is_refused(
    look: Look, put: Callable[..., Path]
) -> None:
    """Without the start there is no event to put people into."""
    path = put("report.csv", report(ADA, start=""))
    with pytest.raises(FatalError, match=r"report\.csv.*no 'Actual Start Time'"):
        look.at(path)


def test_a_start_that_is_no_time_is_refused(
    look: Look, put: Callable[..., Path]
) -> None:
    """What is wrong in the summary concerns the whole file."""
    path = put("report.csv", report(ADA, start="noon"))
    with pytest.raises(FatalError, match="'Actual Start Time' is not a date") as info:
        look.at(path)
    assert info.value.setting == "files_path"


def test_registration_questions_are_kept(look: Look, put: Callable[..., Path]) -> None:
    """Columns of any name go with the person, known ones into their fields."""
    text = (
        SUMMARY.format(start="11/12/2026 04:00:00 PM", minutes=60)
        + "Attendee Details\n"
        + "Attended,First Name,Last Name,Email,Organization,Job Title,City,"
        + '"What is your budget, roughly?"\n'
        + "No,Ada,Brook,ada@example.com,Brook Ltd,CTO,Leeds,10k\n"
    )
    ada = look.at(put("report.csv", text)).people["ada@example.com"]
    assert (ada.company, ada.job_title, ada.city) == ("Brook Ltd", "CTO", "Leeds")
    assert ada.custom == {"What is your budget, roughly?": "10k"}
    assert ada.attended is False


def test_a_host_in_the_attendee_section_stays_host(
    look: Look, put: Callable[..., Path]
) -> None:
    """Of two roles the one that excludes from ranking wins."""
    text = report(ADA) + (
        "Host Details\nAttended,User Name,Email,Join Time,Leave Time\n"
        "Yes,Ada Brook,ADA@example.com,11/12/2026 03:50:00 PM,--\n"
    )
    assert look.at(put("r.csv", text)).people["ada@example.com"].role is Role.HOST


POLL_2022 = (
    'Poll Report\nReport Generated:,"Nov 13, 2022 9:02 AM"\n'
    "Topic,Webinar ID,Actual Start Time,Actual Duration (minutes)\n"
    'Budgets,900 0000 0002,"Nov 12, 2026 4:00 PM",60\n'
    "Poll Details,,\n\n"
    "ID,User Name,User Email,Submitted Date/Time,Poll Title,Selection\n"
    '1,Ada,ada@example.com,"Nov 12, 2026 16:31:04",Useful?,Yes\n'
    '1,Ada,ada@example.com,"Nov 12, 2026 16:31:04",Next?,\n'
)


def test_the_2022_poll_form_is_read(look: Look, put: Callable[..., Path]) -> None:
    """Six lines of preamble, then a poll's title and the selection."""
    put("poll.csv", POLL_2022)
    look.at(put("report.csv", report(ADA)).parent)
    [answer] = look.activities("poll_response")
    assert answer.detail == "Useful?: Yes"
    assert answer.occurred_at == datetime(2026, 11, 12, 16, 31, 4, tzinfo=UTC)


def test_a_poll_that_names_nobody_is_anonymous(
    look: Look, put: Callable[..., Path]
) -> None:
    """Answers without people count for nobody, and are not dropped in silence."""
    put("poll.csv", "Question,Answer\nUseful?,Yes\nUseful?,No\n")
    look.at(put("report.csv", report(ADA)).parent)
    answers = look.activities("poll_response")
    assert [(a.attendee_id, a.anonymous, a.window) for a in answers] == [
        (None, True, Window.LIVE)
    ] * 2
    assert len({a.activity_id for a in answers}) == 2


def test_a_poll_row_without_a_person_is_rejected(
    look: Look, put: Callable[..., Path]
) -> None:
    """Neither named nor said to be anonymous."""
    put(
        "poll.csv",
        "#,User Name,User Email,Submitted Date/Time,Question,Answer\n"
        "1,,,11/12/2026 04:31:04 PM,Useful?,Yes\n",
    )
    look.at(put("report.csv", report(ADA)).parent)
    assert [one.reason for one in look.rejected] == [
        "the row names nobody: no e-mail and no name"
    ]


def test_a_chat_between_people_and_a_name_with_to(
    look: Look, put: Callable[..., Path]
) -> None:
    """A sender's name may hold the word that separates it from the receiver's."""
    put(
        "chat.txt",
        "2026-11-12 16:03:10 From Way to Go to Everyone:\r\n\tHi\r\n"
        "2026-11-12 16:03:11 From Ada Brook to Hana Host(Direct Message):\r\n\tHi\r\n"
        "2026-11-12 16:03:12 From nowhere\r\n",
    )
    look.at(put("report.csv", report(ADA)).parent)
    assert look.counts("chat") == {"Way to Go": 1, "ada@example.com": 1}
    assert [(r.row, r.reason) for r in look.rejected] == [
        (5, "the line does not say who wrote to whom")
    ]


def test_two_equal_messages_of_one_second_are_two(
    look: Look, put: Callable[..., Path]
) -> None:
    """Equal facts in one file are told apart by their number."""
    line = "2026-11-12 16:03:10 From Ada Brook to Everyone:\n\tHi\n"
    put("chat.txt", line * 2)
    look.at(put("report.csv", report(ADA)).parent)
    assert look.counts("chat") == {"ada@example.com": 2}
    assert len({one.activity_id for one in look.activities("chat")}) == 2
