"""What the tapes of our calls hold has HubSpot's published shape, call by call."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from hubspot_specs import SpecChecker

TAPES = sorted((Path(__file__).parents[1] / "cassettes" / "hubspot").glob("*.yaml"))
# HubSpot's first client does not know event definitions, so that nothing describes them
# at v3; their shapes at 2026-03 are the same (HubSpot docs, custom events).
DESCRIBED_AT = {"/events/v3/event-definitions": "/events/2026-03/event-definitions"}


def to_bytes(text: Any) -> bytes:
    """Return a body as it was sent."""
    return text if isinstance(text, bytes) else str(text or "").encode()


@pytest.mark.parametrize("tape", TAPES, ids=lambda tape: tape.stem)
def test_every_request_and_answer_has_the_published_shape(
    checker: SpecChecker, tape: Path
) -> None:
    """Of every endpoint that the product calls; none is missing in the specs."""
    told = yaml.safe_load(tape.read_text("utf-8"))["interactions"]
    before = len(checker.checked)

    for one in told:
        asked, answer = one["request"], one["response"]
        url = asked["uri"]
        for ours, described in DESCRIBED_AT.items():
            url = url.replace(ours, described)
        kind = str(asked["headers"].get("Content-Type", asked["headers"]))
        sent = to_bytes(asked["body"]).decode() if "json" in kind else None
        checker.check(
            asked["method"],
            url,
            sent or None,
            answer["status"]["code"],
            to_bytes(answer["body"]["string"]),
        )

    assert len(checker.checked) - before == len(told) > 0
