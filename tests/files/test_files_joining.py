"""Files find their event, rows find their person, and ids stay the same."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_core.errors import FatalError
from tap_events.files.naming import (
    is_telephone,
    to_first_and_last,
    to_names,
    to_native_id,
    to_turned,
)
from tap_events.files.report import Person
from tap_events.files.roster import Roster, to_merged
from tap_events.records import Role

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Look

ADA = Person(email="Ada@Example.com ", names=("Ada Brook", "Ada"))
BEN = Person(email="ben@example.org", names=("Ben Castillo", "Benny"))
OTHER_BEN = Person(email="ben2@example.org", names=("Ben Castillo",))


def key_of(person: Person, *people: Person) -> str:
    """Return the key that an event with these people gives to one."""
    return Roster.of((*people, person)).to_key(person)


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        pytest.param(ADA, "e:ada@example.com", id="by e-mail in any spelling"),
        pytest.param(Person(names=("Benny",)), "e:ben@example.org", id="by shown name"),
        pytest.param(
            Person(names=("  benny ",)), "e:ben@example.org", id="case and spaces"
        ),
        pytest.param(Person(names=("Bennyy",)), "n:bennyy", id="exactly or not at all"),
        pytest.param(
            Person(email="no address", names=("Ada",)),
            "e:ada@example.com",
            id="a broken e-mail counts as none",
        ),
        pytest.param(
            Person(names=("Nobody", "Benny")), "e:ben@example.org", id="by any name"
        ),
    ],
)
def test_a_row_is_joined_by_email_else_by_name(person: Person, expected: str) -> None:
    """Exact names only, and only as long as one person bears them."""
    assert key_of(person, ADA, BEN) == expected


def test_a_name_that_two_people_bear_joins_neither() -> None:
    """Better a person without e-mail than the wrong lead."""
    someone = Person(names=("Ben Castillo",))
    assert key_of(someone, BEN, OTHER_BEN) == "n:ben castillo"
    assert Roster.of((BEN, OTHER_BEN)).is_ambiguous(someone)
    assert not Roster.of((BEN,)).is_ambiguous(someone)


def test_a_guest_without_email_keeps_all_names() -> None:
    """What the guest did under the shown name is the guest's."""
    guest = Person(names=("Chloé Dupré", "Chlo"))
    assert key_of(Person(names=("Chlo",)), guest, ADA) == "n:chloé dupré"


def test_the_rows_of_a_person_add_up() -> None:
    """First filled cell wins, the weightiest role wins, the first registration wins."""
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    rows = [
        Person(email="a@example.com", registered_at=late, details={"city": "Leeds"}),
        Person(
            email="A@example.com",
            role=Role.SPEAKER,
            registered_at=early,
            details={"city": "York", "phone": "1"},
            custom={"Budget": "1k"},
        ),
    ]
    [merged] = to_merged(rows, Roster.of(rows))
    found = merged.to_attendee("x:1", was_there=False)
    assert (found.city, found.phone, found.role) == ("Leeds", "1", Role.SPEAKER)
    assert found.registered_at == early
    assert found.custom == {"Budget": "1k"}
    assert found.email == "a@example.com"
    assert "a@example.com" not in found.attendee_id


@given(st.permutations([ADA, BEN, OTHER_BEN, Person(names=("Ada",))]))
def test_who_is_who_does_not_depend_on_the_order(people: list[Person]) -> None:
    """Files may be read in any order."""
    roster = Roster.of(people)
    assert {roster.to_key(person) for person in people} == {
        "e:ada@example.com",
        "e:ben@example.org",
        "e:ben2@example.org",
    }


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("Benny (Ben Castillo)", ("Ben Castillo", "Benny", "Benny (Ben Castillo)")),
        ("Ada  Brook", ("Ada Brook",)),
        ("", ()),
        ("(Ben)", ("Ben", "(Ben)")),
    ],
)
def test_a_shown_name_holds_the_registered_one(
    shown: str, expected: tuple[str, ...]
) -> None:
    """The registered name is the surest."""
    assert to_names(shown) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Brook, Ada", {"first_name": "Ada", "last_name": "Brook"}),
        ("Ada Brook", {"first_name": "Ada", "last_name": "Brook"}),
        ("Mary Ann Lee", {"first_name": "Mary Ann", "last_name": "Lee"}),
        ("Ada", {"first_name": "Ada"}),
        ("", {}),
    ],
)
def test_a_display_name_is_split_for_files_without_the_parts(
    name: str, expected: dict[str, str]
) -> None:
    """A CRM asks for first and last name."""
    assert to_first_and_last(name) == expected


def test_odd_names() -> None:
    """A trailing comma turns nothing, and a number is a telephone."""
    assert to_turned("Brook,") == "Brook,"
    assert is_telephone("+44 113 496 0000")
    assert not is_telephone("Agent 47")
    assert to_native_id("Budgets", None).startswith("undated-")


# --- events -------------------------------------------------------------------------


def zoom(webinar: str, topic: str, start: str, person: str = "ada") -> str:
    """Return an attendee report of an hour with one attendee."""
    date = start.partition(" ")[0]
    return (
        "Attendee Report\n"
        "Topic,Webinar ID,Actual Start Time,Actual Duration (minutes)\n"
        f"{topic},{webinar},{start},60\nAttendee Details\n"
        "Attended,First Name,Last Name,Email,Join Time,Leave Time\n"
        f"Yes,{person.title()},B,{person}@example.com,{start},{date} 20:30:00\n"
    )


def chat(day: int, time: str = "20:10:00") -> str:
    """Return a chat with one message of November 2026."""
    return f"2026-11-{day:02} {time} From Ada B to Everyone:\n\tHi\n"


def questions(webinar: str, topic: str) -> str:
    """Return a Q&A report with one question."""
    return (
        f"Question and Answer Report\nTopic,Webinar ID\n{topic},{webinar}\n\n"
        "#,Question,Asker Name,Asker Email,Answer(s)\n"
        "1,Why?,Ada,ada@example.com,\n"
    )


def kinds(look: Look) -> dict[str, set[str]]:
    """Return the kinds of activities of each event."""
    return {
        bundle.event.name: {str(one.activity) for one in bundle.activities}
        for bundle in look.bundles
    }


def test_a_folder_per_webinar_keeps_files_together(
    look: Look, put: Callable[..., Path]
) -> None:
    """Two webinars at the same time, a chat in each folder."""
    for name, webinar in (("a", "111 11"), ("b", "222 22")):
        put(f"{name}/report.csv", zoom(webinar, name, "11/12/2026 20:00:00"))
        path = put(f"{name}/chat.txt", chat(12))
    look.at(path.parents[1])
    assert kinds(look) == {
        "a": {"time_in_session", "chat"},
        "b": {"time_in_session", "chat"},
    }


def test_the_time_tells_between_events_of_one_folder(
    look: Look, put: Callable[..., Path]
) -> None:
    """Webinars a week apart may share a folder."""
    put("one.csv", zoom("111 11", "a", "11/12/2026 20:00:00"))
    put("two.csv", zoom("222 22", "b", "11/19/2026 20:00:00"))
    look.at(put("chat.txt", chat(19)).parent)
    assert kinds(look) == {"a": {"time_in_session"}, "b": {"time_in_session", "chat"}}


def test_the_webinar_id_tells_before_the_folder(
    look: Look, put: Callable[..., Path]
) -> None:
    """A Q&A report says of which webinar it is."""
    put("a/one.csv", zoom("111-11", "a", "11/12/2026 20:00:00"))
    put("b/two.csv", zoom("222-22", "b", "11/12/2026 20:00:00"))
    path = put("a/qa.csv", questions("222 22", "b"))
    look.at(path.parents[1])
    assert kinds(look) == {
        "a": {"time_in_session"},
        "b": {"time_in_session", "question"},
    }


def test_the_topic_tells_where_there_is_no_id(
    look: Look, put: Callable[..., Path]
) -> None:
    """An export may have lost the id."""
    put("one.csv", zoom("111", "a", "11/12/2026 20:00:00"))
    put("two.csv", zoom("222", "b", "11/12/2026 20:00:00"))
    look.at(put("qa.csv", questions("", "B")).parent)
    assert kinds(look)["b"] == {"time_in_session", "question"}


def test_a_poll_without_times_needs_a_folder_of_its_own(
    look: Look, put: Callable[..., Path]
) -> None:
    """Neither an id nor a time tells between two events."""
    put("one.csv", zoom("111", "a", "11/12/2026 20:00:00"))
    put("two.csv", zoom("222", "b", "11/19/2026 20:00:00"))
    path = put("poll.csv", "Question,Answer\nUseful?,Yes\n")
    with pytest.raises(FatalError, match="2 events fit"):
        look.at(path.parent)


def test_several_candidates_are_named(look: Look, put: Callable[..., Path]) -> None:
    """Guessing would give one webinar's chat to another."""
    put("one.csv", zoom("111", "a", "11/12/2026 20:00:00"))
    put("two.csv", zoom("222", "b", "11/12/2026 20:00:00"))
    path = put("chat.txt", chat(12))
    with pytest.raises(FatalError) as info:
        look.at(path.parent)
    text = str(info.value)
    assert str(path) in text
    assert "zoom:111:2026-11-12, zoom:222:2026-11-12" in text
    assert "one folder per webinar" in text


@pytest.mark.parametrize(
    "day", [pytest.param(12, id="alone"), pytest.param(25, id="of another day")]
)
def test_a_chat_without_its_webinar_is_refused(
    day: int, look: Look, put: Callable[..., Path]
) -> None:
    """A chat of a fortnight later belongs to no report here."""
    path = put("chat.txt", chat(day))
    if day != 12:
        put("one.csv", zoom("111", "a", "11/12/2026 20:00:00"))
    with pytest.raises(FatalError, match="does not say of which event it is"):
        look.at(path.parent)


def test_a_zoom_chat_never_joins_another_platforms_event(
    look: Look, put: Callable[..., Path], reports: Path
) -> None:
    """Even in one folder and at the same time."""
    shutil.copy(reports / "teams_attendance.csv", put("chat.txt", chat(12)).parent)
    with pytest.raises(FatalError, match="no attendee report of the same platform"):
        look.at(put("chat.txt", chat(12, "16:10:00")).parent)


def ids(look: Look) -> list[str]:
    """Return all ids in order."""
    return [
        one
        for bundle in look.bundles
        for one in (
            bundle.event.event_id,
            *(person.attendee_id for person in bundle.attendees),
            *(activity.activity_id for activity in bundle.activities),
        )
    ]


def sample_set(reports: Path, folder: Path) -> Path:
    """Copy one webinar's samples into a folder."""
    folder.mkdir(parents=True)
    for name in ("attendee_2026.csv", "poll_indexed.csv", "qa.csv", "chat.txt"):
        shutil.copy(reports / f"zoom_{name}", folder)
    return folder


def test_reading_again_and_elsewhere_gives_the_same_ids(
    look: Look, reports: Path, tmp_path: Path
) -> None:
    """Ids come from content, not from places or times of files."""
    one = sample_set(reports, tmp_path / "one")
    two = sample_set(reports, tmp_path / "two" / "deeper")
    first = ids(look.at(one))
    assert ids(look.at(one)) == first
    assert ids(look.at(two)) == first


def test_a_copy_beside_the_original_changes_nothing(
    look: Look, reports: Path, tmp_path: Path
) -> None:
    """Downloads are often there twice."""
    folder = sample_set(reports, tmp_path / "one")
    before = sorted(ids(look.at(folder)))
    for path in list(folder.iterdir()):
        shutil.copy(path, folder / f"copy of {path.name}")
    assert sorted(ids(look.at(folder))) == before


def test_ids_are_unique_within_an_event(
    look: Look, reports: Path, tmp_path: Path
) -> None:
    """A primary key is one."""
    look.at(sample_set(reports, tmp_path / "one"))
    activities = [one.activity_id for one in look.bundle.activities]
    assert len(set(activities)) == len(activities)
    people = [one.attendee_id for one in look.bundle.attendees]
    assert len(set(people)) == len(people)
    known = {*people, None}
    assert {one.attendee_id for one in look.bundle.activities} <= known


def test_no_id_and_no_log_shows_a_person(
    look: Look, reports: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Ids and log lines may go where addresses may not."""
    caplog.set_level("DEBUG")
    look.at(sample_set(reports, tmp_path / "one"))
    seen = " ".join((*ids(look), caplog.text)).casefold()
    assert not [word for word in ("brook", "benny", "@") if word in seen]


def test_people_without_email_are_counted_in_the_log(
    look: Look, put: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    """They are ranked, and cannot be sent."""
    caplog.set_level("INFO")
    put("one.csv", zoom("111", "a", "11/12/2026 20:00:00"))
    look.at(put("chat.txt", chat(12).replace("Ada B", "Stranger")).parent)
    assert "1 of 2 people have no e-mail" in caplog.text


def test_events_come_in_the_order_of_their_last_change(
    look: Look, put: Callable[..., Path]
) -> None:
    """A file added later moves its event up, so that a bookmark finds it."""
    paths = [
        put("a.csv", zoom("111", "a", "11/12/2026 20:00:00")),
        put("b.csv", zoom("222", "b", "11/12/2026 20:00:00")),
    ]
    future = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
    os.utime(paths[0], (future, future))
    look.at(paths[0].parent)
    assert [bundle.event.name for bundle in look.bundles] == ["b", "a"]
    assert look.bundles[1].event.updated_at == datetime(2100, 1, 1, tzinfo=UTC)


def test_an_old_report_newly_copied_counts_as_changed(
    look: Look, put: Callable[..., Path]
) -> None:
    """Copying may keep the time of modification; a bookmark must not pass it by."""
    path = put("a.csv", zoom("111", "a", "11/12/2026 20:00:00"))
    os.utime(path, (0, 0))
    assert look.at(path).bundle.event.updated_at.year > 2000
