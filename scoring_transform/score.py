"""The score: one definition, run by every engine.

    activities ─people─windows─▶ counters ─dense ranks─▶ activity scores
        ─sums─dense ranks─▶ lead scores ─levels, groups─▶ summaries

Nothing here knows an engine: frames come in and go out as Narwhals' lazy frames.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import narwhals as nw

from scoring_transform.activities import NAMES, WINDOWS
from scoring_transform.counters import (
    to_counters,
    to_details,
    to_instants,
    to_stays,
)
from scoring_transform.frames import to_named, to_place
from scoring_transform.groups import to_summaries, with_groups
from scoring_transform.people import to_links, to_participants, to_ranked
from scoring_transform.ranks import to_activity_scores, to_lead_scores, to_sums
from scoring_transform.windows import to_bounds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from scoring_transform.frames import Frame, Inputs
    from scoring_transform.model import Model

    Keep: TypeAlias = Callable[..., Sequence[Frame]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """What comes out of a score.

    Attributes:
        activity_scores: One row for each person, window and activity that was done.
        lead_scores: One row for each participant and window.
        summaries: One row for each event, window and group.
        links: For each login its person, and whether that person was left out.
        reported: Every event and activity with at least one record.
        details: What was answered, clicked or asked, once for each person and window.
        open_events: For each event whether an on-demand window has no end.
    """

    activity_scores: Frame
    lead_scores: Frame
    summaries: Frame
    links: Frame
    reported: Frame
    details: Frame
    open_events: Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What everybody did, before anybody is ranked.

    Attributes:
        counters: One row for each person, window and activity; the counts.
        links: For each login its person, and whether that person was left out.
        reported: Every event and activity with at least one record.
        details: What was answered, clicked or asked, once for each person and window.
        open_events: For each event whether an on-demand window has no end.
    """

    counters: Frame
    links: Frame
    reported: Frame
    details: Frame
    open_events: Frame


def _as_they_are(*frames: Frame) -> Sequence[Frame]:
    return frames


def to_scores(inputs: Inputs, model: Model, keep: Keep = _as_they_are) -> Scores:
    """Score whole events.

    Args:
        inputs: Everything that is known of the events.
        model: The rules.
        keep: Computes frames that are used several times once, and what they have in
            common once; an engine that finds such frames itself needs none.

    Returns:
        Frames in which an activity is its place in ``NAMES`` and a window its place in
        ``WINDOWS``; `with_names` gives them their names back.
    """
    return from_counts(to_counts(inputs, model, keep), model, keep)


def to_counts(inputs: Inputs, model: Model, keep: Keep = _as_they_are) -> Counts:
    """Count what everybody did; needs all activities of a person, not of an event."""
    bounds = to_bounds(inputs.events, inputs.sessions, model)
    links, known = keep(
        to_links(inputs.people, model.file), _to_known(inputs.activities)
    )
    ranked = to_ranked(known, links)
    stays, points, reported = keep(
        to_stays(ranked, bounds),
        to_instants(ranked, bounds, model),
        known.select("event_id", "activity").unique(["event_id", "activity"]),
    )
    [counters] = keep(to_counters(stays, points, model))
    return Counts(
        counters=counters,
        links=links,
        reported=reported,
        details=to_details(points),
        open_events=bounds[1].select("event_id", "is_open"),
    )


def _to_known(activities: Frame) -> Frame:
    """Return the nine activities, with places instead of names."""
    placed = activities.with_columns(
        activity=to_place("activity", NAMES), window=to_place("window", WINDOWS)
    )
    return placed.filter(nw.col("activity") < len(NAMES))


def from_counts(counts: Counts, model: Model, keep: Keep = _as_they_are) -> Scores:
    """Rank and score what was counted; needs whole events."""
    [participants] = keep(to_participants(counts.links, counts.counters))
    [scored] = keep(to_activity_scores(counts.counters, participants, model))
    totals = to_lead_scores(to_sums(scored), participants, model)
    [leads] = keep(with_groups(totals, model))
    return Scores(
        activity_scores=scored,
        lead_scores=leads,
        summaries=to_summaries(leads, model),
        links=counts.links,
        reported=counts.reported,
        details=counts.details,
        open_events=counts.open_events,
    )


def with_names(scores: Scores) -> Scores:
    """Return scores in which activities and windows have their names again."""
    return replace(
        scores,
        activity_scores=to_named(scores.activity_scores, "activity", "window"),
        lead_scores=to_named(scores.lead_scores, "window"),
        summaries=to_named(scores.summaries, "window"),
        reported=to_named(scores.reported, "activity"),
        details=to_named(scores.details, "activity", "window"),
    )
