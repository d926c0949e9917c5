"""Fixtures that every area shares."""

from __future__ import annotations

import os
import uuid
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from needed_programs import missing
from postgres_server import HOW, Server, find_programs, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

settings.register_profile(
    "here", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("here")

_OURS = ("TAP_", "TARGET_", "SCORING_", "LEADSCORE_", "MELTANO_", "SANDBOX_")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a developer's own variables out of the tests."""
    for name in list(os.environ):
        if name.startswith(_OURS):
            monkeypatch.delenv(name)


class VirtualClock:
    """Seconds that pass only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        """Return the virtual time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def virtual_clock() -> VirtualClock:
    """A clock that tests may call, read and sleep on."""
    return VirtualClock()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server of this machine."""
    programs = find_programs()
    if programs is None:
        missing("a PostgreSQL server", HOW)
    with serving(programs) as server:
        yield server


@pytest.fixture
def ledger_url(postgres: Server) -> Iterator[str]:
    """An empty database of its own."""
    name = f"ledger_{uuid.uuid4().hex}"
    postgres.do(f"CREATE DATABASE {name}")
    yield postgres.url(name)
    postgres.do(f"DROP DATABASE {name} WITH (FORCE)")
