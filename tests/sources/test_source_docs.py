"""docs/sources.md shows every key, and what it shows works."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest
import yaml
from jsonschema import Draft202012Validator, ValidationError

from scoring_transform.activities import NAMES
from scoring_transform.sources import shapes
from scoring_transform.sources.mapping import load_source, shipped_names
from sync_core.mappings import shipped

SCHEMA = shipped("sources") / "source.schema.json"
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


def judge() -> Draft202012Validator:
    """Return the schema that editors read."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_the_schema_for_editors_is_the_shape_that_is_read() -> None:
    """Made from the same types, by ``to_schema_text``."""
    assert shapes.to_schema_text() == SCHEMA.read_text(encoding="utf-8")


def test_the_schema_accepts_the_reference() -> None:
    """Everything that the page shows."""
    judge().validate(yaml.safe_load(reference()))


@pytest.mark.parametrize("name", shipped_names())
def test_editors_find_the_schema_of_shipped_mappings(name: str) -> None:
    """By their first line; and it accepts them."""
    text = (SCHEMA.parent / f"{name}.yml").read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=source.schema.json\n")
    judge().validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("event_complete: end_of_input", "event_complete: later"),
        ("on_rejected: warn", "on_rejected: ignore"),
        ("platform: example", "plattform: example"),
        ("unit: minutes", "unit: moons"),
        ("present: true", "present: maybe"),
    ],
)
def test_the_schema_refuses_what_the_code_refuses(old: str, new: str) -> None:
    """So that an editor underlines it."""
    assert old in reference()
    with pytest.raises(ValidationError):
        judge().validate(yaml.safe_load(reference().replace(old, new, 1)))
