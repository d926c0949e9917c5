"""Small mappings for tests of foreign sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from source_kit import Source

from scoring_transform.sources.mapping import load_source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def source(tmp_path: Path) -> Callable[[str], Source]:
    """Return a maker of sources: the text of a mapping file in, a source out."""

    def make(text: str) -> Source:
        path = tmp_path / "mine.yml"
        path.write_text(text, encoding="utf-8")
        return Source(load_source(str(path)))

    return make


@pytest.fixture
def rows(source: Callable[[str], Source]) -> Callable[[str], Source]:
    """Return a maker of sources with one stream, `rows`, and the rules given."""

    def make(rules: str) -> Source:
        lines = "\n".join(f"    {line}" for line in rules.strip().splitlines())
        head = "platform: shop\nstreams:\n  - stream: rows\n    event: webinar\n"
        return source(head + lines + "\n")

    return make
