"""What is known of an event itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from scoring_transform.parsing import to_instant, to_text
from sync_core.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TIMES = {
    "starts": "starts_at",
    "ends": "ends_at",
    "on_demand_ends": "on_demand_ends_at",
}
NAMES = {
    "event_name": "name",
    "event_url": "url",
    "event_starts_at": "starts_at",
    "event_ends_at": "ends_at",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFacts:
    """An event's own record.

    Attributes:
        reported_activities: Activities that the source reports even if nobody did them.
        partial_activities: Activities that it reports for only a part of the event.
    """

    event_id: str
    platform: str | None = None
    name: str | None = None
    url: str | None = None
    starts_at: str | None = None
    ends_at: str | None = None
    on_demand_ends_at: str | None = None
    reported_activities: tuple[str, ...] = ()
    partial_activities: tuple[str, ...] = ()

    @classmethod
    def of(cls, record: Any) -> EventFacts:
        """Return the facts of a record of `events`."""
        if not isinstance(record, dict) or record.get("event_id") is None:
            raise FatalError(
                "A record of `events` has no `event_id`. Without it the event cannot "
                "be scored: map it in the stage before this one."
            )
        known = {name: _text(record.get(name)) for name in cls.__slots__}
        for name in ("reported_activities", "partial_activities"):
            known[name] = tuple(str(item) for item in record.get(name) or ())
        return cls(**known)

    def to_row(self) -> Mapping[str, Any]:
        """Return the facts as a row of the score's input."""
        times = {
            to: to_instant(getattr(self, of), f"events.{of}")
            for to, of in TIMES.items()
        }
        shown = {to: getattr(self, of) for to, of in NAMES.items()}
        return {
            "event_id": self.event_id,
            "platform": self.platform,
            "on_demand_ends_at": self.on_demand_ends_at,
            "reported_activities": list(self.reported_activities),
            **times,
            **shown,
        }


def _text(value: Any) -> Any:
    return None if value is None else to_text(value)


def to_events_frame(facts: Sequence[EventFacts]) -> pl.DataFrame:
    """Return events as a frame; their order is that of the output."""
    schema: dict[str, Any] = {
        "event_id": pl.String,
        "platform": pl.String,
        **dict.fromkeys(TIMES, pl.Int64),
        **dict.fromkeys(NAMES, pl.String),
        "on_demand_ends_at": pl.String,
        "reported_activities": pl.List(pl.String),
    }
    rows = [fact.to_row() for fact in facts]
    return pl.DataFrame(rows, schema=schema).with_row_index("position")
