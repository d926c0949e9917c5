"""Lines of a foreign tap in, lines as our own tap would send them out.

The rest of the mapper sees SCHEMA, children, then the event's own RECORD, then STATE:
a STATE stays here as long as anything read before it has not been sent.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import msgspec

from scoring_transform.parsing import decode
from scoring_transform.sources.facts import Fact, Kind
from scoring_transform.sources.gathering import Gathering
from scoring_transform.sources.tally import Tally
from sync_core.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scoring_transform.sources.gathering import Pair
    from scoring_transform.sources.mapping import SourceMapping

logger = logging.getLogger("scoring_transform")

KEYS = {
    "events": ["event_id"],
    "sessions": ["event_id", "session_id"],
    "attendees": ["event_id", "attendee_id"],
    "activities": ["event_id", "activity_id"],
}
LATE = "came after the record that completed its event"
UNEXPLAINED = "names its event by an alias that no record explains"

_encode = msgspec.json.Encoder().encode


class Translator:
    """Translates the input of one run.

    Args:
        mapping: What becomes of what.
    """

    def __init__(self, mapping: SourceMapping) -> None:
        self.mapping = mapping
        self.tally = Tally(mapping.name)
        self._gathering = Gathering(mapping.file.platform)
        self._announced: set[str] = set()
        self._sent: set[str] = set()
        self._state: bytes | None = None
        self._out: list[bytes] = []

    def translate(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield blocks of our lines for blocks of foreign lines."""
        for block in blocks:
            for line in block.split(b"\n"):
                if line.strip():
                    self._take(line)
            yield from self._flush()
        yield from self._finish()

    def _flush(self) -> Iterator[bytes]:
        if self._out:
            yield b"\n".join(self._out) + b"\n"
            self._out = []

    def _take(self, line: bytes) -> None:
        message = decode(line)
        kind, stream = message.get("type"), message.get("stream")
        if kind == "RECORD":
            self._take_record(str(stream), message.get("record"))
        elif kind == "STATE":
            self._state = line
            self._release()
        elif kind == "SCHEMA":
            self._take_schema(str(stream), message.get("schema"))
        elif kind == "BATCH":
            self._refuse_batch(str(stream))
        elif kind != "ACTIVATE_VERSION":
            raise FatalError("The input has a line that is not a Singer message.")

    def _take_schema(self, stream: str, schema: Any) -> None:
        if stream in self.mapping.rules and stream not in self._announced:
            self._announced.add(stream)
            for sentence in self.mapping.find_unknown(stream, schema):
                logger.warning(sentence)

    def _refuse_batch(self, stream: str) -> None:
        if stream in self.mapping.rules:
            raise FatalError(
                f"`{stream}` came as BATCH. A source mapping reads RECORD: remove "
                "`batch_config` from the tap's settings.",
                setting="source",
            )
        self.tally.unmapped[stream] += 1

    def _take_record(self, stream: str, record: Any) -> None:
        self.tally.records[stream] += 1
        if stream not in self.mapping.rules:
            self.tally.unmapped[stream] += 1
            return
        self._announced.add(stream)
        reading = self.mapping.to_facts(stream, record)
        for label in reading.left_out:
            self.tally.left_out[stream, label] += 1
        for label, reason in reading.rejected:
            self._reject(stream, label, reason)
        closes = stream == self.mapping.closing_stream
        for fact in reading.facts:
            self._take_fact(fact, stream, closes=closes)

    def _take_fact(self, fact: Fact, stream: str, *, closes: bool) -> None:
        completes = closes and fact.kind is Kind.EVENTS
        if self._gathering.is_late(fact):
            if not completes:
                self._reject(stream, str(fact.kind), LATE)
            return
        self._send(self._gathering.add(fact))
        native = self._gathering.find(fact.event) if fact.event else None
        if completes and native is not None:
            self._close(native)
            self._release()

    def _reject(self, stream: str, label: str, reason: str) -> None:
        self.tally.rejected[stream, label, reason] += 1
        if self.mapping.file.on_rejected == "stop":
            raise FatalError(
                f"source {self.mapping.name}: a record of `{stream}` was rejected by "
                f"{label}: {reason}. Correct the mapping, or set `on_rejected: warn` "
                "in it.",
                setting="source",
            )

    def _close(self, native: str) -> None:
        self.tally.undescribed += not self._gathering.is_described(native)
        reported = self.mapping.activities_of(self._announced)
        self._send(self._gathering.close(native, reported))

    def _send(self, pairs: Iterable[Pair]) -> None:
        for stream, record in pairs:
            if stream not in self._sent:
                self._sent.add(stream)
                self._write(_schema_of(stream))
            self.tally.sent[stream] += 1
            self._write({"type": "RECORD", "stream": stream, "record": record})

    def _write(self, message: Any) -> None:
        self._out.append(_encode(message))

    def _release(self) -> None:
        """Send the newest STATE on, if nothing that it covers is still here."""
        if self._state is not None and not self._gathering.is_holding:
            self._out.append(self._state)
            self._state = None

    def _finish(self) -> Iterator[bytes]:
        """Complete everything that is open, then send the last STATE."""
        self._check_match()
        for fact in self._gathering.take_unexplained():
            self._reject("records waiting for their event", str(fact.kind), UNEXPLAINED)
        for native in self._gathering.open_ids:
            self._close(native)
            yield from self._flush()
        self._gathering.forget_people()
        self._release()
        yield from self._flush()
        self.tally.log(self.mapping.rules.keys() - self._announced)

    def _check_match(self) -> None:
        """Refuse an input to which the mapping does not apply at all."""
        if self.tally.unmapped and not self._announced:
            came = ", ".join(sorted(self.tally.unmapped)[:10])
            raise FatalError(
                f"source {self.mapping.name}: no rule is for any stream of the input. "
                f"It has {came}; the mapping has {', '.join(self.mapping.rules)}.",
                setting="source",
            )


def _schema_of(stream: str) -> dict[str, Any]:
    """Return the SCHEMA message that must come before a stream's first record."""
    keys = KEYS[stream]
    properties = {key: {"type": "string"} for key in keys}
    return {
        "type": "SCHEMA",
        "stream": stream,
        "schema": {"type": "object", "properties": properties},
        "key_properties": keys,
    }
