"""The key of the names that people have in lists, reports and plans."""

from __future__ import annotations

import secrets
from contextlib import closing
from typing import TYPE_CHECKING

from target_crm import tables
from target_crm.database import Database

if TYPE_CHECKING:
    from sync_core.workdir import WorkDir

NOTE = "pseudonym.key"


def key_in(database: Database) -> bytes:
    """Return the key that is kept in a database, made on first use.

    Machines that share a ledger call a person by the same name.
    """
    if database.note(NOTE) is None:
        _make_key(database)
    return bytes.fromhex(database.note(NOTE) or "")


def key_of(work: WorkDir, ledger_url: str | None) -> bytes:
    """Return the key where the ledger is: in the setting's database, or the folder.

    Args:
        work: The state folder.
        ledger_url: The setting.
    """
    if not ledger_url:
        return work.secret_key()
    with closing(Database.at(ledger_url)) as database:
        return key_in(database)


def _make_key(database: Database) -> None:
    """Another machine may make one at the same time: the first one counts."""
    fact = {"name": NOTE, "value": secrets.token_bytes(32).hex()}
    database.put_first(tables.NOTES, fact)
