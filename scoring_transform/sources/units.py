"""Plain values of foreign records as text, numbers and moments.

Every function is pure and refuses by `Unfit`, whose text never holds the value.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from scoring_transform.sources.shapes import Unit

SECONDS = {"milliseconds": 0.001, "seconds": 1, "minutes": 60, "hours": 3600}
ISO, EPOCH_S, EPOCH_MS = "iso", "epoch_s", "epoch_ms"
FORMATS = (ISO, EPOCH_S, EPOCH_MS)
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MOST = 1_000_000_000
MOST_NUMBER = 10**15
MOST_DIGITS = 400
DECIMALS = 6

_CLOCK = re.compile(r"(?:(\d{1,6}):)?(\d{1,6}):(\d{1,2}(?:\.\d{1,9})?)", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,30}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,3})?", re.ASCII)


class Unfit(Exception):  # noqa: N818 - becomes a rejected row, not a failure
    """A value cannot be what the mapping says it is; the text does not quote it."""


def to_text(value: Any) -> str | None:
    """Return a plain value as text, and None for what is empty."""
    if value is None:
        return None
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() < MOST_DIGITS:
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value.is_integer() else repr(value)
    raise Unfit("is not plain text or a number")


def to_number(value: Any) -> float | None:
    """Return a number of 0 or more; None for what is empty."""
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        if not _NUMBER.fullmatch(text):
            raise Unfit("is not a number")
        value = float(text)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unfit("is not a number")
    if not 0 <= value <= MOST_NUMBER:
        raise Unfit("is a number out of range")
    return value


def to_quantity(value: Any, unit: Unit) -> float | None:
    """Return a count as it is, and a length of time in seconds."""
    if unit == "HH:MM:SS":
        return _to_clocked(value)
    number = to_number(value)
    if number is None:
        return None
    return _tidy(number * SECONDS.get(unit, 1))


def _to_clocked(value: Any) -> float | None:
    text = to_text(value)
    if text is None:
        return None
    found = _CLOCK.fullmatch(text)
    if not found:
        raise Unfit("is not a length of time such as 01:30:00")
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return _tidy(hours * 3600 + minutes * 60 + seconds)


def _tidy(number: float) -> float:
    if number > MOST:
        raise Unfit("is a number out of range")
    rounded = round(number, DECIMALS)
    return int(rounded) if rounded == int(rounded) else rounded


def to_moment(value: Any, form: str, zone: ZoneInfo) -> dt.datetime | None:
    """Return a moment in UTC; None for what is empty.

    Args:
        value: What the record has.
        form: ``iso``, ``epoch_s``, ``epoch_ms`` or a pattern of `strptime`.
        zone: Of a time that names none.
    """
    try:
        if form in (EPOCH_S, EPOCH_MS):
            return _to_epoch(value, 1000 if form == EPOCH_MS else 1)
        text = to_text(value)
        if text is None:
            return None
        return _to_utc(_to_wall(text, form), zone)
    except (ValueError, OverflowError) as error:
        raise Unfit(f"is not a time in the format `{form}`") from error


def _to_wall(text: str, form: str) -> dt.datetime:
    if form == ISO:
        return dt.datetime.fromisoformat(text)
    return dt.datetime.strptime(text, form)  # noqa: DTZ007 - the caller knows the zone


def _to_utc(wall: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    aware = wall if wall.tzinfo else wall.replace(tzinfo=zone)
    return aware.astimezone(dt.UTC)


def _to_epoch(value: Any, parts: int) -> dt.datetime | None:
    number = to_number(value)
    if number is None:
        return None
    return EPOCH + dt.timedelta(microseconds=round(number * (1_000_000 // parts)))


def check_format(form: str) -> None:
    """Refuse a format that no time could have.

    Raises:
        ValueError: Says which formats there are.
    """
    if form in FORMATS:
        return
    try:
        if "%" in form:
            dt.datetime.strptime(EPOCH.strftime(form), form)  # noqa: DTZ007 - a trial
            return
    except (ValueError, re.error):
        pass
    raise ValueError(
        f"`{form}` is no time format; use {', '.join(FORMATS)} or a pattern such as "
        "'%d/%m/%Y %H:%M'"
    )


def to_zone(name: str) -> ZoneInfo:
    """Return a time zone.

    Raises:
        ValueError: There is none of this name.
    """
    try:
        return ZoneInfo(name)
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(
            f"`{name}` is no time zone; use a name such as 'UTC' or 'Europe/Berlin'"
        ) from error
