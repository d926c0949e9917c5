"""Report files as a platform: all of them are read before the first event is sent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sync_core.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tap_events.platforms.base import Tools
    from tap_events.records import Bundle, Event
    from tap_events.settings import Settings


class FilesPlatform:
    """Reads report exports and tables.

    Args:
        settings: ``files_path`` is required.
        tools: See `Tools`.
    """

    def __init__(self, settings: Settings, tools: Tools) -> None:
        if not settings.files_paths:
            raise SettingError(
                "`files_path` is missing. Set it to the folder with your report "
                "exports, or to a pattern such as `exports/*.csv`.",
                setting="files_path",
            )
        self._now = tools.time.now
        self._bundles = {b.event.event_id: b for b in read_files(settings, tools)}

    def now(self) -> datetime:
        """Return our own now: files have none."""
        return self._now()

    def list_events(self) -> Sequence[Event]:
        """Return the events of all files; a file dated in the future counts as now."""
        now = self.now()
        events = [bundle.event for bundle in self._bundles.values()]
        return [replace(e, updated_at=min(e.updated_at, now)) for e in events]

    def read(self, event: Event) -> Bundle:
        """Return one event, which is in memory already."""
        return replace(self._bundles[event.event_id], event=event)

    def close(self) -> None:
        """Nothing is open."""


def read_files(settings: Settings, tools: Tools) -> list[Bundle]:
    """Return what the configured files tell, if any are configured."""
    if not settings.files_paths:
        return []
    # The readers bring a table engine along, which only files need.
    from tap_events.files import read_bundles  # noqa: PLC0415

    bundles = read_bundles(
        settings.files_paths,
        mapping_path=settings.files_mapping,
        timezone=settings.files_timezone,
        on_rejected=tools.rejected.add,
    )
    tools.rejected.check()
    return bundles
