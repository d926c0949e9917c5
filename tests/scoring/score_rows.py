"""Rows that tests of the rules write often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from score_worlds import at, counts_of

if TYPE_CHECKING:
    from score_worlds import World


def stay(person: str, begin: float, end: float, **more: Any) -> dict[str, Any]:
    """Return a time in a session, in minutes after its start."""
    times = {"occurred_at": at(begin), "ended_at": at(end)}
    return {"attendee_id": person, "activity": "time_in_session"} | times | more


def did(person: str | None, activity: str, **more: Any) -> dict[str, Any]:
    """Return one activity."""
    return {"attendee_id": person, "activity": activity} | more


def value_of(world: World, activity: str, window: str = "live", **config: Any) -> Any:
    """Return person a's count, or None."""
    row = counts_of(world, window, **config).get(("a", activity))
    return row and row["value"]


def person(attendee_id: str, email: str | None, **more: Any) -> dict[str, Any]:
    """Return an attendee."""
    return {"event_id": "zoom:1", "attendee_id": attendee_id, "email": email} | more
