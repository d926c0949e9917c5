"""The SDK's own tests, on both platforms, and the key test that theirs is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from sandbox.server import running
from sandbox.settings import SandboxSettings
from sandbox.world import build_world, write_zoom_reports
from tap_events.streams import STREAMS
from tap_events.tap import TapEvents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_account import Run

HUBILO: dict[str, Any] = {
    "platform": "hubilo",
    "hubilo_access_token": SandboxSettings().access_token,
    "late_activity_days": 7,
}
FILES: dict[str, Any] = {"platform": "files"}
# Whole events: a record limit would cut the parents off, which come last.
SUITE = SuiteConfig(max_records_limit=10_000)
# Reports never say when an on-demand window ends.
FILES_SUITE = SuiteConfig(
    max_records_limit=10_000, ignore_no_records_for_streams=["events"]
)


@pytest.fixture(scope="module", autouse=True)
def _sources(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fill in the addresses before the first of the SDK's tests runs its tap."""
    folder = tmp_path_factory.mktemp("standard")
    write_zoom_reports(folder / "reports", build_world().zoom)
    FILES["files_path"] = str(folder / "reports")
    FILES["state_dir"] = HUBILO["state_dir"] = str(folder / "work")
    with running(SandboxSettings(rate_limits=False)) as sandbox:
        HUBILO["hubilo_api_url"] = sandbox.url
        yield


TestHubilo = get_tap_test_class(
    TapEvents, config=HUBILO, suite_config=SUITE, parse_env_config=False
)
TestFiles = get_tap_test_class(
    TapEvents, config=FILES, suite_config=FILES_SUITE, parse_env_config=False
)


@pytest.mark.parametrize(
    "config", [pytest.param(HUBILO, id="hubilo"), pytest.param(FILES, id="files")]
)
def test_primary_keys_are_unique_and_whole(
    run_tap: Callable[..., Run], config: dict[str, Any]
) -> None:
    """No two records of a stream share a key, and no part of a key is null."""
    run = run_tap(config)
    assert run.error is None
    for name, stream in STREAMS.items():
        keys = [
            tuple(record[field] for field in stream.primary_keys)
            for record in run.records(name)
        ]
        assert keys
        assert len(set(keys)) == len(keys)
        assert all(part for key in keys for part in key)


@pytest.mark.parametrize(
    "config", [pytest.param(HUBILO, id="hubilo"), pytest.param(FILES, id="files")]
)
def test_activities_name_people_and_sessions_that_were_sent(
    run_tap: Callable[..., Run], config: dict[str, Any]
) -> None:
    """No activity points nowhere; only an anonymous one points at nobody."""
    run = run_tap(config)
    people = {(a["event_id"], a["attendee_id"]) for a in run.records("attendees")}
    rooms = {(s["event_id"], s["session_id"]) for s in run.records("sessions")}
    for activity in run.records("activities"):
        who = (activity["event_id"], activity["attendee_id"])
        assert activity["anonymous"] == (activity["attendee_id"] is None)
        assert activity["anonymous"] or who in people
        where = (activity["event_id"], activity["session_id"])
        assert activity["session_id"] is None or where in rooms
