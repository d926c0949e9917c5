"""What tests of foreign sources say often."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from scoring_transform.sources.translating import Translator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scoring_transform.sources.mapping import Reading, SourceMapping

Messages = list[dict[str, Any]]


class Source:
    """A mapping of a test, and the ways to use it."""

    def __init__(self, mapping: SourceMapping) -> None:
        self.mapping = mapping
        self.translator = Translator(mapping)

    def read(self, record: Any, stream: str = "rows") -> Reading:
        """Return what a record says."""
        return self.mapping.to_facts(stream, record)

    def fields(self, record: Any) -> dict[str, Any]:
        """Return the fields of the last fact of a record."""
        reading = self.read(record)
        assert reading.rejected == []
        return dict(reading.facts[-1].fields)

    def run(self, messages: Iterable[dict[str, Any]]) -> Messages:
        """Return the messages that come out for some that go in, in one block each."""
        self.translator = Translator(self.mapping)
        blocks = [json.dumps(message).encode() + b"\n" for message in messages]
        text = b"".join(self.translator.translate(iter(blocks)))
        return [json.loads(line) for line in text.splitlines()]


def record(stream: str, /, **fields: Any) -> dict[str, Any]:
    """Return a RECORD message."""
    return {"type": "RECORD", "stream": stream, "record": fields}


def state(value: Any) -> dict[str, Any]:
    """Return a STATE message."""
    return {"type": "STATE", "value": value}


def records_of(messages: Messages, stream: str) -> list[dict[str, Any]]:
    """Return the records of one stream."""
    return [
        message["record"]
        for message in messages
        if message["type"] == "RECORD" and message["stream"] == stream
    ]
