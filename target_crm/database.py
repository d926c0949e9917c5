"""The database of the ledger: SQLite in a file, or PostgreSQL for several machines.

Every statement is a transaction of its own. On PostgreSQL one run at a time writes for
an account: a lock that the server takes away with the connection, so that a run that
was killed leaves none.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
from importlib import import_module
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from sync_core.errors import FatalError, SettingError
from target_crm import tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

SQLITE, POSTGRESQL = "sqlite", "postgresql"
KINDS = frozenset({SQLITE, POSTGRESQL})
DRIVER = "postgresql+psycopg"
CONNECT_SECONDS = 10
SETTING = "ledger_url"
MAKING = 4_907_311_554_201  # held while tables are made, so that two do not at once
# A plan that is made once for all keys reads the whole table (ten times as slow, seen
# 2026-11). A machine that vanished without a word is noticed within a minute; over a
# local socket the server ignores that.
_SESSION = (
    "SET plan_cache_mode = force_custom_plan",
    "SET tcp_keepalives_idle = 30",
    "SET tcp_keepalives_interval = 10",
    "SET tcp_keepalives_count = 3",
)


class Database:
    """A database with the product's tables in it.

    It has one connection, which its lock belongs to: only one thread may use it.

    Args:
        url: A database URL of SQLAlchemy.
        place: What to call the database in an error; never holds a password.
        make: Whether tables that are missing are made; if not, nothing is written.

    Raises:
        SettingError: The URL is no address of a database that can be used.
        FatalError: The database cannot be reached or used.
    """

    def __init__(self, url: str | sa.URL, *, place: str, make: bool = True) -> None:
        self._place = place
        self._engine = _to_engine(url)
        kind = self._engine.dialect.name
        self._insert = import_module(f"sqlalchemy.dialects.{kind}").insert
        try:
            self._check_tables(make=make)
        except BaseException:
            self.close()
            raise

    @classmethod
    def in_file(cls, path: Path, *, make: bool = True) -> Database:
        """Return the database in a SQLite file."""
        url = sa.URL.create(SQLITE, database=str(path))
        return cls(url, place=f"the ledger {path}", make=make)

    @classmethod
    def at(cls, url: str, *, make: bool = True) -> Database:
        """Return the database that the setting `ledger_url` names."""
        return cls(url, place=f"the ledger in `{SETTING}`", make=make)

    @property
    def place(self) -> str:
        """What to call it."""
        return self._place

    @property
    def is_server(self) -> bool:
        """Whether other machines can use it too."""
        return self._engine.dialect.name == POSTGRESQL

    def close(self) -> None:
        """Close the connection, and with it the lock."""
        self._engine.dispose()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Give the connection; what was done with it is kept, or nothing of it.

        Raises:
            FatalError: The database cannot be used.
        """
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
            raise self._refused(error) from error

    def put(self, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows; those whose key is there replace what it holds.

        Sorted, so that two runs that write the same keys wait for each other and never
        each for the other.
        """
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
        with self.transaction() as connection:
            connection.execute(statement, sorted(rows, key=itemgetter(*keys)))

    def put_first(self, table: sa.Table, row: Mapping[str, Any]) -> None:
        """Insert a row unless its key is there: the first one counts."""
        with self.transaction() as connection:
            connection.execute(self._insert(table).on_conflict_do_nothing(), row)

    def append(self, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows to a table that numbers them itself."""
        if rows:
            with self.transaction() as connection:
                connection.execute(table.insert(), rows)

    def rows(self, query: sa.Select[Any]) -> list[Mapping[str, Any]]:
        """Return the rows that a query finds."""
        with self.transaction() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def note(self, name: str) -> str | None:
        """Return what was noted under a name."""
        columns = tables.NOTES.c
        found = self.rows(sa.select(columns.value).where(columns.name == name))
        return str(found[0]["value"]) if found else None

    def set_note(self, name: str, value: str) -> None:
        """Note a value under a name."""
        self.put(tables.NOTES, [{"name": name, "value": value}])

    def hold(self, name: str, who: str) -> None:
        """Let no other run write under a name until this database is closed.

        Args:
            name: What is held.
            who: The plugin, for the other one's message.

        Raises:
            FatalError: Another run holds it; the message names it.
        """
        if not self.is_server:
            return  # a file is used by one machine, where the state folder is held
        key = sa.func.pg_try_advisory_lock(_to_lock(name))
        with self.transaction() as connection:
            is_ours = connection.execute(sa.select(key)).scalar()
        place = f"lock/{name}"
        if not is_ours:
            first = self.note(place) or "unknown"
            raise FatalError(
                f"Another {who} ({first}) is using {self._place}. Wait until it has "
                f"ended, or give this one a `{SETTING}` of its own.",
                setting=SETTING,
            )
        self.set_note(place, f"process {os.getpid()} on {platform.node()}")

    # the tables

    def _check_tables(self, *, make: bool) -> None:
        columns = tables.NOTES.c
        query = sa.select(columns.value).where(columns.name == "version")
        with self.transaction() as connection:
            if not self.is_server:
                self._check_file(connection)
            if make:
                self._make_tables(connection)
            else:
                self._check_readable(connection)
            version = connection.execute(query).scalar()
            if version is None and make:
                facts = {"name": "version", "value": tables.VERSION}
                connection.execute(tables.NOTES.insert(), facts)
        if version not in {None, tables.VERSION}:
            raise FatalError(
                f"{self._place} was written by another version of this product (its "
                f"form is {version}, this one reads {tables.VERSION}). Use that "
                "version, or move the ledger away: the next run then compares with "
                "the CRM once."
            )

    def _make_tables(self, connection: sa.Connection) -> None:
        if self.is_server:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MAKING)))
        tables.METADATA.create_all(connection)

    def _check_readable(self, connection: sa.Connection) -> None:
        there = sa.inspect(connection)
        for table in (tables.NOTES, tables.BREAKDOWNS):
            if not there.has_table(table.name):
                raise FatalError(
                    f"{self._place} holds no scores: it has no table `{table.name}`. "
                    "Run a pipeline with it once, or name another ledger."
                )

    def _check_file(self, connection: sa.Connection) -> None:
        verdict = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        if verdict != "ok":
            raise self._damaged()

    def _refused(self, error: sa.exc.DatabaseError) -> FatalError:
        if not self.is_server:
            return self._damaged()
        return FatalError(
            f"{self._place} refused a statement ({_reason(error)}). The user in "
            f"`{SETTING}` must own the tables of the ledger or be allowed to create "
            "them in its schema (GRANT CREATE ON SCHEMA).",
            setting=SETTING,
        )

    def _damaged(self) -> FatalError:
        return FatalError(
            f"{self._place} is damaged. Restore it from a copy, or move it away: the "
            "next run then compares with the CRM once and writes no duplicate."
        )


def _to_engine(url: str | sa.URL) -> sa.Engine:
    try:
        address = _with_driver(sa.make_url(url))
        kind = address.get_backend_name()
        if kind not in KINDS:
            raise _unusable(f"names a {kind} database")
        is_server = kind == POSTGRESQL
        engine = sa.create_engine(
            address,
            hide_parameters=True,
            poolclass=sa.StaticPool,
            connect_args={"connect_timeout": CONNECT_SECONDS} if is_server else {},
        )
    except ModuleNotFoundError as error:
        raise _unusable(
            "needs a driver that is not installed: pip install "
            "'webinar-lead-score[postgres]'"
        ) from error
    except (sa.exc.SQLAlchemyError, ImportError, ValueError) as error:
        raise _unusable("is no address of a database") from error
    if is_server:
        sa.event.listen(engine, "connect", _set_up)
    return engine


def _with_driver(url: sa.URL) -> sa.URL:
    """The forms that databases are handed out in mean our driver."""
    plain = url.drivername in {"postgres", POSTGRESQL}
    return url.set(drivername=DRIVER) if plain else url


def _set_up(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        for statement in _SESSION:
            cursor.execute(statement)
    connection.commit()


def _unusable(why: str) -> SettingError:
    return SettingError(
        f"`{SETTING}` {why}. Give a database of PostgreSQL, such as "
        "postgresql://user:password@host/name, or leave it out: the ledger is then a "
        "file in the state folder.",
        setting=SETTING,
    )


def _to_lock(name: str) -> int:
    """Return a number of 64 bits, which is what PostgreSQL locks."""
    digest = hashlib.sha256(name.encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _reason(error: sa.exc.DBAPIError) -> str:
    """Only SQLite's own sentences are told: those of a server may hold a password."""
    if type(error.orig).__module__ == "sqlite3":
        return str(error.orig)
    return type(error.orig).__name__
