"""The Zoom Q&A report: who asked what, without the time of asking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync_core.errors import RowRejected
from tap_events.files.naming import is_anonymous, to_names, to_object_id
from tap_events.files.report import Fact, Person, Report
from tap_events.files.sheet import Line, to_rows
from tap_events.files.times import Clock
from tap_events.files.zoom_sections import PLATFORM, to_summary
from tap_events.records import ActivityKind, Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_events.files.sheet import Row, Sheet


def matches(sheet: Sheet) -> bool:
    """Whether a header with question and asker stands near the top."""
    return any(_is_header(line) for line in sheet.head)


def read(sheet: Sheet) -> tuple[Report, ...]:
    """Read one Q&A report; its preamble says of which webinar."""
    lines = list(sheet.lines())
    place = next(n for n, line in enumerate(lines) if _is_header(line))
    summary = to_summary(lines[:place], Clock(sheet.zone))
    rows = to_rows(lines[place], to_whole(lines[place + 1 :]))
    return (
        Report(
            platform=PLATFORM,
            webinar_id=summary.webinar_id if summary else None,
            topic=summary.topic if summary else "",
            facts=tuple(sheet.each(rows, _to_fact)),
        ),
    )


def _is_header(line: Line) -> bool:
    return {"question", "asker name"} <= set(line.keys)


def to_whole(lines: Iterable[Line]) -> Iterator[Line]:
    """Join rows that Zoom broke: a line break in a question stands unquoted.

    A row begins with its number; any other line goes on with the last cell before.
    """
    whole: Line | None = None
    for line in lines:
        if whole is None or line.first.isdecimal():
            if whole is not None:
                yield whole
            whole = line
        else:
            *start, broken = whole.cells or ("",)
            first, *rest = line.cells or ("",)
            whole = Line(whole.number, (*start, f"{broken} {first}".strip(), *rest))
    if whole is not None:
        yield whole


def _to_fact(row: Row) -> Fact:
    question = " ".join(row.get("question").split())
    if not question:
        raise RowRejected("the row has no question", field="Question")
    return Fact(
        activity=ActivityKind.QUESTION,
        who=_to_asker(row.get("asker name"), row.get("asker email")),
        window=Window.LIVE,
        object_id=to_object_id(question),
        detail=question,
    )


def _to_asker(name: str, email: str) -> Person | None:
    if is_anonymous(name, email):
        return None
    if not name and not email:
        raise RowRejected("the row names nobody: no e-mail and no name")
    return Person(email=email or None, names=to_names(name), attended=True)
