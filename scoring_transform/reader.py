"""The read loop: whole blocks of the three big streams, single messages of the rest."""

from __future__ import annotations

import re
import select
import sys
from collections import Counter
from functools import partial
from typing import IO, TYPE_CHECKING, Any, Protocol

from singer_sdk.singerlib.encoding.base import GenericSingerReader

from scoring_transform.parsing import decode
from sync_core.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

CHUNK = 1 << 20
SECONDS = 1.0
LONGEST_LINE = 64 << 20
HEADS = (
    b'{"type":"RECORD","stream":"%s","record":',
    b'{"type": "RECORD", "stream": "%s", "record": ',
)


class Taker(Protocol):
    """Who takes what is read."""

    def ending(self) -> AbstractContextManager[object]:
        """Return what is in force while the input is read."""

    def idle(self) -> None:
        """Do what is due while no input comes."""

    def take_lines(self, stream: str, block: bytes, count: int) -> None:
        """Take whole RECORD lines of one stream."""

    def take_state(self, line: bytes) -> None:
        """Take a STATE line as it is."""


class BlockReader(GenericSingerReader[bytes]):
    """Reads blocks of lines and tells the big streams by the first bytes of a line.

    Lines in another form, such as with their keys in another order, go to the callbacks
    one by one, as the SDK would send them.

    Args:
        streams: The streams whose lines are taken unparsed.
        taker: Who takes them.

    Attributes:
        translate: Makes blocks of our lines of the input's blocks; as they are, if the
            input speaks our streams.
    """

    def __init__(self, streams: tuple[str, ...], taker: Taker) -> None:
        super().__init__()
        self._taker = taker
        self.translate: Callable[[Iterator[bytes]], Iterator[bytes]] = iter
        heads = [(head, stream) for stream in streams for head in to_heads(stream)]
        #: One group for each way in which a line of a big stream may begin.
        self._head = re.compile(b"|".join(b"(%s)" % re.escape(h) for h, _ in heads))
        #: For each of them the end of a line behind which another kind of line is.
        self._ends = [re.compile(rb"\n(?!%s)" % re.escape(head)) for head, _ in heads]
        self._streams = [stream for _, stream in heads]
        self._counts: Counter[str] = Counter()

    @property
    def default_input(self) -> IO[bytes]:
        """Standard input."""
        return sys.stdin.buffer

    def deserialize_json(self, line: bytes) -> dict[str, Any]:
        """Return a line's message."""
        return decode(line)

    def process_lines(
        self,
        file_input: IO[Any] | None,
        callbacks: Mapping[str, Callable[[dict[str, Any]], None]],
    ) -> Counter[str]:
        """Read to the end of the input."""
        source = file_input or self.default_input
        binary = getattr(source, "buffer", source)
        read = getattr(binary, "read1", binary.read)  # what is there by now
        wait = partial(_wait, binary, self._taker.idle)
        with self._taker.ending():
            for block in self.translate(to_blocks(read, wait)):
                self._process_block(block, callbacks)
        return self._counts

    def _process_block(
        self, block: bytes, callbacks: Mapping[str, Callable[[dict[str, Any]], None]]
    ) -> None:
        """Take lines that belong together as one, and others one by one."""
        begin = 0
        while begin < len(block):
            head = self._head.match(block, begin)
            if head and head.lastindex:
                found = self._ends[head.lastindex - 1].search(block, begin)
                end = found.end() if found else len(block)
                self._take(head.lastindex, block[begin:end])
            else:
                end = block.index(b"\n", begin) + 1
                line = block[begin:end]
                if line.strip():
                    self._process_message(line, callbacks)
            begin = end

    def _take(self, kind: int, lines: bytes) -> None:
        count = lines.count(b"\n")
        self._counts["RECORD"] += count
        self._taker.take_lines(self._streams[kind - 1], lines, count)

    def _process_message(
        self,
        line: bytes,
        callbacks: Mapping[str, Callable[[dict[str, Any]], None]],
    ) -> None:
        message = decode(line)
        kind = message.get("type")
        self._counts[str(kind)] += 1
        if kind == "STATE":
            self._taker.take_state(line)
        elif isinstance(kind, str) and kind in callbacks:
            callbacks[kind](message)
        else:
            raise FatalError("The input has a line that is not a Singer message.")


def to_heads(stream: str) -> tuple[bytes, ...]:
    """Return how taps begin the RECORD lines of a stream."""
    return tuple(head % stream.encode() for head in HEADS)


def _wait(source: IO[bytes], idle: Callable[[], None]) -> None:
    """Return when there is input or its end; meanwhile do what is due."""
    try:
        number = source.fileno()
    except OSError:
        return  # it is in memory, where there is always input or its end
    while not select.select([number], [], [], SECONDS)[0]:
        idle()


def _no_wait() -> None:
    """Files have no need to wait."""


def to_blocks(
    read: Callable[[int], bytes],
    wait: Callable[[], None] = _no_wait,
    size: int = CHUNK,
) -> Iterator[bytes]:
    """Yield blocks of whole lines, as they come; each ends with a line's end.

    Args:
        read: Returns at most so many bytes of the lines, and none at their end.
        wait: Is called before each reading.
        size: How many bytes to ask for.
    """
    rest: list[bytes] = []
    length = 0
    while True:
        wait()
        chunk = read(size)
        if not chunk:
            break
        end = chunk.rfind(b"\n") + 1
        if not end:
            rest.append(chunk)
            length += len(chunk)
            check_length(length)
            continue
        yield b"".join([*rest, chunk[:end]])
        rest = [chunk[end:]]
        length = len(rest[0])
    if any(rest):
        yield b"".join([*rest, b"\n"])


def check_length(size: int) -> None:
    """Refuse a line that is longer than any message has a reason to be."""
    if size > LONGEST_LINE:
        raise FatalError(
            f"The input has a line of more than {LONGEST_LINE >> 20} MiB. The stage "
            "before this one does not send Singer messages."
        )
