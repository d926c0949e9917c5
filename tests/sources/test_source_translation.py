"""Foreign messages in, messages as our own tap would send them out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from source_kit import Messages, Source, record, records_of, state

from scoring_transform.sources import gathering
from sync_core.errors import FatalError

Make = Callable[[str], Source]

SHOP = """
platform: shop
{more}
streams:
  - stream: reports
    event: webinar
    events:
      - {{aliases: [uuid], name: title, starts_at: from, ends_at: to}}
    sessions:
      - {{session: {{constant: main}}, starts_at: from, ends_at: to}}
  - stream: plans
    event: webinar
    events:
      - {{aliases: [uuid], name: title, url: link, starts_at: from}}
  - stream: joins
    event: webinar
    attendees:
      - {{person: {{id: who}}, first_name: name, attended: came, role: attendee}}
  - stream: hosts
    event: webinar
    attendees:
      - {{person: {{id: who}}, first_name: name, role: host}}
  - stream: answers
    event: {{alias: uuid}}
    activities:
      - {{person: {{id: who}}, key: n, activity: poll_response, object: poll}}
  - stream: visits
    event: webinar
    person: {{id: who, email: mail}}
    activities:
      - {{key: n, activity: cta_click, object: page}}
  - stream: profiles
    people:
      - {{person: {{id: who, email: mail}}, first_name: name, company: firm}}
"""
BY_REPORT = "event_complete: {stream: reports}"


@pytest.fixture
def shop(source: Make) -> Callable[..., Source]:
    """Return a maker of the shop's mapping, with more lines at its top."""
    return lambda more="": source(SHOP.format(more=more))


def report(webinar: int = 7, **fields: Any) -> dict[str, Any]:
    """Return a report of a webinar."""
    return record("reports", webinar=webinar, uuid=f"u{webinar}", **fields)


def visit(n: int, webinar: int = 7, **fields: Any) -> dict[str, Any]:
    """Return a visit to a page."""
    return record("visits", **({"webinar": webinar, "who": "ada", "n": n} | fields))


def order_of(messages: Messages) -> list[str]:
    """Return the kinds of messages in their order, repeated ones once."""
    names = [message.get("stream", message["type"]) for message in messages]
    return [n for i, n in enumerate(names) if i == 0 or names[i - 1] != n]


def test_an_event_follows_its_parts_and_state_follows_the_event(
    shop: Callable[..., Source],
) -> None:
    """As our own tap would send it, whatever the order of the foreign one."""
    messages = shop().run([state(1), report(), state(2), visit(1), state(3)])
    assert messages[0] == {"type": "STATE", "value": 1}
    assert (order_of(messages)) == [
        "STATE",
        "activities",
        "sessions",
        "attendees",
        "events",
        "STATE",
    ]
    assert messages[-1] == {"type": "STATE", "value": 3}


def test_every_stream_is_announced_before_its_first_record(
    shop: Callable[..., Source],
) -> None:
    """And announced once."""
    messages = shop().run([visit(1), visit(2), report(), visit(3, 8), report(8)])
    announced: list[str] = []
    for message in messages:
        if message["type"] == "SCHEMA":
            assert message["stream"] not in announced
            announced.append(message["stream"])
        assert message["stream"] in announced


def test_the_end_of_the_input_completes_events_in_order(
    shop: Callable[..., Source],
) -> None:
    """The order does not depend on the tap's."""
    messages = shop().run([report(9), visit(1), report(7), report(8)])
    assert [event["event_id"] for event in records_of(messages, "events")] == [
        "shop:7",
        "shop:8",
        "shop:9",
    ]


def test_an_event_that_nothing_describes_is_sent_and_told(
    shop: Callable[..., Source], caplog: pytest.LogCaptureFixture
) -> None:
    """It has no name and no times."""
    (event,) = records_of(shop().run([visit(1)]), "events")
    assert {"event_id", "platform", "reported_activities"} == set(event)
    assert "1 events have no record of their own" in caplog.text


def test_the_first_rule_wins_and_gaps_are_filled(shop: Callable[..., Source]) -> None:
    """What is reported wins over what was planned, in both orders."""
    plan = record("plans", webinar=7, title="Plan", link="x", **{"from": "2026-03-04"})
    told = report(title="Report", to="2026-03-04T16:00:00Z")
    sent = [records_of(shop().run(m), "events") for m in ([plan, told], [told, plan])]
    assert sent[0] == sent[1]
    assert sent[0][0]["name"] == "Report"
    assert sent[0][0]["url"] == "x"
    assert sent[0][0]["starts_at"] == "2026-03-04T00:00:00Z"


def test_within_one_rule_the_widest_times_win(shop: Callable[..., Source]) -> None:
    """Events that are groups of records last from the first to the last of them."""
    reports = [
        report(**{"from": f"2026-03-04T1{n}:00:00.5Z", "to": f"2026-03-04T1{n}:30:00Z"})
        for n in (2, 0, 1)
    ]
    (event,) = records_of(shop().run(reports), "events")
    assert event["starts_at"] == "2026-03-04T10:00:00.500000Z"
    assert event["ends_at"] == "2026-03-04T12:30:00Z"


def test_someone_who_came_once_came_and_a_host_stays_a_host(
    shop: Callable[..., Source],
) -> None:
    """Rows about one person in one event become one attendee."""
    messages = shop().run(
        [
            record("hosts", webinar=7, who="ada", name="Host Ada"),
            record("joins", webinar=7, who="ada", came=True),
            record("joins", webinar=7, who="ada", came=False, name="Ada"),
        ]
    )
    assert records_of(messages, "attendees") == [
        {
            "event_id": "shop:7",
            "attendee_id": "ada",
            "role": "host",
            "attended": True,
            "first_name": "Ada",
        }
    ]


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("by", ["who", "mail"])
def test_profiles_join_attendees_of_every_event(
    shop: Callable[..., Source], by: str, *, late: bool
) -> None:
    """By id or by address, and wherever in the input they stand."""
    mail = "Ada@x.example"
    profile = record("profiles", who="ada", mail=mail, name="Ada", firm="X")
    names = {"who": "ada"} if by == "who" else {"who": None, "mail": mail.lower()}
    visits = [visit(n, n, **names) for n in (1, 2)]
    messages = shop().run([*visits, profile] if late else [profile, *visits])
    attendees = records_of(messages, "attendees")
    assert [(person["first_name"], person["company"]) for person in attendees] == [
        ("Ada", "X"),
        ("Ada", "X"),
    ]
    assert mail.lower() == attendees[0]["email"].lower()


def test_a_profile_alone_is_nobody_in_any_event(shop: Callable[..., Source]) -> None:
    """People are sent where they belong to an event."""
    profile = record("profiles", who="ada", mail="ada@x.example")
    assert [state(1)] == shop().run([profile, state(1)])


def test_state_waits_for_profiles_that_may_be_needed(
    shop: Callable[..., Source],
) -> None:
    """A later event of the same run may need them."""
    source = shop(BY_REPORT)
    profile = record("profiles", who="ada", mail="ada@x.example")
    messages = source.run([profile, state(1), report(), state(2)])
    assert [state(2)] == [m for m in messages if m["type"] == "STATE"]
    assert state(2) == messages[-1]


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_an_alias_names_the_event_before_and_after_it_is_explained(
    shop: Callable[..., Source], *, late: bool
) -> None:
    """Polls that name a webinar by its instance find it."""
    answers = [record("answers", uuid="u7", who="ada", n=n, poll=n) for n in (1, 2)]
    messages = [*answers, report()] if late else [report(), *answers]
    activities = records_of(shop().run(messages), "activities")
    assert [row["event_id"] for row in activities] == ["shop:7", "shop:7"]
    assert [row["object_id"] for row in activities] == ["1", "2"]


def test_an_alias_that_nothing_explains_is_rejected(
    shop: Callable[..., Source], caplog: pytest.LogCaptureFixture
) -> None:
    """It is told, and the rest is sent."""
    messages = [
        report(),
        record("answers", uuid="u8", who="ada", n=1, poll=1),
        state(1),
    ]
    sent = shop().run(messages)
    assert records_of(sent, "activities") == []
    assert state(1) == sent[-1]
    assert "2 × rejected" not in caplog.text
    assert "names its event by an alias that no record explains" in caplog.text


def test_too_many_records_may_not_wait(
    shop: Callable[..., Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded; the message says what to do."""
    monkeypatch.setattr(gathering, "MOST_WAITING", 3)
    answers = [record("answers", uuid="u7", who="ada", n=n, poll=1) for n in range(3)]
    with pytest.raises(FatalError, match="`aliases` first, or select it"):
        shop().run(answers)


def test_a_closing_stream_completes_its_event_at_once(
    shop: Callable[..., Source],
) -> None:
    """STATE goes on as soon as nothing is open, whatever comes later."""
    source = shop(BY_REPORT)
    messages = source.run([visit(1), state(1), report(), state(2), visit(2, 8)])
    assert [state(1), state(2)] == [m for m in messages if m["type"] == "STATE"]
    names = order_of(messages)
    assert names.index("events") < names.index("STATE") < len(names) - 1


def test_state_waits_while_another_event_is_open(shop: Callable[..., Source]) -> None:
    """It may cover what is still here."""
    source = shop(BY_REPORT)
    messages = source.run(
        [visit(1), record("plans", webinar=8), report(), state(1), report(8), state(2)]
    )
    events = [
        message.get("record", message).get("event_id", message.get("value"))
        for message in messages
        if message.get("stream") == "events" or message["type"] == "STATE"
        if message["type"] != "SCHEMA"
    ]
    assert events == ["shop:7", "shop:8", 1, 2]


def test_what_comes_after_its_event_was_completed_is_rejected(
    shop: Callable[..., Source], caplog: pytest.LogCaptureFixture
) -> None:
    """A score without it was sent already; a repeated closing record is harmless."""
    source = shop(BY_REPORT)
    messages = source.run([visit(1), report(), report(), visit(2), state(1)])
    assert len(records_of(messages, "activities")) == 1
    assert len(records_of(messages, "events")) == 1
    assert state(1) == messages[-1]
    assert "came after the record that completed its event" in caplog.text


def test_rejected_rows_can_stop_the_run(shop: Callable[..., Source]) -> None:
    """`on_rejected: stop`: the message has the stream, the rule and the reason."""
    source = shop("on_rejected: stop")
    with pytest.raises(FatalError) as stopped:
        source.run([visit(1, who=None, mail="secret")])
    assert "`visits` was rejected by activities 1: names nobody" in str(stopped.value)
    assert "secret" not in str(stopped.value)


def test_everything_read_is_counted(
    shop: Callable[..., Source], caplog: pytest.LogCaptureFixture
) -> None:
    """Mapped, rejected, and of streams without a rule."""
    caplog.set_level(logging.INFO, logger="scoring_transform")
    shop().run([report(), visit(1), visit(2, who=None), record("noise", a=1)])
    assert "source mine: 4 records read" in caplog.text
    assert "1 rejected, 1 of streams without a rule" in caplog.text
    assert "1 × no rule for stream noise" in caplog.text
    assert "nothing came of stream answers; is it selected in the tap?" in caplog.text


@pytest.mark.parametrize("turn", [1, -1], ids=["in-order", "backwards"])
def test_who_attended_once_attended_and_a_host_stays_a_host(
    shop: Callable[..., Source], turn: int
) -> None:
    """Whatever else is said of them, and when; the mapping's order counts for names."""
    said = [
        record("joins", webinar=7, who="ada", came=False, name="Ada L."),
        record("joins", webinar=7, who="ada", came=True, name="Ada"),
        record("hosts", webinar=7, who="ada", name="A. Lovelace"),
    ]
    (ada,) = records_of(shop().run([*said[::turn], report()]), "attendees")
    assert (ada["attended"], ada["role"], ada["first_name"]) == (True, "host", "Ada")


def test_an_input_of_another_tap_is_refused(shop: Callable[..., Source]) -> None:
    """Silence would look like an empty success, and STATE would go on."""
    with pytest.raises(FatalError, match="It has noise; the mapping has reports, "):
        shop().run([record("noise", a=1), state(1)])


def test_an_empty_input_gives_only_its_state(shop: Callable[..., Source]) -> None:
    """A run without news."""
    schema = {"type": "SCHEMA", "stream": "visits", "schema": {}, "key_properties": []}
    assert [state(1)] == shop().run([schema, state(1)])
    assert shop().run([]) == []


def test_a_field_that_the_schema_does_not_have_is_told(
    shop: Callable[..., Source], caplog: pytest.LogCaptureFixture
) -> None:
    """With the field that was probably meant; a repeated SCHEMA says it no twice."""
    schema = {
        "properties": {"webinar": {}, "whom": {}, "mail": {}, "n": {}, "page": {}}
    }
    message = {"type": "SCHEMA", "stream": "visits", "schema": schema}
    shop().run([message, message, visit(1)])
    told = "the SCHEMA of `visits` has no `who`; did you mean `whom`?"
    assert caplog.text.count(told) == 1
    assert "has no `n`" not in caplog.text


def test_a_schema_that_allows_any_field_is_not_doubted(
    shop: Callable[..., Source], caplog: pytest.LogCaptureFixture
) -> None:
    """Some taps announce fields only as they come."""
    schema = {"properties": {"n": {}}, "additionalProperties": True}
    shop().run([{"type": "SCHEMA", "stream": "visits", "schema": schema}])
    assert "the SCHEMA of" not in caplog.text


def test_only_streams_that_came_are_said_to_report(shop: Callable[..., Source]) -> None:
    """An activity of a stream that is not selected is unavailable, not 0."""
    answers = {"type": "SCHEMA", "stream": "answers", "schema": {}}
    (event,) = records_of(shop().run([answers, report()]), "events")
    assert event["reported_activities"] == ["poll_response"]


def test_mapped_streams_must_come_as_records(shop: Callable[..., Source]) -> None:
    """The message says how; streams without a rule may come as they like."""
    source = shop()
    batch = {"type": "BATCH", "stream": "visits", "encoding": {}, "manifest": []}
    with pytest.raises(FatalError, match="remove `batch_config`"):
        source.run([batch])
    messages = source.run([report(), {**batch, "stream": "noise"}])
    assert len(records_of(messages, "events")) == 1


def test_a_version_is_ignored_and_anything_else_refused(
    shop: Callable[..., Source],
) -> None:
    """As the mapper does with our own streams."""
    source = shop()
    version = {"type": "ACTIVATE_VERSION", "stream": "visits", "version": 1}
    assert source.run([version]) == []
    with pytest.raises(FatalError, match="not a Singer message"):
        source.run([{"type": "ROW"}])
