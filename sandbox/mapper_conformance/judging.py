"""Judges what a mapper wrote; every function here is pure."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from sandbox.mapper_conformance.feed import place_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.mapper_conformance.feed import Feed, Message
    from sandbox.mapper_conformance.running import Ran

Row = tuple[str, str]
TYPES: Mapping[str, tuple[type, ...]] = {
    "null": (type(None),),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "array": (list,),
    "object": (dict,),
}


def rows_of(feed: Feed, ran: Ran) -> list[Row]:
    """Return the records that were written, without what differs, in their order."""
    return [
        (message["stream"], _text(feed, message["record"]))
        for message in ran.messages
        if message["type"] == "RECORD"
    ]


def records_of(feed: Feed, ran: Ran) -> list[Row]:
    """Return the records that were written, in an order of their own."""
    return sorted(rows_of(feed, ran))


def _text(feed: Feed, record: Mapping[str, Any]) -> str:
    kept = {name: value for name, value in record.items() if name not in feed.ignore}
    return json.dumps(kept, sort_keys=True)


def groups_of(feed: Feed, messages: list[Message]) -> set[str]:
    """Return the groups that any RECORD belongs to."""
    records = [m["record"] for m in messages if m["type"] == "RECORD"]
    return {str(record[feed.group]) for record in records}


def states_of(messages: list[Message]) -> list[Message]:
    """Return the STATEs."""
    return [message for message in messages if message["type"] == "STATE"]


def find_false_state(
    feed: Feed, sent: list[Message], written: list[Message], told: set[str]
) -> str:
    """Return what is wrong with a STATE, or nothing.

    Args:
        feed: Says what completes a group.
        sent: The RECORDs that were sent, in order; a STATE counts them.
        written: What came out.
        told: The groups that have records in the output of an undisturbed run.
    """
    firsts: dict[str, int] = {}
    for place, message in enumerate(sent):
        firsts.setdefault(str(message["record"][feed.group]), place)
    ends = [m for m in sent if m["stream"] == feed.closes]
    closed = {str(m["record"][feed.group]) for m in ends}
    seen: set[str] = set()
    last = -1
    for message in written:
        seen |= groups_of(feed, [message])
        if message["type"] != "STATE":
            continue
        place = place_of(message)
        begun = {group for group, first in firsts.items() if first < place}
        if place < last:
            return f"STATE {place} came after STATE {last}"
        if begun & told - seen:
            return f"STATE {place} came before the records of what it covers"
        if begun - closed:
            return f"STATE {place} covers a group that never ended"
        last = place
    return ""


def find_bad_order(messages: list[Message]) -> str:
    """Return what is wrong with SCHEMAs and keys, or nothing."""
    keys: dict[str, list[str]] = {}
    seen: Counter[tuple[Any, ...]] = Counter()
    for message in messages:
        stream = message.get("stream", "")
        if message["type"] == "SCHEMA":
            keys[stream] = message["key_properties"]
        elif message["type"] == "RECORD":
            if stream not in keys:
                return f"a record of {stream} came before its SCHEMA"
            key = [message["record"][name] for name in keys[stream]]
            seen[stream, *map(str, key)] += bool(key)
    twice = [key for key, count in seen.items() if count > 1]
    return f"two records of {twice[0][0]} have one key" if twice else ""


def find_misfit(messages: list[Message]) -> str:
    """Return which field of a record has another type than announced, or nothing."""
    schemas = {m["stream"]: m["schema"] for m in messages if m["type"] == "SCHEMA"}
    for message in messages:
        if message["type"] != "RECORD":
            continue
        stream = message["stream"]
        properties = schemas[stream]["properties"]
        for name, value in message["record"].items():
            if name not in properties:
                return f"{stream}.{name} is not in the SCHEMA"
            if not fits(value, properties[name]):
                kind = type(value).__name__
                return f"{stream}.{name} is {kind}, the SCHEMA says otherwise"
    return ""


def fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Return whether a value has one of the types that its schema allows."""
    if "anyOf" in schema:
        return any(fits(value, other) for other in schema["anyOf"])
    allowed = schema.get("type", list(TYPES))
    names = [allowed] if isinstance(allowed, str) else allowed
    if isinstance(value, bool):
        return "boolean" in names
    return any(isinstance(value, TYPES[name]) for name in names)
