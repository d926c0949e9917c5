"""Read back what the CRM was told of one person, and why."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from sync_core.errors import FatalError
from target_crm.breakdowns import LEAD_SCORE
from target_crm.places import LEDGER, read_database
from target_crm.tables import BREAKDOWNS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sync_core.workdir import WorkDir


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One person in one event: the lead score's row and its activities' rows."""

    lead: Mapping[str, Any]
    activities: list[Mapping[str, Any]]


def read_person(
    work: WorkDir, email_key: str, ledger_url: str | None = None
) -> list[Explained]:
    """Return every event that the ledger knows a person in, latest first.

    Args:
        work: The state folder.
        email_key: The address as `to_email_key` spells it.
        ledger_url: The database of the ledger, if it is not in the folder.

    Raises:
        FatalError: There is no ledger, or it cannot be read.
    """
    path = work.path / LEDGER
    if not ledger_url and not path.is_file():
        raise FatalError(
            f"There is no ledger at {path}. Run a pipeline with this state folder "
            "first, name another folder with LEADSCORE_HOME, or say whose ledger with "
            "--crm."
        )
    query = sa.select(BREAKDOWNS).where(BREAKDOWNS.c.email_key == email_key)
    with contextlib.closing(read_database(work, ledger_url)) as database:
        return _grouped(database.rows(query))


def _grouped(rows: Any) -> list[Explained]:
    leads: dict[str, Mapping[str, Any]] = {}
    parts: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        record = json.loads(row["record"])
        if row["part"] == LEAD_SCORE:
            leads[row["event_id"]] = record
        else:
            parts.setdefault(row["event_id"], []).append(record)
    latest = sorted(
        leads, key=lambda e: (str(leads[e].get("event_starts_at")), e), reverse=True
    )
    return [Explained(lead=leads[e], activities=parts.get(e, [])) for e in latest]
