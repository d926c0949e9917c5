"""Explanations and rejected rows as tables for a spreadsheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from leadscore.reasons import to_told
from sync_core.cells import to_csv

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from target_crm.explained import Explained
    from target_crm.rejected import RejectedRow

STEP_COLUMNS = (
    "event_id",
    "event_name",
    "attendee_id",
    "first_name",
    "last_name",
    "window",
    "activity",
    "value",
    "unit",
    "rank",
    "max_rank",
    "ranked_attendees",
    "weight",
    "score",
    "details",
)
REJECTED_COLUMNS = (
    "event_id",
    "contact",
    "code",
    "property",
    "attempts",
    "last_at",
    "reason",
)


def to_step_sheet(people: Iterable[Explained]) -> Iterator[str]:
    """Yield what every activity of these people counted for, a line each."""
    rows = ({**person.lead, **row} for person in people for row in person.activities)
    return to_csv(STEP_COLUMNS, rows)


def to_rejected_sheet(
    rows: Sequence[RejectedRow], key: bytes, *, people: bool = False
) -> Iterator[str]:
    """Yield the rows that wait, a line each.

    Args:
        rows: Of one account.
        key: Makes the pseudonyms.
        people: Whether to name the addresses.
    """
    return to_csv(REJECTED_COLUMNS, (_to_line(row, key, people=people) for row in rows))


def _to_line(row: RejectedRow, key: bytes, *, people: bool) -> dict[str, Any]:
    who, reason = to_told(row, key, people=people)
    return {
        "event_id": row.key[0],
        "contact": who,
        "code": row.code,
        "property": row.blamed,
        "attempts": row.attempts,
        "last_at": row.at,
        "reason": reason,
    }
