"""What the CRM has accepted, so that the same thing is never sent twice.

One database for all accounts: SQLite in the state folder, or any database that
SQLAlchemy speaks to (SQLite and PostgreSQL are tested for their upsert). Written only
after the CRM's answer and before the STATE that covers it. Losing it costs one
rewrite and no duplicate.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from sync_core.errors import FatalError, SettingError
from target_crm import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

VERSION = "1"
CHUNK = 500  # keys in one query: under the 999 variables of old SQLite builds


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the CRM holds of one contact, as far as it told us.

    Attributes:
        email_key: The contact.
        contact_id: The CRM's id.
        starts_at: Start of the event the scores are from.
        event_id: That event.
        properties: Accepted values by property name.
    """

    email_key: str
    contact_id: str = ""
    starts_at: str = ""
    event_id: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def age(self) -> tuple[str, str]:
        """What decides which event is the latest."""
        return self.starts_at, self.event_id


class Ledger:
    """The ledger of one CRM account.

    Args:
        url: A database URL of SQLAlchemy.
        place: What to call the database in an error; never holds a password.
    """

    def __init__(self, url: str | sa.URL, *, place: str) -> None:
        self._place = place
        self.account = ""
        try:
            self._engine = sa.create_engine(
                url, hide_parameters=True, poolclass=sa.StaticPool
            )
        except (sa.exc.SQLAlchemyError, ImportError, ValueError) as error:
            raise SettingError(
                "`ledger_url` cannot be used. Give a database URL such as "
                "postgresql+psycopg://host/name and install its driver.",
                setting="ledger_url",
            ) from error
        self._insert: Any = (
            postgresql.insert
            if self._engine.dialect.name == "postgresql"
            else sqlite.insert
        )
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    @classmethod
    def in_file(cls, path: Path) -> Ledger:
        """Return the ledger in a SQLite file."""
        url = sa.URL.create("sqlite", database=str(path))
        return cls(url, place=f"the ledger {path}")

    def close(self) -> None:
        """Close the database."""
        self._engine.dispose()

    # notes

    def note(self, name: str) -> str | None:
        """Return what was noted under a name for this account."""
        with self._transaction() as connection:
            return _note(connection, self._scoped(name))

    def set_note(self, name: str, value: str) -> None:
        """Note a value under a name for this account."""
        self._put(tables.NOTES, [{"name": self._scoped(name), "value": value}])

    def _scoped(self, name: str) -> str:
        return f"{self.account}/{name}"

    # contacts

    def contacts(self, keys: Sequence[str]) -> dict[str, Known]:
        """Return what is known of these contacts."""
        columns = tables.CONTACTS.c
        found: dict[str, Known] = {}
        for rows in self._chunks(tables.CONTACTS, columns.email_key, keys):
            for row in rows:
                found[row["email_key"]] = Known(
                    email_key=row["email_key"],
                    contact_id=row["contact_id"],
                    starts_at=row["starts_at"],
                    event_id=row["event_id"],
                    properties=msgspec.json.decode(row["properties"]),
                )
        return found

    def accept_contacts(self, accepted: Iterable[Known]) -> None:
        """Remember what the CRM has accepted, in one transaction."""
        self._put(
            tables.CONTACTS,
            [
                {
                    "account": self.account,
                    "email_key": known.email_key,
                    "contact_id": known.contact_id,
                    "starts_at": known.starts_at,
                    "event_id": known.event_id,
                    "properties": _dumps(known.properties),
                }
                for known in accepted
            ],
        )

    # timeline

    def entries(self, event_id: str, keys: Sequence[str]) -> dict[str, str]:
        """Return the accepted timeline entries of an event: state hash by person."""
        columns = tables.ENTRIES.c
        chunks = self._chunks(
            tables.ENTRIES, columns.email_key, keys, columns.event_id == event_id
        )
        return {row["email_key"]: row["state"] for rows in chunks for row in rows}

    def accept_entries(self, event_id: str, states: Mapping[str, str]) -> None:
        """Remember the accepted timeline entries of an event."""
        self._put(
            tables.ENTRIES,
            [
                {
                    "account": self.account,
                    "event_id": event_id,
                    "email_key": key,
                    "state": state,
                }
                for key, state in states.items()
            ],
        )

    # breakdowns: what `leadscore explain` shows; costs no request

    def keep_breakdowns(self, rows: Sequence[Mapping[str, str]]) -> None:
        """Keep the rows a score is explained by (see `target_crm.breakdowns`)."""
        self._put(tables.BREAKDOWNS, list(rows))

    def breakdowns(
        self, event_id: str, attendee_ids: Sequence[str], part: str | None = None
    ) -> list[dict[str, Any]]:
        """Return kept rows of an event's attendees, one part or all of them."""
        columns = tables.BREAKDOWNS.c
        where = [columns.event_id == event_id]
        if part is not None:
            where.append(columns.part == part)
        return [
            msgspec.json.decode(row["record"])
            for attendees in _sliced(attendee_ids)
            for row in self._rows(
                sa.select(tables.BREAKDOWNS).where(
                    columns.attendee_id.in_(attendees), *where
                )
            )
        ]

    # the database

    def _open(self) -> None:
        with self._transaction() as connection:
            if connection.dialect.name == "sqlite":
                self._check_file(connection)
            tables.METADATA.create_all(connection)
            version = _note(connection, "version")
            if version is None:
                connection.execute(
                    tables.NOTES.insert(), {"name": "version", "value": VERSION}
                )
        if version not in {None, VERSION}:
            raise FatalError(
                f"{self._place} was written by another version of this product "
                f"(its form is {version}, this one reads {VERSION}). Use that version, "
                "or move the ledger away: the next run then compares with the CRM once."
            )

    def _check_file(self, connection: sa.Connection) -> None:
        verdict = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        if verdict != "ok":
            raise self._damaged()

    def _damaged(self) -> FatalError:
        return FatalError(
            f"{self._place} is damaged. Restore it from a copy, or move it away: the "
            "next run then compares with the CRM once and writes no duplicate."
        )

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except sa.exc.OperationalError as error:
            raise FatalError(
                f"{self._place} cannot be used ({_reason(error)}). Check that it can "
                "be reached and written to and that there is free space, then run "
                "again: nothing that was not confirmed is lost."
            ) from error
        except sa.exc.DatabaseError as error:
            raise self._damaged() from error

    def _put(self, table: sa.Table, rows: list[dict[str, Any]] | list[Any]) -> None:
        if not rows:
            return
        keys = [column.name for column in table.primary_key.columns]
        statement = self._insert(table)
        changed = {
            column.name: statement.excluded[column.name]
            for column in table.columns
            if column.name not in keys
        }
        statement = statement.on_conflict_do_update(index_elements=keys, set_=changed)
        with self._transaction() as connection:
            connection.execute(statement, rows)

    def _rows(self, query: sa.Select[Any]) -> list[Mapping[str, Any]]:
        with self._transaction() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def _chunks(
        self,
        table: sa.Table,
        column: sa.Column[Any],
        keys: Sequence[str],
        *where: sa.ColumnElement[bool],
    ) -> Iterator[list[Mapping[str, Any]]]:
        for part in _sliced(keys):
            query = sa.select(table).where(
                table.c.account == self.account, column.in_(part), *where
            )
            yield self._rows(query)


def _sliced(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), CHUNK):
        yield keys[start : start + CHUNK]


def _note(connection: sa.Connection, name: str) -> str | None:
    columns = tables.NOTES.c
    query = sa.select(columns.value).where(columns.name == name)
    value = connection.execute(query).scalar()
    return None if value is None else str(value)


def _dumps(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _reason(error: sa.exc.DBAPIError) -> str:
    """Only SQLite's own sentences are told: those of a server may hold a password."""
    if type(error.orig).__module__ == "sqlite3":
        return str(error.orig)
    return type(error.orig).__name__
