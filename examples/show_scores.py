# ruff: noqa: INP001 - a script beside examples
"""Print the lead scores of Singer messages on standard input as a table."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def to_rows(lines: Iterable[str]) -> Iterator[tuple[str, float, str, str]]:
    """Yield event, score, person and reasons of each record of `lead_scores`."""
    for line in lines:
        message = json.loads(line)
        if message.get("stream") == "lead_scores" and message["type"] == "RECORD":
            row = message["record"]
            person = row["email"] or row["first_name"] or "(unknown)"
            reasons = "; ".join(row["live_reasons"])
            yield row["event_id"], row["live_lead_score"], person, reasons


def main() -> None:
    """Print the best first."""
    rows = sorted(to_rows(sys.stdin), key=lambda row: (row[0], -row[1], row[2]))
    for event, score, person, reasons in rows:
        sys.stdout.write(
            f"{event} {score:6.1f}  {person:<22} {reasons}".rstrip() + "\n"
        )


if __name__ == "__main__":
    main()
