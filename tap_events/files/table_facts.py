"""What one row of a mapped table says was done, and by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sync_core.errors import RowRejected
from tap_events.files.naming import to_names, to_object_id
from tap_events.files.report import MAIN_SESSION, Fact, Person
from tap_events.files.table_mapping import (
    IGNORE,
    ActivityColumn,
    RoleColumn,
    WindowColumn,
)
from tap_events.records import ActivityKind, Role, Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_events.files.table_cells import Cells
    from tap_events.files.table_mapping import ActivityColumns, PersonColumns, Table

# Counted by distinct objects: a bare count stands for so many different ones.
_DISTINCT = frozenset(
    {ActivityKind.POLL_RESPONSE, ActivityKind.CTA_CLICK, ActivityKind.FILE_DOWNLOAD}
)
W = TypeVar("W")
_MOST_OBJECTS = 1000
_LONGEST_OBJECT = 100
_DETAILS = (
    "first_name",
    "last_name",
    "job_title",
    "company",
    "phone",
    "city",
    "country",
)


def to_person(cells: Cells, columns: PersonColumns) -> Person | None:
    """Return the person of a row, or ``None`` where the row names nobody."""
    details = {
        field: text
        for field in _DETAILS
        if (text := cells.text(getattr(columns, field)))
    }
    whole = f"{details.get('first_name', '')} {details.get('last_name', '')}".strip()
    names = (*to_names(cells.text(columns.name)), *([whole] if whole else []))
    email = cells.text(columns.email)
    if not email and not names:
        return None
    return Person(
        email=email or None,
        names=tuple(dict.fromkeys(names)),
        role=_to_role(cells, columns.role),
        attended=cells.flag(columns.attended),
        registered_at=cells.moment(columns.registered_at),
        details=details,
        custom={name: text for name in columns.custom if (text := cells.text(name))},
    )


def _to_role(cells: Cells, role: Role | RoleColumn) -> Role:
    if isinstance(role, Role):
        return role
    return _look_up(role.values, cells.text(role.column)) or role.default


def to_row_facts(cells: Cells, table: Table, person: Person | None) -> Iterator[Fact]:
    """Yield what a row says was done.

    Raises:
        RowRejected: If a cell cannot be read, or nobody is named.
    """
    session = cells.text(table.session.id) if table.session else MAIN_SESSION
    for columns in table.activities:
        kind = _to_kind(cells, columns)
        if kind is None:
            continue
        hidden = bool(columns.anonymous) and cells.flag(columns.anonymous)
        if person is None and not hidden:
            raise RowRejected("the row names nobody: no e-mail and no name")
        done = _Done(cells, columns, kind)
        yield from done.to_facts(None if hidden else person, session or MAIN_SESSION)


def _to_kind(cells: Cells, columns: ActivityColumns) -> ActivityKind | None:
    if not isinstance(columns.activity, ActivityColumn):
        return columns.activity
    word = cells.text(columns.activity.column)
    kind = _look_up(columns.activity.values, word)
    if kind is None:
        raise RowRejected(
            f"the word in column '{columns.activity.column}' is not in `values` of the "
            "mapping; add it, as 'ignore' if it does not count",
            field=columns.activity.column,
        )
    return None if kind == IGNORE else ActivityKind(kind)


class _Done:
    """One kind of activity in one row."""

    def __init__(
        self, cells: Cells, columns: ActivityColumns, kind: ActivityKind
    ) -> None:
        self._cells, self._columns, self._kind = cells, columns, kind
        self._start = cells.moment(columns.at)
        self._end = cells.moment(columns.until)
        if self._start and self._end and self._end < self._start:
            raise RowRejected(
                f"the time in column '{columns.until}' is before that in "
                f"'{columns.at}'",
                field=columns.until,
            )

    def to_facts(self, who: Person | None, session: str) -> Iterator[Fact]:
        """Yield one fact, or one per counted object."""
        quantity = self._to_quantity()
        if not quantity:
            return
        objects = self._to_objects(quantity)
        for object_id in objects:
            yield Fact(
                activity=self._kind,
                who=who,
                session_id=session,
                window=self._to_window(),
                object_id=object_id,
                quantity=1 if len(objects) > 1 else quantity,
                occurred_at=self._start,
                ended_at=self._end,
                detail=self._to_detail(),
            )

    def _to_quantity(self) -> float:
        """Return seconds of time, else a count, which is 1 where none is told."""
        columns, is_time = self._columns, self._kind is ActivityKind.TIME_IN_SESSION
        if is_time and self._start and self._end:
            return (self._end - self._start).total_seconds()
        unit = columns.unit if is_time else "count"
        told = self._cells.number(columns.quantity, unit) if columns.quantity else None
        if told is not None:
            return told
        # A column of counts of one kind says 'none' by an empty cell.
        mixed = isinstance(columns.activity, ActivityColumn)
        return 0 if is_time or (columns.quantity and not mixed) else 1

    def _to_objects(self, quantity: float) -> list[str | None]:
        text = self._cells.text(self._columns.object)
        if text:
            return [text if len(text) <= _LONGEST_OBJECT else to_object_id(text)]
        if self._kind not in _DISTINCT or quantity <= 1:
            return [None]
        if quantity > _MOST_OBJECTS:
            raise RowRejected(f"more than {_MOST_OBJECTS} objects in one row")
        return [str(number) for number in range(1, int(quantity) + 1)]

    def _to_window(self) -> Window | None:
        window = self._columns.window
        if isinstance(window, WindowColumn):
            word = self._cells.text(window.column)
            label = _look_up(window.values, word)
            if label is None and word:
                raise RowRejected(
                    f"the word in column '{window.column}' is not in `values` of the "
                    "mapping",
                    field=window.column,
                )
            window = label
        if window is None and self._start is None:
            return Window.LIVE
        return window

    def _to_detail(self) -> str | None:
        if self._kind is ActivityKind.CHAT:
            return None
        columns = self._columns
        return (
            self._cells.text(columns.detail) or self._cells.text(columns.object) or None
        )


def _look_up(values: Mapping[str, W], word: str) -> W | None:
    key = " ".join(word.split()).casefold()
    return next((to for name, to in values.items() if name.casefold() == key), None)
