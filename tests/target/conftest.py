"""Fixtures of the CRM side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from crm_world import World, world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def hubspot(tmp_path: Path) -> Iterator[World]:
    """An empty HubSpot account without surprises."""
    with world(tmp_path / "state") as made:
        yield made
