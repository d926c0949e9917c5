"""Fields of a foreign record by name, also inside objects and arrays: ``a.b.0.c``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Record = Mapping[str, Any]
Read = Callable[[Record], Any]

ROW = "row"
MOST_PARTS = 20


@dataclass(frozen=True, slots=True)
class FieldPath:
    """Where a value stands in a record.

    A field whose own name is the whole text wins, so that names with dots can be read.
    """

    text: str
    parts: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> FieldPath:
        """Return the path that a text names.

        Raises:
            ValueError: It is not names and numbers with single dots between them.
        """
        parts = tuple(text.split("."))
        if not all(parts) or text != text.strip() or len(parts) > MOST_PARTS:
            raise ValueError(
                f"`{text}` is no field: write names with single dots between them, "
                "such as `properties.email` or `answers.0.text`"
            )
        return cls(text, parts)

    @property
    def root(self) -> str:
        """The field of the record that it begins with."""
        return self.parts[0]

    @property
    def reader(self) -> Read:
        """How to read the value; the shortest way for a plain field."""
        if len(self.parts) > 1:
            return self.read
        name = self.text
        return lambda record: record.get(name)

    def read(self, record: Record) -> Any:
        """Return the value, or None where there is none."""
        if self.text in record:
            return record[self.text]
        value: Any = record
        for part in self.parts:
            value = _step(value, part)
            if value is None:
                return None
        return value


def _step(value: Any, part: str) -> Any:
    if isinstance(value, dict):
        return value.get(part)
    if isinstance(value, list) and part.isdecimal() and part.isascii():
        place = int(part) if len(part) <= MOST_PARTS else len(value)
        return value[place] if place < len(value) else None
    return None
