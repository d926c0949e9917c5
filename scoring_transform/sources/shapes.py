"""The shape of a source mapping, as its author writes it; `rules.py` judges it.

Plain text names a field of the foreign record; ``{constant: …}`` is the value itself.
Where only certain words can stand (activity, role, window), plain text is the word and
``{field: …, values: …}`` reads it from the record. ``docs/sources.md`` shows every key.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Unit = Literal["count", "milliseconds", "seconds", "minutes", "hours", "HH:MM:SS"]
Scalar = str | int | float | bool
Fields = str | tuple[str, ...]


class Times(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How times are written, and in which zone those are that name none."""

    format: str = "iso"
    timezone: str = "UTC"


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Text: the first of some fields that is there, or a constant."""

    field: Fields | None = None
    constant: Scalar | None = None
    values: dict[str, Scalar] | None = None
    default: str | None = None
    word: Literal["first", "rest"] | None = None


class Length(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A length of time that is added to a moment."""

    field: str
    unit: Unit = "seconds"


class Time(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A moment."""

    field: Fields | None = None
    constant: str | None = None
    format: str | None = None
    timezone: str | None = None
    plus: Length | None = None


class Number(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number of 0 or more."""

    field: Fields | None = None
    constant: int | float | None = None
    unit: Unit = "count"


class Word(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One word of a closed set, read from a field through a table."""

    field: str
    values: dict[str, str]
    default: str | None = None


class Condition(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    rename={"not_": "not", "all_": "all", "any_": "any"},
):
    """A test of one field, or a combination of conditions."""

    field: str | None = None
    equals: Scalar | None = None
    one_of: tuple[Scalar, ...] | None = None
    present: bool | None = None
    not_: Condition | None = None
    all_: tuple[Condition, ...] | None = None
    any_: tuple[Condition, ...] | None = None


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What names a thing."""

    fields: tuple[str, ...] | None = None
    constant: str | int | None = None
    alias: str | None = None
    day_of: str | None = None
    month_of: str | None = None
    format: str | None = None
    timezone: str | None = None
    hash: bool = False


TextValue = str | Text
TimeValue = str | Time
NumberValue = int | float | str | Number
FlagValue = bool | str | Condition
WordValue = str | Word
KeyValue = str | tuple[str, ...] | Key


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who a record is about: the first of these that is there."""

    id: KeyValue | None = None
    email: TextValue | None = None
    guest: TextValue | None = None


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every rule may say."""

    when: Condition | None = None
    rows: str | None = None
    event: KeyValue | None = None


class EventRule(Rule, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A foreign record that describes an event."""

    aliases: tuple[str, ...] = ()
    name: TextValue | None = None
    url: TextValue | None = None
    starts_at: TimeValue | None = None
    ends_at: TimeValue | None = None
    on_demand_ends_at: TimeValue | None = None
    updated_at: TimeValue | None = None


class SessionRule(Rule, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A foreign record that describes a session of an event."""

    session: KeyValue
    name: TextValue | None = None
    starts_at: TimeValue | None = None
    ends_at: TimeValue | None = None


class PersonRule(Rule, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A foreign record that describes a person, in no event or in one."""

    person: Person | None = None
    first_name: TextValue | None = None
    last_name: TextValue | None = None
    job_title: TextValue | None = None
    company: TextValue | None = None
    phone: TextValue | None = None
    city: TextValue | None = None
    country: TextValue | None = None
    role: WordValue | None = None
    profile_score: NumberValue | None = None
    custom: dict[str, str] = {}


class AttendeeRule(PersonRule, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A foreign record that says that somebody belongs to an event."""

    registered_at: TimeValue | None = None
    attended: FlagValue | None = None


class ActivityRule(Rule, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A foreign record that says that somebody did something."""

    activity: WordValue
    key: KeyValue
    person: Person | None = None
    session: KeyValue | None = None
    object: TextValue | None = None
    detail: TextValue | None = None
    quantity: NumberValue | None = None
    at: TimeValue | None = None
    until: TimeValue | None = None
    window: WordValue | None = None
    anonymous: FlagValue | None = None


class StreamRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of the records of one foreign stream."""

    stream: str
    event: KeyValue | None = None
    person: Person | None = None
    times: Times | None = None
    events: tuple[EventRule, ...] = ()
    sessions: tuple[SessionRule, ...] = ()
    people: tuple[PersonRule, ...] = ()
    attendees: tuple[AttendeeRule, ...] = ()
    activities: tuple[ActivityRule, ...] = ()


class ClosingStream(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The stream whose record of an event comes after everything else of it."""

    stream: str


class SourceFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mapping file: the platform and the rules for its streams."""

    platform: str
    streams: tuple[StreamRules, ...]
    event_complete: Literal["end_of_input"] | ClosingStream = "end_of_input"
    on_rejected: Literal["warn", "stop"] = "warn"
    times: Times = Times()


def to_schema_text() -> str:
    """Return the JSON schema of a mapping, as editors read it."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **msgspec.json.schema(SourceFile),
    }
    return msgspec.json.format(msgspec.json.encode(schema), indent=2).decode() + "\n"
