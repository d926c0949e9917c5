"""Webinar report files: found, recognised, read and joined into events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_events.files.assembling import to_bundle
from tap_events.files.finding import find_files
from tap_events.files.grouping import to_groups
from tap_events.files.reading import FileReader
from tap_events.records import RejectedRow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_events.records import Bundle

__all__ = ["RejectedRow", "read_bundles"]


def read_bundles(
    paths: Sequence[str],
    *,
    mapping_path: str | None,
    timezone: str,
    on_rejected: Callable[[RejectedRow], None],
) -> list[Bundle]:
    """Return the events that report files tell of, oldest change first.

    Args:
        paths: Folders, files or globs.
        mapping_path: A mapping for generic tables, or a folder of them.
        timezone: The zone of times that name none, such as ``Europe/Berlin``.
        on_rejected: Told of each row that could not be used.

    Raises:
        SettingError: If nothing is found, or the mapping or time zone is wrong.
        FatalError: If a file is no report, or belongs to no one event.
    """
    reader = FileReader.of(mapping_path, timezone, on_rejected)
    found = [part for path in find_files(paths) for part in reader.read(path)]
    bundles = [to_bundle(group) for group in to_groups(found)]
    return sorted(bundles, key=lambda one: (one.event.updated_at, one.event.event_id))
