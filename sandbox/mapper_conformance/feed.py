"""What is sent to a mapper: groups of records, drawn from a description in JSON."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.errors import SandboxError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Message = dict[str, Any]
#: A number in a spelling of its own, which JSON's writer would not keep.
SPELLED = re.compile(rb'"@([-+.0-9eE]+)@"')
BATCH_FORMATS = ("jsonl", "jsonl.gz", "parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One input stream.

    Attributes:
        name: Of the stream.
        key_properties: Of its records.
        schema: Of its records.
        most: How many records a group has at most; drawn for each group.
        record: A template; see `drawn`.
    """

    name: str
    key_properties: Sequence[str]
    schema: Mapping[str, Any]
    most: int
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """The description of what a mapper reads.

    Attributes:
        group: The field, of input and output, that tells which records belong together.
        closes: The stream whose record completes a group.
        batch: The stream that may come as BATCH, if any.
        batch_formats: In which forms.
        ignore: Fields of the output that differ from run to run.
        settings: What to set for single checks; see the documentation.
        streams: The input streams, parts first.
    """

    group: str
    closes: str
    streams: Sequence[Stream]
    batch: str | None = None
    batch_formats: Sequence[str] = ("jsonl",)
    ignore: Sequence[str] = ()
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def schemas(self) -> list[Message]:
        """The SCHEMA messages of all streams."""
        return [
            {
                "type": "SCHEMA",
                "stream": stream.name,
                "schema": stream.schema,
                "key_properties": stream.key_properties,
            }
            for stream in self.streams
        ]

    def stream(self, name: str) -> Stream:
        """Return a stream by its name."""
        return next(stream for stream in self.streams if stream.name == name)


def read_feed(path: Path) -> Feed:
    """Return the description in a file."""
    try:
        found = json.loads(path.read_text("utf-8"))
        streams = [Stream(**stream) for stream in found.pop("streams")]
        feed = Feed(streams=streams, **found)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as problem:
        raise SandboxError(f"The feed {path} cannot be used: {problem}") from problem
    names = {stream.name for stream in streams}
    if not {feed.closes, feed.batch or feed.closes} <= names:
        raise SandboxError(f"The feed {path} names a stream that it does not describe.")
    return feed


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """All records of one group: its parts, and the record that completes it."""

    name: str
    parts: list[Message]
    closing: Message

    @property
    def messages(self) -> list[Message]:
        """Everything, in the plainest order."""
        return [*self.parts, self.closing]


class Chance:
    """Draws groups and orders; the same seed draws the same."""

    def __init__(self, feed: Feed, seed: int) -> None:
        self.feed = feed
        self.random = random.Random(seed)  # noqa: S311 - no secret

    def groups(self, count: int) -> list[Group]:
        """Draw some groups."""
        return [self.group(f"g{number}") for number in range(count)]

    def group(self, name: str) -> Group:
        """Draw a group; it has at least one part."""
        parts = [
            self.record(stream, name, number)
            for stream in self.feed.streams
            if stream.name != self.feed.closes
            for number in range(self.random.randint(1, stream.most))
        ]
        closing = self.record(self.feed.stream(self.feed.closes), name, 0)
        return Group(name=name, parts=parts, closing=closing)

    def record(self, stream: Stream, group: str, number: int) -> Message:
        """Draw a RECORD message."""
        record = self.drawn(stream.record, {"{group}": group, "{n}": str(number)})
        return {"type": "RECORD", "stream": stream.name, "record": record}

    def drawn(self, template: Any, texts: Mapping[str, str]) -> Any:
        """Return a value of a template.

        ``{"any": […]}`` is one of these, ``{"number": "1.50"}`` a number that is
        written so, ``{group}`` and ``{n}`` in a text are replaced, all else is itself.
        """
        if isinstance(template, str):
            for name, text in texts.items():
                template = template.replace(name, text)
            return template
        if not isinstance(template, Mapping):
            return template
        if template.keys() == {"any"}:
            return self.drawn(self.random.choice(template["any"]), texts)
        if template.keys() == {"number"}:
            return f"@{template['number']}@"
        return {name: self.drawn(value, texts) for name, value in template.items()}

    def mixed(self, groups: Iterable[Group]) -> list[Message]:
        """Mix groups: parts in any order, a quarter twice; each group's end is last."""
        queues = [self.shuffled(group) for group in groups]
        mixed: list[Message] = []
        while any(queues):
            queue = self.random.choice([queue for queue in queues if queue])
            mixed.append(queue.pop(0))
        return mixed

    def shuffled(self, group: Group) -> list[Message]:
        """Return one group's messages in any order, some twice, its end last."""
        again = self.random.sample(group.parts, len(group.parts) // 4)
        parts = [*group.parts, *again]
        self.random.shuffle(parts)
        return [*parts, group.closing]

    def with_states(self, messages: list[Message]) -> list[Message]:
        """Put STATEs and repeated SCHEMAs between messages.

        Each STATE says how many messages came before it.
        """
        sprinkled: list[Message] = []
        for number, message in enumerate(messages):
            if self.random.random() < 0.2:  # noqa: PLR2004 - often, but not always
                sprinkled.append(state(number))
            sprinkled.append(message)
        return [*sprinkled, state(len(messages))]


def state(place: int) -> Message:
    """Return a STATE that says how many messages came before it."""
    return {"type": "STATE", "value": {"bookmarks": {"kit": {"at": place}}}}


def place_of(message: Message) -> int:
    """Return how many messages came before a STATE."""
    return int(message["value"]["bookmarks"]["kit"]["at"])


def to_lines(messages: Iterable[Message]) -> bytes:
    """Return messages as a tap writes them."""
    lines = [json.dumps(message, separators=(",", ":")) for message in messages]
    return SPELLED.sub(rb"\1", "".join(f"{line}\n" for line in lines).encode())


def respelled(messages: list[Message]) -> list[Message]:
    """Return messages whose numbers are written in the usual way."""
    plain: list[Message] = [
        json.loads(line) for line in to_lines(messages).splitlines()
    ]
    return plain


def to_batches(
    feed: Feed, messages: list[Message], folder: Path, form: str
) -> list[Message]:
    """Return the messages with each run of the batch stream's records in a file."""
    folder.mkdir(exist_ok=True)
    sent: list[Message] = []
    run: list[Message] = []
    for message in respelled(messages):
        if message["type"] == "RECORD" and message["stream"] == feed.batch:
            run.append(message)
            continue
        if run:
            path = folder / f"{len(sent)} ä.{form}"
            sent.append(write_batch(feed, run, path, form))
            run = []
        sent.append(message)
    return sent


def write_batch(feed: Feed, run: list[Message], path: Path, form: str) -> Message:
    """Write one file and return its message."""
    rows = [message["record"] for message in run]
    text = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    encoding = {"format": form.partition(".")[0]}
    if form == "parquet":
        import polars as pl  # noqa: PLC0415 - only for this form

        pl.DataFrame(rows, infer_schema_length=None).write_parquet(path)
    elif form == "jsonl.gz":
        encoding["compression"] = "gzip"
        path.write_bytes(gzip.compress(text))
    else:
        path.write_bytes(text)
    return {
        "type": "BATCH",
        "stream": feed.batch,
        "encoding": encoding,
        "manifest": [path.as_uri()],
    }
