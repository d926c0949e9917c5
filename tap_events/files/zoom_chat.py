"""The chat that a Zoom host saved: names and times, never an e-mail.

What was written stays in the file: only that a message was sent is a fact.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from sync_core.errors import RowRejected
from tap_events.files.naming import to_names
from tap_events.files.report import Fact, Person, Report
from tap_events.files.times import Clock
from tap_events.files.zoom_sections import PLATFORM
from tap_events.records import ActivityKind

if TYPE_CHECKING:
    from tap_events.files.sheet import Sheet

# Lines of the message itself are indented with a tab, so this stands at a line's start.
_MESSAGE = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) From (?P<name>.+) to .+:"
)
_LONGEST_HEAD = 500
_STAMPED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\s+From\b")


def matches(sheet: Sheet) -> bool:
    """Whether the first line with text is the head of a chat message."""
    return bool(_to_match(sheet.text[:4096].lstrip().partition("\n")[0]))


def read(sheet: Sheet) -> tuple[Report, ...]:
    """Read one saved chat; it does not say of which webinar."""
    clock = Clock(sheet.zone)
    facts: list[Fact] = []
    for number, line in enumerate(io.StringIO(sheet.text, newline=None), start=1):
        if not _STAMPED.match(line):
            continue
        try:
            facts.append(_to_fact(line, clock))
        except RowRejected as problem:
            sheet.reject(number, str(problem))
    return (Report(platform=PLATFORM, facts=tuple(facts)),)


def _to_match(line: str) -> re.Match[str] | None:
    """Return the parts of a message's head; bounded, because patterns backtrack."""
    plain = " ".join(line.split())
    return _MESSAGE.fullmatch(plain) if len(plain) <= _LONGEST_HEAD else None


def _to_fact(line: str, clock: Clock) -> Fact:
    found = _to_match(line)
    if not found:
        raise RowRejected("the line does not say who wrote to whom")
    return Fact(
        activity=ActivityKind.CHAT,
        who=Person(names=to_names(found["name"]), attended=True),
        occurred_at=clock.to_moment(found["at"], "time"),
    )
