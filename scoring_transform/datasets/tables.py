"""Scores as the tables that are written: the columns of the streams that come out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import narwhals as nw

from scoring_transform.activities import KINDS, NAMES, TIME, WINDOWS
from scoring_transform.datasets.parts import (
    DETAILS,
    REASONS,
    to_parts,
    to_reasons,
    to_wide,
)
from scoring_transform.frames import PERSON, pick
from scoring_transform.model import MOST_DECIMALS
from scoring_transform.ranks import NANO, NANO_DECIMALS
from scoring_transform.reasons import SCOPE
from scoring_transform.streams import (
    EVENT_FIELDS,
    PERSON_FIELDS,
    WINDOW_FIELDS,
    WINDOW_TIMES,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring_transform.datasets.engine import Portion
    from scoring_transform.datasets.inputs import Source
    from scoring_transform.frames import Frame
    from scoring_transform.model import Model
    from scoring_transform.score import Scores

SOURCES = {"lead_score": "lead_tenths", "sum": "sum_tenths"}
UNITS = [(kind.name, kind.unit) for kind in KINDS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What stands in every row to say where it comes from."""

    model: Model
    scored_at: str

    def to_columns(self) -> dict[str, nw.Expr]:
        """Return it as columns."""
        return {
            "model": nw.lit(self.model.name),
            "model_hash": nw.lit(self.model.hash),
            "scored_at": nw.lit(self.scored_at),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What was scored, and the names that belong to it."""

    scores: Scores
    source: Source
    engine: Portion
    origin: Origin


def to_tables(result: Result) -> Mapping[str, Frame]:
    """Return the tables of a result, by name."""
    scores, keep = result.scores, result.engine.keep
    parts = keep(to_parts(scores.activity_scores, scores.details))
    persons = keep(_to_persons(scores, result.source))
    return {
        "lead_scores": _to_leads(result, parts, persons),
        "activity_scores": _to_activities(result, parts, persons),
        "event_summaries": _to_summaries(result),
    }


def _to_persons(scores: Scores, source: Source) -> Frame:
    """Return one row of names for each person, filled from all of their logins.

    A person has the id of the first login, whose gaps the next ones fill.
    """
    scope = ("event_id", "person")
    links = scores.links.select(*PERSON, "person")
    logins = source.logins.join(links, on=list(PERSON), how="inner")
    known = {f"of_{name}": _first_login(name).over(*scope) for name in PERSON_FIELDS}
    filled = (
        logins.with_columns(**known)
        .group_by(*scope)
        .agg(
            *[_of_login(name) for name in PERSON_FIELDS],
            nw.col("registered_at").min(),
            nw.col("attended").max(),
        )
    )
    return filled.rename({"person": "attendee_id"})


def _first_login(name: str) -> nw.Expr:
    """Return the first login that says anything here."""
    says = ~nw.col(name).is_null()
    return nw.when(says).then(nw.col("attendee_id")).min()


def _of_login(name: str) -> nw.Expr:
    chosen = nw.col("attendee_id") == nw.col(f"of_{name}")
    return nw.when(chosen).then(nw.col(name)).max().alias(name)


def _to_leads(result: Result, parts: Frame, persons: Frame) -> Frame:
    profile = nw.col("profile").max()
    rows = result.scores.lead_scores.group_by(*PERSON).agg(**_blocks(), profile=profile)
    rows = rows.with_columns(
        profile_score=(nw.col("profile") / NANO).round(NANO_DECIMALS)
    )
    for other in (to_wide(parts), _told(parts), _to_times(result, parts), persons):
        rows = rows.join(other, on=list(PERSON), how="left")
    rows = rows.join(_to_events(result), on="event_id", how="left")
    for window in WINDOWS:
        reasons = [f"{window}_{name}" for name in REASONS]
        rows = result.engine.to_list(rows, f"{window}_reasons", reasons)
    origin = result.origin.to_columns()
    return rows.with_columns(*_displays(), **origin).select(
        *PERSON,
        *PERSON_FIELDS,
        *EVENT_FIELDS,
        nw.col("attended").fill_null(value=False),
        "registered_at",
        "profile_score",
        *[name for window in WINDOWS for name in _names(window)],
        "on_demand_window",
        "unavailable_activities",
        *origin,
    )


def _names(window: str) -> list[str]:
    fields = (*WINDOW_FIELDS, *NAMES, "reasons", *WINDOW_TIMES)
    return [f"{window}_{name}" for name in fields]


def _blocks() -> dict[str, nw.Expr]:
    """Return the columns of both windows; each has one row for a person."""
    return {
        f"{window}_{name}": nw.when(nw.col("window") == window)
        .then(nw.col(SOURCES.get(name, name)))
        .max()
        for window in WINDOWS
        for name in WINDOW_FIELDS
    }


def _told(parts: Frame) -> Frame:
    """Return the reasons of both windows, one row for a person."""
    reasons = to_reasons(parts)
    return reasons.group_by(*PERSON).agg(
        **{
            f"{window}_{name}": nw.when(nw.col("window") == window)
            .then(nw.col(name))
            .max()
            for window in WINDOWS
            for name in REASONS
        }
    )


def _to_times(result: Result, parts: Frame) -> Frame:
    """Return when each person came and left in both windows, one row for a person."""
    moments = dict(zip(WINDOW_TIMES, ("first", "last"), strict=True))
    times = {
        f"{window}_{name}": nw.when(nw.col("window") == window)
        .then(nw.col(moment))
        .max()
        for window in WINDOWS
        for name, moment in moments.items()
    }
    stays = parts.filter(nw.col("activity") == TIME)
    found = stays.group_by(*PERSON).agg(**times)
    return result.engine.to_moments(found, list(times))


def _displays() -> list[nw.Expr]:
    """Return tenths as numbers, and null where nobody could have been seen doing it."""
    scores = [_shown(nw.col(f"{w}_{name}")) for w in WINDOWS for name in SOURCES]
    activities = [
        nw.when(~nw.col(f"missing_{name}"))
        .then(_shown(nw.col(f"{window}_{name}").fill_null(0)))
        .alias(f"{window}_{name}")
        for window in WINDOWS
        for name in NAMES
    ]
    return [*scores, *activities]


def _shown(tenths: nw.Expr) -> nw.Expr:
    """Return tenths as the nearest number; an engine may divide by multiplying."""
    return (tenths / 10).round(1)


def _to_events(result: Result) -> Frame:
    """Return the events with what is missing in them."""
    reported = result.scores.reported.group_by("event_id").agg(
        **{f"reported_{name}": (nw.col("activity") == name).max() for name in NAMES}
    )
    joined = result.source.events.join(reported, on="event_id", how="left").join(
        result.scores.open_events, on="event_id", how="left"
    )
    is_open = nw.col("is_open").fill_null(value=True)
    named = joined.select(
        "event_id",
        "platform",
        "on_demand_ends_at",
        *[_is_missing(name).alias(f"missing_{name}") for name in NAMES],
        event_name=nw.col("name"),
        event_url=nw.col("url"),
        event_starts_at=nw.col("starts_at"),
        event_ends_at=nw.col("ends_at"),
        on_demand_window=nw.when(is_open)
        .then(nw.lit("open"))
        .otherwise(nw.lit("closed")),
    )
    missing = {
        f"unavailable_{name}": nw.when(nw.col(f"missing_{name}")).then(nw.lit(name))
        for name in NAMES
    }
    return result.engine.to_list(
        named.with_columns(**missing), "unavailable_activities", list(missing)
    )


def _is_missing(name: str) -> nw.Expr:
    return ~nw.col(f"reported_{name}").fill_null(value=False) & ~nw.col(
        f"promised_{name}"
    )


def _to_activities(result: Result, parts: Frame, persons: Frame) -> Frame:
    emails = persons.select(*PERSON, "email")
    named = parts.join(emails, on=list(PERSON), how="left")
    timed = result.engine.to_moments(
        named.with_columns(first_at=nw.col("first"), last_at=nw.col("last")),
        ["first_at", "last_at"],
    )
    weight = nw.col("weight") / result.origin.model.scale
    return result.engine.to_list(timed, "details", DETAILS).select(
        *SCOPE,
        "activity",
        "email",
        "value",
        unit=pick("activity", UNITS, ""),
        rank="rank",
        max_rank="max_rank",
        ranked_attendees="ranked_attendees",
        weight=weight.round(MOST_DECIMALS),
        score=_shown(nw.col("tenths")),
        first_at="first_at",
        last_at="last_at",
        details="details",
    )


def _to_summaries(result: Result) -> Frame:
    return result.scores.summaries.select(
        "event_id",
        "window",
        "group_kind",
        "group",
        "lower_limit",
        "upper_limit",
        "attendees",
        share=_shown(nw.col("share_tenths")),
        average_total=_shown(nw.col("total_tenths")),
        average_engagement=_shown(nw.col("engagement_tenths")),
        average_profile=_shown(nw.col("profile_tenths")),
        **result.origin.to_columns(),
    )
