"""A source mapping, checked and ready: foreign records in, facts in our terms out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from scoring_transform.sources.rules import CompiledRule, Compiler
from scoring_transform.sources.scope import ELEMENT, Misplaced, Scope
from scoring_transform.sources.shapes import ClosingStream, SourceFile
from scoring_transform.sources.units import Unfit
from scoring_transform.sources.values import LeftOut
from sync_core.errors import SettingError
from sync_core.mappings import load_mapping, shipped
from sync_core.yaml_lines import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring_transform.sources.facts import Fact
    from scoring_transform.sources.scope import Place, Where

SETTING = "source"
FOLDER = "sources"
UTC = ZoneInfo("UTC")


@dataclass(slots=True)
class Reading:
    """What the rules of a stream made of one record.

    Attributes:
        facts: What it says.
        left_out: The rules that a condition or an `ignore` kept from it.
        rejected: The rules that could not read it, each with the reason.
    """

    facts: list[Fact] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    rejected: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMapping:
    """Everything a mapping file says, as functions.

    Attributes:
        name: How messages call it.
        file: What was written.
        rules: For each foreign stream its rules.
        used: For each foreign stream where its rules read, and how that is written.
    """

    name: str
    file: SourceFile
    rules: Mapping[str, tuple[CompiledRule, ...]]
    used: Mapping[str, Mapping[Where, str]]

    @property
    def closing_stream(self) -> str | None:
        """The stream whose record completes an event; None: the end of the input."""
        complete = self.file.event_complete
        return complete.stream if isinstance(complete, ClosingStream) else None

    def to_facts(self, stream: str, record: Any) -> Reading:
        """Return what a record of a foreign stream says; pure."""
        reading = Reading()
        for rule in self.rules[stream]:
            if isinstance(record, dict):
                _apply(rule, record, reading)
            else:
                reading.rejected.append((rule.label, "is no object"))
        return reading

    def activities_of(self, streams: set[str]) -> frozenset[str]:
        """Return the activities that these foreign streams can report."""
        found = (rule.activities for s in streams for rule in self.rules.get(s, ()))
        return frozenset().union(*found)

    def find_unknown(self, stream: str, schema: Any) -> list[str]:
        """Return a sentence for each mapped field that a SCHEMA does not have."""
        return [
            f"source {self.name}: the SCHEMA of `{stream}` has no `{text}`"
            f"{_like(where[-1], known)}"
            for where, text in sorted(self.used[stream].items())
            if (known := find_others(schema, where, text))
        ]


def find_others(schema: Any, where: Where, text: str) -> Mapping[str, Any] | None:
    """Return the fields that a SCHEMA has instead of one; None if it may have it.

    Args:
        schema: What the tap says of its records.
        where: The field, into objects and the elements of arrays.
        text: The same as the mapping writes it; a field of that name would win.
    """
    inner = schema
    for part in where:
        if not isinstance(inner, dict):
            return None
        if part == ELEMENT or (part.isdecimal() and "items" in inner):
            inner = inner.get("items")
            continue
        known = inner.get("properties")
        if not isinstance(known, dict) or not known or text in known:
            return None
        if part not in known:
            return None if inner.get("additionalProperties") is True else known
        inner = known[part]
    return None


def _like(name: str, known: Mapping[str, Any]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"; did you mean `{close[0]}`?" if close else ""


def _apply(rule: CompiledRule, record: dict[str, Any], reading: Reading) -> None:
    """Add what one rule makes of a record."""
    try:
        rows = rule.to_rows(record)
    except Unfit as problem:
        reading.rejected.append((rule.label, str(problem)))
        return
    for row in rows:
        if rule.test is not None and not rule.test(row):
            reading.left_out.append(rule.label)
            continue
        try:
            reading.facts.extend(rule.make(row))
        except LeftOut:
            reading.left_out.append(rule.label)
        except Unfit as problem:
            reading.rejected.append((rule.label, str(problem)))


def load_source(source: str) -> SourceMapping:
    """Return a mapping by the path of a file, or by the name of a shipped one.

    Raises:
        SettingError: Names the file, line and key, and what is allowed.
    """
    path = _find(source)
    file = load_mapping(path, SourceFile, setting=SETTING)
    try:
        return to_mapping(file, path.stem)
    except Misplaced as problem:
        line = _line_of(path, problem.place)
        key = ".".join(str(part) for part in problem.place)
        raise SettingError(
            f"{path}, line {line}: {problem} (at `{key}`).", setting=SETTING
        ) from problem


def shipped_names() -> list[str]:
    """Return the names of the mappings that come with the product."""
    return sorted(path.stem for path in shipped(FOLDER).glob("*.yml"))


def _find(source: str) -> Path:
    if re.fullmatch(r"[A-Za-z0-9_]+", source):
        names = shipped_names()
        if source not in names:
            raise SettingError(
                f"There is no shipped source `{source}`; there are {', '.join(names)}. "
                f"Set `{SETTING}` to one of them or to the path of a mapping file.",
                setting=SETTING,
            )
        return shipped(FOLDER) / f"{source}.yml"
    return Path(source).expanduser()


def _line_of(path: Path, place: Place) -> int:
    lines = parse_yaml(path.read_text(encoding="utf-8-sig")).lines
    for length in range(len(place), -1, -1):
        if place[:length] in lines:
            return lines[place[:length]]
    return 1


def to_mapping(file: SourceFile, name: str) -> SourceMapping:
    """Return a mapping file's rules as functions.

    Raises:
        Misplaced: Names what is wrong and where.
    """
    top = Scope(place=(), form=file.times.format, zone=UTC).with_times(file.times)
    _check_platform(top.at("platform"), file.platform)
    rules: dict[str, tuple[CompiledRule, ...]] = {}
    used: dict[str, Mapping[Where, str]] = {}
    count = 0
    for place, stream in enumerate(file.streams):
        fields: dict[Where, str] = {}
        scope = replace(top.at("streams", place), used=fields)
        if stream.stream in rules:
            scope.at("stream").refuse(f"`{stream.stream}` stands twice; join its rules")
        compiler = Compiler(scope=scope.with_times(stream.times), stream=stream)
        compiled = compiler.compile_all(count)
        count += len(compiled)
        rules[stream.stream] = tuple(compiled)
        used[stream.stream] = fields
    mapping = SourceMapping(name=name, file=file, rules=rules, used=used)
    _check_closing(top.at("event_complete"), mapping)
    return mapping


def _check_platform(scope: Scope, platform: str) -> None:
    plain = platform.replace("_", "").replace("-", "")
    if not (plain.isascii() and plain.isalnum() and platform.islower()):
        scope.refuse(f"`{platform}` is no platform: write one word in lower case")


def _check_closing(scope: Scope, mapping: SourceMapping) -> None:
    closing = mapping.closing_stream
    with_events = [s.stream for s in mapping.file.streams if s.events]
    if closing is not None and closing not in with_events:
        scope.at("stream").refuse(
            f"`{closing}` has no rule for `events`; streams that have are "
            f"{', '.join(with_events) or 'none'}"
        )
