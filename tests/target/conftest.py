"""Fixtures of the CRM side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from crm_world import World, world

from target_crm.crm import Attendance, Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def hubspot(tmp_path: Path) -> Iterator[World]:
    """An empty HubSpot account without surprises."""
    with world(tmp_path / "state") as made:
        yield made


@pytest.fixture
def attendance() -> Callable[..., Attendance]:
    """Makes attendances."""

    def make(**changed: Any) -> Attendance:
        facts: dict[str, Any] = {
            "email_key": "p0@example.com",
            "contact_id": "7",
            "joined_at": "2026-11-01T10:00:00.000Z",
            "left_at": "2026-11-01T10:59:00.000Z",
        } | changed
        event = Event(
            event_id="hubilo:1",
            name="How to score",
            starts_at="2026-11-01T10:00:00.000Z",
        )
        return Attendance(row_key=("hubilo:1", "a0"), event=event, **facts)

    return make
