"""Which of the streams are sent, and what is said of a stream that is none."""

from __future__ import annotations

import pytest
from score_worlds import counted, map_worlds, rows_of
from singer_sdk.exceptions import ConfigValidationError

from scoring_transform.streams import KEYS

WORLD = counted("chat", [3, 1])


@pytest.mark.parametrize("stream", KEYS)
def test_one_stream_alone_is_the_same_as_with_the_others(stream: str) -> None:
    """What is not asked for is neither announced nor sent."""
    alone = map_worlds([WORLD], streams=[stream])
    assert {m["stream"] for m in alone if m["type"] != "STATE"} == {stream}
    assert rows_of(alone, stream) == rows_of(map_worlds([WORLD]), stream)


def test_an_unknown_stream_is_refused() -> None:
    """Before anything is read."""
    with pytest.raises(ConfigValidationError, match="validation failed") as caught:
        map_worlds([WORLD], streams=["lead_score"])
    assert "lead_scores" in str(caught.value.errors)
