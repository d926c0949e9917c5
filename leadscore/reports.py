"""Add up the run reports that the targets leave in the state folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sync_core.workdir import WorkDir

PATTERN = "*target-*.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTotals:
    """Rows of one or more target runs by outcome, and the runs' requests."""

    created: int
    updated: int
    unchanged: int
    rejected: int
    not_sent: int
    requests: int

    @property
    def written(self) -> int:
        """Rows that changed something in the CRM."""
        return self.created + self.updated


def read_totals(work: WorkDir, *, since: float) -> RunTotals:
    """Return the totals of the reports written since a moment.

    Args:
        work: The state folder.
        since: Seconds since 1970.
    """
    reports = [
        json.loads(path.read_bytes())
        for path in work.folder("runs").glob(PATTERN)
        if path.stat().st_mtime >= since
    ]
    return to_totals(reports)


def to_totals(reports: Iterable[Mapping[str, Any]]) -> RunTotals:
    """Return the sum of some run reports."""
    known = list(reports)

    def total(outcome: str) -> int:
        return sum(report["outcomes"][outcome] for report in known)

    return RunTotals(
        created=total("created"),
        updated=total("updated"),
        unchanged=total("unchanged"),
        rejected=total("rejected"),
        not_sent=total("not_sent"),
        requests=sum(report["requests"] for report in known),
    )
