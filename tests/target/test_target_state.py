"""When the target confirms: often, and never before the rows are where they belong."""

from __future__ import annotations

import contextlib
import io
import json
from typing import TYPE_CHECKING

from crm_world import World, lead_score, messages

if TYPE_CHECKING:
    from collections.abc import Iterator

EARLY = {"bookmarks": {"events": {"replication_key_value": "2026-11-01"}}}


def test_a_state_goes_out_between_rows_once_what_it_covers_is_written(
    hubspot: World,
) -> None:
    """At the next record after the interval; contacts and timeline are there then."""
    target = hubspot.target(state_interval_seconds=60)
    out = io.StringIO()
    printed: list[str] = []
    held: list[list[int]] = []

    def feed() -> Iterator[str]:
        first, *rest = _lines()
        yield first
        for number, line in enumerate(rest):
            if number == 3:
                target._last_full_drain_at -= 3_600
            yield line
            printed.append(out.getvalue())
            people = hubspot.crm["contacts"].values()
            held.append([len(person["attendance"]) for person in people])

    with contextlib.redirect_stdout(out):
        target.listen(feed())  # type: ignore[arg-type] # it only iterates

    assert printed[:3] == ["", "", ""]
    assert json.loads(printed[3]) == EARLY
    assert held[2:4] == [[], [1, 1]]
    assert len(out.getvalue().splitlines()) == 2


def _lines() -> list[str]:
    schema, _, row, last = messages([lead_score(0)])
    early = {"type": "STATE", "value": EARLY}
    other = {"type": "RECORD", "stream": "lead_scores", "record": lead_score(1)}
    third = {"type": "RECORD", "stream": "lead_scores", "record": lead_score(2)}
    sent = [schema, row, early, early, other, third, last]
    return [json.dumps(message) + "\n" for message in sent]
