"""Scores whole datasets: read, score, write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scoring_transform.datasets.abreast import work_abreast
from scoring_transform.datasets.inputs import read_source
from scoring_transform.datasets.tables import Origin, Result, to_tables
from scoring_transform.score import to_scores, with_names
from scoring_transform.streams import KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring_transform.datasets.engine import Engine, Portion
    from scoring_transform.frames import Frame
    from scoring_transform.model import Model


def score_datasets(engine: Engine, model: Model, scored_at: str) -> None:
    """Score the events of an engine's input and write the result.

    Args:
        engine: Knows where the datasets are.
        model: The rules.
        scored_at: The time that stands in the rows, as ISO 8601.
    """

    def score(portion: Portion) -> None:
        portion.write(_to_tables(portion, model, scored_at), KEYS)

    try:
        work_abreast(engine.portions(), score, engine.at_once)
        engine.finish()
    finally:
        engine.release()


def _to_tables(engine: Portion, model: Model, scored_at: str) -> Mapping[str, Frame]:
    source = read_source(engine)
    scores = with_names(to_scores(source.inputs, model, keep=engine.keep_all))
    origin = Origin(model=model, scored_at=scored_at)
    return to_tables(Result(scores=scores, source=source, engine=engine, origin=origin))
