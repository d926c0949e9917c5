"""Every call that target-hubspot makes, pinned word for word.

The cassettes were recorded against this project's sandbox, not against HubSpot. They
say when a change alters what is sent. To record them again:

    RECORD_CASSETTES=1 pytest tests/target/test_hubspot_cassettes.py
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import vcr  # type: ignore[import-untyped]
from crm_world import STATE, Time, World, activity_score, lead_score

from sandbox.server import SandboxSettings, running

FOLDER = Path(__file__).parents[1] / "data" / "cassettes"
PORT = 8797
RECORD = bool(os.environ.get("RECORD_CASSETTES"))
OAUTH: dict[str, Any] = {
    "access_token": None,
    "client_id": "sandbox-client",
    "client_secret": "sandbox-secret",
    "refresh_token": "sandbox-refresh",
}
SCENARIOS: dict[str, dict[str, Any]] = {
    "minimal": {},
    "full": {"property_set": "full", "timeline": "none"},
    "only-existing": {"create": "only_existing"},
    "dry-run": {"dry_run": True},
    "oauth": OAUTH,
    "note": {"timeline": "note"},
    "custom-event": {"timeline": "custom_event"},
    "dated": {"api_version": "2026-03"},
}


@dataclass
class Silence:
    """A sandbox that is not there: the cassette answers."""

    url: str = f"http://127.0.0.1:{PORT}"
    requests: list[Any] = field(default_factory=list)


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_is_sent_is_what_was_recorded(tmp_path: Path, name: str) -> None:
    """Method, path, query and body of every request, in order and none left out."""
    time = Time()
    with ExitStack() as stack:
        sandbox: Any = Silence()
        if RECORD:
            sandbox = stack.enter_context(_sandbox(time))
        cassette: Any = stack.enter_context(_cassette(name))
        world = World(sandbox=sandbox, folder=tmp_path / "state", time=time)
        rows = [lead_score(0), lead_score(1), lead_score(2, email="no-dot@domain")]
        ran = world.run(rows, [activity_score(0)], **SCENARIOS[name])

    assert ran.problem is None
    assert ran.states == [STATE]
    assert RECORD or cassette.all_played


def test_the_folder_says_where_the_cassettes_come_from() -> None:
    """Nobody shall take them for HubSpot's own words."""
    assert "sandbox" in (FOLDER / "README.md").read_text()


def _sandbox(time: Time) -> Any:
    return running(SandboxSettings(port=PORT, clock=time, tier="enterprise"))


def _cassette(name: str) -> Any:
    return vcr.VCR(
        cassette_library_dir=str(FOLDER),
        record_mode="all" if RECORD else "none",
        match_on=["method", "path", "query", "body"],
        filter_headers=["authorization", "user-agent"],
        filter_post_data_parameters=["client_secret", "refresh_token"],
        decode_compressed_response=True,
    ).use_cassette(f"hubspot-{name}.yaml")
