"""A foreign tap in front of the real mapper."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from source_kit import record, records_of, state

from scoring_transform.mapper import ScoringTransform
from sync_core.errors import FatalError

if TYPE_CHECKING:
    from pathlib import Path

    from source_kit import Messages

MAPPING = """
platform: shop
event_complete: {stream: closings}
streams:
  - stream: closings
    event: day
    events: [{name: title}]
  - stream: visits
    event: day
    person: {email: mail}
    activities:
      - {key: n, activity: cta_click, object: page, window: live}
"""


class Run:
    """One run of the mapper, and what it has sent so far."""

    def __init__(self, folder: Path) -> None:
        path = folder / "shop.yml"
        path.write_text(MAPPING, encoding="utf-8")
        self.output = io.BytesIO()
        self.mapper = ScoringTransform(
            config={"source": str(path), "state_dir": str(folder)},
            parse_env_config=False,
            output=self.output,
        )

    def read(self, messages: Messages, tail: bytes = b"") -> None:
        """Read an input to its end."""
        lines = b"".join(json.dumps(one).encode() + b"\n" for one in messages)
        self.mapper.listen(io.BytesIO(lines + tail))

    @property
    def sent(self) -> Messages:
        """Everything that was written."""
        return [json.loads(line) for line in self.output.getvalue().splitlines()]

    @property
    def events(self) -> list[Any]:
        """Ids of scored events and values of STATE, in the order of the output."""
        found: list[Any] = []
        for message in self.sent:
            if message["type"] == "STATE":
                found.append(message["value"])
            elif message["type"] == "RECORD" and message["stream"] == "lead_scores":
                found.append(message["record"]["event_id"])
        return found


def visit(day: int, n: int) -> dict[str, Any]:
    """Return a visit to a page."""
    return record("visits", day=day, n=n, page=f"/{n}", mail=f"v{n}@x.example")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A mapper with the shop's mapping."""
    return Run(tmp_path)


def test_state_follows_the_scores_of_a_foreign_event(run: Run) -> None:
    """Through both stages."""
    run.read([visit(1, 1), state(1), record("closings", day=1, title="T"), state(2)])
    assert run.events == ["shop:1", 2]
    (lead,) = records_of(run.sent, "lead_scores")
    assert (lead["event_name"], lead["live_lead_score"]) == ("T", 100.0)


def test_an_input_that_breaks_off_confirms_nothing_that_was_open(run: Run) -> None:
    """The tap died in the middle of a line: its last STATE must not go on."""
    with pytest.raises(FatalError, match="not JSON, or that was cut off"):
        run.read([visit(1, 1), state(1)], tail=b'{"type": "RECORD", "stre')
    assert run.events == []


def test_a_stopped_run_confirms_nothing(run: Run) -> None:
    """An input for another mapping ends before any STATE is sent."""
    with pytest.raises(FatalError, match="no rule is for any stream"):
        run.read([record("noise", a=1), state(1)])
    assert run.events == []


def test_without_a_source_the_input_is_read_as_it_is(tmp_path: Path) -> None:
    """No line is touched on its way."""
    mapper = ScoringTransform(
        config={"state_dir": str(tmp_path)}, parse_env_config=False
    )
    blocks = [b"a\n", b"b\n"]
    assert list(mapper.message_reader.translate(iter(blocks))) == blocks
