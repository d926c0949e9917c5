"""Zoom poll reports: a column per question, a row per answer, or answers only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync_core.errors import RowRejected
from tap_events.files.naming import is_anonymous, to_names, to_object_id
from tap_events.files.report import Fact, Person, Report
from tap_events.files.sheet import Line, to_rows
from tap_events.files.times import Clock, DateOrder, to_date_order
from tap_events.files.zoom_sections import PLATFORM, to_summary
from tap_events.records import ActivityKind, Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from tap_events.files.sheet import Row, Sheet

_SUBMITTED = ("submitted date and time", "submitted date/time", "submitted")
_QUESTION = ("question", "poll title", "poll name", "poll question")
_ANSWER = ("answer", "selection", "response")
_NAMELESS = ("question", "answer")
_FIRST_QUESTION = 4  # after #, name, e-mail and time of submission


def matches(sheet: Sheet) -> bool:
    """Whether a header of one of the poll layouts stands near the top."""
    return any(_is_header(line) for line in sheet.head)


def read(sheet: Sheet) -> tuple[Report, ...]:
    """Read one poll report; without a summary it does not say of which webinar."""
    lines = list(sheet.lines())
    place = next(n for n, line in enumerate(lines) if _is_header(line))
    rows = list(to_rows(lines[place], lines[place + 1 :]))
    stamps = [row.get(*_SUBMITTED) for row in rows]
    clock = Clock(sheet.zone, to_date_order(stamps, DateOrder.MONTH_FIRST))
    summary = to_summary(lines[:place], clock)
    answers = sheet.each(rows, lambda row: list(_to_facts(row, clock)))
    return (
        Report(
            platform=PLATFORM,
            webinar_id=summary.webinar_id if summary else None,
            topic=summary.topic if summary else "",
            facts=tuple(fact for facts in answers for fact in facts),
        ),
    )


def _is_header(line: Line) -> bool:
    keys = line.keys
    if keys == _NAMELESS:
        return True
    return (
        len(keys) > _FIRST_QUESTION
        and keys[1] == "user name"
        and "mail" in keys[2]
        and keys[3].startswith("submitted")
    )


def _to_facts(row: Row, clock: Clock) -> Iterator[Fact]:
    if "user name" not in row.header.places:
        yield from _to_answers(row, None, None)
        return
    # By place, because the name of the e-mail column differs between layouts.
    name, email, submitted = row.at(1), row.at(2), row.at(3)
    moment = clock.to_moment(submitted, row.header.names[3])
    if is_anonymous(name, email):
        yield from _to_answers(row, None, moment)
        return
    if not name and not email:
        raise RowRejected("the row names nobody: no e-mail and no name")
    person = Person(email=email or None, names=to_names(name), attended=True)
    yield from _to_answers(row, person, moment)


def _to_answers(
    row: Row, who: Person | None, moment: datetime | None
) -> Iterator[Fact]:
    for question, answer in _to_pairs(row):
        if answer:
            yield Fact(
                activity=ActivityKind.POLL_RESPONSE,
                who=who,
                window=None if moment else Window.LIVE,
                object_id=to_object_id(question),
                occurred_at=moment,
                detail=f"{question}: {answer}",
            )


def _to_pairs(row: Row) -> Iterable[tuple[str, str]]:
    """Return question and answer, from a row per answer or a column per question."""
    if row.get(*_QUESTION) and any(name in row.header.places for name in _ANSWER):
        return [(row.get(*_QUESTION), row.get(*_ANSWER))]
    return [
        (row.header.names[place], row.at(place))
        for place in range(_FIRST_QUESTION, len(row.header.names))
    ]
