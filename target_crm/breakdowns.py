"""The rows that explain a score, kept in the ledger's database.

``part`` is ``lead_score`` for the row of `lead_scores`, and ``<window>:<activity>`` for
a row of `activity_scores`; ``record`` is the row as JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sync_core.identity import to_email_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_crm.rows import Row

LEAD_SCORE = "lead_score"


def of_lead_score(row: Row) -> dict[str, str]:
    """Return a `lead_scores` row as a row of the table."""
    return _to_entry(row.values, LEAD_SCORE, row.email_key)


def of_activity_score(values: Mapping[str, Any]) -> dict[str, str]:
    """Return an `activity_scores` row as a row of the table."""
    part = f"{values['window']}:{values['activity']}"
    return _to_entry(values, part, to_email_key(values.get("email")))


def _to_entry(
    values: Mapping[str, Any], part: str, email_key: str | None
) -> dict[str, str]:
    return {
        "event_id": str(values["event_id"]),
        "attendee_id": str(values["attendee_id"]),
        "part": part,
        "email_key": email_key or "",
        "record": msgspec.json.encode(values).decode(),
    }
