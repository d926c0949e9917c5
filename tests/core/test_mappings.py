"""Mappings: what is accepted, and how a refusal reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_core.errors import SettingError
from sync_core.mappings import load_mapping, shipped, to_mapping
from sync_core.yaml_lines import YamlProblem, parse_yaml

if TYPE_CHECKING:
    from pathlib import Path


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A nested shape."""

    weight: int
    unit: str = "points"


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A shape with everything a mapping uses."""

    name: str
    parts: dict[str, Part] = {}
    rows: list[Part] = []
    one: Part | None = None


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A file to write a mapping to."""
    return tmp_path / "mapping.yml"


def test_a_good_file_becomes_its_shape(written: Path) -> None:
    """Names, nesting and a byte order mark are read."""
    written.write_bytes("\ufeffname: Grüße\nparts:\n  a: {weight: 3}\n".encode())

    expected = Shape(name="Grüße", parts={"a": Part(weight=3)})
    assert expected == load_mapping(written, Shape)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        pytest.param(
            "name: x\nnam: y\n", 2, "unknown key `nam`", id="unknown-key-at-the-top"
        ),
        pytest.param(
            "name: x\nrows:\n- {weight: 3}\n- {weight: 1, unti: s}\n",
            4,
            "Allowed here: weight, unit",
            id="unknown-key-in-a-list",
        ),
        pytest.param(
            "name: x\none: {wieght: 1}\n", 2, "Allowed here: weight", id="optional"
        ),
        pytest.param("name: x\nname: y\n", 2, "stands twice", id="duplicate-key"),
        pytest.param("name: x\nother: *a\n", 2, "aliases", id="alias"),
        pytest.param("name: &a x\n", 1, "anchors", id="anchor"),
        pytest.param("name: x\nrows: !!set {a}\n", 2, "tag", id="tagged-list"),
        pytest.param("name: x\nparts: {a: {weight: 010}}\n", 2, "plain", id="octal"),
        pytest.param(
            "name: x\nparts: {a: {weigt: 1}}\n", 2, "here: weight, unit", id="free-key"
        ),
        pytest.param(
            "name: x\nrows: [{weight: x}]\n", 2, "Allowed: a whole number", id="told"
        ),
        pytest.param("name: !!python/object:os.system x\n", 1, "tag", id="tag"),
        pytest.param("name: x\nrows: .nan\n", 2, "finite", id="not-a-number"),
        pytest.param("name: x\nparts: {a: {weight: x}}\n", 2, "`int`", id="type"),
        pytest.param("name: [x\n", 2, "not valid YAML", id="torn"),
        pytest.param("? [a, b]\n: x\n", 1, "plain text", id="key-is-a-list"),
        pytest.param("rows: " + "[" * 25 + "]" * 25, 1, "deeper", id="too-deep"),
        pytest.param("name: 1" + "0" * 5000, 1, "cannot be read", id="huge-number"),
    ],
)
def test_a_wrong_file_is_named_with_line_and_key(
    written: Path, text: str, line: int, said: str
) -> None:
    """Every refusal names the file, the line and what is wrong."""
    written.write_text(text)

    with pytest.raises(SettingError) as caught:
        load_mapping(written, Shape, setting="scoring")

    assert f"{written}, line {line}: " in str(caught.value)
    assert said in str(caught.value)
    assert caught.value.setting == "scoring"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="missing"),
        pytest.param(b"\xff\xfe\x00n", id="not-utf-8"),
        pytest.param(b"", id="empty"),
        pytest.param(b"# " + b"x" * 1_000_001, id="too-large"),
    ],
)
def test_a_file_that_is_no_mapping_is_named(
    written: Path, content: bytes | None
) -> None:
    """Missing, empty, binary and huge files are told apart from wrong keys."""
    if content is not None:
        written.write_bytes(content)

    with pytest.raises(SettingError, match=written.name):
        load_mapping(written, Shape)


def test_plain_data_is_checked_like_a_file() -> None:
    """A plugin's own settings are refused by their setting's name."""
    with pytest.raises(SettingError, match=r"`weights`: .*expected `int`"):
        to_mapping({"name": "x", "one": {"weight": "y"}}, Shape, setting="weights")


def test_shipped_mappings_are_found() -> None:
    """The data package is importable from wherever it is installed."""
    assert shipped("__init__.py").is_file()


@given(st.text(max_size=300))
def test_no_text_breaks_the_parser(text: str) -> None:
    """Whatever stands in a file, it is data or a told problem."""
    problem_line = 1
    try:
        parse_yaml(text)
    except YamlProblem as problem:
        problem_line = problem.line

    assert 1 <= problem_line <= len(text) + 1
