"""Every sample report gives what its layout promises."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tap_events.records import Role, Window

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Look

ADA = "ada.brook@example.com"
BEN = "ben.castillo@example.org"
CHLOE = "chloe.dupre@example.com"
EUNJI = "eunji.park@example.org"
DMITRI = "dmitri.volkov@example.org"
HANA = "hana.host@example.com"
OMAR = "omar.open@example.com"
ATTENDEE_REPORTS = (
    "zoom_attendee_2020.csv",
    "zoom_attendee_2026.csv",
    "zoom_attendee_2026_padded.csv",
)
POLLS = ("zoom_poll_wide.csv", "zoom_poll_indexed.csv")


def seconds(text: str) -> int:
    """Return ``MM:SS`` in seconds."""
    minutes, rest = text.split(":")
    return int(minutes) * 60 + int(rest)


@pytest.mark.parametrize("name", ATTENDEE_REPORTS)
def test_overlapping_zoom_stays_count_once(
    name: str, look: Look, reports: Path
) -> None:
    """The union of the stays is what somebody watched, not the reported minutes."""
    look.at(reports / name)
    expected = {
        HANA: seconds("60:30"),
        ADA: seconds("59:39"),
        BEN: seconds("38:01"),
        CHLOE: seconds("30:00"),
        EUNJI: seconds("19:10") + seconds("39:30"),
    }
    if "2020" in name:
        expected["Call-In User_1"] = seconds("15:00")
    assert expected == look.watched()
    assert look.rejected == []


@pytest.mark.parametrize("name", ATTENDEE_REPORTS)
def test_the_sections_tell_the_roles(name: str, look: Look, reports: Path) -> None:
    """Host and panelists are no attendees, and a panelist who attended is a speaker."""
    people = look.at(reports / name).people
    assert people[HANA].role is Role.HOST
    assert people[EUNJI].role is Role.SPEAKER
    assert {people[x].role for x in (ADA, BEN, CHLOE, DMITRI)} == {Role.ATTENDEE}


@pytest.mark.parametrize("name", ATTENDEE_REPORTS)
def test_a_registrant_who_stayed_away_did_not_attend(
    name: str, look: Look, reports: Path
) -> None:
    """A row with ``No`` and ``--`` is a registration only."""
    people = look.at(reports / name).people
    assert people[DMITRI].attended is False
    assert people[ADA].attended is True
    assert people[DMITRI].registered_at is not None


@pytest.mark.parametrize(
    ("name", "event_id", "year"),
    [
        (ATTENDEE_REPORTS[0], "zoom:900000001:2020-11-12", 2020),
        (ATTENDEE_REPORTS[1], "zoom:90000000001:2026-11-12", 2026),
        (ATTENDEE_REPORTS[2], "zoom:90000000001:2026-11-12", 2026),
    ],
)
def test_the_zoom_event_is_named_by_id_and_date(
    name: str, event_id: str, year: int, look: Look, reports: Path
) -> None:
    """All layouts write the id and the start differently and mean the same."""
    event = look.at(reports / name).bundle.event
    assert event.event_id == event_id
    assert event.name == "Forecasting, without the fuss"
    assert event.starts_at == datetime(year, 11, 12, 16, 0, tzinfo=UTC)
    assert event.ends_at == datetime(year, 11, 12, 17, 1, tzinfo=UTC)
    [session] = look.bundle.sessions
    assert (session.starts_at, session.ends_at) == (event.starts_at, event.ends_at)


def test_registration_cells_survive_on_a_persons_later_rows(
    look: Look, reports: Path
) -> None:
    """Phone, registration time and custom answers stand on the first row only."""
    people = look.at(reports / ATTENDEE_REPORTS[1]).people
    assert people[BEN].phone == "+34 555 0100"
    assert people[BEN].registered_at == datetime(2026, 11, 12, 10, 2, tzinfo=UTC)
    assert people[ADA].custom == {"Source Name": "Newsletter"}
    assert people[CHLOE].country == "France"


def test_a_telephone_caller_is_a_person_without_email(
    look: Look, reports: Path
) -> None:
    """The 2020 layout lists callers, with times without seconds."""
    caller = look.at(reports / ATTENDEE_REPORTS[0]).people["Call-In User_1"]
    assert caller.email is None
    assert caller.attended is True


@pytest.mark.parametrize("poll", POLLS)
def test_a_poll_counts_each_question_answered(
    poll: str, look: Look, reports: Path, tmp_path: Path
) -> None:
    """An empty cell is no answer, and ``Anonymous Attendee`` is nobody."""
    for name in (ATTENDEE_REPORTS[1], poll):
        shutil.copy(reports / name, tmp_path)
    expected = {ADA: 2, BEN: 1, CHLOE: 1}
    if "indexed" in poll:
        expected["nobody"] = 1
    assert look.at(tmp_path).counts("poll_response") == expected


def test_both_poll_layouts_name_the_same_answers_alike(
    look: Look, reports: Path, tmp_path: Path
) -> None:
    """Two exports of one poll in one folder do not count twice."""
    for name in (ATTENDEE_REPORTS[1], *POLLS):
        shutil.copy(reports / name, tmp_path)
    found = look.at(tmp_path)
    assert found.counts("poll_response") == {ADA: 2, BEN: 1, CHLOE: 1, "nobody": 1}
    details = {one.detail for one in found.activities("poll_response")}
    assert "Which topic should come next?: Budgets;Hiring, contracts" in details


def test_questions_count_and_an_anonymous_one_is_nobodys(
    look: Look, reports: Path, tmp_path: Path
) -> None:
    """A question broken over two lines without quotes is still one row."""
    for name in (ATTENDEE_REPORTS[1], "zoom_qa.csv"):
        shutil.copy(reports / name, tmp_path)
    look.at(tmp_path)
    assert look.counts("question") == {ADA: 1, BEN: 2, "nobody": 1}
    asked = look.activities("question")
    assert {one.window for one in asked} == {Window.LIVE}
    assert "Is there a recording?" in {one.detail for one in asked}
    [nobody] = [one for one in asked if one.anonymous]
    assert nobody.attendee_id is None
    assert look.rejected == []


def test_chat_is_joined_by_the_name_that_was_shown(
    look: Look, reports: Path, tmp_path: Path
) -> None:
    """``Benny`` is Ben, a message of two lines is one, and no text is kept."""
    for name in (ATTENDEE_REPORTS[1], "zoom_chat.txt"):
        shutil.copy(reports / name, tmp_path)
    look.at(tmp_path)
    assert look.counts("chat") == {ADA: 2, BEN: 1, CHLOE: 1}
    assert {one.detail for one in look.activities("chat")} == {None}


def test_teams_stays_reactions_and_hands(look: Look, reports: Path) -> None:
    """Single stays count where they are listed, sums where not."""
    look.at(reports / "teams_attendance.csv")
    assert look.watched() == {
        HANA: seconds("60:31"),
        ADA: seconds("59:39"),
        BEN: seconds("38:01"),
        "Chloé Dupré-Øst": seconds("30:00"),
        "": seconds("15:08"),
    }
    assert look.counts("reaction") == {HANA: 1, ADA: 5, BEN: 1}
    assert look.counts("raise_hand") == {ADA: 1}
    [hand] = look.activities("raise_hand")
    assert hand.occurred_at == datetime(2026, 11, 12, 16, 20, tzinfo=UTC)


def test_teams_people(look: Look, reports: Path) -> None:
    """Tags go from names, turned names turn back, callers keep their number."""
    people = look.at(reports / "teams_attendance.csv").people
    assert people[HANA].role is Role.HOST
    assert (people[ADA].first_name, people[ADA].last_name) == ("Ada", "Brook")
    assert people["Chloé Dupré-Øst"].email is None
    assert people[""].phone == "4915550100"
    assert people[OMAR].attended is True
    assert OMAR not in look.watched()


def test_a_teams_webinar_has_sums_and_registration_emails(
    look: Look, reports: Path
) -> None:
    """Without single stays the sum counts, and Chloé is known by registration."""
    look.at(reports / "teams_webinar_attendance.csv")
    assert look.watched() == {
        HANA: seconds("60:31"),
        ADA: seconds("59:39"),
        BEN: seconds("38:01"),
        CHLOE: seconds("30:00"),
        "": seconds("15:08"),
    }
    assert look.counts("raise_hand") == {ADA: 1}


def test_both_teams_reports_of_one_meeting_do_not_count_twice(
    look: Look, reports: Path
) -> None:
    """Sums give way to single stays, and the guest is found by name."""
    look.at(*(reports / f"teams_{kind}attendance.csv" for kind in ("", "webinar_")))
    assert look.watched()[BEN] == seconds("38:01")
    assert look.watched()[CHLOE] == seconds("30:00")
    assert look.counts("reaction") == {HANA: 1, ADA: 5, BEN: 1}


def test_the_teams_title_is_one_line(look: Look, reports: Path) -> None:
    """The quoted title with a line break becomes one line."""
    event = look.at(reports / "teams_attendance.csv").bundle.event
    assert event.name == "Forecasting, without the fuss (autumn series)"
    assert event.event_id.startswith("teams:20261112T1600-")
    assert event.starts_at == datetime(2026, 11, 12, 16, 0, tzinfo=UTC)
    assert event.ends_at == datetime(2026, 11, 12, 17, 0, 31, tzinfo=UTC)


def test_webex_in_portuguese(look: Look, reports: Path) -> None:
    """Dates kept as text by a spreadsheet are dates, and the host is no attendee."""
    look.at(reports / "webex_attendance_pt.csv")
    assert look.watched() == {
        HANA: seconds("60:31"),
        ADA: seconds("59:39"),
        BEN: seconds("38:01"),
    }
    assert look.people[HANA].role is Role.HOST
    assert look.people[BEN].last_name == "Castillo"
    assert look.bundle.event.starts_at == datetime(2026, 11, 12, 16, 0, tzinfo=UTC)


def test_collaborate_is_in_utc_whatever_the_setting(look: Look, reports: Path) -> None:
    """A guest's user name repeats the display name and is no e-mail."""
    look.timezone = "America/New_York"
    look.at(reports / "collaborate_attendance.csv")
    assert look.watched() == {
        ADA: seconds("59:39"),
        "Ben Castillo": seconds("38:01"),
    }
    assert look.bundle.event.starts_at == datetime(2026, 11, 12, 16, 0, tzinfo=UTC)
    assert {one.window for one in look.activities()} == {Window.LIVE}


def test_all_samples_in_one_folder_find_their_events(look: Look, reports: Path) -> None:
    """Poll, Q&A and chat go to the one Zoom webinar of their id or time."""
    look.at(*(p for p in reports.iterdir() if p.suffix in {".csv", ".txt"}))
    assert {bundle.event.event_id.partition(":")[0] for bundle in look.bundles} == {
        "zoom",
        "teams",
        "webex",
        "collaborate",
    }
    kinds = {
        bundle.event.event_id: {str(one.activity) for one in bundle.activities}
        for bundle in look.bundles
    }
    assert kinds["zoom:90000000001:2026-11-12"] == {
        "time_in_session",
        "chat",
        "poll_response",
        "question",
    }
    assert kinds["zoom:900000001:2020-11-12"] == {"time_in_session"}
