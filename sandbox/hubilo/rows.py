"""The world's facts as the API's rows, with its spellings, strings and blanks."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.world import Person, Stay, Webinar, WebinarSession

Row = dict[str, Any]

ORGANISER_ID = 381866
# group of the world -> name and type, as /user/membergroup/list words them
GROUPS = {
    "ATTENDEE": ("Attendee", "ATTENDEE"),
    "SPEAKER": ("Speaker", "SPEAKER"),
    "BOOTH MEMBER": ("Booth Member", "BOOTHMEMBER"),
    "ORGANISER": ("Organiser Team", "ORGANISER"),
}


def to_event_row(webinar: Webinar) -> Row:
    """Return a row of /event/list; epoch milliseconds are strings."""
    created = webinar.starts_at - timedelta(days=40)
    return {
        "id": webinar.number,
        "name": webinar.name,
        "description": "<p>Three short sessions on forecasting.</p>",
        "organiserId": ORGANISER_ID,
        "startTimeMilli": _milli(webinar.starts_at),
        "endTimeMilli": _milli(webinar.ends_at),
        "createTimeMilli": _milli(created),
        "favicon": "",
        "communityBanner": [],
        "eventLogo": [],
        "loginBanner": [],
        "welcomeVideo": [],
    }


def to_event_detail(webinar: Webinar) -> Row:
    """Return the data of /event/detail: the row and a place."""
    place = {"isEventOnline": "YES", "address": "", "city": "", "state": ""}
    return {**to_event_row(webinar), **place, "country": "", "pincode": ""}


def to_session_row(session: WebinarSession) -> Row:
    """Return a row of session-info; ``startTime`` has no zone and is UTC."""
    return {
        "agendaId": session.number,
        "organiserId": ORGANISER_ID,
        "agendaName": f"{session.name} ",
        "agendaDate": session.starts_at.strftime("%Y-%m-%dT00:00:00.000Z"),
        "agendaDescription": "",
        "startTimeMilli": _milli(session.starts_at),
        "endTimeMilli": _milli(session.ends_at),
        "banner": "",
        "multipleFile": [],
        "startTime": _stamp(session.starts_at),
        "endTime": _stamp(session.ends_at),
        "speakers": [],
    }


def to_user_rows(webinar: Webinar) -> list[Row]:
    """Return the rows of /user/list: one a login, two logins may be one mailbox."""
    return [
        _to_user_row(webinar, person, spelling)
        for person in webinar.people
        for spelling in person.spellings
    ]


def _to_user_row(webinar: Webinar, person: Person, spelling: str) -> Row:
    key = _id("user", spelling)
    stamp = person.registered_at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    code, _, phone = person.phone.partition(" ")
    return {
        "id": _id("registration", spelling),
        "userId": key,
        "eventId": webinar.number,
        "createdAt": stamp,
        "updatedAt": stamp,
        "groups": _groups(person),
        "firstName": person.first_name,
        "lastName": f" {person.last_name}",
        "email": spelling,
        "about": "",
        "phoneCode": code,
        "phone": phone.replace(" ", ""),
        "organisationName": person.company,
        "designation": person.job_title,
        "city": person.city,
        "state": "",
        "country": person.country,
        "customFieldData": [
            {"id": _id("field", "team"), "value": "", "name": "Team", "type": "text"}
        ],
        "attendanceType": "virtual",
        "organiserId": ORGANISER_ID,
        # Both are credentials of the attendee; the collection shows them in clear.
        "qrCode": f"qr-{key}",
        "loginMagicLink": f"https://sandbox.example.com/invite/{key}",
    }


def to_registration_rows(webinar: Webinar) -> list[Row]:
    """Return the rows of session/register: all of the event's people."""
    return [
        {
            "status": "APPROVED",
            "userId": _id("user", spelling),
            **_person_fields(person, spelling),
            "memberGroups": [person.group],
        }
        for person in webinar.people
        for spelling in person.spellings
    ]


def to_attendance_rows(
    webinar: Webinar, session: WebinarSession, stream: str
) -> list[Row]:
    """Return the rows of session/attendee: one a login, with all its stays."""
    stays: dict[tuple[int, str], list[Stay]] = defaultdict(list)
    for stay in webinar.stays:
        if stay.session == session and stay.stream == stream:
            spellings = stay.person.spellings
            spelling = spellings[stay.milliseconds % len(spellings)]
            stays[stay.person.number, spelling].append(stay)
    return [
        _to_attendance_row(found, spelling) for (_, spelling), found in stays.items()
    ]


def _to_attendance_row(stays: list[Stay], spelling: str) -> Row:
    person = stays[0].person
    total = sum(stay.milliseconds for stay in stays)
    return {
        **_person_fields(person, spelling),
        "streamHistory": [_to_history(stay) for stay in stays],
        "sessionAttendedDuration": _clock_time(total),
        "sessionWatchDuration": "",
        "cepCertificateGranted": "NO",
        "isCepEnabled": "NO",
        "groups": _groups(person),
    }


def _to_history(stay: Stay) -> Row:
    """Times to the second and without a zone, the duration in milliseconds."""
    return {
        "joinTime": _stamp(stay.joined_at),
        "leaveTime": _stamp(stay.left_at),
        "duration": stay.milliseconds,
    }


def to_deleted_rows(people: Iterable[Person]) -> list[Row]:
    """Return the rows of /user/deleted/list."""
    return [
        {
            "id": _id("registration", person.email),
            "userId": _id("user", person.email),
            "email": person.email,
            "firstName": person.first_name,
            "lastName": person.last_name,
            "profileStatus": "DELETED",
            "isActive": 0,
            "updatedAt": person.registered_at.strftime("%Y-%m-%dT%H:%M:%S.387Z"),
        }
        for person in people
    ]


PROFILE: Row = {
    "id": hashlib.sha256(b"organiser").hexdigest()[:24],
    "designation": "Events Manager",
    "phone": "5550100",
    "phoneCode": "+44",
    "organisationName": "Sandbox Events",
    "email": "events@example.com",
    "firstName": "Sandy",
    "lastName": "Box",
}


def _person_fields(person: Person, spelling: str) -> Row:
    return {
        "firstName": person.first_name,
        "lastName": person.last_name,
        "designation": person.job_title,
        "organisation": person.company,
        "phone": person.phone.partition(" ")[2].replace(" ", ""),
        "email": spelling,
        "city": person.city,
        "state": "",
        "country": person.country,
        "about": "",
    }


def _groups(person: Person) -> list[Row]:
    name, kind = GROUPS[person.group]
    return [{"groupName": name, "groupId": _id("group", kind), "groupType": kind}]


def _milli(at: datetime) -> str:
    return str((at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1))


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")


def _clock_time(milliseconds: int) -> str:
    minutes, seconds = divmod(milliseconds // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}"


def _id(kind: str, text: str) -> str:
    """Return a stable 24-digit id, the length of the platform's own."""
    return hashlib.sha256(f"{kind}:{text}".encode()).hexdigest()[:24]
