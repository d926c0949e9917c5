"""The form that the lines of a tap share, and lines of one form as columns.

A tap writes all records of a stream alike: the same keys in the same order, and commas
between them. So its lines are read as a table of what stands between the commas, each
of whose columns begins and ends alike, in half the time that JSON takes. A line fits
only if every value in it is a plain one. A text with a comma, a quote or a backslash
in it, or anything else that is nested or odd, does not fit, and is left to others.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TEXT, NUMBER, FLAG = pl.String(), pl.Float64(), pl.Boolean()
FITS = "fits"
BACKSLASH = b"\\"

#: A key, its value, and what belongs to the message around the record.
PIECE = re.compile(
    r'(?P<before>\s*(?:\{\s*)?(?P<record>"record"\s*:\s*\{\s*)?'
    r'"(?P<key>[^"\\]+)"\s*:\s*)'
    r'(?P<value>"[^"\\]*"|[-+.\w]+|\{\}|\[\])'
    r"(?P<after>\s*(?:\}\s*)*)"
)
#: Whole numbers that may be ids, and the plain numbers.
DIGITS = r"^(?:0|-?[1-9][0-9]{0,17})$"
PLAIN_NUMBER = r"^-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?$"
FLAGS = ("true", "false")
#: What is the same in all messages of a stream.
FIXED = ("type", "stream")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What stands between two commas in every line of a form.

    Attributes:
        column: Its place in the table.
        key: That of the record which has its value here; none around the record.
        before: What stands before the value.
        value: That of the line that showed the form.
        after: What stands behind the value.
        is_fixed: Whether all lines have this value.
    """

    column: str
    key: str | None
    before: str
    value: str
    after: str
    is_fixed: bool

    def to_fit(self, kind: pl.DataType | None, *, escapes: bool) -> pl.Expr:
        """Return whether a line fits here.

        Args:
            kind: Of the value, if it is wanted.
            escapes: Whether there are backslashes in any line.
        """
        if self.is_fixed or self.value[0] in "{[":
            fits = self._is(self.value)
        elif self._is_flag(kind):
            fits = self._is("null") | self._is("true") | self._is("false")
        elif self._is_number(kind):
            form = DIGITS if kind == TEXT else PLAIN_NUMBER
            number = self._is_framed("") & self._between("").str.contains(form)
            fits = self._is("null") | number
        else:
            fits = self._is("null") | self._is_text(escapes=escapes)
        return fits.fill_null(value=False)

    def to_value(self, kind: pl.DataType) -> pl.Expr:
        """Return the value of a line that fits."""
        if kind == FLAG:
            value = self._is("true")
        elif kind == NUMBER:
            value = self._between("").cast(NUMBER, strict=False)
        else:
            value = self._between("" if self._is_number(kind) else '"')
        return pl.when(~self._is("null")).then(value).alias(str(self.key))

    def _is_flag(self, kind: pl.DataType | None) -> bool:
        return kind == FLAG or (kind is None and self.value in FLAGS)

    def _is_number(self, kind: pl.DataType | None) -> bool:
        return kind == NUMBER or self.value[0] in "-0123456789"

    def _is(self, value: str) -> pl.Expr:
        return pl.col(self.column) == f"{self.before}{value}{self.after}"

    def _is_text(self, *, escapes: bool) -> pl.Expr:
        """Return whether the value is a text that stands there as it is."""
        fits, text = self._is_framed('"'), self._between('"')
        for trap in ('"', "\\") if escapes else ('"',):
            fits &= ~text.str.contains(trap, literal=True)
        return fits

    def _is_framed(self, quote: str) -> pl.Expr:
        """Return whether what stands around the value is right."""
        raw = pl.col(self.column)
        before, after = self.before + quote, quote + self.after
        least = len(before.encode()) + len(after.encode())
        starts = raw.str.starts_with(before) & (raw.str.len_bytes() >= least)
        return starts & raw.str.ends_with(after) if after else starts

    def _between(self, quote: str) -> pl.Expr:
        """Return what stands inside."""
        value = pl.col(self.column).str.tail(-len(self.before + quote))
        after = quote + self.after
        return value.str.head(-len(after)) if after else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What the lines of a tap have in common.

    Attributes:
        fields: In their order.
    """

    fields: Sequence[Field]

    def read(
        self, data: bytes, kinds: Mapping[str, pl.DataType]
    ) -> pl.DataFrame | None:
        """Return the values of lines, and whether each line fits; nothing if none do.

        Args:
            data: Whole lines.
            kinds: The wanted keys; the values of lines that do not fit are anything.
        """
        table = self._to_table(data)
        if table is None:
            return None
        escapes = BACKSLASH in data
        fits = [
            field.to_fit(kinds.get(field.key or ""), escapes=escapes)
            for field in self.fields
        ]
        fits.append(_is_all(table, data))
        there = {field.key: field for field in self.fields}
        values = [
            there[key].to_value(kind) if key in there else pl.lit(None, kind).alias(key)
            for key, kind in kinds.items()
        ]
        read = table.lazy().select(*values, reduce(and_, fits).alias(FITS))
        return read.collect(engine="in-memory")

    def _to_table(self, data: bytes) -> pl.DataFrame | None:
        names = [field.column for field in self.fields]
        try:
            return pl.read_csv(
                io.BytesIO(data),
                has_header=False,
                quote_char=None,
                schema=dict.fromkeys(names, TEXT),
                missing_columns="insert",
                truncate_ragged_lines=True,
            )
        except pl.exceptions.PolarsError:
            return None


def _is_all(table: pl.DataFrame, data: bytes) -> pl.Expr:
    """Return whether a line has nothing behind its last field.

    Then the fields with the commas between them are as long as the line.
    """
    length = pl.sum_horizontal(pl.all().str.len_bytes().fill_null(0)) + table.width - 1
    lengths = table.select(length).to_series()
    if lengths.sum() + table.height == len(data):
        return pl.lit(value=True)
    lines = pl.scan_lines(io.BytesIO(data)).collect().to_series()
    if len(lines) != table.height:
        return pl.lit(value=False)
    return pl.lit(lines.str.len_bytes().cast(lengths.dtype) == lengths)


def to_form(line: bytes, *, is_message: bool) -> Form | None:
    """Return the form of a line; nothing if it has none.

    Args:
        line: A JSON object, which was checked.
        is_message: Whether the record is inside a message, or the object itself.
    """
    pieces = [PIECE.fullmatch(piece) for piece in line.decode().split(",")]
    found = [piece for piece in pieces if piece]
    records = [place for place, piece in enumerate(found) if piece["record"]]
    if len(found) < len(pieces) or len(records) != is_message:
        return None
    begin = records[0] if records else 0
    ends = [place for place, piece in enumerate(found) if "}" in piece["after"]]
    inside = range(begin, next(end for end in ends if end >= begin) + 1)
    keys = {(piece["key"], place in inside) for place, piece in enumerate(found)}
    if len(keys) < len(found):
        return None
    fields = [
        _to_field(place, piece, is_inside=place in inside)
        for place, piece in enumerate(found)
    ]
    return Form(fields=fields)


def _to_field(place: int, piece: re.Match[str], *, is_inside: bool) -> Field:
    return Field(
        column=str(place),
        key=piece["key"] if is_inside else None,
        before=piece["before"],
        value=piece["value"],
        after=piece["after"],
        is_fixed=not is_inside and piece["key"] in FIXED,
    )
