"""Lines of the input streams, many at a time, as checked columns.

A whole run of lines is parsed at once. Those that are odd are read again line by line,
slowly and leniently, so that what is accepted never depends on the company a line is
in.
"""

from __future__ import annotations

import datetime as dt
import io
import json
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import msgspec
import polars as pl

from scoring_transform.forms import BACKSLASH, FITS, FLAG, NUMBER, TEXT, to_form
from scoring_transform.instants import to_micros
from scoring_transform.ranks import NANO
from sync_core.errors import FatalError
from sync_core.identity import to_email_key

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
#: How many forms of lines are looked for, and how few of the lines may have one.
MOST_FORMS, LEAST_SHARE = 4, 8
PLACE = "place"
MOST_POINTS = 1_000_000

_decoder = msgspec.json.Decoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class RawLines:
    """Lines of one stream as they came.

    Attributes:
        stream: One of the three streams that come in numbers.
        data: Whole lines, each a JSON object.
        places: Which lines they are of those that are read together.
        are_messages: Whether the records are inside messages.
    """

    stream: str
    data: bytes
    places: pl.Series
    are_messages: bool

    def only(self, wanted: pl.Series) -> RawLines:
        """Return some of the lines."""
        texts = pl.scan_lines(io.BytesIO(self.data)).collect().to_series()
        data = "".join(f"{text}\n" for text in texts.filter(wanted).to_list()).encode()
        return replace(self, data=data, places=self.places.filter(wanted))


def read_lines(lines: RawLines) -> pl.DataFrame:
    """Return records as columns of text, numbers and flags, in the order of the lines.

    What most lines look like is read first, then what most of the others look like;
    what is left is read as JSON.
    """
    found: list[pl.DataFrame] = []
    rest = lines
    while len(rest.places) and len(found) < MOST_FORMS:
        read = _read_form(rest)
        if read is None:
            break
        values, fits = read.drop(FITS), read[FITS]
        if fits.all() and not found:
            return values
        placed = values.with_columns(rest.places.alias(PLACE))
        found.append(placed.filter(fits))
        rest = rest.only(~fits)
    if len(rest.places) or not found:
        found.append(_read_json(rest))
    return pl.concat(found).sort(PLACE).drop(PLACE)


def _read_form(lines: RawLines) -> pl.DataFrame | None:
    """Return the lines by the form of the first one, if enough of them have it."""
    first = lines.data[: lines.data.index(b"\n")]
    try:
        _decoder.decode(first)
    except ValueError:
        return None
    form = to_form(first, is_message=lines.are_messages)
    read = None if form is None else form.read(lines.data, FIELDS[lines.stream])
    if read is None or read.height != len(lines.places):
        return None
    return read if read[FITS].sum() * LEAST_SHARE >= read.height else None


def _read_json(lines: RawLines) -> pl.DataFrame:
    """Return lines of any form, with their places; line by line if one is odd."""
    frame = None if has_surrogate(lines.data) else _parse_json(lines)
    if frame is not None and frame.height == len(lines.places):
        return frame.with_columns(lines.places.alias(PLACE))
    texts = lines.data.split(b"\n")
    there = [place for place, text in enumerate(texts) if text.strip()]
    objects: list[Any] = [decode(texts[place]) for place in there]
    if lines.are_messages:
        objects = [message.get("record") for message in objects]
    frame = to_frame(lines.stream, objects)
    return frame.with_columns(lines.places.gather(there).alias(PLACE))


def _parse_json(lines: RawLines) -> pl.DataFrame | None:
    fields = FIELDS[lines.stream]
    schema = {"record": pl.Struct(fields)} if lines.are_messages else fields
    try:
        frame = pl.read_ndjson(io.BytesIO(lines.data), schema=schema)
    except pl.exceptions.PolarsError:
        return None
    if not lines.are_messages:
        return frame
    return None if frame["record"].has_nulls() else frame.unnest("record")


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
    """Return a line's value.

    Python's own decoder takes half of a surrogate pair, and a text with a tab in it.
    """
    try:
        return _decoder.decode(line)
    except ValueError:
        return json.loads(line, strict=False, parse_constant=_refuse)


def _refuse(constant: str) -> NoReturn:
    """Refuse what is no JSON: NaN and the infinities."""
    raise ValueError(constant)


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
