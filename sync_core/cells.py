"""Tables as CSV that a spreadsheet opens without running anything in it.

A spreadsheet takes a cell that begins with one of a few characters for a formula (OWASP
ASVS 1.2.10). Names of people, webinars and files come from strangers, so such a text
gets an apostrophe before it; numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

BEGIN_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")


def to_cell(value: Any) -> str:
    """Return a value as the text of a cell; a list is joined by semicolons."""
    if value is None:
        return ""
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, list | tuple):
        return to_cell("; ".join(str(part) for part in value))
    text = str(value)
    return f"'{text}" if text.startswith(BEGIN_A_FORMULA) else text


def to_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the lines of a table: the columns' names, then the rows."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for cells in (columns, *([row.get(name) for name in columns] for row in rows)):
        writer.writerow([to_cell(cell) for cell in cells])
        yield text.getvalue().removesuffix("\r\n")
        text.seek(0)
        text.truncate()
