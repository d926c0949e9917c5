"""Whatever a tap sends: it maps, is left out, or is rejected with a reason."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from source_kit import Messages, Source, record, state

from scoring_transform.sources.mapping import load_source

NAMES = {
    "zoom": [
        "uuid",
        "id",
        "webinar_id",
        "webinar_uuid",
        "email",
        "user_email",
        "name",
        "registrant_id",
        "user_id",
        "join_time",
        "leave_time",
        "start_time",
        "duration",
        "status",
        "question_details",
    ],
    "web_events": [
        "event",
        "time",
        "distinct_id",
        "email",
        "mp_reserved_insert_id",
        "mp_reserved_email",
        "watched_minutes",
        "page",
    ],
}
MAPPINGS = {name: load_source(name) for name in NAMES}
MARK = "Zq7Secret"
TEXTS = st.sampled_from(
    [
        "",
        "7",
        "u7",
        MARK,
        f"{MARK}@x.example",
        "2026-03-04T15:00:00Z",
        "Watched a webinar",
        "Visited pricing page",
        "in_waiting_room",
        "Anonymous Attendee",
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
)
ROWS = st.lists(
    st.dictionaries(
        st.sampled_from(["question", "answer", "polling_id", "date_time"]), SCALARS
    ),
    max_size=3,
)
CONTENT = SCALARS | ROWS | st.dictionaries(st.text(max_size=3), SCALARS, max_size=2)


def streams_of(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return records of the streams of a shipped mapping, with anything in them."""
    mapping = MAPPINGS[name]
    fields = st.dictionaries(st.sampled_from(NAMES[name]), CONTENT, max_size=9)
    streams = st.sampled_from(sorted(mapping.rules))
    return st.builds(lambda s, f: record(s, **f), streams, fields)


@pytest.mark.parametrize("name", sorted(NAMES))
@given(data=st.data())
@settings(max_examples=150)
def test_any_record_maps_or_is_left_out_or_rejected(
    name: str, data: st.DataObject
) -> None:
    """Nothing else happens, and no reason holds any content."""
    message = data.draw(streams_of(name))
    reading = MAPPINGS[name].to_facts(message["stream"], message["record"])
    for label, reason in reading.rejected:
        assert label.rpartition(" ")[0] in {
            "events",
            "sessions",
            "people",
            "attendees",
            "activities",
        }
        assert MARK not in reason
    for fact in reading.facts:
        assert fact.kind == "events" or fact.key
        assert None not in fact.fields.values()


@pytest.mark.parametrize("name", sorted(NAMES))
@given(content=CONTENT)
def test_any_content_of_a_record_is_survived(name: str, content: Any) -> None:
    """Also a record that is no object."""
    mapping = MAPPINGS[name]
    for stream in mapping.rules:
        mapping.to_facts(stream, content)


def as_a_set(messages: Messages) -> list[str]:
    """Return records without an order."""
    return sorted({json.dumps(message, sort_keys=True) for message in messages})


@pytest.mark.parametrize("name", sorted(NAMES))
@given(data=st.data(), seed=st.integers(0, 999))
@settings(max_examples=60)
def test_order_and_duplicates_change_nothing(
    name: str, data: st.DataObject, seed: int
) -> None:
    """The same facts in any order and number give the same messages."""
    messages = data.draw(st.lists(streams_of(name), max_size=8))
    source = Source(MAPPINGS[name])
    shuffled = [*messages, *messages[::2]]
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - an order, not a secret
    assert as_a_set(source.run(messages)) == as_a_set(source.run(shuffled))


@pytest.mark.parametrize("name", sorted(NAMES))
@given(data=st.data())
@settings(max_examples=60)
def test_state_never_overtakes_what_it_may_cover(
    name: str, data: st.DataObject
) -> None:
    """Whatever came before a STATE has been sent when it is."""
    messages = data.draw(st.lists(streams_of(name), min_size=1, max_size=6))
    numbered = [m for n, one in enumerate(messages) for m in (one, state(n))]
    sent = Source(MAPPINGS[name]).run(numbered)
    states = [n for n, message in enumerate(sent) if message["type"] == "STATE"]
    assert len(messages) - 1 == sent[states[-1]]["value"]
    for place in states:
        before = sent[: place + 1]
        alone = Source(MAPPINGS[name]).run(numbered[: sent[place]["value"] * 2 + 1])
        assert set(as_a_set([m for m in alone if m["type"] == "RECORD"])) <= set(
            as_a_set(before)
        )
