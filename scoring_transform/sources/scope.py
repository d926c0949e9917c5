"""Where in a mapping file something stands, and what holds there."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NoReturn

from scoring_transform.sources.paths import ROW, FieldPath, Read
from scoring_transform.sources.units import check_format, to_zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from zoneinfo import ZoneInfo

    from scoring_transform.sources.shapes import Fields, Times

Place = tuple[str | int, ...]
Where = tuple[str, ...]
ELEMENT = "*"
EMPTY = (None, "")


class Misplaced(Exception):  # noqa: N818 - becomes a SettingError with its line
    """A mapping says what cannot be; the text names it and what is allowed."""

    def __init__(self, place: Place, text: str) -> None:
        super().__init__(text)
        self.place = place


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A place in the mapping file.

    Attributes:
        place: The keys that lead to it.
        form: How times are written here.
        zone: Of times that name none.
        used: Where in a foreign record rules read, and how the mapping writes it.
        rows: Where the array is whose elements are read here, as `row`.
    """

    place: Place
    form: str
    zone: ZoneInfo
    used: dict[Where, str] = field(default_factory=dict)
    rows: Where | None = None

    def at(self, *keys: str | int) -> Scope:
        """Return the scope of a key further in."""
        return replace(self, place=(*self.place, *keys))

    def refuse(self, text: str) -> NoReturn:
        """Say that this place is wrong."""
        raise Misplaced(self.place, text)

    def with_rows(self, rows: str) -> Scope:
        """Return the scope of a rule for the elements of an array."""
        return replace(self, rows=(*rows.split("."), ELEMENT))

    def with_times(self, times: Times | None) -> Scope:
        """Return a scope where times are written another way."""
        if times is None:
            return self
        where = self.at("times")
        return where.written(times.format, times.timezone).back_at(self.place)

    def back_at(self, place: Place) -> Scope:
        """Return the same scope at another place."""
        return replace(self, place=place)

    def written(self, form: str | None, timezone: str | None) -> Scope:
        """Return a scope with a format and a zone of its own, if they are given."""
        scope = self
        try:
            if form is not None:
                check_format(form)
                scope = replace(scope, form=form)
            if timezone is not None:
                scope = replace(scope, zone=to_zone(timezone))
        except ValueError as problem:
            self.refuse(str(problem))
        return scope

    def path(self, text: str) -> FieldPath:
        """Return the field that a text names, and remember that it is read."""
        try:
            path = FieldPath.of(text)
        except ValueError as problem:
            self.refuse(str(problem))
        where = path.parts
        if path.root == ROW:
            if self.rows is None:
                self.refuse(
                    f"`{text}` reads an array's element, but there is no `rows`"
                )
            where = (*self.rows, *path.parts[1:])
        self.used.setdefault(where, text)
        return path

    def first_of(self, fields: Fields) -> tuple[Read, str]:
        """Return how to read the first of some fields that is not empty, and names."""
        names = (fields,) if isinstance(fields, str) else fields
        if not names:
            self.refuse("name at least one field")
        paths = [self.path(name) for name in names]
        if len(paths) == 1:
            return paths[0].reader, names[0]
        return lambda record: _first(path.read(record) for path in paths), names[0]

    def check_one(self, given: Mapping[str, object]) -> str:
        """Return the one key that is given; refuse none and several."""
        found = [name for name, value in given.items() if value is not None]
        if len(found) != 1:
            names = ", ".join(given)
            self.refuse(f"write exactly one of {names}; {len(found)} are here")
        return found[0]


def _first(values: Iterable[object]) -> object:
    for value in values:
        if value not in EMPTY:
            return value
    return None
