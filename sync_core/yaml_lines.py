"""YAML as plain data with the line of every key, and nothing that can surprise.

Refused: tags and objects, anchors and aliases, keys that stand twice, nesting past 20,
numbers that are not finite or not plainly decimal (`010`, `1:30`), more than 1 MB.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BYTES = 1_000_000
MAX_DEPTH = 20

Path = tuple[str | int, ...]


class Document(NamedTuple):
    """Plain data and, for each path in it, the line it stands on (1 is first)."""

    data: Any
    lines: Mapping[Path, int]


class YamlProblem(Exception):  # noqa: N818 - becomes a SettingError with its file
    """What is wrong, and on which line."""

    def __init__(self, text: str, line: int) -> None:
        super().__init__(text)
        self.line = line


class _Loader(yaml.SafeLoader):
    """A safe loader that knows no anchors and no aliases."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise YamlProblem("aliases (`*name`) are not allowed; write it out", line)
        if getattr(event, "anchor", None) is not None:
            raise YamlProblem("anchors (`&name`) are not allowed; write it out", line)
        return super().compose_node(parent, index)


def parse_yaml(text: str) -> Document:
    """Return the one document that ``text`` holds.

    Raises:
        YamlProblem: It is not YAML, or holds something that is refused.
    """
    if len(text.encode()) > MAX_BYTES:
        raise YamlProblem(f"larger than {MAX_BYTES:,} bytes", 1)
    try:
        return _parse(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise YamlProblem(f"not valid YAML ({error.problem})", line) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise YamlProblem("not valid YAML text", 1) from error


def _parse(text: str) -> Document:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        lines: dict[Path, int] = {}
        data = None if node is None else _to_data(loader, node, (), lines)
        return Document(data, lines)
    finally:
        loader.dispose()


def _to_data(
    loader: _Loader, node: yaml.Node, path: Path, lines: dict[Path, int]
) -> Any:
    line = node.start_mark.line + 1
    lines.setdefault(path, line)
    if len(path) > MAX_DEPTH:
        raise YamlProblem(f"nested deeper than {MAX_DEPTH}", line)
    if node.tag not in _TAGS.get(type(node), _PLAIN_TAGS):
        raise YamlProblem(f"{_named(path)}the tag `{node.tag}` is not allowed", line)
    if isinstance(node, yaml.MappingNode):
        return _to_dict(loader, node, path, lines)
    if isinstance(node, yaml.SequenceNode):
        return [
            _to_data(loader, item, (*path, number), lines)
            for number, item in enumerate(node.value)
        ]
    return _to_scalar(loader, node, path, line)


def _to_dict(
    loader: _Loader, node: yaml.MappingNode, path: Path, lines: dict[Path, int]
) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise YamlProblem("a key must be plain text", line)
        key = key_node.value
        if key in data:
            raise YamlProblem(f"the key `{key}` stands twice", line)
        lines[(*path, key)] = line
        data[key] = _to_data(loader, value_node, (*path, key), lines)
    return data


def _named(path: Path) -> str:
    """Return the key that a message is about, if it is about one."""
    return f"`{'.'.join(map(str, path))}`: " if path else ""


_YAML = "tag:yaml.org,2002:"
_TIME = f"{_YAML}timestamp"
_PLAIN_TAGS = {_TIME, *(f"{_YAML}{t}" for t in ("str", "int", "float", "bool", "null"))}
_TAGS: Mapping[type[yaml.Node], set[str]] = {
    yaml.MappingNode: {f"{_YAML}map"},
    yaml.SequenceNode: {f"{_YAML}seq"},
}
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9_]*)")


def _to_scalar(loader: _Loader, node: yaml.Node, path: Path, line: int) -> Any:
    if node.tag == _TIME:
        return node.value
    if node.tag == f"{_YAML}int" and not _DECIMAL.fullmatch(node.value):
        text = f"`{node.value[:20]}` is read in different ways; write a plain number"
        raise YamlProblem(_named(path) + text, line)
    try:
        value = loader.construct_object(node)
    except ValueError as error:
        raise YamlProblem(
            f"{_named(path)}a number that cannot be read", line
        ) from error
    if isinstance(value, float) and not math.isfinite(value):
        raise YamlProblem(f"{_named(path)}a number must be finite", line)
    return value
