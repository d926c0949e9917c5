"""What the CRM has accepted, so that the same thing is never sent twice.

One database for all accounts (see `target_crm.database`). Written only after the CRM's
answer and before the STATE that covers it. Losing it costs one comparison with the CRM
and no duplicate.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from target_crm import tables
from target_crm.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

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
        database: Where it is kept.
        account: Whose it is.
    """

    def __init__(self, database: Database, account: str = "") -> None:
        self.database = database
        self.account = account

    @classmethod
    def in_file(cls, path: Path) -> Ledger:
        """Return the ledger in a SQLite file."""
        return cls(Database.in_file(path))

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    # notes

    def note(self, name: str) -> str | None:
        """Return what was noted under a name for this account."""
        return self.database.note(self._scoped(name))

    def set_note(self, name: str, value: str) -> None:
        """Note a value under a name for this account."""
        self.database.set_note(self._scoped(name), value)

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

    def holders(self, contact_ids: Iterable[str]) -> dict[str, dict[str, Known]]:
        """Return who leads to these contacts: by id and address, without properties.

        Several addresses lead to a contact that was merged.
        """
        columns = tables.CONTACTS.c
        found: dict[str, dict[str, Known]] = {}
        for part in _sliced(list(contact_ids)):
            query = sa.select(
                columns.email_key,
                columns.contact_id,
                columns.starts_at,
                columns.event_id,
            ).where(columns.account == self.account, columns.contact_id.in_(part))
            for row in self.database.rows(query):
                known = Known(**row)
                found.setdefault(known.contact_id, {})[known.email_key] = known
        return found

    def accept_contacts(self, accepted: Iterable[Known]) -> None:
        """Remember what the CRM has accepted, in one transaction."""
        self.database.put(
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
        self.database.put(
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
        self.database.put(tables.BREAKDOWNS, rows)

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
            for row in self.database.rows(
                sa.select(tables.BREAKDOWNS).where(
                    columns.attendee_id.in_(attendees), *where
                )
            )
        ]

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
            yield self.database.rows(query)


def _sliced(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), CHUNK):
        yield keys[start : start + CHUNK]


def _dumps(value: Any) -> str:
    return msgspec.json.encode(value).decode()
