"""Shipped mappings read what the real taps announce; the examples are like it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from tap_schemas import read_tap, to_messages, to_schema

from scoring_transform.sources.mapping import load_source

if TYPE_CHECKING:
    from collections.abc import Callable

    from source_kit import Source

EXAMPLES = Path(__file__).parents[2] / "examples"
ANONYMOUS = "Anonymous Attendee"
#: The mapping, its tap and its example.
TAPS = [("zoom", "tap-zoom", "zoom-tap"), ("web_events", "tap-mixpanel", "web-events")]
READ = [
    (mapping, tap, stream)
    for mapping, tap, _ in TAPS
    for stream in load_source(mapping).rules
]


def read_sample(example: str) -> list[dict[str, Any]]:
    """Return the messages of an example."""
    text = (EXAMPLES / example / "sample.singer").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def kind_of(fields: dict[str, Any], where: tuple[str, ...]) -> Any:
    """Return the noted type of a field, into arrays and objects."""
    found: Any = fields
    for part in where:
        found = found[0] if part == "*" else found[part]
    return found


@pytest.mark.parametrize(("mapping", "tap", "stream"), READ)
def test_every_field_that_is_read_is_announced_by_the_tap(
    mapping: str, tap: str, stream: str
) -> None:
    """Also those inside arrays."""
    source, noted = load_source(mapping), read_tap(tap)
    fields = noted[stream]["fields"]
    assert source.find_unknown(stream, to_schema(fields)) == []
    assert all(kind_of(fields, where) for where in source.used[stream])


@pytest.mark.parametrize(("mapping", "tap", "stream"), READ)
def test_a_field_that_the_tap_renames_is_told(
    mapping: str, tap: str, stream: str
) -> None:
    """One sentence for each field that is read, if none of them were there."""
    source = load_source(mapping)
    told = source.find_unknown(stream, to_schema({"something_else": "string"}))
    roots = {where[0] for where in source.used[stream]}
    assert len(told) == len(source.used[stream])
    assert roots <= {*read_tap(tap)[stream]["fields"]}


@pytest.mark.parametrize(
    ("stream", "old", "new"),
    [
        ("webinar_poll_results", "polling_id", "poll_id"),
        ("webinar_qna_results", "question", "questions"),
    ],
)
def test_a_renamed_field_inside_an_array_is_told(
    stream: str, old: str, new: str
) -> None:
    """With the name that was probably meant."""
    fields = read_tap("tap-zoom")[stream]["fields"]
    (inner,) = fields["question_details"]
    renamed = {new if name == old else name: kind for name, kind in inner.items()}
    schema = to_schema(fields | {"question_details": [renamed]})
    (told,) = load_source("zoom").find_unknown(stream, schema)
    assert f"has no `row.{old}`; did you mean `{new}`?" in told


@pytest.mark.parametrize("stream", ["webinar_poll_results", "webinar_qna_results"])
def test_anonymous_answers_and_questions_make_nobody(stream: str) -> None:
    """All of them have one name in Zoom; as one guest they would lead the ranks."""
    details = [{"question": "Why?", "answer": "A", "polling_id": "p1"}]
    record = {"webinar_uuid": "u", "email": "", "question_details": details}
    named = load_source("zoom").to_facts(stream, record | {"name": "Ann"})
    assert [fact.kind for fact in named.facts] == ["attendees", "activities"]
    hidden = load_source("zoom").to_facts(stream, record | {"name": ANONYMOUS})
    (fact,) = hidden.facts
    assert (fact.kind, fact.fields["anonymous"]) == ("activities", True)
    assert "attendee_id" not in fact.fields


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        pytest.param({"properties": {"b": {}}}, "`a.0.c`", id="other-field"),
        pytest.param({"properties": {"a.0.c": {}}}, "", id="name-with-dots"),
        pytest.param({"properties": {"a": {}}}, "", id="says-nothing-of-it"),
        pytest.param({"properties": {"a": True}}, "", id="says-anything"),
        pytest.param({"properties": {"a": {"items": {}}}}, "", id="of-anything"),
        pytest.param(
            {"properties": {"a": {"items": {"properties": {"d": {}}}}}},
            "`a.0.c`",
            id="other-inner-field",
        ),
        pytest.param(
            {
                "properties": {
                    "a": {
                        "items": {"properties": {"d": {}}, "additionalProperties": True}
                    }
                }
            },
            "",
            id="any-inner-field",
        ),
        pytest.param(None, "", id="no-schema"),
        pytest.param({}, "", id="empty"),
    ],
)
def test_only_what_a_schema_surely_lacks_is_told(
    source: Callable[[str], Source], schema: Any, told: str
) -> None:
    """A SCHEMA may leave open what is inside a field."""
    mapping = source(
        "platform: shop\nstreams:\n  - stream: rows\n    event: {constant: x}\n"
        "    events: [{name: a.0.c}]\n"
    ).mapping
    found = mapping.find_unknown("rows", schema)
    assert bool(told) == bool(found)
    assert all(told in sentence for sentence in found)


@pytest.mark.parametrize(
    ("mapping", "tap", "key"),
    [
        ("zoom", "tap-zoom", "at"),
        ("zoom", "tap-zoom", "until"),
        ("web_events", "tap-mixpanel", "at"),
    ],
)
def test_times_are_read_from_times(mapping: str, tap: str, key: str) -> None:
    """In the form in which Singer taps write them."""
    noted, found = read_tap(tap), 0
    for stream in load_source(mapping).file.streams:
        for rule in stream.activities:
            field = getattr(rule, key)
            if field is not None:
                rows = (rule.rows, "*") if rule.rows else ()
                where = (*rows, field.removeprefix("row."))
                assert kind_of(noted[stream.stream]["fields"], where) == "time"
                found += 1
    assert found


@pytest.mark.parametrize(("tap", "example"), [(tap, name) for _, tap, name in TAPS])
def test_an_example_announces_what_its_tap_announces(tap: str, example: str) -> None:
    """Stream by stream and key by key."""
    messages = to_messages(tap)
    sent = [m for m in read_sample(example) if m["type"] == "SCHEMA"]
    assert {m["stream"] for m in sent} == set(messages)
    for message in sent:
        assert messages[message["stream"]] == message


@pytest.mark.parametrize(("tap", "example"), [(tap, name) for _, tap, name in TAPS])
def test_an_examples_records_are_what_its_tap_could_send(
    tap: str, example: str
) -> None:
    """Every record keeps to the SCHEMA of its stream."""
    judges = {
        stream: Draft202012Validator(message["schema"])
        for stream, message in to_messages(tap).items()
    }
    records = [m for m in read_sample(example) if m["type"] == "RECORD"]
    for message in records:
        judges[message["stream"]].validate(message["record"])
    assert {m["stream"] for m in records} >= {
        stream for mapping, name, stream in READ if name == tap
    }


if __name__ == "__main__":
    for _, tap, name in TAPS:
        schemas = to_messages(tap)
        lines = [
            schemas[m["stream"]] if m["type"] == "SCHEMA" else m
            for m in read_sample(name)
        ]
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (EXAMPLES / name / "sample.singer").write_text(text, encoding="utf-8")
