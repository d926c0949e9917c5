"""Lines of the input streams, many at a time, as checked columns.

A whole run of lines is parsed at once. If one of them is odd the run is read again line
by line, slowly and leniently, so that what is accepted never depends on the company a
line is in.
"""

from __future__ import annotations

import datetime as dt
import io
import json
from typing import Any

import msgspec
import polars as pl

from scoring_transform.instants import to_micros
from scoring_transform.ranks import NANO
from sync_core.errors import FatalError
from sync_core.identity import to_email_key

TEXT, NUMBER, FLAG = pl.String(), pl.Float64(), pl.Boolean()

FIELDS: dict[str, dict[str, pl.DataType]] = {
    "activities": {
        "event_id": TEXT,
        "activity_id": TEXT,
        "attendee_id": TEXT,
        "session_id": TEXT,
        "activity": TEXT,
        "window": TEXT,
        "object_id": TEXT,
        "quantity": NUMBER,
        "occurred_at": TEXT,
        "ended_at": TEXT,
        "anonymous": FLAG,
        "detail": TEXT,
    },
    "attendees": {
        "event_id": TEXT,
        "attendee_id": TEXT,
        "email": TEXT,
        "first_name": TEXT,
        "last_name": TEXT,
        "job_title": TEXT,
        "company": TEXT,
        "phone": TEXT,
        "city": TEXT,
        "country": TEXT,
        "role": TEXT,
        "registered_at": TEXT,
        "attended": FLAG,
        "profile_score": NUMBER,
    },
    "sessions": {
        "event_id": TEXT,
        "session_id": TEXT,
        "starts_at": TEXT,
        "ends_at": TEXT,
    },
}
KEYS = {
    "activities": ("event_id", "activity_id", "activity"),
    "attendees": ("event_id", "attendee_id"),
    "sessions": ("event_id", "session_id"),
}
INSTANTS = {
    "activities": {"occurred_at": "starts", "ended_at": "ends"},
    "attendees": {},
    "sessions": {"starts_at": "starts", "ends_at": "ends"},
}
#: What half of a surrogate pair may be written as; a whole pair begins so, too.
SURROGATES = (b"\\ud", b"\\uD")
BACKSLASH = b"\\"
MOST_POINTS = 1_000_000

_decoder = msgspec.json.Decoder()


def parse_records(stream: str, data: bytes, count: int) -> pl.DataFrame | None:
    """Return records as columns of text, numbers and flags; nothing if one is odd.

    Args:
        stream: One of the three streams that come in numbers.
        data: Whole lines, each a record.
        count: How many lines there are.
    """
    if has_surrogate(data):
        return None
    try:
        frame = pl.read_ndjson(io.BytesIO(data), schema=FIELDS[stream])
    except pl.exceptions.PolarsError:
        return None
    return frame if frame.height == count else None


def decode_lines(data: bytes) -> list[dict[str, Any]]:
    """Return the objects of whole lines, which is slow."""
    return [decode(line) for line in data.split(b"\n") if line.strip()]


def decode(line: bytes) -> dict[str, Any]:
    """Return a line's object; the refusal does not quote it."""
    try:
        message = _decode(line)
    except ValueError as error:
        raise FatalError(
            "The input has a line that is not JSON, or that was cut off. The stage "
            "before this one probably stopped: look at its log, then run again."
        ) from error
    if not isinstance(message, dict):
        raise FatalError("The input has a line that is not a Singer message.")
    return message


def _decode(line: bytes) -> Any:
    """Return a line's value; Python's own decoder takes half of a surrogate pair."""
    if has_surrogate(line):
        return json.loads(line)
    return _decoder.decode(line)


def to_frame(stream: str, records: list[Any]) -> pl.DataFrame:
    """Return decoded records as columns."""
    if not all(isinstance(record, dict) for record in records):
        raise FatalError(f"A RECORD of `{stream}` has no `record` object.")
    columns = {
        name: [_to_value(stream, name, kind, record.get(name)) for record in records]
        for name, kind in FIELDS[stream].items()
    }
    return pl.DataFrame(columns, schema=FIELDS[stream])


def _to_value(stream: str, name: str, kind: pl.DataType, value: Any) -> Any:
    if value is None:
        return None
    if kind == TEXT:
        return to_text(value)
    if kind == NUMBER and isinstance(value, int | float) and value is not True:
        return float(value)
    if kind == FLAG and isinstance(value, bool):
        return value
    wanted = "a number" if kind == NUMBER else "true or false"
    raise FatalError(f"A record of `{stream}` has a `{name}` that is not {wanted}.")


def has_surrogate(data: bytes) -> bool:
    """Return whether there may be a character that only Python's decoder takes."""
    # A single byte is looked for much faster than two forms of three.
    return BACKSLASH in data and any(form in data for form in SURROGATES)


def to_text(value: Any) -> str:
    """Return a value as text, as the engine does; whole numbers have no point."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode()


def to_typed(stream: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return columns with checked keys and with instants as microseconds."""
    check_keys(stream, frame)
    instants = {
        to: _to_instants(stream, frame[of]) for of, to in INSTANTS[stream].items()
    }
    typed = frame.with_columns(**instants)
    if stream == "attendees":
        keys = [to_email_key(email) for email in frame["email"].to_list()]
        typed = typed.with_columns(
            email_key=pl.Series(keys, dtype=pl.String), profile=_to_points()
        )
        return typed.drop("profile_score")
    return typed.drop(list(INSTANTS[stream]))


def _to_points() -> pl.Expr:
    """Return a profile score in units of 1e-9."""
    points = pl.col("profile_score").fill_null(0.0).fill_nan(0.0).clip(0, MOST_POINTS)
    return (points * NANO + 0.5).floor().cast(pl.Int64)


def check_keys(stream: str, frame: pl.DataFrame) -> None:
    """Refuse records that do not say what they belong to."""
    for key in KEYS[stream]:
        missing = frame[key].null_count()
        if missing:
            raise FatalError(
                f"{missing} records of `{stream}` have no `{key}`. Without it they "
                "cannot be scored: map it in the stage before this one."
            )


def _to_instants(stream: str, texts: pl.Series) -> pl.Series:
    """Return times as microseconds since 1970; without an offset they are UTC."""
    parsed = to_micros(texts)
    odd = texts.is_not_null() & parsed.is_null()
    if not odd.any():
        return parsed
    table = {
        text: to_instant(text, f"{stream}.{texts.name}")
        for text in texts.filter(odd).unique().to_list()
    }
    read = texts.replace_strict(table, default=None, return_dtype=pl.Int64)
    return parsed.fill_null(read)


def to_instant(text: str | None, where: str) -> int | None:
    """Return a time as microseconds since 1970, or refuse it without quoting it."""
    if text is None:
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise FatalError(
            f"A `{where}` is not a date and time. Send ISO 8601, such as "
            "2026-03-02T10:00:00Z."
        ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return (moment - epoch) // dt.timedelta(microseconds=1)
