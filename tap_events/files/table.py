"""Tables of the user's own, read as his mapping says."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

from sync_core.errors import RowRejected
from tap_events.files.naming import to_native_id
from tap_events.files.report import Report, ReportSession
from tap_events.files.table_cells import Cells, TimeForm, to_times_form
from tap_events.files.table_facts import to_person, to_row_facts
from tap_events.files.table_source import to_source
from tap_events.records import RejectedRow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_events.files.report import Fact, Person
    from tap_events.files.table_mapping import EventColumns, Table
    from tap_events.files.table_source import RawFile, Record, Source

_LONGEST_ID = 200


def find_table(file: RawFile, tables: Iterable[Table]) -> tuple[Table, Source] | None:
    """Return the first table that fits a file by name and columns, and its rows."""
    for table in tables:
        if PurePath(file.path).match(table.files):
            source = to_source(file, table)
            if source.columns and not source.lacks(table):
                return table, source
    return None


def to_misfits(file: RawFile, tables: Iterable[Table]) -> list[str]:
    """Return why tables that are for a file of this name do not fit it."""
    return [
        f"'{table.name}' needs the columns {', '.join(map(repr, lacking[:5]))}"
        for table in tables
        if PurePath(file.path).match(table.files)
        and (lacking := to_source(file, table).lacks(table))
    ]


def read_table(file: RawFile, table: Table, source: Source) -> tuple[Report, ...]:
    """Read a table: a report for each event in it."""
    reader = _TableReader(table, to_times_form(table.times, file.zone))
    for record in source.records:
        try:
            reader.add(record)
        except RowRejected as problem:
            row = RejectedRow(
                file=str(file.path), row=record.number, reason=str(problem)
            )
            file.on_rejected(row)
    return reader.to_reports()


@dataclass(frozen=True, slots=True)
class _Part:
    """What was read of one event so far."""

    heads: dict[Report, None] = field(default_factory=dict)
    sessions: dict[ReportSession, None] = field(default_factory=dict)
    people: list[Person] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)


class _TableReader:
    """Collects the rows of a table by event."""

    def __init__(self, table: Table, form: TimeForm) -> None:
        self._table, self._form = table, form
        self._parts: dict[str | None, _Part] = {}

    def add(self, record: Record) -> None:
        """Read one row; nothing of a rejected row is kept."""
        cells, table = Cells(record, self._form), self._table
        head = _to_head(cells, table.event)
        session = _to_session(cells, table)
        person = to_person(cells, table.person)
        facts = list(to_row_facts(cells, table, person))
        if person is None and not table.activities:
            raise RowRejected("the row names nobody: no e-mail and no name")
        part = self._parts.setdefault(head.native_id, _Part())
        part.heads[head] = None
        part.facts.extend(facts)
        if session:
            part.sessions[session] = None
        if person is not None and not any(fact.who is None for fact in facts):
            part.people.append(person)

    def to_reports(self) -> tuple[Report, ...]:
        """Return a report for each event."""
        return tuple(_to_report(part) for part in self._parts.values())


def _to_head(cells: Cells, event: EventColumns | None) -> Report:
    """Return what a row says of its event, as a report without people."""
    if event is None:
        return Report(platform="files")
    name, native_id = cells.text(event.name), cells.text(event.id)
    starts_at = cells.moment(event.starts_at)
    if not native_id and not name:
        raise RowRejected("the row names no event")
    if len(native_id) > _LONGEST_ID or not native_id.isprintable():
        raise RowRejected("the id of the event is too long or not printable")
    return Report(
        platform=event.platform,
        native_id=native_id or to_native_id(name, starts_at),
        topic=name,
        url=cells.text(event.url) or None,
        starts_at=starts_at,
        ends_at=cells.moment(event.ends_at),
        on_demand_ends_at=cells.moment(event.on_demand_ends_at),
    )


def _to_session(cells: Cells, table: Table) -> ReportSession | None:
    columns = table.session
    if columns is None or not cells.text(columns.id):
        return None
    return ReportSession(
        session_id=cells.text(columns.id),
        name=cells.text(columns.name),
        starts_at=cells.moment(columns.starts_at),
        ends_at=cells.moment(columns.ends_at),
    )


def _to_report(part: _Part) -> Report:
    """Return one event's report: first name told, earliest start, latest end."""
    heads = list(part.heads)
    first = heads[0]
    starts = (head.starts_at for head in heads)
    ends = (head.ends_at for head in heads)
    on_demand = (head.on_demand_ends_at for head in heads)
    return Report(
        platform=first.platform,
        native_id=first.native_id,
        topic=next((head.topic for head in heads if head.topic), ""),
        url=next((head.url for head in heads if head.url), None),
        starts_at=min(filter(None, starts), default=None),
        ends_at=max(filter(None, ends), default=None),
        on_demand_ends_at=max(filter(None, on_demand), default=None),
        sessions=tuple(part.sessions),
        people=tuple(part.people),
        facts=tuple(part.facts),
    )
