"""Read back what the CRM was told of one person, and why."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from sync_core.errors import FatalError
from target_crm.breakdowns import LEAD_SCORE
from target_crm.tables import BREAKDOWNS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sync_core.workdir import WorkDir

LEDGER = "ledger.sqlite"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One person in one event: the lead score's row and its activities' rows."""

    lead: Mapping[str, Any]
    activities: list[Mapping[str, Any]]


def read_person(work: WorkDir, email_key: str) -> list[Explained]:
    """Return every event that the ledger knows a person in, latest first.

    Args:
        work: The state folder.
        email_key: The address as `to_email_key` spells it.

    Raises:
        FatalError: There is no ledger, or it cannot be read.
    """
    path = work.path / LEDGER
    if not path.is_file():
        raise FatalError(
            f"There is no ledger at {path}. Run a pipeline with this state folder "
            "first, or name another folder with LEADSCORE_HOME."
        )
    query = sa.select(BREAKDOWNS).where(BREAKDOWNS.c.email_key == email_key)
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)))
    try:
        with contextlib.closing(engine.connect()) as connection:
            rows = connection.execute(query).mappings().all()
    except sa.exc.DatabaseError as error:
        raise FatalError(
            f"The ledger {path} cannot be read. Restore it from a copy, or move it "
            "away and run the pipeline again."
        ) from error
    finally:
        engine.dispose()
    return _grouped(rows)


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
