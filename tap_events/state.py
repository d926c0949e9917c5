"""What the tap accepts as state: its own, whole, and not from the future."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sync_core.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

ADVICE = "Restore it, or start again with a full refresh (no state)."
BOOKMARK = "replication_key_value"
REPLICATION_KEY = "updated_at"


def parse_state(text: str) -> dict[str, Any]:
    """Return the content of a state file.

    Raises:
        FatalError: It is torn, empty or no state of a tap.
    """
    try:
        value = json.loads(text)
    except ValueError as error:
        raise FatalError(f"The state file is torn or empty. {ADVICE}") from error
    if not isinstance(value, dict):
        raise FatalError(f"The state file holds no state of a tap. {ADVICE}")
    return value


def check_state(state: Mapping[str, Any], streams: Collection[str]) -> None:
    """Refuse a state that is not ours; an empty one is a first run.

    Raises:
        FatalError: The text says what is wrong with it.
    """
    if state and set(state) != {"bookmarks"}:
        raise FatalError(f"The state is not one of this tap. {ADVICE}")
    bookmarks = state.get("bookmarks", {})
    if not isinstance(bookmarks, dict):
        raise FatalError(f"The state's bookmarks are no object. {ADVICE}")
    if unknown := set(bookmarks) - set(streams):
        names = ", ".join(sorted(unknown))
        raise FatalError(f"The state belongs to another tap ({names}). {ADVICE}")
    for name, bookmark in bookmarks.items():
        if not isinstance(bookmark, dict):
            raise FatalError(f"The state's bookmark of {name} is no object. {ADVICE}")
        key = bookmark.get("replication_key", REPLICATION_KEY)
        if key != REPLICATION_KEY:
            raise FatalError(
                f"The state's bookmark of {name} is on another field. {ADVICE}"
            )
        to_bookmark(bookmark)


def to_bookmark(bookmark: Mapping[str, Any]) -> datetime | None:
    """Return the time a bookmark stands for, None where there is none."""
    if bookmark.get(BOOKMARK) is None:
        return None
    text = bookmark[BOOKMARK]
    try:
        at = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise FatalError(f"The state's bookmark is no time. {ADVICE}") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def check_not_future(bookmark: datetime | None, now: datetime) -> None:
    """Refuse a bookmark that the source has not reached: it would hide every event.

    Raises:
        FatalError: The bookmark is later than ``now``.
    """
    if bookmark and bookmark > now:
        raise FatalError(
            f"The state's bookmark ({bookmark:%Y-%m-%d %H:%M} UTC) is later than the "
            f"source's own time ({now:%Y-%m-%d %H:%M} UTC), so no event would ever be "
            f"read. {ADVICE}"
        )
