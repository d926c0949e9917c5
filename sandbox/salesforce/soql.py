"""The part of SOQL that matching people needs, translated to SQL.

Salesforce docs, SOQL SELECT syntax: fields of one object, WHERE with comparisons, IN,
LIKE, AND, OR, NOT and brackets, ORDER BY, LIMIT, OFFSET, and COUNT(). Relationships,
grouping and functions are refused as SOQL refuses what it does not know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.salesforce.clock import to_datetime_text
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.ids import to_long
from sandbox.salesforce.records import to_column

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.salesforce.fields import Field
    from sandbox.salesforce.schema import Schema, Sobject

MAX_LENGTH = 100_000  # SOQL docs: by default a statement has at most 100,000 characters

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:\\.|[^'\\])*')"
    r"|(?P<time>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:?\d\d))?)"
    r"|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<word>[A-Za-z_][\w.]*)"
    r"|(?P<sign><=|>=|!=|<>|[=<>(),]))"
)
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_COMPARISONS = {"=": "=", "!=": "<>", "<>": "<>"} | {
    sign: sign for sign in ("<", "<=", ">", ">=")
}
_UNQUOTED = frozenset({"double", "int", "boolean", "datetime", "date"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A statement that may be run.

    Attributes:
        fields: What was selected; empty for COUNT().
        sql: Selects the ids of the records.
        arguments: For the SQL's question marks.
    """

    sobject: Sobject
    fields: tuple[str, ...]
    sql: str
    arguments: tuple[Any, ...]


def parse(text: str, schema: Schema) -> Query:
    """Return a statement's meaning.

    Raises:
        ApiError: It cannot be understood, or names what is not there.
    """
    if len(text) > MAX_LENGTH:
        raise ApiError(400, "QUERY_TOO_COMPLICATED", "the statement is too long")
    return _Parser(list(_tokens(text)), schema).parse()


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at, text = 0, text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found or not found.lastgroup:
            raise _malformed(text[at : at + 20])
        yield found.lastgroup, found[found.lastgroup]
        at = found.end()


def _malformed(near: str) -> ApiError:
    return ApiError(400, "MALFORMED_QUERY", f"unexpected token: '{near}'")


@dataclass(slots=True)
class _Parser:
    tokens: list[tuple[str, str]]
    schema: Schema
    at: int = 0
    arguments: list[Any] = field(default_factory=list)
    sobject: Sobject = field(init=False)

    def parse(self) -> Query:
        self._expect("SELECT")
        names = self._selected()
        self._expect("FROM")
        try:
            self.sobject = self.schema.find(self._word())
        except ApiError as error:
            raise ApiError(
                400, "INVALID_TYPE", "sObject type is not supported"
            ) from error
        where = f" AND ({self._any()})" if self._take("WHERE") else ""
        tail = self._order() + self._limit()
        if self.at < len(self.tokens):
            raise _malformed(self._peek())
        return Query(
            sobject=self.sobject,
            fields=tuple(self.sobject.find(name).name for name in names),
            sql=f"SELECT id FROM sf_record WHERE object = ?{where}{tail}",  # noqa: S608 - names are checked, values are arguments
            arguments=(self.sobject.name, *self.arguments),
        )

    def _selected(self) -> list[str]:
        if self._take("COUNT"):
            self._expect("(")
            self._expect(")")
            return []
        names = [self._word()]
        while self._take(","):
            names.append(self._word())
        return names

    def _any(self) -> str:
        parts, joint = [self._one()], ""
        while self._peek().upper() in {"AND", "OR"}:
            word = self._next()[1].upper()
            if joint and word != joint:
                # SOQL docs: AND and OR mix only with brackets.
                raise _malformed(word)
            joint = word
            parts.append(self._one())
        return f" {joint} ".join(parts)

    def _one(self) -> str:
        if self._take("NOT"):
            return f"NOT {self._one()}"
        if self._take("("):
            inner = self._any()
            self._expect(")")
            return f"({inner})"
        found = self.sobject.find(self._word())
        if found.type == "textarea":  # SOQL docs: long text cannot be filtered
            raise ApiError(
                400,
                "INVALID_FIELD",
                f"field '{found.name}' can not be filtered in a query call",
            )
        return self._compared(found)

    def _compared(self, found: Field) -> str:
        column = to_column(found.name)
        if self._take("NOT"):
            self._expect("IN")
            return f"coalesce({column} NOT IN ({self._list(found)}), 1)"
        if self._take("IN"):
            return f"{column} IN ({self._list(found)})"
        if self._take("LIKE"):
            return f"{column} LIKE {self._value(found)} ESCAPE '\\'"
        sign = _COMPARISONS.get(self._next()[1])
        if sign is None:
            raise _malformed(self.tokens[self.at - 1][1])
        if self._take("NULL"):
            return f"{column} IS {'NOT ' if sign == '<>' else ''}NULL"
        test = f"{column} {sign} {self._value(found)}"
        return f"({column} IS NULL OR {test})" if sign == "<>" else test

    def _list(self, found: Field) -> str:
        self._expect("(")
        marks = [self._value(found)]
        while self._take(","):
            marks.append(self._value(found))
        self._expect(")")
        return ", ".join(marks)

    def _value(self, found: Field) -> str:
        kind, text = self._next()
        if (kind == "text") == (found.type in _UNQUOTED):
            quotes = "should not" if found.type in _UNQUOTED else "should"
            raise ApiError(
                400,
                "INVALID_FIELD",
                f"value of filter criterion for field '{found.name}' must be of type "
                f"{found.type} and {quotes} be enclosed in quotes",
            )
        self.arguments.append(_to_argument(found, kind, text))
        return "?"

    def _order(self) -> str:
        if not self._take("ORDER"):
            return " ORDER BY number"
        self._expect("BY")
        keys = [self._order_key()]
        while self._take(","):
            keys.append(self._order_key())
        return f" ORDER BY {', '.join(keys)}, number"

    def _order_key(self) -> str:
        column = to_column(self.sobject.find(self._word()).name)
        down = not self._take("ASC") and self._take("DESC")
        nulls = "FIRST"  # SOQL docs: nulls come first unless told otherwise
        if self._take("NULLS"):
            nulls = "LAST" if self._take("LAST") else self._expect("FIRST")
        return f"{column} {'DESC' if down else 'ASC'} NULLS {nulls}"

    def _limit(self) -> str:
        sql = f" LIMIT {self._count()}" if self._take("LIMIT") else " LIMIT -1"
        return sql + (f" OFFSET {self._count()}" if self._take("OFFSET") else "")

    def _count(self) -> int:
        kind, text = self._next()
        if kind != "number" or not text.isdigit():
            raise _malformed(text)
        return int(text)

    def _word(self) -> str:
        kind, text = self._next()
        if kind != "word":
            raise _malformed(text)
        return text

    def _peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else "<EOF>"

    def _next(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise _malformed("<EOF>")
        self.at += 1
        return self.tokens[self.at - 1]

    def _take(self, word: str) -> bool:
        if self._peek().upper() != word:
            return False
        self.at += 1
        return True

    def _expect(self, word: str) -> str:
        if not self._take(word):
            raise _malformed(self._peek())
        return word


def _to_argument(found: Field, kind: str, text: str) -> Any:
    if kind == "text":
        plain = _ESCAPE.sub(lambda m: _ESCAPES.get(m[1], m[1]), text[1:-1])
        is_id = found.type in {"id", "reference"}
        return (to_long(plain) or plain) if is_id else plain
    if found.type == "boolean":
        return text.lower() == "true"
    if found.type == "datetime":
        return to_datetime_text(text if "T" in text else f"{text}T00:00:00Z")
    return float(text) if kind == "number" else text
