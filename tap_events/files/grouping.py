"""Which files tell of which event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sync_core.errors import FatalError
from tap_events.files.naming import to_name_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from tap_events.files.report import Report

ANY_PLATFORM = "files"
# A poll or chat this far from a webinar belongs to another one, whatever the folder.
_NEAR = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A report and the file it stands in."""

    path: Path
    changed_at: datetime
    report: Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The files of one event; the first ones name it, the rest add to it."""

    event_id: str
    parts: tuple[Found, ...]

    @property
    def folders(self) -> frozenset[Path]:
        """The folders of the files that name the event."""
        named = (part for part in self.parts if part.report.native_id)
        return frozenset(part.path.parent for part in named)

    @property
    def starts_at(self) -> datetime | None:
        """The earliest start that the files tell."""
        starts = (part.report.starts_at for part in self.parts)
        return min(filter(None, starts), default=None)

    @property
    def ends_at(self) -> datetime | None:
        """The latest end that the files tell."""
        ends = (part.report.ends_at for part in self.parts)
        return max(filter(None, ends), default=None)


def to_groups(found: Iterable[Found]) -> list[Group]:
    """Bring the files of each event together.

    Raises:
        FatalError: If a file fits no event or several, naming them.
    """
    named: dict[str, list[Found]] = {}
    loose: list[Found] = []
    for one in found:
        if one.report.native_id:
            event_id = f"{one.report.platform}:{one.report.native_id}"
            named.setdefault(event_id, []).append(one)
        else:
            loose.append(one)
    groups = [Group(event_id=key, parts=tuple(one)) for key, one in named.items()]
    for one in loose:
        named[_to_only(one, groups).event_id].append(one)
    return [Group(event_id=key, parts=tuple(one)) for key, one in named.items()]


def _to_only(one: Found, groups: Sequence[Group]) -> Group:
    """Return the one event that a file without an event of its own belongs to."""
    possible = [group for group in groups if _is_possible(one.report, group)]
    closer: tuple[Callable[[Group], bool], ...] = (
        lambda group: one.path.parent in group.folders,
        lambda group: _overlaps(one.report, group),
    )
    for is_closer in closer:
        if len(possible) > 1:
            possible = [group for group in possible if is_closer(group)] or possible
    if len(possible) == 1:
        return possible[0]
    raise _unplaced(one, possible)


def _is_possible(report: Report, group: Group) -> bool:
    if report.platform not in {ANY_PLATFORM, group.event_id.partition(":")[0]}:
        return False
    if report.webinar_id:
        ids = {part.report.webinar_id for part in group.parts}
        return report.webinar_id in ids
    if report.topic:
        topics = {to_name_key(part.report.topic) for part in group.parts}
        return to_name_key(report.topic) in topics
    return _is_near(report, group)


def _is_near(report: Report, group: Group) -> bool:
    moments, start, end = list(report.moments()), group.starts_at, group.ends_at
    if not moments or start is None:
        return True
    return start - _NEAR <= min(moments) and (
        end is None or max(moments) <= end + _NEAR
    )


def _overlaps(report: Report, group: Group) -> bool:
    moments, start, end = list(report.moments()), group.starts_at, group.ends_at
    if not moments or start is None or end is None:
        return False
    return min(moments) <= end and max(moments) >= start


def _unplaced(one: Found, possible: Sequence[Group]) -> FatalError:
    """Tell that a file belongs to no event that is known, or to several."""
    if not possible:
        return FatalError(
            f"{one.path} does not say of which event it is, and no attendee report "
            "of the same platform and time was found. Put it into one folder with the "
            "attendee report of its webinar, and check the setting `files_timezone`.",
            setting="files_path",
        )
    names = ", ".join(sorted(group.event_id for group in possible)[:5])
    return FatalError(
        f"{one.path} does not say of which event it is, and {len(possible)} events "
        f"fit: {names}. Use one folder per webinar: put this file beside the "
        "attendee report it belongs to, and no other.",
        setting="files_path",
    )
