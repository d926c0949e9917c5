"""Fixtures of the tap: an account on loopback, and runs against it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tap_account import NOW, TOKEN, Account, ListWriter, Run, serving

from tap_events.platforms import TimeSource
from tap_events.tap import TapEvents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tap_account import Clock, Json


@pytest.fixture
def run_tap(
    virtual_clock: Clock, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Run]:
    """Return a function that runs the tap to its end, or to its error."""

    class TimelessTap(TapEvents):
        time_source = TimeSource(
            clock=virtual_clock, sleep=virtual_clock.sleep, now=lambda: NOW
        )

    def run(config: Json, state: Json | None = None) -> Run:
        writer = ListWriter()
        defaults = {"state_dir": str(tmp_path / "work")}
        try:
            TimelessTap(
                config=defaults | config, state=state, message_writer=writer
            ).sync_all()
        except Exception as error:  # noqa: BLE001 - the test judges it
            return Run(writer.lines, error)
        return Run(writer.lines)

    return run


@pytest.fixture
def account() -> Iterator[Account]:
    """A served account: one event, one session, 250 people, 130 of them live."""
    with serving(Account()) as served:
        yield served


@pytest.fixture
def read_account(account: Account, run_tap: Callable[..., Run]) -> Callable[..., Run]:
    """Return a function that runs the tap on the account."""

    def read(state: Json | None = None, **config: Any) -> Run:
        base = {
            "platform": "hubilo",
            "hubilo_api_url": account.url,
            "hubilo_access_token": TOKEN,
        }
        return run_tap(base | config, state)

    return read
