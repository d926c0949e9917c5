"""Mappings: YAML files decoded into typed, frozen shapes, or a clear refusal."""

from __future__ import annotations

import importlib.resources
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from sync_core.allowed import ANY_KEY, keys_at, to_allowed
from sync_core.errors import SettingError
from sync_core.yaml_lines import Document, YamlProblem, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sync_core.yaml_lines import Path as DataPath

S = TypeVar("S")


def shipped(name: str) -> Path:
    """Return the path of a mapping that comes with the product."""
    return Path(str(importlib.resources.files("mappings"))) / name


def load_mapping(path: str | Path, shape: type[S], *, setting: str = "mapping") -> S:
    """Return what a YAML file holds, as ``shape``.

    Args:
        path: The file.
        shape: A `msgspec.Struct` type; make it frozen and forbid unknown fields.
        setting: The setting that named the file.

    Raises:
        SettingError: Names the file, the line, the key and what is allowed.
    """
    text = _read_text(Path(path), setting)
    try:
        document = parse_yaml(text)
    except YamlProblem as problem:
        raise SettingError(
            f"{path}, line {problem.line}: {problem}.", setting=setting
        ) from problem
    if document.data is None:
        needed = to_allowed(shape, ())
        raise SettingError(
            f"{path}, line 1: the file is empty; it needs {needed}.", setting=setting
        )
    return _decode(document, shape, str(path), setting)


def to_mapping(data: Any, shape: type[S], *, setting: str) -> S:
    """Return plain data, such as a plugin's own configuration, as ``shape``."""
    return _decode(Document(data, {}), shape, f"`{setting}`", setting)


def _read_text(path: Path, setting: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingError(
            f"The mapping file {path} cannot be read ({error.strerror}). Set "
            f"`{setting}` to a file that exists.",
            setting=setting,
        ) from error
    except UnicodeDecodeError as error:
        raise SettingError(
            f"{path}: not UTF-8 text. Save it as UTF-8.", setting=setting
        ) from error


def _decode(document: Document, shape: type[S], where: str, setting: str) -> S:
    try:
        return msgspec.convert(document.data, shape)
    except msgspec.ValidationError as error:
        reason, path = _split(str(error))
        line = _line_of(document.lines, path)
        place = f"{where}, line {line}" if line else where
        key = f" at `{_dotted(path)}`" if path else ""
        allowed = _allowed(shape, path, reason)
        raise SettingError(
            f"{place}: {reason}{key}.{allowed}", setting=setting
        ) from error


def _split(message: str) -> tuple[str, DataPath]:
    """Return msgspec's reason and its ``$.a[0].b`` as a path of keys."""
    reason, _, place = message.partition(" - at `")
    path: DataPath = tuple(
        int(number) if number else name or ANY_KEY
        for name, number in re.findall(r"\.([^.\[\]`]+)|\[(?:(\d+)|\.\.\.)\]", place)
    )
    unknown = re.search(r"unknown field `([^`]+)`", reason)
    if unknown:
        return f"unknown key `{unknown[1]}`", (*path, unknown[1])
    return reason[:1].lower() + reason[1:], path


def _line_of(lines: Mapping[DataPath, int], path: DataPath) -> int | None:
    for length in range(len(path), -1, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


def _dotted(path: DataPath) -> str:
    return ".".join(str(part) for part in path)


def _allowed(shape: Any, path: DataPath, reason: str) -> str:
    if not reason.startswith("unknown key"):
        said = to_allowed(shape, path)
        return f" Allowed: {said}." if said else ""
    known = keys_at(shape, path[:-1])
    return f" Allowed here: {', '.join(known)}." if known else ""
