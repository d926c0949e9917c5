"""Every kind of rule: what one foreign record says in our terms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from source_kit import Source

Make = Callable[[str], Source]

NOON = dt.datetime(2026, 3, 4, 12, tzinfo=dt.UTC)
BASE = {"webinar": 7, "who": "u1", "key": "k1"}
ACTIVITY = "activities:\n  - person: {id: who}\n    key: key\n    "


@pytest.mark.parametrize(
    ("line", "record", "expected"),
    [
        pytest.param("object: page", {"page": " /a "}, {"object_id": "/a"}, id="field"),
        pytest.param("object: page", {}, {}, id="missing field"),
        pytest.param(
            "object: page.path",
            {"page": {"path": "/a"}},
            {"object_id": "/a"},
            id="path",
        ),
        pytest.param(
            "object: tags.1.name",
            {"tags": [{"name": "a"}, {"name": "b"}]},
            {"object_id": "b"},
            id="place in an array",
        ),
        pytest.param(
            "object: tags.9", {"tags": ["a"]}, {}, id="place beyond the array"
        ),
        pytest.param("object: a.b", {"a.b": "x"}, {"object_id": "x"}, id="dotted name"),
        pytest.param(
            "object: {field: [file, page]}",
            {"file": "", "page": "/a"},
            {"object_id": "/a"},
            id="first that is there",
        ),
        pytest.param(
            "object: {constant: 12}", {}, {"object_id": "12"}, id="constant number"
        ),
        pytest.param(
            "object: {field: page, values: {/p: pricing}}",
            {"page": "/p"},
            {"object_id": "pricing"},
            id="table of texts",
        ),
        pytest.param(
            "object: {field: page, values: {/p: pricing}}",
            {"page": "/q"},
            {"object_id": "/q"},
            id="not in the table of texts",
        ),
        pytest.param(
            "object: {field: page, values: {/p: pricing}, default: other}",
            {"page": "/q"},
            {"object_id": "other"},
            id="default of the table",
        ),
        pytest.param(
            "detail: {field: name, word: first}",
            {"name": "Ada Maria Novak"},
            {"detail": "Ada"},
            id="first word",
        ),
        pytest.param(
            "detail: {field: name, word: rest}",
            {"name": "Ada Maria Novak"},
            {"detail": "Maria Novak"},
            id="other words",
        ),
        pytest.param(
            "detail: {field: name, word: rest}", {"name": "Ada"}, {}, id="only one word"
        ),
        pytest.param("quantity: n", {"n": "3"}, {"quantity": 3}, id="count"),
        pytest.param("quantity: 2", {}, {"quantity": 2}, id="constant count"),
        pytest.param(
            "quantity: {constant: 4}", {}, {"quantity": 4}, id="constant in long form"
        ),
        pytest.param(
            "at: t", {"t": "2026-03-04T12:00:00Z"}, {"occurred_at": NOON}, id="iso time"
        ),
        pytest.param(
            "at: {field: t, format: epoch_ms}",
            {"t": 1772625600000},
            {"occurred_at": NOON},
            id="epoch time",
        ),
        pytest.param(
            "at: {field: t, format: '%d.%m.%Y %H:%M', timezone: Europe/Berlin}",
            {"t": "04.03.2026 13:00"},
            {"occurred_at": NOON},
            id="pattern in a zone",
        ),
        pytest.param(
            "at: {constant: '2026-03-04 12:00'}",
            {},
            {"occurred_at": NOON},
            id="constant time",
        ),
        pytest.param(
            "at: {field: t, plus: {field: n, unit: minutes}}",
            {"t": "2026-03-04T11:15:00Z", "n": 45},
            {"occurred_at": NOON},
            id="time and a length",
        ),
        pytest.param(
            "at: {field: t, plus: {field: n, unit: minutes}}",
            {"t": "2026-03-04T11:15:00Z"},
            {},
            id="time and no length",
        ),
        pytest.param("window: on_demand", {}, {"window": "on_demand"}, id="word"),
        pytest.param(
            "window: {field: w, values: {L: live}}",
            {"w": "L"},
            {"window": "live"},
            id="word from a table",
        ),
        pytest.param(
            "window: {field: w, values: {L: live}}", {"w": "?"}, {}, id="no such window"
        ),
        pytest.param(
            "session: {constant: main}", {}, {"session_id": "main"}, id="session"
        ),
        pytest.param(
            "session: [room, slot]",
            {"room": "A", "slot": 2},
            {"session_id": "A:2"},
            id="joined key",
        ),
        pytest.param("session: [room, slot]", {"room": "A"}, {}, id="half a key"),
        pytest.param(
            "session: [room, slot]",
            {"room": "a:b", "slot": "c"},
            {"session_id": "a%3Ab:c"},
            id="key with the separator in it",
        ),
        pytest.param(
            "object: {field: [a, b]}", {"a": "", "b": None}, {}, id="none is there"
        ),
        pytest.param(
            "session: {day_of: t, timezone: Asia/Tokyo}",
            {"t": "2026-03-04T20:00:00Z"},
            {"session_id": "2026-03-05"},
            id="day in a zone",
        ),
        pytest.param(
            "session: {month_of: t, format: epoch_s}",
            {"t": 1772625600},
            {"session_id": "2026-03"},
            id="month",
        ),
    ],
)
def test_a_value_is_read(
    rows: Make, line: str, record: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Each form of a value, on an activity."""
    source = rows(f"{ACTIVITY}activity: cta_click\n    {line}")
    always = {"activity": "cta_click", "attendee_id": "u1"}
    assert always | expected == source.fields(BASE | record)


HASHED = "session: {fields: [room], hash: true}"


def test_a_hashed_key_does_not_show_what_it_is_made_of(rows: Make) -> None:
    """The same parts give the same key, other parts another."""
    source = rows(f"{ACTIVITY}activity: cta_click\n    {HASHED}")
    keys = [source.fields(BASE | {"room": room})["session_id"] for room in "ABA"]
    assert keys[0] == keys[2] != keys[1]
    assert len(keys[0]) == 24


@pytest.mark.parametrize(
    ("condition", "record", "wanted"),
    [
        pytest.param("{field: a, equals: x}", {"a": "x"}, True, id="equals"),
        pytest.param("{field: a, equals: x}", {"a": "y"}, False, id="differs"),
        pytest.param("{field: a, equals: 1}", {"a": "1"}, True, id="number as text"),
        pytest.param("{field: a, equals: true}", {"a": True}, True, id="flag"),
        pytest.param("{field: a, equals: x}", {"a": ["x"]}, False, id="array"),
        pytest.param("{field: a, one_of: [x, 2]}", {"a": 2}, True, id="one of"),
        pytest.param("{field: a, one_of: [x, 2]}", {}, False, id="none of"),
        pytest.param("{field: a, present: true}", {"a": 0}, True, id="0 is present"),
        pytest.param("{field: a, present: true}", {"a": " "}, False, id="blank is not"),
        pytest.param("{field: a, present: true}", {"a": []}, False, id="empty array"),
        pytest.param("{field: a, present: false}", {"a": None}, True, id="absent"),
        pytest.param("{not: {field: a, equals: x}}", {"a": "x"}, False, id="not"),
        pytest.param(
            "{all: [{field: a, equals: x}, {field: b, present: true}]}",
            {"a": "x", "b": 1},
            True,
            id="all",
        ),
        pytest.param(
            "{all: [{field: a, equals: x}, {field: b, present: true}]}",
            {"a": "x"},
            False,
            id="not all",
        ),
        pytest.param(
            "{any: [{field: a, equals: x}, {field: b, present: true}]}",
            {"b": 1},
            True,
            id="any",
        ),
        pytest.param(
            "{any: [{field: a, equals: x}, {not: {field: b, present: false}}]}",
            {},
            False,
            id="not any",
        ),
    ],
)
def test_a_condition_keeps_records_out(
    rows: Make, condition: str, record: dict[str, Any], *, wanted: bool
) -> None:
    """What a condition keeps out is counted, and is nothing else."""
    source = rows(f"{ACTIVITY}activity: chat\n    when: {condition}")
    reading = source.read(BASE | record)
    assert wanted == bool(reading.facts)
    assert ([] if wanted else ["activities 1"]) == reading.left_out
    assert reading.rejected == []


TABLE = """activity:
      field: kind
      values: {dl: file_download, ask: question, scroll: ignore}"""


@pytest.mark.parametrize(
    ("kind", "default", "expected"),
    [
        pytest.param("dl", "", "file_download", id="known"),
        pytest.param("ask", "", "question", id="known too"),
        pytest.param("scroll", "", "left out", id="ignored"),
        pytest.param("new", "", "rejected", id="unknown"),
        pytest.param(None, "", "rejected", id="missing"),
        pytest.param("new", "ignore", "left out", id="others ignored"),
        pytest.param("new", "chat", "chat", id="others are something"),
        pytest.param("new", "reject", "rejected", id="others rejected"),
    ],
)
def test_a_table_says_which_value_is_which_activity(
    rows: Make, kind: str | None, default: str, expected: str
) -> None:
    """A value that the table does not know is rejected unless it says otherwise."""
    last = f"\n      default: {default}" if default else ""
    reading = rows(f"{ACTIVITY}{TABLE}{last}").read(BASE | {"kind": kind})
    activities = [fact.fields["activity"] for fact in reading.facts if fact.key != "u1"]
    found = activities or ["left out"] * len(reading.left_out) or ["rejected"]
    assert [expected] == found


def test_an_array_becomes_several_activities(rows: Make) -> None:
    """`row` is the element; the record's other fields are there too."""
    source = rows(
        """activities:
  - rows: polls.answers
    when: {field: row.text, present: true}
    activity: poll_response
    person: {id: who}
    key: [key, row.poll]
    object: row.poll
    detail: row.text"""
    )
    answers = [
        {"poll": 1, "text": "a"},
        {"poll": 2, "text": ""},
        {"poll": 3, "text": "c"},
    ]
    reading = source.read(BASE | {"polls": {"answers": answers}})
    facts = [fact for fact in reading.facts if fact.kind == "activities"]
    assert [(fact.fields["object_id"], fact.fields["detail"]) for fact in facts] == [
        ("1", "a"),
        ("3", "c"),
    ]
    assert len({fact.key for fact in facts}) == 2
    assert reading.left_out == ["activities 1"]


@pytest.mark.parametrize(
    ("polls", "expected"),
    [
        pytest.param(None, [], id="none"),
        pytest.param([], [], id="empty"),
        pytest.param("a", [("activities 1", "`polls` is no array")], id="text"),
        pytest.param({"a": 1}, [("activities 1", "`polls` is no array")], id="object"),
    ],
)
def test_no_array_gives_no_rows(
    rows: Make, polls: Any, expected: list[tuple[str, str]]
) -> None:
    """Nothing to explode is fine; something that is no array is rejected."""
    source = rows(f"{ACTIVITY}activity: chat\n    rows: polls")
    reading = source.read(BASE | {"polls": polls})
    assert ([], expected) == (reading.facts, reading.rejected)


def test_an_array_of_plain_values_can_be_read(rows: Make) -> None:
    """`row` alone is the element itself."""
    source = rows(
        f"{ACTIVITY.replace('key: key', 'key: [key, row]')}"
        "activity: file_download\n    rows: files\n    object: row"
    )
    reading = source.read(BASE | {"files": ["a.pdf", "b.pdf"]})
    files = [f.fields["object_id"] for f in reading.facts if f.kind == "activities"]
    assert files == ["a.pdf", "b.pdf"]


STAY = "activity: time_in_session\n    "


@pytest.mark.parametrize(
    ("line", "record", "seconds"),
    [
        pytest.param(
            "at: a\n    until: b",
            {"a": "2026-03-04T12:00:00Z", "b": "2026-03-04T12:10:00Z"},
            600.0,
            id="from and to",
        ),
        pytest.param(
            "at: a\n    until: {field: a, plus: {field: n, unit: minutes}}",
            {"a": "2026-03-04T12:00:00Z", "n": 5},
            300.0,
            id="from and how long",
        ),
        pytest.param(
            "quantity: {field: n, unit: 'HH:MM:SS'}", {"n": "0:30:00"}, 1800, id="clock"
        ),
        pytest.param(
            "at: a\n    until: b\n    quantity: {field: n, unit: minutes}",
            {"a": "2026-03-04T12:00:00Z", "n": 2},
            120,
            id="how long, where an end is missing",
        ),
    ],
)
def test_a_stay_has_its_length_in_seconds(
    rows: Make, line: str, record: dict[str, Any], seconds: float
) -> None:
    """Two times say how long it was; a length is used where one is missing."""
    source = rows(f"{ACTIVITY}{STAY}{line}")
    assert seconds == source.fields(BASE | record)["quantity"]


@pytest.mark.parametrize(
    ("rule", "record", "reason"),
    [
        pytest.param("", {"webinar": None}, "has no value for `event`", id="no event"),
        pytest.param("", {"key": ""}, "has no value for `key`", id="no key"),
        pytest.param(
            "",
            {"who": None},
            "names nobody: no id, e-mail or guest's name",
            id="nobody",
        ),
        pytest.param(
            "", {"webinar": {}}, "`webinar` is not plain text or a number", id="object"
        ),
        pytest.param(
            "\n    at: t",
            {"t": "soon"},
            "`t` is not a time in the format `iso`",
            id="time",
        ),
        pytest.param(
            "\n    at: t\n    until: u",
            {"t": "2026-03-04T12:00:00Z", "u": "2026-03-04T11:00:00Z"},
            "ends before it begins",
            id="backwards",
        ),
        pytest.param(
            "\n    quantity: n", {"n": "lots"}, "`n` is not a number", id="number"
        ),
        pytest.param(
            "\n    at: {field: t, plus: {field: n, unit: hours}}",
            {"t": "9999-12-31T23:00:00Z", "n": 5},
            "`n` is too long",
            id="after all time",
        ),
        pytest.param(
            "\n    session: {day_of: t, timezone: Asia/Tokyo}",
            {"t": "9999-12-31T23:00:00Z"},
            "`t` is out of range",
            id="day after all days",
        ),
        pytest.param(
            "\n    anonymous: f",
            {"f": "perhaps"},
            "`f` is neither true nor false",
            id="flag",
        ),
    ],
)
def test_a_rejected_row_has_a_reason_without_content(
    rows: Make, rule: str, record: dict[str, Any], reason: str
) -> None:
    """The reason names fields of the mapping, nothing of the record."""
    reading = rows(f"{ACTIVITY}activity: cta_click{rule}").read(BASE | record)
    assert ([], [("activities 1", reason)]) == (reading.facts, reading.rejected)


@pytest.mark.parametrize("content", [None, 3, "text", [1], True])
def test_a_record_that_is_no_object_is_rejected(rows: Make, content: Any) -> None:
    """Each rule says so."""
    reading = rows(f"{ACTIVITY}activity: chat").read(content)
    assert reading.rejected == [("activities 1", "is no object")]


PERSON = "person: {id: who, email: mail, guest: name}\nactivities:\n  - key: key\n"


@pytest.mark.parametrize(
    ("record", "begins", "email"),
    [
        pytest.param({"who": 5, "mail": "A@b.example"}, "5", "A@b.example", id="id"),
        pytest.param(
            {"who": "", "mail": "A@b.example"}, "~email:", "A@b.example", id="address"
        ),
        pytest.param(
            {"who": None, "mail": "none", "name": "Ada"}, "~guest:", None, id="guest"
        ),
    ],
)
def test_a_person_is_known_by_the_first_of_three(
    rows: Make, record: dict[str, Any], begins: str, email: str | None
) -> None:
    """An id, else an address, else a guest's name; none of them shows in the key."""
    reading = rows(PERSON + "    activity: chat").read(BASE | record)
    stub, activity = reading.facts
    assert stub.key == activity.fields["attendee_id"]
    assert stub.key.startswith(begins)
    assert "Ada" not in stub.key
    assert "b.example" not in stub.key
    assert email == stub.fields.get("email")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({"mail": "a@b.example"}, {"mail": " A@B.example "}, id="address"),
        pytest.param({"name": "Ada  Novak"}, {"name": "ada novak"}, id="guest"),
    ],
)
def test_spellings_of_one_person_have_one_key(
    rows: Make, one: dict[str, Any], other: dict[str, Any]
) -> None:
    """Case and spaces do not make two people of one."""
    source = rows(PERSON + "    activity: chat")
    nobody = {"webinar": 7, "key": "k"}
    keys = {source.read(nobody | who).facts[0].key for who in (one, other)}
    assert len(keys) == 1


def test_an_anonymous_activity_carries_no_person(rows: Make) -> None:
    """Even if the record names somebody."""
    reading = rows(
        f"{ACTIVITY}activity: question\n    anonymous: {{field: hidden, equals: 1}}"
    ).read(BASE | {"hidden": 1})
    (fact,) = reading.facts
    assert fact.fields == {"activity": "question", "anonymous": True}


def test_a_rule_that_is_always_anonymous_needs_no_person(rows: Make) -> None:
    """There is nobody to say."""
    source = rows("activities:\n  - {activity: chat, key: key, anonymous: true}")
    assert source.fields(BASE) == {"activity": "chat", "anonymous": True}


def test_chat_messages_stay_at_the_source(rows: Make) -> None:
    """A table may say that a record is a chat message: its text is not sent on."""
    table = "{field: k, values: {c: chat, q: question}}"
    source = rows(f"{ACTIVITY}activity: {table}\n    detail: t")
    assert "detail" not in source.fields(BASE | {"k": "c", "t": "hello"})
    assert source.fields(BASE | {"k": "q", "t": "hello"})["detail"] == "hello"


def test_the_same_fact_has_the_same_id_and_another_one_another(rows: Make) -> None:
    """The id is made of the named fields, the stream and the activity."""
    source = rows(
        f"{ACTIVITY}activity: chat\n"
        "  - {person: {id: who}, key: key, activity: reaction}\n"
        "  - {person: {id: who}, key: [key, more], activity: chat}"
    )
    records = [BASE | {"noise": n} for n in (1, 2)]
    first, second = (
        [f.key for f in source.read(r).facts if f.kind == "activities"] for r in records
    )
    assert first == second
    assert len(set(first)) == 3


def test_parts_of_a_key_cannot_run_into_each_other(rows: Make) -> None:
    """Fields are told apart by their places."""
    source = rows(ACTIVITY.replace("key: key", "key: [a, b]") + "activity: chat")
    keys = {
        source.read(BASE | parts).facts[1].key
        for parts in (
            {"a": "1", "b": None},
            {"a": None, "b": "1"},
            {"a": "1", "b": "1"},
            {"a": "1:1", "b": "1"},
            {"a": "1", "b": "1:1"},
        )
    }
    assert len(keys) == 5


def test_a_record_describes_an_event_a_session_and_people(rows: Make) -> None:
    """One foreign stream may become several of ours."""
    source = rows(
        """person: {email: mail}
times: {format: epoch_s}
events:
  - {aliases: [uuid], name: title, url: link, starts_at: from, updated_at: from}
sessions:
  - {session: {constant: main}, name: title, starts_at: from}
attendees:
  - role: {field: kind, values: {P: speaker}}
    first_name: {field: name, word: first}
    attended: {field: kind, one_of: [P, A]}
    profile_score: points
    custom: {plan: account.plan}
people:
  - {company: firm}"""
    )
    moment = dt.datetime(2026, 3, 4, 12, tzinfo=dt.UTC)
    reading = source.read(
        {
            "webinar": 7,
            "uuid": "u==",
            "title": "T",
            "link": "https://x.example/",
            "from": 1772625600,
            "mail": "p@x.example",
            "kind": "P",
            "name": "Pia Paul",
            "points": 12.5,
            "account": {"plan": "pro"},
            "firm": "X",
        }
    )
    event, session, person, attendee = reading.facts
    assert (event.event.native, event.aliases) == ("7", ("u==",))
    assert {
        "name": "T",
        "url": "https://x.example/",
        "starts_at": moment,
        "updated_at": moment,
    } == event.fields
    assert ("main", {"name": "T", "starts_at": moment}) == (session.key, session.fields)
    assert attendee.fields == {
        "role": "speaker",
        "first_name": "Pia",
        "attended": True,
        "profile_score": 12.5,
        "custom.plan": "pro",
        "email": "p@x.example",
    }
    assert (
        person.event,
        person.fields,
    ) == (None, {"company": "X", "email": "p@x.example"})


def test_one_rule_may_fail_where_another_succeeds(rows: Make) -> None:
    """A record is not lost as a whole because of one bad field."""
    source = rows(
        f"{ACTIVITY}activity: chat\n    at: t\nattendees:\n  - person: {{id: who}}"
    )
    reading = source.read(BASE | {"t": "soon"})
    assert [fact.kind for fact in reading.facts] == ["attendees"]
    assert [label for label, _ in reading.rejected] == ["activities 1"]


@pytest.mark.parametrize(
    ("rule", "record", "reason"),
    [
        pytest.param(
            "activities:\n  - person: {id: who}\n    key: key\n"
            "    activity: time_in_session\n    at: a\n    until: b",
            {"a": "2026-03-04T12:00:00Z"},
            "has no length of time",
            id="stay without an end",
        ),
        pytest.param(
            "sessions:\n  - session: room",
            {},
            "has no value for `session`",
            id="session",
        ),
        pytest.param(
            "attendees:\n  - person: {email: mail}",
            {"mail": "not an address"},
            "names nobody: no id, e-mail or guest's name",
            id="attendee",
        ),
        pytest.param(
            "events:\n  - aliases: [uuid]",
            {"uuid": ["x"]},
            "is not plain text or a number",
            id="alias",
        ),
    ],
)
def test_rows_of_every_kind_can_be_rejected(
    rows: Make, rule: str, record: dict[str, Any], reason: str
) -> None:
    """What does not say what it belongs to is not guessed."""
    reading = rows(rule).read(BASE | record)
    assert [told for _, told in reading.rejected] == [reason]
    assert reading.facts == []
