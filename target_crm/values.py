"""One value of a row as the text that a CRM property takes, checked by its type."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import TYPE_CHECKING, Any

from sync_core.errors import RowRejected
from target_crm.rows import to_utc

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_crm.mapping import Property

CLEARED = ""


def to_converter(spec: Property) -> Callable[[Any], str]:
    """Return what makes the property's text of a value that is not empty.

    It raises `RowRejected` for a value that does not fit the type or the options.
    """
    return partial(_TO_TEXT[spec.type], spec)


def is_empty(value: Any) -> bool:
    """Tell whether there is nothing to write; 0 and false are something."""
    return value is None or value in ("", [])


def to_cleared(spec: Property) -> str | None:
    """Return the property's text for an empty value; None leaves what is there."""
    return CLEARED if spec.when_null == "clear" else None


def to_canonical(kind: str, text: str | None) -> str:
    """Return a CRM's spelling of a value as ours, so that equal values are equal."""
    if text is None or text == "":
        return CLEARED
    if kind == "number":
        return _plain_number(text) or text
    if kind in {"datetime", "date"}:
        return _time_of(text, kind) or text
    return text


def _plain_number(value: Any) -> str | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    if not number.is_finite():
        return None
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def _number(spec: Property, value: Any) -> str:
    if type(value) is float:
        text = repr(value)
        if "e" not in text and "n" not in text:  # 1e-07, inf, nan
            text = text.removesuffix(".0")
            return "0" if text == "-0" else text
    elif type(value) is int:
        return repr(value)
    return _odd_number(spec, value)


def _odd_number(spec: Property, value: Any) -> str:
    text = None if isinstance(value, bool) else _plain_number(value)
    if text is None:
        raise _misfit(spec, "INVALID_NUMBER", "is not a number")
    return text


def _option(spec: Property, value: Any) -> str:
    text = str(value)
    if text not in spec.option_values:
        allowed = ", ".join(spec.option_values)
        raise _misfit(spec, "INVALID_OPTION", f"is none of {allowed}")
    return text


def _datetime(spec: Property, value: Any) -> str:
    return to_utc(value, spec.name) or CLEARED


def _date(spec: Property, value: Any) -> str:
    return _datetime(spec, value)[:10]


def _bool(spec: Property, value: Any) -> str:
    if not isinstance(value, bool):
        raise _misfit(spec, "INVALID_BOOLEAN", "is neither true nor false")
    return "true" if value else "false"


def _string(_spec: Property, value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(str(part) for part in value)
    return str(value)


_TO_TEXT: dict[str, Callable[[Property, Any], str]] = {
    "number": _number,
    "enumeration": _option,
    "datetime": _datetime,
    "date": _date,
    "bool": _bool,
    "string": _string,
}


def _time_of(text: str, kind: str) -> str | None:
    """HubSpot shows times as ISO 8601 and takes milliseconds too (seen 2026-11)."""
    try:
        if text.lstrip("-").isdigit():
            stamp = datetime.fromtimestamp(int(text) / 1000, UTC)
            text = stamp.isoformat()
        utc = to_utc(text, "time")
    except (RowRejected, OverflowError, OSError, ValueError):
        return None
    return utc[:10] if utc and kind == "date" else utc


def _misfit(spec: Property, code: str, what: str) -> RowRejected:
    return RowRejected(f"{spec.source} {what}", code=code, field=spec.name)
