"""A scoring file is exact or refused, with its line, its key and what is allowed."""

from __future__ import annotations

import itertools
import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring_transform.activities import KINDS, NAMES
from scoring_transform.model import default_model, read_model
from scoring_transform.scoring_file import to_json_schema
from sync_core.errors import SettingError
from sync_core.mappings import shipped

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED = shipped("scoring.yml").read_text()


def write(folder: Path, text: str) -> Path:
    """Write a scoring file."""
    path = folder / "scoring.yml"
    path.write_text(text)
    return path


def test_the_shipped_file_holds_the_defaults() -> None:
    """Key by key, so that deleting the file changes nothing."""
    assert default_model().file == read_model().file
    assert default_model().hash == read_model().hash
    assert {kind.name: kind.default_weight for kind in KINDS} == read_model().weights


def test_the_schema_for_editors_is_the_shape_that_is_read() -> None:
    """Made from the same types."""
    shown = json.loads(shipped("scoring.schema.json").read_text())
    assert json.loads(json.dumps(to_json_schema())) == shown


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        pytest.param(
            "question: 10", "question: 9", "total 99, not 100: add 1", id="99"
        ),
        pytest.param("chat: 10", "chat: 10.5", "total 100.5.*take away 0.5", id="over"),
        pytest.param(
            "chat: 10", "chat: -1", r"line \d+.*`weights.chat` is -1", id="neg"
        ),
        pytest.param("chat: 10", "chat: .nan", "finite|number", id="nan"),
        pytest.param("chat: 10", "chat: 1.0e+308", "0 to 100", id="huge"),
        pytest.param("chat: 10", "chat: ten", r"line \d+.*chat", id="text"),
        pytest.param(
            "chat: 10", "chat: 9.9999999", "at most 6 decimals", id="decimals"
        ),
        pytest.param("  chat: 10", "  quiz: 10", r"line \d+.*quiz.*chat", id="unknown"),
        pytest.param("  chat: 10 # messages posted\n", "", "chat", id="missing"),
        pytest.param("  chat: 10", "  chat: 10\n  chat: 10", "twice|chat", id="double"),
        pytest.param(
            "rounding: truncate", "rounding: up", "half_up|rounding", id="enum"
        ),
        pytest.param(
            "rounding: truncate", "round: up", "unknown key `round`", id="key"
        ),
        pytest.param("up_to: 60", "up_to: 20", r"line \d+.*must rise", id="levels"),
        pytest.param("up_to: 100", "up_to: 99", "must be 100", id="last-level"),
        pytest.param("share: 50", "share: 40", "total 90, not 100", id="shares"),
        pytest.param("at_least: 67", "at_least: 30", "must fall", id="s-groups"),
        pytest.param("name: Warm", "name: Hot", "the same name", id="names"),
        pytest.param("event_end\n", "{days: 0}\n", "days|>= 1", id="days"),
        pytest.param("domains: []", "domains: ['@A.com']", "lower-case", id="domain"),
        pytest.param("[speaker, host, staff]", "[boss]", "boss", id="role"),
        pytest.param("name: default", "name: *a", "line 5.*alias", id="anchor"),
    ],
)
def test_a_wrong_file_is_refused(
    tmp_path: Path, old: str, new: str, wanted: str
) -> None:
    """The message names the file."""
    assert old in SHIPPED
    path = write(tmp_path, SHIPPED.replace(old, new, 1))
    with pytest.raises(SettingError, match=wanted) as caught:
        read_model(path)
    assert "scoring.yml" in str(caught.value)


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
    assert read_model(None, {"time_bucket_seconds": 60}).hash != plain
    weights = {name: float(w) for name, w in default_model().weights.items()}
    assert read_model(None, {"weights": weights}).hash == plain
