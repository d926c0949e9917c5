"""Values of a mapping as functions that read them from a record."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING, Any

from scoring_transform.sources.conditions import to_test
from scoring_transform.sources.shapes import (
    Condition,
    Fields,
    Key,
    Number,
    Text,
    Time,
    Word,
)
from scoring_transform.sources.units import (
    Unfit,
    to_moment,
    to_number,
    to_quantity,
    to_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from scoring_transform.sources.paths import Read, Record
    from scoring_transform.sources.scope import Scope
    from scoring_transform.sources.shapes import (
        FlagValue,
        KeyValue,
        NumberValue,
        TextValue,
        TimeValue,
        WordValue,
    )

IGNORE, REJECT = "ignore", "reject"
FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
HASH_DIGITS = 24


class LeftOut(Exception):  # noqa: N818 - a record that is not wanted, not a failure
    """The mapping says to ignore this record."""


def constant(value: Any) -> Read:
    """Return how to read what is the same for every record."""
    return lambda _: value


def hashed(*parts: str) -> str:
    """Return a short name for several texts; no two lists of texts share one."""
    text = "\x00".join(f"{len(part)}:{part}" for part in parts)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:HASH_DIGITS]


def _converted(scope: Scope, fields: Fields, convert: Callable[[Any], Any]) -> Read:
    """Return how to read a field as something; a refusal names the field."""
    raw, name = scope.first_of(fields)

    def read(record: Record) -> Any:
        try:
            return convert(raw(record))
        except Unfit as problem:
            raise Unfit(f"`{name}` {problem}") from None

    return read


def to_text_reader(scope: Scope, value: TextValue) -> Read:
    """Return how to read a text."""
    if not isinstance(value, Text):
        return _converted(scope, value, to_text)
    if scope.check_one({"field": value.field, "constant": value.constant}) != "field":
        return constant(to_text(value.constant))
    return _converted(scope.at("field"), value.field or (), _to_shaped(value))


def _to_shaped(value: Text) -> Callable[[Any], str | None]:
    table = {key: to_text(entry) for key, entry in (value.values or {}).items()}

    def convert(raw: Any) -> str | None:
        text = to_text(raw)
        if text is not None and value.values is not None:
            other = text if value.default is None else value.default
            text = table.get(text, other)
        text = value.default if text is None else text
        return _word_of(text, value.word) if text and value.word else text

    return convert


def _word_of(text: str, which: str) -> str | None:
    first, *rest = text.split(maxsplit=1)
    return first if which == "first" else next(iter(rest), None)


def to_time_reader(scope: Scope, value: TimeValue) -> Read:
    """Return how to read a moment, in UTC."""
    if not isinstance(value, Time):
        return _converted(scope, value, _moments(scope))
    form = scope.check_one({"field": value.field, "constant": value.constant})
    inner = scope.written(value.format, value.timezone)
    convert = _moments(inner)
    if form == "constant":
        try:
            read = constant(convert(value.constant))
        except Unfit as problem:
            scope.at("constant").refuse(f"the constant {problem}")
    else:
        read = _converted(inner.at("field"), value.field or (), convert)
    return _later(scope.at("plus"), read, value)


def _moments(scope: Scope) -> Callable[[Any], dt.datetime | None]:
    form, zone = scope.form, scope.zone
    return lambda raw: to_moment(raw, form, zone)


def _later(scope: Scope, read: Read, value: Time) -> Read:
    """Return how to read a moment and add a length of time to it."""
    if value.plus is None:
        return read
    plus = value.plus
    if plus.unit == "count":
        scope.at("unit").refuse("a length of time has no unit `count`")
    length = _converted(
        scope.at("field"), plus.field, lambda raw: to_quantity(raw, plus.unit)
    )

    def later(record: Record) -> dt.datetime | None:
        start, seconds = read(record), length(record)
        if start is None or seconds is None:
            return None
        try:
            return start + dt.timedelta(seconds=seconds)  # type: ignore[no-any-return]
        except OverflowError as error:
            raise Unfit(f"`{plus.field}` is too long") from error

    return later


def to_number_reader(scope: Scope, value: NumberValue) -> Read:
    """Return how to read a count, or a length of time in seconds."""
    if isinstance(value, str):
        return _converted(scope, value, lambda raw: to_quantity(raw, "count"))
    if not isinstance(value, Number):
        return constant(_checked(scope, value))
    form = scope.check_one({"field": value.field, "constant": value.constant})
    if form == "constant":
        return constant(_checked(scope.at("constant"), value.constant))
    unit = value.unit
    return _converted(
        scope.at("field"), value.field or (), lambda raw: to_quantity(raw, unit)
    )


def _checked(scope: Scope, number: float | None) -> float | None:
    try:
        return to_number(number)
    except Unfit as problem:
        scope.refuse(f"the constant {problem}; allowed are numbers of 0 or more")


def to_flag_reader(scope: Scope, value: FlagValue) -> Read:
    """Return how to read yes or no."""
    if isinstance(value, bool):
        return constant(value)
    if isinstance(value, Condition):
        return to_test(scope, value)
    return _converted(scope, value, _to_flag)


def _to_flag(raw: Any) -> bool | None:
    text = to_text(raw)
    if text is None:
        return None
    if text.lower() not in FLAGS:
        raise Unfit("is neither true nor false")
    return FLAGS[text.lower()]


def to_word_reader(
    scope: Scope, value: WordValue, allowed: tuple[str, ...], fallback: str | None
) -> Read:
    """Return how to read one of some words.

    Args:
        scope: Where the value stands.
        value: A word, or a field with a table.
        allowed: The words there are.
        fallback: What another value means, if the table has no `default`.
    """
    if not isinstance(value, Word):
        _check_word(scope, value, allowed)
        return constant(value)
    for key, word in value.values.items():
        _check_word(scope.at("values", key), word, (*allowed, IGNORE))
    other = fallback
    if value.default is not None:
        _check_word(scope.at("default"), value.default, (*allowed, IGNORE, REJECT))
        other = value.default
    table = value.values
    return _converted(
        scope.at("field"), value.field, lambda raw: _to_word(raw, table, other)
    )


def _to_word(raw: Any, table: dict[str, str], other: str | None) -> str | None:
    word = table.get(to_text(raw) or "", other)
    if word == IGNORE:
        raise LeftOut
    if word == REJECT:
        raise Unfit("has a value that the table `values` does not know")
    return word


def _check_word(scope: Scope, word: str, allowed: tuple[str, ...]) -> None:
    if word not in allowed:
        scope.refuse(f"`{word}` is not known; allowed are {', '.join(allowed)}")


def to_key_reader(scope: Scope, value: KeyValue, *, partial: bool = False) -> Read:
    """Return how to read a key; None if a part of it is missing.

    Args:
        scope: Where the key stands.
        value: The key.
        partial: Whether one part is enough; several are hashed.
    """
    if not isinstance(value, Key):
        fields = (value,) if isinstance(value, str) else value
        return _joined(scope, fields, partial=partial)
    given = {
        "fields": value.fields,
        "constant": value.constant,
        "day_of": value.day_of,
        "month_of": value.month_of,
    }
    form = scope.check_one(given)
    if form in {"fields", "constant"} and (value.format or value.timezone):
        scope.refuse("`format` and `timezone` belong to `day_of` and `month_of`")
    read = _to_spelled(scope, value, form, partial=partial)
    if not value.hash:
        return read
    return lambda record: None if (key := read(record)) is None else hashed(key)


def _to_spelled(scope: Scope, value: Key, form: str, *, partial: bool) -> Read:
    if form == "constant":
        return constant(to_text(value.constant))
    if form == "fields":
        return _joined(scope.at("fields"), value.fields or (), partial=partial)
    inner = scope.written(value.format, value.timezone)
    field = value.day_of or value.month_of or ""
    pattern = "%Y-%m-%d" if form == "day_of" else "%Y-%m"
    zone = inner.zone
    moment = _converted(inner.at(form), field, _moments(inner))

    def read(record: Record) -> str | None:
        at = moment(record)
        try:
            return None if at is None else at.astimezone(zone).strftime(pattern)
        except OverflowError as error:
            raise Unfit(f"`{field}` is out of range") from error

    return read


def _joined(scope: Scope, fields: tuple[str, ...], *, partial: bool) -> Read:
    if not fields:
        scope.refuse("name at least one field")
    readers = [_converted(scope, name, to_text) for name in fields]
    if len(readers) == 1:
        return readers[0]

    def read(record: Record) -> str | None:
        parts = [part(record) or "" for part in readers]
        if partial:
            return hashed(*parts) if any(parts) else None
        return ":".join(map(_escaped, parts)) if all(parts) else None

    return read


def _escaped(part: str) -> str:
    """Return a part of a key so that two lists of parts never look the same."""
    return part.replace("%", "%25").replace(":", "%3A")
