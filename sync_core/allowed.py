"""What a shape allows at a place of a file, in words, for the refusal of what does not.

A place is a path of keys; ``*`` stands for any key of an object with free keys.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from msgspec.inspect import Type

Place = tuple[str | int, ...]
ANY_KEY = "*"

_WORDS: dict[type[Any], str] = {
    msgspec.inspect.BoolType: "true or false",
    msgspec.inspect.NoneType: "null",
    msgspec.inspect.FloatType: "a number",
    msgspec.inspect.DictType: "an object",
}


def to_allowed(shape: Any, path: Place) -> str:
    """Return what may stand at a path, such as ``doers, all``; empty if anything."""
    return _say(_type_at(shape, path))


def keys_at(shape: Any, path: Place) -> list[str]:
    """Return the keys that the shape has at a path; empty if it is no object."""
    struct = _struct_of(_type_at(shape, path))
    if isinstance(struct, msgspec.inspect.StructType):
        return [field.encode_name for field in struct.fields]
    return []


def _type_at(shape: Any, path: Place) -> Type:
    info = msgspec.inspect.type_info(shape)
    for part in path:
        info = _step(_plain(info), part)
    return info


def _step(info: Type, part: str | int) -> Type:
    if isinstance(info, msgspec.inspect.UnionType):
        steps = [_step(_plain(member), part) for member in info.types]
        known = [s for s in steps if not isinstance(s, msgspec.inspect.AnyType)]
        return known[0] if known else msgspec.inspect.AnyType()
    if isinstance(info, msgspec.inspect.StructType):
        for field in info.fields:
            if field.encode_name == part:
                return field.type
    if isinstance(info, msgspec.inspect.DictType):
        return info.value_type
    if isinstance(info, msgspec.inspect.CollectionType | msgspec.inspect.VarTupleType):
        return info.item_type
    return msgspec.inspect.AnyType()


def _plain(info: Type) -> Type:
    return info.type if isinstance(info, msgspec.inspect.Metadata) else info


def _struct_of(info: Type) -> Type:
    """Return the object among the members of a union, or its first that is not null."""
    plain = _plain(info)
    if not isinstance(plain, msgspec.inspect.UnionType):
        return plain
    members = [_plain(member) for member in plain.types]
    structs = [m for m in members if isinstance(m, msgspec.inspect.StructType)]
    return [*structs, *members][0]


@functools.singledispatch
def _say(info: Any) -> str:
    return _WORDS.get(type(info), "")


@_say.register
def _(info: msgspec.inspect.Metadata) -> str:
    limits = info.extra_json_schema or {}
    return _say(info.type) + _span(limits.get("minimum"), limits.get("maximum"))


@_say.register
def _(info: msgspec.inspect.UnionType) -> str:
    return _either(map(_say, info.types))


@_say.register
def _(info: msgspec.inspect.LiteralType) -> str:
    return ", ".join(map(str, info.values))


@_say.register
def _(info: msgspec.inspect.StructType) -> str:
    return f"an object of {', '.join(field.encode_name for field in info.fields)}"


@_say.register
def _(info: msgspec.inspect.IntType) -> str:
    return f"a whole number{_span(info.ge, info.le)}"


@_say.register
def _(info: msgspec.inspect.StrType) -> str:
    if info.pattern is not None:
        return f"text that matches `{info.pattern}`"
    return f"text{_characters(info.min_length, info.max_length)}"


@_say.register(msgspec.inspect.CollectionType)
@_say.register(msgspec.inspect.VarTupleType)
def _(info: Any) -> str:
    return f"a list of {_say(info.item_type)}"


def _either(sayings: Iterable[str]) -> str:
    """Return all that is allowed; a number is whole or not, and null is no choice."""
    found = dict.fromkeys(said for said in sayings if said and said != "null")
    if "a number" in found:
        found.pop("a whole number", None)
    return " or ".join(found)


def _span(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return ""
    return f" from {low:,} to {high:,}"


def _characters(least: int | None, most: int | None) -> str:
    return "" if least is None or most is None else f" of {least} to {most} characters"
