"""What any Singer mapper that holds data back must keep to, as a reusable suite.

Subclass `MapperConformance` in a test module and say how to run the mapper; everything
else is drawn. The suite knows nothing of how a mapper works: it sends lines and looks
at the lines that come back.
"""

from __future__ import annotations

import abc
import json
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from score_worlds import (
    Chance,
    World,
    record_message,
    schema_messages,
    state_message,
    to_lines,
)

from sync_core.errors import FatalError

if TYPE_CHECKING:
    from pathlib import Path

DRAWN = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.differing_executors,
        HealthCheck.function_scoped_fixture,
    ],
)
Message = dict[str, Any]


def interleave(chance: Chance, worlds: list[World]) -> list[Message]:
    """Return the messages of several events mixed; an event's own comes last."""
    queues = [shuffled(chance, world) for world in worlds]
    mixed: list[Message] = []
    while any(queues):
        queue = chance.random.choice([queue for queue in queues if queue])
        mixed.append(queue.pop(0))
    return mixed


def shuffled(chance: Chance, world: World) -> list[Message]:
    """Return one event's messages in any order, some twice, its own last."""
    children = world.children()
    children += chance.random.sample(children, len(children) // 4)
    chance.random.shuffle(children)
    return [*children, record_message("events", world.event)]


def with_states(chance: Chance, messages: list[Message]) -> list[Message]:
    """Return the messages with STATEs and repeated SCHEMAs between them.

    Each STATE says how many messages came before it.
    """
    sprinkled: list[Message] = []
    for number, message in enumerate(messages):
        if chance.random.random() < 0.2:
            sprinkled.append(state_message(number))
        if chance.random.random() < 0.05:
            sprinkled += schema_messages()
        sprinkled.append(message)
    return [*sprinkled, state_message(len(messages))]


def position_of(message: Message) -> int:
    """Return how many messages came before a STATE."""
    return int(message["value"]["bookmarks"]["events"]["at"])


def closings(messages: list[Message]) -> dict[str, tuple[int, int]]:
    """Return for each event the place of its first message and of its own record."""
    found: dict[str, tuple[int, int]] = {}
    for place, message in enumerate(messages):
        event_id = message["record"]["event_id"]
        first, _ = found.get(event_id, (place, place))
        found[event_id] = (first, place)
    return found


class MapperConformance(abc.ABC):
    """The suite; `run` and `events_with_output` are what a mapper must provide."""

    #: Settings of the mapper that score an event only when its own record came.
    config: ClassVar[dict[str, Any]] = {}

    @abc.abstractmethod
    def run(self, data: bytes, **config: Any) -> list[Message]:
        """Return the messages that the mapper writes for these lines."""

    @abc.abstractmethod
    def run_until_failure(self, data: bytes, **config: Any) -> list[Message]:
        """Return what the mapper wrote before it failed; it must fail."""

    @abc.abstractmethod
    def to_batches(self, messages: list[Message], folder: Path, kind: str) -> bytes:
        """Return the lines with activities in BATCH files instead of RECORDs."""

    def records(self, messages: list[Message]) -> list[Message]:
        """Return the records that were written, in an order of their own."""
        rows = [m for m in messages if m["type"] == "RECORD"]
        return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))

    @given(seed=st.integers(0, 2**32))
    @DRAWN
    def test_any_order_gives_the_same_records(self, seed: int) -> None:
        """Interleaved, shuffled and repeated messages change nothing."""
        chance = Chance(seed)
        worlds = [chance.world(f"zoom:{i}") for i in range(3)]
        plain = [m for world in worlds for m in world.messages()]
        mixed = interleave(chance, worlds)
        expected = self.run(to_lines([*schema_messages(), *plain]), **self.config)
        found = self.run(to_lines([*schema_messages(), *mixed]), **self.config)
        assert self.records(expected) == self.records(found)

    @given(seed=st.integers(0, 2**32))
    @DRAWN
    def test_a_state_follows_everything_it_covers(self, seed: int) -> None:
        """When a STATE is out, so is every event that began before it."""
        chance = Chance(seed)
        worlds = [chance.world(f"zoom:{i}") for i in range(4)]
        mixed = interleave(chance, worlds)
        data = to_lines([*schema_messages(), *with_states(chance, mixed)])
        self.check_states(mixed, self.run(data, **self.config, flush_seconds=0))

    @given(seed=st.integers(0, 2**32), cut=st.floats(0, 1))
    @DRAWN
    def test_no_cut_lets_a_state_out_too_early(self, seed: int, cut: float) -> None:
        """The input ends anywhere; what is out by then is true."""
        chance = Chance(seed)
        mixed = interleave(chance, [chance.world(f"zoom:{i}") for i in range(3)])
        messages = with_states(chance, mixed)
        kept = messages[: int(cut * len(messages))]
        data = to_lines([*schema_messages(), *kept])
        arrived = [m for m in kept if m["type"] == "RECORD"]
        whole = {m["record"]["event_id"] for m in arrived if m["stream"] == "events"}
        started = {m["record"]["event_id"] for m in arrived}
        if whole == started:
            written = self.run(data, **self.config, flush_seconds=0)
        else:
            written = self.run_until_failure(data, **self.config, flush_seconds=0)
        self.check_states(arrived, written)
        assert {m["record"]["event_id"] for m in self.records(written)} <= whole

    def check_states(self, messages: list[Message], written: list[Message]) -> None:
        """Check every STATE that came out against the records before it."""
        limits = closings(messages)
        complete = {m["record"]["event_id"] for m in self.records(written)}
        seen: set[str] = set()
        last = -1
        for message in written:
            if message["type"] == "RECORD":
                seen.add(message["record"]["event_id"])
            elif message["type"] == "STATE":
                place = position_of(message)
                assert last <= place, "an older STATE came after a newer one"
                last = place
                begun = {e for e, (first, _) in limits.items() if first < place}
                assert begun & complete <= seen
                assert all(self.is_closed(messages, event) for event in begun)

    @staticmethod
    def is_closed(messages: list[Message], event_id: str) -> bool:
        """Return whether an event's own record was among the messages."""
        return any(
            m["stream"] == "events" and m["record"]["event_id"] == event_id
            for m in messages
        )

    @pytest.mark.parametrize("kind", ["jsonl", "jsonl.gz", "parquet"])
    def test_batches_give_the_same_output(self, kind: str, tmp_path: Path) -> None:
        """BATCH files hold what RECORDs would, and are gone afterwards."""
        for seed in range(4):
            chance = Chance(seed)
            messages = [*schema_messages()]
            for i in range(3):
                messages += chance.world(f"zoom:{i}").messages()
            messages.append(state_message(1))
            expected = self.run(to_lines(messages), **self.config)
            data = self.to_batches(messages, tmp_path, kind)
            assert expected == self.run(data, **self.config)
            assert not list(tmp_path.iterdir())

    def test_every_stream_is_announced_once_before_its_records(self) -> None:
        """One SCHEMA a stream, with keys that no two records share."""
        chance = Chance(7)
        messages = [*schema_messages()]
        for i in range(5):
            messages += [*chance.world(f"zoom:{i}").messages(), *schema_messages()]
        written = self.run(to_lines(messages), **self.config)
        keys: dict[str, list[str]] = {}
        seen = Counter()
        for message in written:
            if message["type"] == "SCHEMA":
                assert message["stream"] not in keys
                keys[message["stream"]] = message["key_properties"]
            elif message["type"] == "RECORD":
                record = message["record"]
                key = (message["stream"], *(record[k] for k in keys[message["stream"]]))
                seen[key] += 1
        assert seen
        assert set(seen.values()) == {1}

    def test_records_keep_to_their_schema(self) -> None:
        """Every field is announced and has the type that was announced."""
        jsonschema = pytest.importorskip("jsonschema")
        chance = Chance(11)
        worlds = [chance.world(f"zoom:{i}") for i in range(10)]
        messages = [m for world in worlds for m in world.messages()]
        written = self.run(to_lines([*schema_messages(), *messages]), **self.config)
        schemas = {m["stream"]: m["schema"] for m in written if m["type"] == "SCHEMA"}
        for message in self.records(written):
            schema = schemas[message["stream"]]
            jsonschema.validate(message["record"], schema)
            assert message["record"].keys() == schema["properties"].keys()

    def test_no_input_gives_no_output(self) -> None:
        """An idle tap writes nothing, so nothing is written."""
        assert self.run(b"", **self.config) == []
        assert self.run(to_lines(schema_messages()), **self.config) == []

    def test_an_idle_run_passes_its_state_on(self) -> None:
        """A tap with nothing new still writes its bookmark."""
        states = [state_message(1), state_message(2)]
        written = self.run(to_lines([*schema_messages(), *states]), **self.config)
        assert written == states[-1:]

    def test_the_same_input_gives_the_same_bytes(self) -> None:
        """Nothing depends on time, hashing or threads."""
        chance = Chance(3)
        messages = [m for i in range(5) for m in chance.world(f"z:{i}").messages()]
        data = to_lines([*schema_messages(), *messages])
        assert self.run(data, **self.config) == self.run(data, **self.config)

    def test_unknown_streams_are_harmless(self) -> None:
        """Streams that are not ours are ignored, with or without a SCHEMA."""
        world = Chance(5).world()
        plain = to_lines([*schema_messages(), *world.messages()])
        other = record_message("invoices", {"id": 1})
        version = {"type": "ACTIVATE_VERSION", "stream": "invoices", "version": 1}
        mixed = to_lines([other, version, *schema_messages(), other, *world.messages()])
        assert self.run(plain, **self.config) == self.run(mixed, **self.config)

    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(b'{"type":"RECORD","stream":"activities","rec', id="torn"),
            pytest.param(
                b'{"type":"RECORD","stream":"activities","record":\n', id="torn-record"
            ),
            pytest.param(b"[1]\n", id="not-an-object"),
            pytest.param(b'{"type":"NOTE"}\n', id="unknown-type"),
            pytest.param(b'{"type":"RECORD","record":{}}\n', id="no-stream"),
            pytest.param(b"\xff\xfe\n", id="not-utf-8"),
        ],
    )
    def test_broken_input_stops_without_quoting_it(self, data: bytes) -> None:
        """A fatal message names the trouble, never the content."""
        person = {"event_id": "e", "activity_id": "x", "activity": "chat"}
        canary = record_message("activities", person | {"detail": "canary"})
        sent = to_lines([*schema_messages(), canary]) + data
        with pytest.raises(FatalError) as caught:
            self.run(sent, **self.config)
        assert "canary" not in str(caught.value)
        assert "rec" + 'ord":' not in str(caught.value)

    @pytest.mark.parametrize(
        "stream", ["events", "sessions", "attendees", "activities"]
    )
    def test_a_record_before_its_schema_stops(self, stream: str) -> None:
        """As the Singer specification demands."""
        data = to_lines([record_message(stream, {"event_id": "e"})])
        with pytest.raises(FatalError, match="before its SCHEMA"):
            self.run(data, **self.config)
