"""RECORD lines in the forms that taps write, and their records without the message.

A record inside a message is an object inside an object, which takes the engine twice as
long to read as an object. So the message around it is cut off first. What is cut is
counted: if a single line has another form, nothing is cut.
"""

from __future__ import annotations

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
    Form(b'{"type":"RECORD","stream":"%s","record":', b'},"time_extracted":'),
    Form(b'{"type": "RECORD", "stream": "%s", "record": ', b'}, "time_extracted": '),
)
END = b"}}\n"


def to_heads(stream: str) -> list[bytes]:
    """Return what lines of a stream may begin with."""
    return [form.head % stream.encode() for form in FORMS]


def unwrap(stream: str, data: bytes, count: int) -> bytes | None:
    """Return the records of RECORD lines, a line each; nothing if a line is unusual.

    Args:
        stream: The stream of all lines.
        data: Whole lines.
        count: How many there are.
    """
    for head, form in zip(to_heads(stream), FORMS, strict=True):
        if data.startswith(head):
            if data.endswith(END):
                return _cut_ends(head, data, count)
            return _take_in_times(head, form.time, data, count)
    return None


def _cut_ends(head: bytes, data: bytes, count: int) -> bytes | None:
    """Cut off what stands around the records.

    A line's end cannot stand inside a text, so what is cut is never a part of one.
    """
    records = _replace(data, END + head, b"}\n", count - 1)
    return None if records is None else records[len(head) : -len(END)] + b"}\n"


def _take_in_times(head: bytes, time: bytes, data: bytes, count: int) -> bytes | None:
    """Cut off what stands before the records, and make the time one of their values.

    A text cannot have the quotes of ``time`` in it without a backslash before them. A
    record with no values at all is unusual: a comma would come first in it.
    """
    value = time.removeprefix(b"}")
    records = _replace(data, b"\n" + head, b"\n", count - 1)
    if records is not None:
        records = _replace(records, time, value, count)
    if records is None or b"{" + value in records:
        return None
    return records[len(head) :]


def _replace(data: bytes, old: bytes, new: bytes, count: int) -> bytes | None:
    """Return data with something replaced, if it was there so many times."""
    changed = data.replace(old, new)
    is_right = len(data) - len(changed) == count * (len(old) - len(new))
    return changed if is_right else None
