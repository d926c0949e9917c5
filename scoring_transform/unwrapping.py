"""RECORD lines in the forms that taps write, and their records without the message.

A record inside a message is an object inside an object, which takes the engine twice as
long to read as an object. So the message around it is cut off first. What is cut is
counted: if a single line has another form, nothing is cut.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple


class Form(NamedTuple):
    """How a tap writes a RECORD line, up to the record and from its end.

    Attributes:
        head: What stands before the record; has a place for the stream.
        time: What stands between the record and the time it was extracted.
    """

    head: bytes
    time: bytes


FORMS = (
    Form(b'{"type":"RECORD","stream":"%s","record":', b'},"time_extracted":"'),
    Form(b'{"type": "RECORD", "stream": "%s", "record": ', b'}, "time_extracted": "'),
)
END = b"}}\n"
TEXT_END = rb'[^"\\]*"\}\n'


@cache
def to_heads(stream: str) -> tuple[bytes, ...]:
    """Return what lines of a stream may begin with."""
    return tuple(form.head % stream.encode() for form in FORMS)


def unwrap(stream: str, data: bytes, count: int) -> bytes | None:
    """Return the records of RECORD lines, a line each; nothing if a line is unusual.

    What is cut off reaches over the end of a line, which cannot stand inside a text.
    If something else stands in a message behind its record, it stays there: `rewrap`
    gives a whole message back.

    Args:
        stream: The stream of all lines.
        data: Whole lines.
        count: How many there are.
    """
    for head, form in zip(to_heads(stream), FORMS, strict=True):
        if data.startswith(head):
            if data.endswith(END):
                return _cut_ends(head, data, count)
            return _cut_times(head, form.time, data, count)
    return None


def rewrap(record: bytes) -> bytes:
    """Return a message with what `unwrap` left of it."""
    return b'{"record":%s}' % record


def _cut_ends(head: bytes, data: bytes, count: int) -> bytes | None:
    old = END + head
    records = data.replace(old, b"}\n")
    if len(data) - len(records) != (count - 1) * (len(old) - 2):
        return None
    return records[len(head) : -len(END)] + b"}\n"


def _cut_times(head: bytes, time: bytes, data: bytes, count: int) -> bytes | None:
    records, cut = _between(time, head).subn(b"}\n", data)
    last = records.rfind(time)
    if cut != count - 1 or not _between(time, b"").fullmatch(records, last):
        return None
    return records[len(head) : last] + b"}\n"


@cache
def _between(time: bytes, head: bytes) -> re.Pattern[bytes]:
    """Return what stands between two records."""
    return re.compile(re.escape(time) + TEXT_END + re.escape(head))
