"""Write a webinar as Zoom's report exports: attendees, polls, questions, chat.

Layouts as seen in 2026: sections under title lines, a row per stay with the
registration only on a person's first row, minutes rounded up, no time zone anywhere
(these are UTC), and a chat that knows display names only.
"""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from sandbox.world.facts import Person, Stay, Webinar

ATTENDEE_REPORT = "attendee_report.csv"
POLL_REPORT = "poll_report.csv"
QA_REPORT = "qa_report.csv"
CHAT = "chat.txt"

_TIME = "%m/%d/%Y %I:%M:%S %p"
_TEAM_HEADER = (  # noqa: SIM905 - as it stands in the file
    "Attended,User Name (Original Name),Email,Join Time,Leave Time,"
    "Time in Session (minutes),Is Guest,Country/Region Name"
).split(",")
_ATTENDEE_HEADER = (  # noqa: SIM905 - as it stands in the file
    "Attended,User Name (Original Name),First Name,Last Name,Email,Phone,"
    "Registration Time,Approval Status,Join Time,Leave Time,"
    "Time in Session (minutes),Is Guest,Country/Region Name,Source Name,"
    "Organization,Job Title"
).split(",")
_SUMMARY_HEADER = (  # noqa: SIM905 - as it stands in the file
    "Topic,Webinar ID,Actual Start Time,Actual Duration (minutes),# Registrants,"
    "# Cancelled registrants,Unique Viewers,Total Users,Enable Registration"
).split(",")

Row = tuple[str, ...]


def write_zoom_reports(folder: Path, webinar: Webinar) -> list[Path]:
    """Write the four report files and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        ATTENDEE_REPORT: "\ufeff" + _to_csv(_attendee_report(webinar)),
        POLL_REPORT: _to_csv(_poll_report(webinar)),
        QA_REPORT: _to_csv(_qa_report(webinar)),
        CHAT: _chat(webinar),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    return [folder / name for name in texts]


def _to_csv(rows: Iterable[Row]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def _attendee_report(webinar: Webinar) -> Iterator[Row]:
    yield ("Attendee Report",)
    yield "Report generated time", _stamp(webinar.ends_at + timedelta(hours=16))
    yield tuple(_SUMMARY_HEADER)
    yield _summary(webinar)
    for title, group in (("Host", "ORGANISER"), ("Panelist", "SPEAKER")):
        yield (f"{title} Details",)
        yield tuple(_TEAM_HEADER)
        for stay in webinar.stays:
            if stay.person.group == group:
                yield _team_row(stay)
    yield ("Attendee Details",)
    yield tuple(_ATTENDEE_HEADER)
    yield from _attendee_rows(webinar)


def _summary(webinar: Webinar) -> Row:
    minutes = (webinar.ends_at - webinar.starts_at) // timedelta(minutes=1)
    viewers = {stay.person.number for stay in webinar.stays}
    number = str(webinar.number)
    return (
        webinar.name,
        f"{number[:3]} {number[3:7]} {number[7:]}",
        _stamp(webinar.starts_at),
        str(minutes),
        str(len(webinar.people)),
        "0",
        str(len(viewers)),
        str(len(webinar.stays)),
        "Yes",
    )


def _team_row(stay: Stay) -> Row:
    person = stay.person
    return "Yes", person.name, person.email, *_times(stay), "No", person.country


def _attendee_rows(webinar: Webinar) -> Iterator[Row]:
    stays = {
        number: list(found)
        for number, found in groupby(webinar.stays, attrgetter("person.number"))
    }
    for person in webinar.people:
        if person.group != "ATTENDEE":
            continue
        for index, stay in enumerate(stays.get(person.number, [])):
            yield _attendee_row(person, stay, first=index == 0)
        if person.number not in stays:
            blanks = ("--",) * 4 + ("--", "", person.company, person.job_title)
            yield "No", "--", *_registration(person, first=True), *blanks


def _attendee_row(person: Person, stay: Stay, *, first: bool) -> Row:
    return (
        "Yes",
        person.name,
        *_registration(person, first=first),
        *_times(stay),
        "Yes",
        person.country,
        "",
        *((person.company, person.job_title) if first else ("", "")),
    )


def _registration(person: Person, *, first: bool) -> Row:
    name_and_mail = (person.first_name, person.last_name, person.email)
    if not first:
        return (*name_and_mail, "", "", "")
    return (*name_and_mail, person.phone, _stamp(person.registered_at), "approved")


def _times(stay: Stay) -> Row:
    joined, left = (at.replace(microsecond=0) for at in (stay.joined_at, stay.left_at))
    minutes = -((joined - left) // timedelta(minutes=1))
    return _stamp(joined), _stamp(left), str(minutes)


def _poll_report(webinar: Webinar) -> Iterator[Row]:
    yield ("Poll Report",)
    yield ()
    yield "#", "User Name", "User Email", "Submitted Date/Time", "Question", "Answer"
    answers = [deed for deed in webinar.deeds if deed.kind == "poll_response"]
    for number, deed in enumerate(answers, start=1):
        if deed.person:
            who = deed.person.name, deed.person.spellings[-1].strip()
            yield str(number), *who, _stamp(deed.at), deed.subject, deed.text


def _qa_report(webinar: Webinar) -> Iterator[Row]:
    yield ("Question and Answer Report",)
    yield "Topic", "Webinar ID"
    yield _summary(webinar)[:2]
    yield ()
    yield "#", "Question", "Asker Name", "Asker Email", "Answer(s)"
    questions = [deed for deed in webinar.deeds if deed.kind == "question"]
    for number, deed in enumerate(questions, start=1):
        person = deed.person
        who = (person.name, person.email) if person else ("Anonymous Attendee", "")
        yield str(number), deed.text, *who, "live answered"


def _chat(webinar: Webinar) -> str:
    lines = [
        f"{deed.at:%Y-%m-%d %H:%M:%S} From {deed.person.name} to Everyone:\n"
        f"\t{deed.text}\n"
        for deed in webinar.deeds
        if deed.kind == "chat" and deed.person
    ]
    return "".join(lines)


def _stamp(at: datetime) -> str:
    return at.strftime(_TIME)
