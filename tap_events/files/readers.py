"""The registry of what files can be read; each reader knows its file by content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_events.files import (
    collaborate,
    teams,
    webex,
    zoom_attendees,
    zoom_chat,
    zoom_polls,
    zoom_questions,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_events.files.report import Report
    from tap_events.files.sheet import Sheet


@dataclass(frozen=True, slots=True)
class Reader:
    """A kind of report file: its name, how it is known and how it is read."""

    name: str
    matches: Callable[[Sheet], bool]
    read: Callable[[Sheet], tuple[Report, ...]]


READERS = (
    Reader("Zoom attendee report", zoom_attendees.matches, zoom_attendees.read),
    Reader("Zoom Q&A report", zoom_questions.matches, zoom_questions.read),
    Reader("Zoom poll report", zoom_polls.matches, zoom_polls.read),
    Reader("Zoom saved chat", zoom_chat.matches, zoom_chat.read),
    Reader("Teams attendance report", teams.matches, teams.read),
    Reader("Webex attendance report", webex.matches, webex.read),
    Reader("Collaborate attendance export", collaborate.matches, collaborate.read),
)
