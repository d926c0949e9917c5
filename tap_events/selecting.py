"""Which events are read in a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tap_events.records import Event
    from tap_events.settings import Settings


def select_events(
    events: Iterable[Event], settings: Settings, bookmark: datetime | None
) -> list[Event]:
    """Return the wanted events that may have changed, oldest change first."""
    since = to_since(settings, bookmark)
    chosen = [
        event
        for event in events
        if is_wanted(event, settings) and (since is None or event.updated_at >= since)
    ]
    return sorted(chosen, key=lambda event: (event.updated_at, event.event_id))


def to_since(settings: Settings, bookmark: datetime | None) -> datetime | None:
    """Return the earliest last change that is read: look-back, but no earlier start."""
    times = [settings.start_date, bookmark and bookmark - settings.look_back]
    return max((at for at in times if at), default=None)


def is_wanted(event: Event, settings: Settings) -> bool:
    """Tell whether the settings choose an event by id and name."""
    ids = {event.event_id, event.event_id.partition(":")[2]}
    chosen = not settings.event_ids or bool(ids & set(settings.event_ids))
    part = settings.event_name_contains.casefold()
    return chosen and part in event.name.casefold()
