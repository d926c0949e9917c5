"""Pipelines of whole plugins, each with a sandbox of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from stages import Line

from sandbox.server import SandboxSettings, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def make_line(tmp_path: Path) -> Iterator[Callable[..., Line]]:
    """Make pipelines, each with a sandbox of its own."""
    opened = []

    def make(name: str = "line", **options: Any) -> Line:
        folder = tmp_path / name
        folder.mkdir()
        settings = SandboxSettings(database=folder / "crm.sqlite", **options)
        context = running(settings)
        sandbox = context.__enter__()
        opened.append(context)
        return Line(folder, sandbox)

    yield make
    for context in reversed(opened):
        context.__exit__(None, None, None)


@pytest.fixture
def line(make_line: Callable[..., Line]) -> Line:
    """One pipeline."""
    return make_line()
