"""What HubSpot takes as a value, by the type of the property."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from sandbox.hubspot.clock import to_iso, to_seconds
from sandbox.hubspot.errors import Problem

Check = Callable[[str], str]

MAX_TEXT = 65_536
_EMAIL = re.compile(
    r"[^\s@,;<>\"()\[\]\\:]+@(?:[\w](?:[\w-]*[\w])?\.)+[A-Za-z][\w-]*[A-Za-z]"
)
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")
_DAY_MS = 86_400_000


class NotValid(Exception):  # noqa: N818 - it is a finding, not a failure
    """A value was refused: HubSpot's code and sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def to_checks(definitions: Mapping[str, Mapping[str, Any]]) -> dict[str, Check]:
    """Return, for each property, a function that returns the value as stored."""
    return {name: _to_check(body) for name, body in definitions.items()}


def check_values(
    checks: Mapping[str, Check], values: Mapping[str, str]
) -> tuple[dict[str, str], list[Problem]]:
    """Return the values as they are stored, and what is wrong with the others."""
    stored: dict[str, str] = {}
    problems: list[Problem] = []
    for name, value in values.items():
        try:
            check = checks.get(name) or _unknown(name)
            stored[name] = check(value)
        except NotValid as error:
            problems.append(Problem(name=name, code=error.code, message=error.message))
    return stored, problems


def _to_check(body: Mapping[str, Any]) -> Check:
    name = body["name"]
    if body["modificationMetadata"]["readOnlyValue"] or body["calculated"]:
        return _read_only(name)
    if name == "email":
        return _check_email
    if body["type"] in ("enumeration", "bool") and not body["externalOptions"]:
        return _one_of(body)
    return _CHECKS.get(body["type"], _check_text)


def _read_only(name: str) -> Check:
    # HubSpot docs: values of calculated properties cannot be written; code inferred.
    def check(_: str) -> str:
        raise NotValid(
            "READ_ONLY_VALUE",
            f'"{name}" is a read only property; its value cannot be set.',
        )

    return check


def _one_of(body: Mapping[str, Any]) -> Check:
    # HubSpot docs: enumerations take the exact option values, nothing else.
    allowed = {option["value"] for option in body["options"]}
    if body["type"] == "bool":
        allowed |= {"true", "false"}
    several = body["fieldType"] == "checkbox"

    def check(value: str) -> str:
        # HubSpot docs: several values of one property are separated by semicolons.
        chosen = value.split(";") if several else [value]
        if value and not allowed.issuperset(c for c in chosen if c or not several):
            shown = ", ".join(sorted(allowed))
            raise NotValid(
                "INVALID_OPTION",
                f"{value} was not one of the allowed options: [{shown}]",
            )
        return value

    return check


def _unknown(name: str) -> Check:
    # Seen live: the code, and the name in `errors`.
    def check(_: str) -> str:
        raise NotValid("PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')

    return check


def _check_text(value: str) -> str:
    # HubSpot docs, notes: 65,536 characters; for other texts inferred.
    if len(value) > MAX_TEXT:
        raise NotValid("STRING_TOO_LONG", f"The value is longer than {MAX_TEXT}")
    return value


def _check_email(value: str) -> str:
    # Seen live: matched without regard to case, and stored in lower case.
    email = value.strip().lower()
    if email and not _EMAIL.fullmatch(email):
        raise NotValid("INVALID_EMAIL", f"Email address {value} is invalid")
    return email


def _check_number(value: str) -> str:
    # HubSpot docs: no commas, at most one period; exponents are refused (seen live).
    if value and not _NUMBER.fullmatch(value):
        raise NotValid("INVALID_INTEGER", f"{value} was not a valid number.")
    return value


def _check_datetime(value: str) -> str:
    # HubSpot docs: a millisecond stamp or ISO 8601.
    try:
        return to_iso(to_seconds(value)) if value else value
    except (ValueError, OverflowError, OSError) as error:
        raise NotValid("INVALID_LONG", f"{value} was not a valid long.") from error


def _check_date(value: str) -> str:
    # HubSpot docs: a day, or a stamp that is midnight in UTC.
    if value.removeprefix("-").isdecimal():
        if int(value) % _DAY_MS:
            raise NotValid("INVALID_DATE", f"{value} is not midnight UTC!")
        return to_iso(int(value) / 1000)[:10]
    try:
        return date.fromisoformat(value).isoformat() if value else value
    except ValueError as error:
        raise NotValid("INVALID_DATE", f"{value} was not a valid date.") from error


_CHECKS: dict[str, Check] = {
    "number": _check_number,
    "datetime": _check_datetime,
    "date": _check_date,
}
