"""docs/sources.md shows every key, and what it shows works."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from scoring_transform.activities import NAMES
from scoring_transform.sources import shapes
from scoring_transform.sources.mapping import load_source, shipped_names

PAGE = Path(__file__).parents[2] / "docs" / "sources.md"
SHAPES = [
    shape
    for shape in vars(shapes).values()
    if isinstance(shape, type) and issubclass(shape, msgspec.Struct)
    if shape is not msgspec.Struct
]


def reference() -> str:
    """Return the commented reference."""
    page = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (block,) = [block for block in blocks if "event_complete:" in block]
    return str(block)


def test_the_reference_is_a_valid_mapping(tmp_path: Path) -> None:
    """It can be copied as it is."""
    path = tmp_path / "reference.yml"
    path.write_text(reference(), encoding="utf-8")
    mapping = load_source(str(path))
    assert set(mapping.rules) >= {"reports", "registrants", "contacts", "page_events"}


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_the_reference_has_every_key(shape: type[msgspec.Struct]) -> None:
    """A key that is not shown does not exist for a reader."""
    text = reference()
    missing = [
        name
        for name in shape.__struct_encode_fields__
        if not re.search(rf"(^|[\s{{]){re.escape(name)}:", text)
        if name not in {"constant", "hash"} or f"{name}:" not in text
    ]
    assert missing == []


@pytest.mark.parametrize("word", [*NAMES, *shapes.Unit.__args__])
def test_the_page_has_every_activity_and_unit(word: str) -> None:
    """Closed lists are shown whole."""
    assert word in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", shipped_names())
def test_the_page_names_every_shipped_mapping(name: str) -> None:
    """With its example."""
    assert f"| `{name}` |" in PAGE.read_text(encoding="utf-8")
