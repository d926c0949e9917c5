"""One row of the API to one value: the odd forms that the documents show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_core.errors import RowRejected
from tap_events.platforms.hubilo import rows
from tap_events.platforms.hubilo.people import People, Person
from tap_events.records import Attendee, Role, Session, Window

Json = dict[str, Any]
NOW = datetime(2026, 11, 2, tzinfo=UTC)
SESSION = Session(
    event_id="hubilo:7", session_id="70", name="S", starts_at=None, ends_at=None
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "email",
                    "userId",
                    "agendaId",
                    "startTimeMilli",
                    "createdAt",
                    "groups",
                    "groupType",
                    "streamHistory",
                    "duration",
                    "joinTime",
                    "customFieldData",
                    "name",
                    "value",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


def entry(joined: str, left: str, milliseconds: Any) -> Json:
    """Return an entry of a stream history."""
    return {"joinTime": joined, "leaveTime": left, "duration": milliseconds}


@pytest.mark.parametrize(
    ("history", "seconds", "is_interval"),
    [
        pytest.param(
            entry("2021-10-12 12:11:30", "2021-10-12 12:12:07", 37841),
            37.841,
            True,
            id="as-documented",
        ),
        pytest.param(
            entry("2021-10-12 12:11:30", "2021-10-14 12:12:07", 0),
            0.0,
            False,
            id="documented-zero-with-leave-two-days-later",
        ),
        pytest.param(
            entry("2021-10-12 12:00:00", "2021-10-12 13:00:00", 60_000),
            60.0,
            False,
            id="counted-less-than-the-times-say",
        ),
        pytest.param(
            entry("2021-10-12 12:00:00", "2021-10-12 12:01:01", 60_000),
            60.0,
            True,
            id="one-second-off-is-rounding",
        ),
        pytest.param(
            entry("2021-10-12 12:00:00", "", "60000"), 60.0, False, id="no-leave"
        ),
        pytest.param(entry("", "", 1500), 1.5, False, id="no-times-at-all"),
        pytest.param(
            entry("2021-10-12T14:00:00+02:00", "2021-10-12T12:01:00Z", 60_000),
            60.0,
            True,
            id="with-zones",
        ),
    ],
)
def test_the_counted_duration_is_the_time_watched(
    history: Json,
    seconds: float,
    is_interval: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """Leave minus join is never used; an interval is sent only where both agree."""
    stay = rows.to_stay(history)
    activity = rows.to_activity(stay, "p", session=SESSION, window=Window.LIVE)
    assert activity.quantity == pytest.approx(seconds)
    assert stay.is_interval == is_interval
    assert (activity.ended_at is not None) == is_interval
    assert (activity.occurred_at is not None) == bool(history["joinTime"])


def test_a_time_without_a_zone_is_utc() -> None:
    """As the epoch beside it in the documented example is."""
    stay = rows.to_stay(entry("2021-10-12 12:11:30", "", 1))
    assert stay.joined_at == datetime(2021, 10, 12, 12, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        pytest.param(
            [{"groupName": "Attendee", "groupType": ""}], Role.ATTENDEE, id="a"
        ),
        pytest.param([{"groupName": "Speaker"}], Role.SPEAKER, id="by-name"),
        pytest.param([{"groupType": "SPEAKER"}], Role.SPEAKER, id="by-type"),
        pytest.param([{"groupName": "BOOTH MEMBER"}], Role.STAFF, id="booth-blank"),
        pytest.param([{"groupType": "BOOTHMEMBER"}], Role.STAFF, id="booth"),
        pytest.param([{"groupName": "Organiser Team"}], Role.STAFF, id="team"),
        pytest.param(
            [{"groupType": "ATTENDEE"}, {"groupType": "SPEAKER"}],
            Role.SPEAKER,
            id="the-second-group-counts",
        ),
        pytest.param([{"groupName": "VIP"}], Role.ATTENDEE, id="own-group"),
        pytest.param([], Role.ATTENDEE, id="no-group"),
        pytest.param(None, Role.ATTENDEE, id="null"),
        pytest.param("SPEAKER", Role.ATTENDEE, id="no-list"),
    ],
)
def test_a_role_is_what_the_groups_say(groups: Any, role: Role) -> None:
    """Unknown groups are the organiser's own and attend."""
    assert rows.to_role(groups) == role


def test_of_a_registrant_only_the_mapped_fields_are_kept() -> None:
    """Logins, pictures and texts about oneself stay behind; answers are kept."""
    person = rows.to_person(
        {
            "userId": "u1",
            "email": " Ada@Example.com ",
            "firstName": "Ada",
            "lastName": " Brook",
            "phoneCode": "+44",
            "phone": " 555 0100",
            "designation": "",
            "jobTitle": "Planner",
            "about": "canary",
            "qrCode": "canary",
            "loginMagicLink": "canary",
            "customFieldData": [
                {"id": "1", "name": "Team size", "value": "10"},
                {"id": "2", "name": "Empty", "value": ""},
            ],
        }
    )
    assert person.key == "ada@example.com"
    assert person.details == {
        "first_name": "Ada",
        "last_name": "Brook",
        "job_title": "Planner",
        "company": "",
        "city": "",
        "country": "",
        "email": "ada@example.com",
        "phone": "+44 555 0100",
    }
    assert person.custom == {"Team size": "10"}
    assert "canary" not in str(person)


def test_somebody_without_an_e_mail_is_known_by_the_platforms_id() -> None:
    """Ranked, never sent to a CRM; with neither the row is rejected."""
    assert rows.to_person({"userId": "u1", "email": "no address"}).key == "hubilo:u1"
    with pytest.raises(RowRejected, match="no userId"):
        rows.to_person({"email": ""})


@pytest.mark.parametrize(
    "parse",
    [
        pytest.param(lambda row: rows.to_event(row, NOW), id="event"),
        pytest.param(lambda row: rows.to_session(row, "hubilo:7"), id="session"),
        pytest.param(rows.to_person, id="person"),
        pytest.param(rows.to_deleted_key, id="deleted"),
        pytest.param(rows.to_attendance, id="attendance"),
        pytest.param(rows.to_stay, id="stay"),
    ],
)
def test_any_json_parses_or_is_rejected(parse: Any) -> None:
    """No row of any shape ends in another error than a rejection."""

    @given(JSON)
    def check(row: Any) -> None:
        try:
            parsed = parse(row)
        except RowRejected as refusal:
            parsed = str(refusal)
        assert parsed

    check()


@given(st.text())
def test_text_is_what_any_json_reader_accepts(text: str) -> None:
    """Trimmed, without NUL, and it survives UTF-8."""
    found = rows.to_text(text)
    assert found == found.strip()
    assert "\x00" not in found
    assert found.encode().decode() == found


@given(
    st.datetimes(
        min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - the zone follows
        timezones=st.just(UTC),
    )
)
def test_epoch_milliseconds_mean_the_same_time(at: datetime) -> None:
    """Written as the API does, read back to the millisecond."""
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    text = str((at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1))
    assert rows.to_time({"t": text}, "t") == at


def test_blanks_are_filled_and_what_is_known_stays() -> None:
    """Two rows of one mailbox make one person; the stronger role, the first time."""
    people = People("hubilo:7")
    early, late = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 2, tzinfo=UTC)
    people.add(
        Person(
            key="a@example.com",
            details={"email": "a@example.com", "city": ""},
            registered_at=late,
            custom={"Team": "1"},
        )
    )
    people.add(
        Person(
            key="a@example.com",
            details={"city": "Leeds", "email": "other"},
            role=Role.SPEAKER,
            registered_at=early,
            custom={"Team": "2", "Plan": "x"},
        ),
        attended=True,
    )
    [person] = people.attendees()
    assert (person.email, person.city) == ("a@example.com", "Leeds")
    assert (person.role, person.registered_at) == (Role.SPEAKER, early)
    assert person.attended
    assert person.custom == {"Team": "1", "Plan": "x"}


def test_somebody_left_out_stays_out_of_every_source() -> None:
    """Deleted by the organiser means deleted in exports as well."""
    people = People("hubilo:7")
    people.leave_out(["gone@example.com"])
    gone = Attendee(event_id="x", attendee_id="1", email=" Gone@Example.com")
    assert people.add(Person(key="gone@example.com")) is None
    assert people.add_attendee(gone) is None
    assert people.attendees() == []
