"""Conditions of a mapping: a closed list of tests, combined by not, all and any."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from scoring_transform.sources.paths import Record
from scoring_transform.sources.units import Unfit, to_text

if TYPE_CHECKING:
    from scoring_transform.sources.scope import Scope
    from scoring_transform.sources.shapes import Condition

Test = Callable[[Record], bool]


def to_test(scope: Scope, condition: Condition) -> Test:
    """Return a condition as a test of a record."""
    form = scope.check_one(
        {
            "field": condition.field,
            "not": condition.not_,
            "all": condition.all_,
            "any": condition.any_,
        }
    )
    if form == "field":
        return _to_field_test(scope, condition)
    _refuse_tests(scope, condition, form)
    if condition.not_ is not None:
        inner = to_test(scope.at("not"), condition.not_)
        return lambda record: not inner(record)
    parts = condition.all_ if form == "all" else condition.any_
    tests = [to_test(scope.at(form, n), part) for n, part in enumerate(parts or ())]
    if not tests:
        scope.refuse(f"`{form}` needs at least one condition")
    return _combined(tests, every=form == "all")


def _combined(tests: list[Test], *, every: bool) -> Test:
    if every:
        return lambda record: all(test(record) for test in tests)
    return lambda record: any(test(record) for test in tests)


def _refuse_tests(scope: Scope, condition: Condition, form: str) -> None:
    given = (condition.equals, condition.one_of, condition.present)
    if any(value is not None for value in given):
        scope.refuse(f"equals, one_of and present need `field`, not `{form}`")


def _to_field_test(scope: Scope, condition: Condition) -> Test:
    form = scope.check_one(
        {
            "equals": condition.equals,
            "one_of": condition.one_of,
            "present": condition.present,
        }
    )
    read = scope.at("field").path(condition.field or "").reader
    if form == "present":
        return lambda record: _is_there(read(record)) is condition.present
    wanted = (condition.equals,) if form == "equals" else condition.one_of or ()
    texts = {to_text(value) for value in wanted} - {None}
    if not texts:
        scope.at(form).refuse("name a value, or test with `present: false`")
    return lambda record: _plain(read(record)) in texts


def _plain(value: Any) -> str | None:
    try:
        return to_text(value)
    except Unfit:
        return None


def _is_there(value: Any) -> bool:
    return value not in (None, [], {}) and (
        not isinstance(value, str) or bool(value.strip())
    )
