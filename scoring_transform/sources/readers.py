"""What the rules of one kind read from a record, and what of it cannot stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from scoring_transform.activities import NAMES, TIME, WINDOWS
from scoring_transform.sources.facts import ROLES
from scoring_transform.sources.shapes import Number, Unit, Word
from scoring_transform.sources.units import Unfit
from scoring_transform.sources.values import (
    REJECT,
    to_flag_reader,
    to_key_reader,
    to_number_reader,
    to_text_reader,
    to_time_reader,
    to_word_reader,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from scoring_transform.sources.paths import Read, Record
    from scoring_transform.sources.scope import Scope
    from scoring_transform.sources.shapes import (
        ActivityRule,
        PersonRule,
        Rule,
        WordValue,
    )

CHAT = NAMES[1]
UNITS = tuple(unit for unit in get_args(Unit) if unit != "count")
PROFILE_TEXTS = (
    "first_name",
    "last_name",
    "job_title",
    "company",
    "phone",
    "city",
    "country",
)


def activities_of(rule: ActivityRule) -> frozenset[str]:
    """Return the activities that a rule can yield."""
    if isinstance(rule.activity, Word):
        words = {*rule.activity.values.values(), rule.activity.default}
        return frozenset(name for name in NAMES if name in words)
    return frozenset({rule.activity})


def to_readers(
    scope: Scope, rule: Rule, texts: tuple[str, ...], times: tuple[str, ...]
) -> dict[str, Read]:
    """Return how to read those fields of a rule that the mapping gives."""
    readers: dict[str, Read] = {}
    for name in texts:
        if (value := getattr(rule, name)) is not None:
            readers[name] = to_text_reader(scope.at(name), value)
    for name in times:
        if (value := getattr(rule, name)) is not None:
            readers[name] = to_time_reader(scope.at(name), value)
    return readers


def to_profile(scope: Scope, rule: PersonRule) -> dict[str, Read]:
    """Return how to read what describes a person."""
    readers = to_readers(scope, rule, PROFILE_TEXTS, ())
    if rule.role is not None:
        readers["role"] = to_word_reader(scope.at("role"), rule.role, ROLES, ROLES[0])
    if rule.profile_score is not None:
        where = scope.at("profile_score")
        readers["profile_score"] = to_number_reader(where, rule.profile_score)
    for name, field in rule.custom.items():
        where = scope.at("custom", name)
        readers[f"custom.{name}"] = to_text_reader(where, field)
    return readers


def _to_activity_reader(scope: Scope, value: WordValue) -> Read:
    return to_word_reader(scope, value, NAMES, REJECT)


def _to_window_reader(scope: Scope, value: WordValue) -> Read:
    return to_word_reader(scope, value, WINDOWS, None)


#: Our field, the rule's key, and how the key's value is read.
ACTIVITY_FIELDS: tuple[tuple[str, str, Callable[[Scope, Any], Read]], ...] = (
    ("activity", "activity", _to_activity_reader),
    ("session_id", "session", to_key_reader),
    ("object_id", "object", to_text_reader),
    ("detail", "detail", to_text_reader),
    ("quantity", "quantity", to_number_reader),
    ("occurred_at", "at", to_time_reader),
    ("ended_at", "until", to_time_reader),
    ("window", "window", _to_window_reader),
    ("anonymous", "anonymous", to_flag_reader),
)


def to_activity_readers(scope: Scope, rule: ActivityRule) -> dict[str, Read]:
    """Return how to read an activity; named as in our stream."""
    _check_activity(scope, rule)
    return {
        name: read(scope.at(key), value)
        for name, key, read in ACTIVITY_FIELDS
        if (value := getattr(rule, key)) is not None
    }


def _check_activity(scope: Scope, rule: ActivityRule) -> None:
    if rule.until is not None and rule.at is None:
        scope.refuse("`until` needs `at`")
    kinds = activities_of(rule)
    if kinds == {CHAT} and rule.detail is not None:
        scope.at("detail").refuse("chat takes no `detail`: messages stay at the source")
    if TIME in kinds:
        _check_stay(scope, rule, kinds)


def _check_stay(scope: Scope, rule: ActivityRule, kinds: frozenset[str]) -> None:
    """Refuse a time in session whose length cannot be told."""
    quantity = rule.quantity
    if quantity is None:
        if rule.until is None:
            scope.refuse(f"{TIME} needs `until`, or a `quantity` with a unit of time")
        return
    if not isinstance(quantity, Number) or quantity.unit == "count":
        scope.at("quantity").refuse(
            f"say the unit of {TIME}: {{field: …, unit: {' | '.join(UNITS)}}}"
        )
    if len(kinds) > 1:
        scope.at("quantity").refuse(
            f"give {TIME} a rule of its own: its quantity is a length of time"
        )


def settle(fields: dict[str, Any]) -> None:
    """Refuse an end before the start; tell how long a stay was; keep no messages."""
    if fields["activity"] == CHAT:
        fields.pop("detail", None)
    start, end = fields.get("occurred_at"), fields.get("ended_at")
    if start is not None and end is not None:
        if end < start:
            raise Unfit("ends before it begins")
        if fields["activity"] == TIME:
            fields["quantity"] = (end - start).total_seconds()
    if fields["activity"] == TIME and fields.get("quantity") is None:
        raise Unfit("has no length of time")


def read_all(readers: dict[str, Read], record: Record) -> dict[str, Any]:
    """Return what the readers find; nothing where they find nothing."""
    found = {name: read(record) for name, read in readers.items()}
    return {name: value for name, value in found.items() if value is not None}
