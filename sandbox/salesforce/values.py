"""What a field takes: JSON values, CSV cells and their limits."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from sandbox.salesforce.clock import to_date_text, to_datetime_text
from sandbox.salesforce.errors import ApiError, RowError, malformed
from sandbox.salesforce.ids import to_long

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.salesforce.fields import Field
    from sandbox.salesforce.schema import Sobject

Values = dict[str, Any]

_NUMBERS = frozenset({"double", "int"})
_EMAIL = re.compile(r"[^\s@,;<>()\[\]\\\"]+@[^\s@.,]+(\.[^\s@.,]+)+")
_NULL_CELL = "#N/A"  # Bulk API 2.0 docs: this sets a field to null


def parse_record(sobject: Sobject, record: Any) -> Values:
    """Return a JSON record by the fields' own names.

    Raises:
        ApiError: It is no object, or names a field there is not, or holds a value of
            another JSON type: then Salesforce refuses the whole request.
    """
    if not isinstance(record, dict):
        raise malformed("Cannot deserialize instance of SObject from this value")
    found: Values = {}
    for name, value in record.items():
        if name == "attributes":
            continue
        field = sobject.find(name)
        _check_json_type(field, value)
        found[field.name] = value
    return found


def _check_json_type(field: Field, value: Any) -> None:
    wanted: tuple[type, ...] = (str,)
    if field.type in _NUMBERS:
        wanted = (int, float)
    if field.type == "boolean":
        wanted = (bool,)
    is_flag = isinstance(value, bool) and field.type != "boolean"
    if value is not None and (is_flag or not isinstance(value, wanted)):
        raise malformed(
            f"Cannot deserialize instance of {field.type} from {field.name} value or "
            "request may be missing a required field"
        )


def parse_cells(sobject: Sobject, cells: Mapping[str, str]) -> Values:
    """Return one CSV row by the fields' own names; an empty cell is left out.

    Raises:
        RowError: A cell is not of its field's type.
    """
    found: Values = {}
    for name, text in cells.items():
        if text == "":
            continue
        field = sobject.find(name)
        found[field.name] = None if text == _NULL_CELL else _to_json(field, text)
    return found


def _to_json(field: Field, text: str) -> Any:
    if field.type in _NUMBERS:
        try:
            return float(text)
        except ValueError as error:
            raise _wrong_type(field, text) from error
    if field.type == "boolean":
        if text.lower() not in {"true", "false"}:
            raise _wrong_type(field, text)
        return text.lower() == "true"
    return text


def _wrong_type(field: Field, text: str) -> RowError:
    return RowError(
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        f"{field.name}: value not of required type: {text}",
        (field.name,),
    )


def to_stored(field: Field, value: Any) -> Any:
    """Return a value as the organisation keeps it.

    Raises:
        RowError: The value does not fit the field.
    """
    if value is None or value == "":
        return False if field.type == "boolean" else None
    check = _CHECKS.get(field.type)
    return check(field, value) if check else _to_text(field, value)


def _to_text(field: Field, value: str) -> str:
    if field.length and len(value) > field.length:
        raise RowError(
            "STRING_TOO_LONG",
            f"{field.name}: data value too large: {value[:20]} "
            f"(max length={field.length})",
            (field.name,),
        )
    return value


def _to_email(field: Field, value: str) -> str:
    if not _EMAIL.fullmatch(value):
        raise RowError(
            "INVALID_EMAIL_ADDRESS",
            f"{field.name}: invalid email address: {value}",
            (field.name,),
        )
    # E-mail fields keep their value in lower case (Salesforce help, seen 2026-11).
    return _to_text(field, value).lower()


def _to_number(field: Field, value: float) -> float:
    whole_digits = field.precision - field.scale
    if not math.isfinite(value) or abs(value) >= 10**whole_digits:
        raise RowError(
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"{field.name}: value outside of valid range on numeric field: {value}",
            (field.name,),
        )
    return round(float(value), field.scale)


def _to_option(field: Field, value: str) -> str:
    if field.restricted and value not in field.options:
        raise RowError(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"{field.name}: bad value for restricted picklist field: {value}",
            (field.name,),
        )
    return _to_text(field, value)


def _to_time(field: Field, value: str) -> str:
    try:
        convert = to_datetime_text if field.type == "datetime" else to_date_text
        return convert(value)
    except ValueError as error:
        raise _wrong_type(field, value) from error


def _to_reference(field: Field, value: str) -> str:
    found = to_long(value)
    if not found:
        raise RowError(
            "MALFORMED_ID",
            f"{field.name}: id value of incorrect type: {value}",
            (field.name,),
        )
    return found


_CHECKS: dict[str, Callable[[Field, Any], Any]] = {
    "email": _to_email,
    "double": _to_number,
    "int": _to_number,
    "picklist": _to_option,
    "datetime": _to_time,
    "date": _to_time,
    "reference": _to_reference,
    "id": _to_reference,
    "boolean": lambda _field, value: value,
}

__all__ = ["ApiError", "Values", "parse_cells", "parse_record", "to_stored"]
