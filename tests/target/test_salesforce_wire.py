"""The requests that target-salesforce makes, as they were recorded.

The cassette was recorded against the sandbox, not against Salesforce: it pins what we
send, so that no change of it goes unseen. To record it anew, delete it and run with
RECORD_CASSETTES=1.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import vcr
from crm_world import Ran, lead_score
from salesforce_world import Org, organisation

from sandbox.salesforce.fields import CUSTOM_FIELDS
from target_crm.mapping import load_properties

if TYPE_CHECKING:
    from collections.abc import Callable

CASSETTES = Path(__file__).parent.parent / "data" / "cassettes"
RECORDING = bool(os.environ.get("RECORD_CASSETTES"))
BULK = {"bulk_threshold": 2}
# Only what the minimal set needs, to keep the recording short.
MINIMAL = load_properties(None, "minimal", "salesforce").properties
FIELDS = {
    kind: tuple(f for f in fields if f.name in MINIMAL or f.external_id)
    for kind, fields in CUSTOM_FIELDS.items()
}


def _without_token(request: Any) -> Any:
    request.headers = {
        name: value
        for name, value in request.headers.items()
        if name.lower() in {"content-type", "sforce-duplicate-rule-header"}
    }
    request.uri = f"http://sandbox{request.path}" + (
        f"?{request.url.partition('?')[2]}" if "?" in request.url else ""
    )
    return request


def _cassette(name: str) -> Any:
    recorder = vcr.VCR(
        cassette_library_dir=str(CASSETTES),
        record_mode="new_episodes" if RECORDING else "none",
        match_on=["method", "path", "query", "body"],
        before_record_request=_without_token,
        decode_compressed_response=True,
    )
    return recorder.use_cassette(f"{name}.yaml")


def write_and_change(org: Org) -> list[Ran]:
    """A new person, and the same with another score."""
    return [org.run([lead_score(0)]), org.run([lead_score(0, live_rank=1)])]


def write_by_jobs(org: Org) -> list[Ran]:
    """Three new people in one job, then changed by another."""
    rows = [lead_score(n) for n in range(3)]
    changed = [lead_score(n, live_level=None) for n in range(3)]
    return [org.run(rows, **BULK), org.run(changed, **BULK, timeline="none")]


def save_alerts(org: Org) -> list[Ran]:
    """With the header that passes a duplicate rule that alerts."""
    return [org.run([lead_score(0)], duplicate_alerts="save", timeline="none")]


@pytest.mark.parametrize("story", [write_and_change, write_by_jobs, save_alerts])
def test_what_is_sent_is_what_was_recorded(
    tmp_path: Path, story: Callable[[Org], list[Ran]]
) -> None:
    """Every request, its address and its body; and none is left out."""
    name = f"salesforce-{story.__name__.replace('_', '-')}"
    with (
        organisation(tmp_path / "state", custom_fields=FIELDS) as org,
        _cassette(name) as cassette,
    ):
        ran = story(org)
        assert [(r.code, bool(r.states)) for r in ran] == [(0, True)] * len(ran)
        assert cassette.all_played or RECORDING
        assert len(cassette) == sum(r.report["requests"] for r in ran)
        assert RECORDING or not org.sandbox.requests
