"""Where a run keeps its ledger and its rejected rows: a folder, or a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_crm.database import Database
from target_crm.rejected import RejectedFile, RejectedTable

if TYPE_CHECKING:
    from sync_core.workdir import WorkDir
    from target_crm.rejected import Lines

LEDGER = "ledger.sqlite"
REJECTED = "rejected.jsonl"


def open_database(work: WorkDir, ledger_url: str | None) -> Database:
    """Return the ledger's database.

    Args:
        work: The state folder.
        ledger_url: The setting; without it the database is a file in the folder.
    """
    return (
        Database.at(ledger_url) if ledger_url else Database.in_file(work.file(LEDGER))
    )


def read_database(work: WorkDir, ledger_url: str | None) -> Database:
    """Return the ledger's database to read from: nothing is made, in the folder or it.

    Args:
        work: The state folder.
        ledger_url: The setting; without it the database is a file in the folder.
    """
    if ledger_url:
        return Database.at(ledger_url, make=False)
    return Database.in_file(work.path / LEDGER, make=False)


def to_lines(work: WorkDir, ledger_url: str | None, database: Database) -> Lines:
    """Return where rejected rows are kept: in the database if the setting names one."""
    return RejectedTable(database) if ledger_url else RejectedFile(work.file(REJECTED))
