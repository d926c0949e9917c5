"""What every platform offers the streams."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_events.records import Bundle, Event
    from tap_events.rejected import RejectedRows


class Platform(Protocol):
    """One place that webinars come from; made with its settings already checked."""

    def now(self) -> datetime:
        """Return the source's own now; may be the first request."""

    def list_events(self) -> Sequence[Event]:
        """Return every event that has begun."""

    def read(self, event: Event) -> Bundle:
        """Return one event with all that is known of it."""

    def close(self) -> None:
        """Let go of connections."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSource:
    """Time as a platform sees it; a test hands in its own and never sleeps.

    Attributes:
        clock: Monotonic seconds.
        sleep: Waits for seconds.
        now: The wall clock, where a source has none of its own.
    """

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = _utc_now


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What a platform is given besides its settings.

    Attributes:
        rejected: Where rows go that cannot be used.
        time: Clocks and sleep.
    """

    rejected: RejectedRows
    time: TimeSource = field(default_factory=TimeSource)
