"""The sandbox's fault plan against the tap: broken answers change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.faults import AnyFault, LoseReply, Planned, Reset, Status, Truncate
from sandbox.server import running
from sandbox.settings import SandboxSettings
from sandbox.world import build_world
from sync_core.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_account import Clock, Run

WEBINAR = build_world().hubilo
PATHS = ("*/organiser/profile", "*/event/list", "*/user/list", "*/session/attendee")


def read(
    run_tap: Callable[..., Run], clock: Clock, fault: AnyFault, path: str, *numbers: int
) -> Run:
    """Run the tap against a sandbox with one planned fault, which must be hit."""
    plan = (Planned(part="hubilo", path=path, requests=numbers, fault=fault),)
    with running(SandboxSettings(clock=clock, faults=plan)) as sandbox:
        config = {
            "platform": "hubilo",
            "hubilo_api_url": sandbox.url,
            "hubilo_access_token": sandbox.sandbox.settings.access_token,
        }
        run = run_tap(config)
        assert sandbox.unhit == ()
    return run


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Status(status=503), id="A2-503"),
        pytest.param(Status(status=429, headers={"Retry-After": "2"}), id="A1-429"),
        pytest.param(Reset(), id="A7-reset-before-anything"),
        pytest.param(Reset(at=0.5), id="A7-reset-in-the-body"),
        pytest.param(Reset(at=0.99), id="A7-reset-near-the-end"),
        pytest.param(LoseReply(), id="A7-reply-lost"),
        pytest.param(Truncate(at=0.5), id="A9-truncated-json"),
        pytest.param(Truncate(at=0.0), id="A9-empty-body"),
    ],
)
def test_one_broken_answer_changes_nothing(
    run_tap: Callable[..., Run], virtual_clock: Clock, fault: AnyFault, path: str
) -> None:
    """Each page is counted once, whichever answer breaks however."""
    run = read(run_tap, virtual_clock, fault, path, 1)
    assert run.error is None
    assert len(run.records("attendees")) == len(WEBINAR.people)
    gone = {person.number for person in WEBINAR.deleted}
    assert len(run.records("activities")) == sum(
        1 for s in WEBINAR.stays if s.milliseconds and s.person.number not in gone
    )


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Reset(), id="A7-reset"),
        pytest.param(Status(status=500), id="A2-500"),
        pytest.param(Truncate(at=0.5), id="A9-truncated"),
    ],
)
def test_an_answer_that_stays_broken_stops_the_run(
    run_tap: Callable[..., Run], virtual_clock: Clock, fault: AnyFault
) -> None:
    """After eight tries, with the endpoint named and no bookmark over unread data."""
    run = read(run_tap, virtual_clock, fault, "*/user/list", *range(1, 9))
    assert isinstance(run.error, FatalError)
    assert "/user/list" in str(run.error)
    assert run.bookmark is None
    assert run.records("events") == []
