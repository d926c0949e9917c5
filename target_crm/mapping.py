"""Which CRM property takes which field: `mappings/<crm>.yml` as typed shapes.

group: {name, label}
properties:
  <property name>:
    source       field of `lead_scores`, or a computed one (see COMPUTED, TRACKED)
    set          minimal, or full (minimal ones are in both)
    type         number, enumeration, datetime, date, bool or string
    policy       overwrite, if_empty (only while the CRM has no value) or never
    when_null    leave what the CRM has, or clear it
    volatile     a change of this alone is no reason to write
    ours         false: the property is the CRM's own and is never created
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from sync_core.errors import SettingError
from sync_core.mappings import load_mapping, shipped
from target_crm.rows import LEAD_SCORE_FIELDS, WINDOWS
from target_crm.texts import COMPUTED
from target_crm.values import is_empty, to_cleared, to_converter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from target_crm.rows import Row

TRACKED = frozenset(
    f"{window}_level_{what}" for window in WINDOWS for what in ("previous", "since")
)
SetName = Literal["minimal", "full"]


class Option(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One value of an enumeration and what a person reads for it."""

    value: str
    label: str | None = None


class Property(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One property of a contact and where its value comes from."""

    source: str
    label: str = ""
    description: str = ""
    type: Literal["number", "enumeration", "datetime", "date", "bool", "string"] = (
        "string"
    )
    field_type: str = "text"
    options: tuple[Option, ...] = ()
    set: SetName = "full"
    policy: Literal["overwrite", "if_empty", "never"] = "overwrite"
    when_null: Literal["leave", "clear"] = "leave"
    volatile: bool = False
    ours: bool = True
    name: str = ""

    @property
    def option_values(self) -> tuple[str, ...]:
        """The values that the CRM accepts."""
        return tuple(option.value for option in self.options)


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The group that our properties stand in."""

    name: str
    label: str


class MappingFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    group: Group
    properties: dict[str, Property]


class _Step(NamedTuple):
    """How one property gets its text, worked out once for all rows."""

    name: str
    source: str
    computed: Callable[[Mapping[str, Any]], Any] | None
    convert: Callable[[Any], str]
    cleared: str | None


@dataclass(frozen=True)
class PropertySet:
    """The properties of one run.

    Attributes:
        group: Of our own properties.
        properties: By name; those with policy `never` are left out.
    """

    group: Group
    properties: Mapping[str, Property]

    @cached_property
    def ours(self) -> list[Property]:
        """The properties that we create."""
        return [spec for spec in self.properties.values() if spec.ours]

    @cached_property
    def plain(self) -> list[Property]:
        """The properties whose value depends on the row alone."""
        specs = self.properties.values()
        return [spec for spec in specs if spec.source not in TRACKED]

    @cached_property
    def _steps(self) -> list[_Step]:
        return [
            _Step(
                name=spec.name,
                source=spec.source,
                computed=COMPUTED.get(spec.source),
                convert=to_converter(spec),
                cleared=to_cleared(spec),
            )
            for spec in self.plain
        ]

    @cached_property
    def by_source(self) -> Mapping[str, Property]:
        """The first property of each source."""
        specs = reversed(list(self.properties.values()))
        return {spec.source: spec for spec in specs}

    @cached_property
    def fill_only(self) -> frozenset[str]:
        """Names of the properties that are only written while the CRM has none."""
        specs = self.properties.values()
        return frozenset(spec.name for spec in specs if spec.policy == "if_empty")

    def to_properties(self, row: Row) -> dict[str, str]:
        """Return a row's values by property name; what is left alone is missing.

        Raises:
            RowRejected: A value does not fit its property.
        """
        values = row.values
        found: dict[str, str] = {}
        for name, source, computed, convert, cleared in self._steps:
            value = computed(values) if computed else values.get(source)
            text = cleared if not value and is_empty(value) else convert(value)
            if text is not None:
                found[name] = text
        return found


def load_properties(
    path: str | Path | None, name: SetName, crm: str, *, fill_person: bool = False
) -> PropertySet:
    """Return the properties of a set from a mapping file, or from the shipped one.

    Args:
        path: A mapping file; the shipped one of the CRM if there is none.
        name: The set.
        crm: The CRM.
        fill_person: Fill the CRM's own properties, which the mapping leaves alone,
            while they are empty.

    Raises:
        SettingError: Names the file, the property, the key and what is allowed.
    """
    place = path or shipped(f"{crm}.yml")
    mapping = load_mapping(place, MappingFile)
    named = {
        key: _named(spec, key, fill_person=fill_person)
        for key, spec in mapping.properties.items()
    }
    chosen = {
        key: spec
        for key, spec in named.items()
        if (name == "full" or spec.set == "minimal") and spec.policy != "never"
    }
    for spec in chosen.values():
        _check(spec, str(place))
    if not chosen:
        raise SettingError(
            f"{place}: no property is in the set `{name}`. Give at least one property "
            f"`set: {name}`.",
            setting="mapping",
        )
    return PropertySet(mapping.group, chosen)


def _named(spec: Property, key: str, *, fill_person: bool) -> Property:
    fills = fill_person and not spec.ours and spec.policy == "never"
    return msgspec.structs.replace(
        spec,
        name=key,
        label=spec.label or key,
        policy="if_empty" if fills else spec.policy,
    )


def _check(spec: Property, place: str) -> None:
    sources = LEAD_SCORE_FIELDS | COMPUTED.keys() | TRACKED
    if spec.source not in sources:
        raise SettingError(
            f"{place}: `properties.{spec.name}.source` is `{spec.source}`, which is no "
            f"field of lead_scores. Allowed: {', '.join(sorted(sources))}.",
            setting="mapping",
        )
    if (spec.type == "enumeration") != bool(spec.options):
        raise SettingError(
            f"{place}: `properties.{spec.name}.options` must be given for "
            "`type: enumeration` and for no other type.",
            setting="mapping",
        )
