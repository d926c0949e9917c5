"""A scoring file is exact or refused, with its line, its key and what is allowed."""

from __future__ import annotations

import itertools
import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError
from msgspec import structs

from scoring_transform.activities import KINDS, NAMES
from scoring_transform.model import default_model, read_model
from scoring_transform.scoring_file import (
    ScoringFile,
    to_json_schema,
    to_schema_text,
)
from sync_core.errors import SettingError
from sync_core.mappings import shipped

PAGE = Path(__file__).parents[2] / "docs" / "scoring.md"
SHIPPED = shipped("scoring.yml").read_text()


def test_the_shipped_file_holds_the_defaults() -> None:
    """Key by key, so that deleting the file changes nothing."""
    assert default_model().file == read_model().file
    assert default_model().hash == read_model().hash
    assert {kind.name: kind.default_weight for kind in KINDS} == read_model().weights


def test_the_schema_for_editors_is_the_shape_that_is_read() -> None:
    """Made from the same types, by ``to_schema_text``."""
    assert to_schema_text() == shipped("scoring.schema.json").read_text()


def test_the_shipped_weights_are_these() -> None:
    """Ours, because no platform publishes its own; docs/scoring.md has them, too."""
    expected = {
        "time_in_session": 25,
        "chat": 10,
        "poll_response": 15,
        "cta_click": 15,
        "raise_hand": 5,
        "reaction": 5,
        "session_rating": 5,
        "file_download": 10,
        "question": 10,
    }
    assert expected == {n: int(default_model().weight_of(n)) for n in NAMES}
    page = PAGE.read_text(encoding="utf-8")
    for name, weight in expected.items():
        assert re.search(rf"(?m)^\| `{name}` \|.*\| {weight} \|$", page), name


def test_the_page_explains_every_key_of_the_file() -> None:
    """With the default that the code has."""
    page = PAGE.read_text(encoding="utf-8")
    for field in structs.fields(ScoringFile):
        assert f"| `{field.encode_name}` |" in page, field.encode_name


def test_editors_find_the_schema_beside_the_file() -> None:
    """By the line that the YAML language server reads, which must come first."""
    first = SHIPPED.splitlines()[0]
    assert first == "# yaml-language-server: $schema=scoring.schema.json"
    assert shipped("scoring.schema.json").is_file()


def check_by_schema(text: str) -> None:
    """Judge a scoring file as an editor would."""
    schema = json.loads(shipped("scoring.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(yaml.safe_load(text))


def test_the_schema_accepts_the_shipped_file() -> None:
    """As it is, and with a window in days."""
    check_by_schema(SHIPPED)
    check_by_schema(SHIPPED.replace(": event_end", ": {days: 14}"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("chat: 10", "chat: -1"),
        ("chat: 10", "chat: 101"),
        ("chat: 10", "quiz: 10"),
        ("chat: 10", "chat: ten"),
        ("rounding: truncate", "rounding: up"),
        ("seconds: 1", "seconds: 0"),
        (": event_end", ": {days: 0}"),
        (": event_end", ": never"),
        ("[speaker, host, staff]", "[boss]"),
        ("up_to: 30", "up_to: 101"),
        ("share: 20", "share: -20"),
        ("at_least: 67", "at_least: 2000000"),
        ("name: Hot", "name: ''"),
    ],
)
def test_the_schema_refuses_what_the_code_refuses(old: str, new: str) -> None:
    """So that an editor underlines it."""
    assert old in SHIPPED
    with pytest.raises(ValidationError):
        check_by_schema(SHIPPED.replace(old, new, 1))


@pytest.mark.parametrize("key", [f.encode_name for f in structs.fields(ScoringFile)])
def test_editors_explain_every_key(key: str) -> None:
    """What a key means stands in the schema."""
    schema = to_json_schema()["$defs"]
    told = schema["ScoringFile"]["properties"][key]
    assert "description" in told or "$ref" in told
    assert all("description" in w for w in schema["Weights"]["properties"].values())


def test_settings_replace_keys_of_the_file() -> None:
    """And are judged like them."""
    model = read_model(None, {"rounding": "half_up", "name": "ours"})
    assert (model.file.rounding, model.name) == ("half_up", "ours")
    assert model.weights == default_model().weights
    with pytest.raises(SettingError, match=r"settings.*total 108"):
        read_model(None, {"weights": dict.fromkeys(NAMES, 12)})


@given(st.lists(st.integers(0, 10**8), min_size=8, max_size=8))
def test_weights_are_exact(cuts: list[int]) -> None:
    """Nine numbers of up to six decimals keep every digit and total 100."""
    edges = [0, *sorted(cuts), 10**8]
    parts = [Decimal(b - a) / 10**6 for a, b in itertools.pairwise(edges)]
    weights = {n: float(p) for n, p in zip(NAMES, parts, strict=True)}
    model = read_model(None, {"weights": weights})
    assert parts == [model.weight_of(name) for name in NAMES]
    assert sum(model.weights.values()) == 100 * model.scale


def test_the_hash_tells_rules_apart() -> None:
    """Anything that decides a score changes it; how a number is written does not."""
    plain = default_model().hash
    days = [
        read_model(None, {"on_demand_until": until}).hash
        for until in ("14 days", {"days": 14}, "15 days")
    ]
    assert days[0] == days[1] != days[2] != plain
    assert read_model(None, {"time_bucket_seconds": 60}).hash != plain
    weights = {name: float(w) for name, w in default_model().weights.items()}
    assert read_model(None, {"weights": weights}).hash == plain
