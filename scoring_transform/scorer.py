"""Scores groups of closed events and yields rows in portions that fit into memory."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import polars as pl

from scoring_transform.embedded import Tables, run, run_in_parts
from scoring_transform.events import EventFacts, to_events_frame
from scoring_transform.rows import PERSON, Result, to_rows, to_summary_rows

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from scoring_transform.model import Model
    from scoring_transform.store import Group

#: Lead rows that are worth sending in one go, and persons in a portion of more.
WHOLE = 40_000
PORTION = 10_000
SLICE = 200_000
SUMMARIES = "event_summaries"
BY_PERSON = ("activity_scores", "lead_scores", "details")


class Scorer:
    """Scores closed events.

    Args:
        model: The rules.
        now: The time that stands in the rows.
        streams: The streams whose rows are wanted.
    """

    def __init__(
        self, model: Model, now: Callable[[], dt.datetime], streams: Collection[str]
    ) -> None:
        self._model, self._now, self._streams = model, now, streams

    def score(
        self, facts: Sequence[EventFacts], group: Group
    ) -> Iterator[tuple[str, pl.DataFrame]]:
        """Yield the rows of the streams, whole persons at a time."""
        result = self._to_result(facts, group)
        for portion in to_portions(result):
            yield from to_rows(portion, self._streams).items()
        if SUMMARIES in self._streams:
            yield SUMMARIES, to_summary_rows(result)

    def _to_result(self, facts: Sequence[EventFacts], group: Group) -> Result:
        events = to_events_frame(facts)
        tables = Tables(
            events=events.lazy(),
            sessions=group.frames["sessions"].lazy(),
            people=group.frames["attendees"].lazy(),
            activities=group.frames["activities"].lazy(),
        )
        if group.parts is None:
            frames = run(tables, self._model)
        else:
            frames = run_in_parts(tables, group.parts, self._model)
        ids = frames["links"].schema["event_id"]
        return Result(
            frames=frames,
            logins=group.frames["attendees"].with_columns(pl.col(*PERSON).cast(ids)),
            events=events.with_columns(pl.col("event_id").cast(ids)),
            model=self._model,
            scored_at=to_iso(self._now()),
        )


def to_portions(result: Result) -> Iterator[Result]:
    """Yield the result in portions of persons, in the order of the output."""
    leads = result.frames["lead_scores"]
    if leads.height <= WHOLE:
        yield result
        return
    places = result.events.select("event_id", "position")
    people = leads.select(*PERSON).unique().join(places, on="event_id")
    ordered = people.sort("position", "attendee_id").drop("position")
    for some in ordered.iter_slices(PORTION):
        yield dataclasses.replace(result, frames=_within(result.frames, some))


def _within(
    frames: Mapping[str, pl.DataFrame], people: pl.DataFrame
) -> Mapping[str, pl.DataFrame]:
    """Return the rows of some people; frames of whole events stay as they are."""
    keys = {name: list(PERSON) for name in BY_PERSON}
    keys["links"] = ["event_id", "person"]
    found = {name: _only(frames[name], key, people) for name, key in keys.items()}
    return {**frames, **found}


def _only(frame: pl.DataFrame, key: list[str], people: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of some people, looking at a slice at a time to save memory."""
    ids = people["attendee_id"].implode()
    is_near = pl.col(key[-1]).is_in(ids)
    near = [some.filter(is_near) for some in frame.iter_slices(SLICE)]
    # Few rows pass the first test, so that the join needs little memory.
    found = pl.concat([frame.clear(), *near])
    return found.join(people, left_on=key, right_on=list(PERSON), how="semi")


def to_iso(moment: dt.datetime) -> str:
    """Return a moment in UTC as ISO 8601, whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
