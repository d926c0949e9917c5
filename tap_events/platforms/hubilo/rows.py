"""One row of the API to one value of ours; what cannot be is rejected, with why."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sync_core.errors import RowRejected
from sync_core.identity import to_email_key
from tap_events.platforms.hubilo.people import Person
from tap_events.records import Activity, ActivityKind, Event, Role, Session, Window

if TYPE_CHECKING:
    from collections.abc import Mapping

Row = dict[str, Any]

# Group names and types as documented or told, without blanks and in capitals.
ROLES = {
    "SPEAKER": Role.SPEAKER,
    "BOOTHMEMBER": Role.STAFF,
    "EXHIBITOR": Role.STAFF,
    "SPONSOR": Role.STAFF,
    "STAFF": Role.STAFF,
    "TEAM": Role.STAFF,
    "ORGANISER": Role.STAFF,
    "ORGANIZER": Role.STAFF,
    "ORGANISERTEAM": Role.STAFF,
    "ORGANIZERTEAM": Role.STAFF,
    "ADMIN": Role.STAFF,
    "MODERATOR": Role.STAFF,
    "HOST": Role.HOST,
}
# our field -> the API's fields, the first that is filled counts
DETAIL_FIELDS = {
    "first_name": ("firstName",),
    "last_name": ("lastName",),
    "job_title": ("designation", "jobTitle"),
    "company": ("organisationName", "organisation"),
    "city": ("city",),
    "country": ("country",),
}
# Times are to the second, durations to the millisecond.
TOLERANCE = timedelta(seconds=1)
ID_DIGITS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendance:
    """One person in one session and stream, with the stays not parsed yet."""

    person: Person
    history: tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One time that somebody watched; ``duration`` is what the platform counted."""

    joined_at: datetime | None
    left_at: datetime | None
    duration: timedelta

    @property
    def is_interval(self) -> bool:
        """Whether the two times enclose what was counted, and no more.

        A row may say a leave days after the join and a duration of 0 (seen in the
        documentation's own example), so the times alone are not believed.
        """
        if self.joined_at is None or self.left_at is None:
            return False
        return abs(self.left_at - self.joined_at - self.duration) <= TOLERANCE


def to_event(row: Row, now: datetime) -> Event:
    """Return an event; it can change until it ends, which is its on-demand end too."""
    native_id = _required(row, "id")
    starts_at = to_time(row, "startTimeMilli")
    ends_at = to_time(row, "endTimeMilli")
    changed_at = min(ends_at, now) if ends_at else now
    return Event(
        event_id=f"hubilo:{native_id}",
        platform="hubilo",
        name=to_text(row.get("name")) or native_id,
        starts_at=starts_at,
        ends_at=ends_at,
        on_demand_ends_at=ends_at,
        updated_at=changed_at.replace(microsecond=0),
    )


def to_session(row: Row, event_id: str) -> Session:
    """Return a session; the API has scheduled times only."""
    native_id = _required(row, "agendaId")
    return Session(
        event_id=event_id,
        session_id=native_id,
        name=to_text(row.get("agendaName")) or native_id,
        starts_at=to_time(row, "startTimeMilli"),
        ends_at=to_time(row, "endTimeMilli"),
    )


def to_person(row: Row) -> Person:
    """Return a registrant; of the row only what is named here is kept."""
    email = to_email_key(to_text(_dict(row).get("email")))
    key = email or f"hubilo:{_required(row, 'userId')}"
    phone = " ".join(
        part for f in ("phoneCode", "phone") if (part := to_text(row.get(f)))
    )
    details = {
        ours: next(filter(None, (to_text(row.get(f)) for f in theirs)), "")
        for ours, theirs in DETAIL_FIELDS.items()
    }
    return Person(
        key=key,
        details={**details, "email": email or "", "phone": phone},
        role=to_role(row.get("groups")),
        registered_at=_to_stamp(row.get("createdAt")),
        custom=_to_custom(row.get("customFieldData")),
    )


def to_deleted_key(row: Row) -> str:
    """Return the key of somebody whom the organiser deleted."""
    email = to_email_key(to_text(_dict(row).get("email")))
    return email or f"hubilo:{_required(row, 'userId')}"


def to_attendance(row: Row) -> Attendance:
    """Return who watched; the row has no id, so the e-mail is the person."""
    if not to_email_key(to_text(_dict(row).get("email"))):
        raise RowRejected("no e-mail, so nobody can be named", field="email")
    history = row.get("streamHistory")
    if not isinstance(history, list):
        raise RowRejected("no streamHistory", field="streamHistory")
    return Attendance(person=to_person(row), history=tuple(history))


def to_stay(entry: Any) -> Stay:
    """Return one entry of a ``streamHistory``; its duration is in milliseconds."""
    row = _dict(entry)
    try:
        milliseconds = float(row.get("duration", ""))
        duration = timedelta(milliseconds=milliseconds)
    except (TypeError, ValueError, OverflowError) as error:
        raise RowRejected("the duration is no number", field="duration") from error
    if duration < timedelta(0):
        raise RowRejected("the duration is negative", field="duration")
    return Stay(
        joined_at=_to_stamp(row.get("joinTime")),
        left_at=_to_stamp(row.get("leaveTime")),
        duration=duration,
    )


def to_activity(
    stay: Stay, attendee_id: str, *, session: Session, window: Window
) -> Activity:
    """Return the time watched; its times enclose it only where they agree with it."""
    facts = (
        session.event_id,
        session.session_id,
        window,
        attendee_id,
        stay.joined_at,
        stay.left_at,
        stay.duration,
    )
    digest = hashlib.sha256("|".join(map(str, facts)).encode()).hexdigest()
    return Activity(
        event_id=session.event_id,
        activity_id=digest[:ID_DIGITS],
        attendee_id=attendee_id,
        activity=ActivityKind.TIME_IN_SESSION,
        session_id=session.session_id,
        window=window,
        quantity=stay.duration.total_seconds(),
        occurred_at=stay.joined_at,
        ended_at=stay.left_at if stay.is_interval else None,
    )


def to_role(groups: Any) -> Role:
    """Return the role that somebody's groups stand for; anything unknown attends."""
    found = Role.ATTENDEE
    for group in groups if isinstance(groups, list) else []:
        facts = _dict(group)
        for field in ("groupType", "groupName"):
            word = to_text(facts.get(field)).replace(" ", "").upper()
            if word in ROLES and found is Role.ATTENDEE:
                found = ROLES[word]
    return found


def to_time(row: Row, field: str) -> datetime | None:
    """Return a time from epoch milliseconds, which the API writes as a string."""
    text = to_text(row.get(field))
    if not text:
        return None
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(text))
    except (ValueError, OverflowError) as error:
        raise RowRejected(f"{field} is no time", field=field) from error


def to_text(value: Any) -> str:
    """Return a value as trimmed text that any JSON reader accepts; null is empty."""
    if value is None or isinstance(value, (dict, list)):
        return ""
    text = str(value).replace("\x00", "")
    return text.encode("utf-8", "replace").decode("utf-8").strip()


def _required(row: Any, field: str) -> str:
    text = to_text(_dict(row).get(field))
    if not text:
        raise RowRejected(f"no {field}", field=field)
    return text


def _dict(value: Any) -> Row:
    if not isinstance(value, dict):
        raise RowRejected("the row is no object")
    return value


def _to_stamp(value: Any) -> datetime | None:
    """Return a time as written; without a zone it is UTC, as the epochs beside it."""
    text = to_text(value)
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise RowRejected("a time is in no known form") from error


def _to_custom(value: Any) -> Mapping[str, str]:
    """Return the filled answers of the registration form by their names."""
    fields = (
        [f for f in value if isinstance(f, dict)] if isinstance(value, list) else []
    )
    named = ((to_text(f.get("name")), to_text(f.get("value"))) for f in fields)
    return {name: text for name, text in named if name and text}
