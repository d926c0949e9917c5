"""The four input datasets, as the frames that the score and its tables are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import narwhals as nw

from scoring_transform.activities import NAMES
from scoring_transform.frames import Inputs, whole
from scoring_transform.ranks import NANO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from narwhals.dtypes import DType

    from scoring_transform.datasets.engine import Portion
    from scoring_transform.frames import Frame

TEXT, NUMBER, FLAG = nw.String(), nw.Float64(), nw.Boolean()
NAMES_LIST = nw.List(nw.String())
PROMISED = "reported_activities"
FIELDS: Mapping[str, Mapping[str, DType]] = {
    "events": {
        "event_id": TEXT,
        "platform": TEXT,
        "name": TEXT,
        "url": TEXT,
        "starts_at": TEXT,
        "ends_at": TEXT,
        "on_demand_ends_at": TEXT,
        PROMISED: NAMES_LIST,
    },
    "sessions": {
        "event_id": TEXT,
        "session_id": TEXT,
        "starts_at": TEXT,
        "ends_at": TEXT,
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
}
KEYS = {
    "events": ("event_id",),
    "sessions": ("event_id", "session_id"),
    "attendees": ("event_id", "attendee_id"),
    "activities": ("event_id", "activity_id", "activity"),
}
INSTANTS = {
    "events": {
        "starts_at": "starts",
        "ends_at": "ends",
        "on_demand_ends_at": "on_demand_ends",
    },
    "sessions": {"starts_at": "starts", "ends_at": "ends"},
    "attendees": {"registered_at": "registered"},
    "activities": {"occurred_at": "starts", "ended_at": "ends"},
}
#: Only shown: a text of any form is passed on, as the mapper does.
SHOWN_TIMES = ("registered_at",)
WHITE = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005"
    "\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
AROUND = rf"\A[{WHITE}]+|[{WHITE}]+\z"
ADDRESS = r"\A[^@]+@[^@]+\z"
MOST_POINTS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The input datasets, typed.

    Attributes:
        inputs: What the score is made of.
        events: One row for each event, with its names and ``promised_…`` flags.
        logins: One row for each attendee, with the names.
    """

    inputs: Inputs
    events: Frame
    logins: Frame


def read_source(engine: Portion) -> Source:
    """Return the datasets of an engine's input.

    A key that comes twice is one row with the larger of the two values in each column.
    Rows of an event that is not in ``events`` are left out.
    """
    events = engine.keep(_once(_with_promises(_read(engine, "events")), "events"))
    sessions = _of(events, _once(_read(engine, "sessions"), "sessions"))
    people = _of(events, _once(_read(engine, "attendees"), "attendees"))
    logins = engine.keep(people.with_columns(email_key=_to_key(), profile=_to_nanos()))
    inputs = Inputs(
        events=events.select("event_id", *INSTANTS["events"].values()),
        sessions=sessions.select(*KEYS["sessions"], "starts", "ends"),
        people=logins.select(
            *KEYS["attendees"], "email_key", "role", "attended", "profile"
        ),
        activities=_of(events, _read(engine, "activities")),
    )
    return Source(inputs=inputs, events=events, logins=logins)


def _read(engine: Portion, stream: str) -> Frame:
    """Return a dataset with all of its fields, and its times also as numbers."""
    raw = engine.read(stream)
    present = raw.collect_schema()
    timed = _with_instants(engine, raw, stream, present)
    chosen = [
        nw.col(name).cast(kind) if name in present else nw.lit(None, kind).alias(name)
        for name, kind in FIELDS[stream].items()
    ]
    known = [
        nw.col(to) if of in present else nw.lit(None, nw.Int64()).alias(to)
        for of, to in INSTANTS[stream].items()
    ]
    times = {of: to for of, to in INSTANTS[stream].items() if of not in SHOWN_TIMES}
    return engine.to_checked(timed.select(*chosen, *known), stream, KEYS[stream], times)


def _with_instants(
    engine: Portion, raw: Frame, stream: str, present: Mapping[str, DType]
) -> Frame:
    """Add the times as numbers, and turn the columns that hold times into texts."""
    found = {of: to for of, to in INSTANTS[stream].items() if of in present}
    times = {of: to for of, to in found.items() if present[of] != nw.String}
    timed = engine.to_instants(raw, found)
    if not times:
        return timed
    named = timed.with_columns(**{of: nw.col(to) for of, to in times.items()})
    return engine.to_moments(named, list(times))


def _with_promises(events: Frame) -> Frame:
    """Replace the list of what a platform reports by a flag for each activity."""
    flags = {
        f"promised_{name}": nw.col(PROMISED).list.contains(name).fill_null(value=False)
        for name in NAMES
    }
    return events.with_columns(**flags).drop(PROMISED)


def _once(rows: Frame, stream: str) -> Frame:
    keys = KEYS[stream]
    others = [name for name in rows.collect_schema() if name not in keys]
    return rows.group_by(*keys).agg(*[nw.col(name).max() for name in others])


def _of(events: Frame, rows: Frame) -> Frame:
    return rows.join(events.select("event_id"), on="event_id", how="semi")


def _to_key() -> nw.Expr:
    """Return the e-mail key, as `sync_core.identity.to_email_key` does."""
    key = nw.col("email").str.replace_all(AROUND, "").str.to_lowercase()
    return nw.when(key.str.contains(ADDRESS)).then(key)


def _to_nanos() -> nw.Expr:
    """Return a profile score in units of 1e-9."""
    score = nw.col("profile_score")
    known = nw.when(~score.is_null() & ~score.is_nan()).then(score).otherwise(0.0)
    return whole((known.clip(0, MOST_POINTS) * NANO + 0.5).floor())
