"""What files know of an event is joined to what the API knows of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tap_events.platforms.hubilo.merge import find_matching, merge_bundle
from tap_events.platforms.hubilo.people import People, Person, to_attendee_id
from tap_events.records import (
    Activity,
    ActivityKind,
    Attendee,
    Bundle,
    Event,
    Session,
)

AT = datetime(2026, 9, 22, 14, tzinfo=UTC)


def bundle(event_id: str, name: str = "Event", **parts: Any) -> Bundle:
    """Return a bundle, empty but for the parts given."""
    event = Event(
        event_id=event_id,
        platform=event_id.partition(":")[0],
        name=name,
        starts_at=AT,
        ends_at=AT,
        updated_at=AT,
    )
    return Bundle(
        event=event, **({"sessions": [], "attendees": [], "activities": []} | parts)
    )


def session(number: str, name: str) -> Session:
    """Return a session."""
    return Session(event_id="x", session_id=number, name=name, starts_at=AT, ends_at=AT)


def chat(number: str, who: str | None, room: str | None = None) -> Activity:
    """Return a message."""
    return Activity(
        event_id="x",
        activity_id=number,
        attendee_id=who,
        activity=ActivityKind.CHAT,
        session_id=room,
        anonymous=who is None,
    )


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        pytest.param([("hubilo:7", "X"), ("files:8", "Event")], ["hubilo:7"], id="id"),
        pytest.param([("files:7", "X")], ["files:7"], id="id-of-another-platform"),
        pytest.param([("files:a", " Event ")], ["files:a"], id="exact-name"),
        pytest.param([("files:a", "event")], [], id="other-letter-case-is-no-match"),
        pytest.param([("files:a", "Event 2")], [], id="part-of-name-is-no-match"),
        pytest.param(
            [("files:a", "Event"), ("zoom:b", "Event")], ["files:a", "zoom:b"], id="two"
        ),
    ],
)
def test_files_belong_to_an_event_by_id_else_by_exact_name(
    others: list[tuple[str, str]], expected: list[str]
) -> None:
    """A guess could give somebody else's activity to the event."""
    found = find_matching(
        bundle("hubilo:7").event, [bundle(event_id, name) for event_id, name in others]
    )
    assert [b.event.event_id for b in found] == expected


def _merged() -> Bundle:
    people = People("hubilo:7")
    people.add(Person(key="a@example.com", details={"email": "a@example.com"}))
    people.leave_out(["gone@example.com"])
    other = bundle(
        "files:7",
        sessions=[session("70", "renamed"), session("x", "Second"), session("y", "?")],
        attendees=[
            Attendee(
                event_id="x", attendee_id="f1", email="A@Example.com", city="Leeds"
            ),
            Attendee(event_id="x", attendee_id="f2", first_name="Caller"),
            Attendee(event_id="x", attendee_id="f3", email="gone@example.com"),
        ],
        activities=[
            chat("1", "f1", "70"),
            chat("2", "f2", "x"),
            chat("3", "f3"),
            chat("4", None, "y"),
            chat("1", "f1", "70"),
        ],
    )
    ours = bundle(
        "hubilo:7", sessions=[session("70", "First"), session("71", "Second")]
    )
    return merge_bundle(ours, [other, bundle("files:9", "Other")], people)


def test_people_are_joined_by_e_mail() -> None:
    """Known people gain what they lacked; those without e-mail are added."""
    people = {a.attendee_id: a for a in _merged().attendees}
    known = people[to_attendee_id("a@example.com")]
    assert (known.email, known.city) == ("a@example.com", "Leeds")
    assert sorted(p.first_name or "" for p in people.values()) == ["", "Caller"]


def test_activities_follow_their_person_and_session() -> None:
    """By id, else by the session's name; the deleted are left out, once is once."""
    merged = _merged()
    ids = {a.first_name: a.attendee_id for a in merged.attendees}
    assert [
        (a.activity_id, a.attendee_id, a.session_id) for a in merged.activities
    ] == [
        ("1", to_attendee_id("a@example.com"), "70"),
        ("2", ids["Caller"], "71"),
        ("4", None, None),
    ]
    assert {a.event_id for a in merged.activities} == {"hubilo:7"}


def test_with_one_session_every_activity_is_in_it() -> None:
    """Exports of a webinar seldom name its only session."""
    ours = bundle("hubilo:7", sessions=[session("70", "First")])
    other = bundle(
        "files:7", sessions=[session("main", "")], activities=[chat("4", None, "main")]
    )
    merged = merge_bundle(ours, [other], People("hubilo:7"))
    assert [a.session_id for a in merged.activities] == ["70"]
