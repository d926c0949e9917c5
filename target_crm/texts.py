"""Sentences a sales person reads: the reasons of a score, and its breakdown."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from target_crm.rows import ACTIVITIES, WINDOWS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

WINDOW_LABELS = {"live": "Live", "on_demand": "On demand"}
ACTIVITY_LABELS = {
    "time_in_session": "Time in session",
    "chat": "Chat",
    "poll_response": "Poll responses",
    "cta_click": "CTA clicks",
    "raise_hand": "Raised hands",
    "reaction": "Reactions",
    "session_rating": "Session ratings",
    "file_download": "Downloads",
    "question": "Questions",
}
_ACTIVITY_FIELDS = {
    window: [(ACTIVITY_LABELS[name], f"{window}_{name}") for name in ACTIVITIES]
    for window in WINDOWS
}


def to_reasons(values: Mapping[str, Any]) -> str | None:
    """Return why the scores are what they are, one reason a line, strongest first.

    The last line of a window is the rank, with what it is relative to.
    """
    lines = [
        f"{WINDOW_LABELS[window]}: {reason}"
        for window in WINDOWS
        if (place := to_place(values, window))
        for reason in [*(values.get(f"{window}_reasons") or []), place]
    ]
    return "\n".join(lines) or None


def to_place(values: Mapping[str, Any], window: str) -> str | None:
    """Return a rank with what it is relative to, or None where nobody is ranked."""
    rank = values.get(f"{window}_rank")
    if rank is None:
        return None
    ranked = values.get(f"{window}_ranked_attendees")
    ranks = values.get(f"{window}_max_rank")
    return f"rank {rank} of {ranks} among {ranked} attendees"


def to_breakdown(values: Mapping[str, Any]) -> str | None:
    """Return the activity scores behind each lead score, one line an activity."""
    lines = [line for window in WINDOWS for line in _window(values, window)]
    if not lines:
        return None
    missing = values.get("unavailable_activities") or []
    if missing:
        names = ", ".join(ACTIVITY_LABELS.get(name, name) for name in missing)
        lines.append(f"Not reported by the platform: {names}")
    return "\n".join(lines)


def _window(values: Mapping[str, Any], window: str) -> list[str]:
    place = to_place(values, window)
    if place is None:
        return []
    score = values.get(f"{window}_lead_score")
    level = values.get(f"{window}_level")
    head = f"{WINDOW_LABELS[window]} {score} ({level}), {place}"
    done = [
        (score, label)
        for label, field in _ACTIVITY_FIELDS[window]
        if (score := values.get(field))
    ]
    done.sort(key=itemgetter(0), reverse=True)
    return [head, *[f"- {label}: {score}" for score, label in done]]


def to_level_title(window: str, before: str, after: str) -> str:
    """Return in a few words how a level changed; an empty one is none."""
    label = WINDOW_LABELS[window].lower()
    return f"Webinar {label} level: {before or 'none'} → {after or 'none'}"


def to_level_change(
    values: Mapping[str, Any],
    window: str,
    *,
    levels: tuple[str, str],
    scores: tuple[str, str],
) -> str:
    """Return how a level changed, by which scores, why, and in which webinar."""
    parts = [to_level_title(window, *levels)]
    if any(scores):
        before, after = (score or "none" for score in scores)
        parts.append(f"(score {before} → {after})")
    text = " ".join(parts)
    reasons = values.get(f"{window}_reasons") or []
    if reasons:
        text += f", because {'; '.join(reasons)}"
    name = values.get("event_name")
    return f"{text} ({name})" if name else text


COMPUTED: Mapping[str, Callable[[Mapping[str, Any]], str | None]] = {
    "reasons": to_reasons,
    "breakdown": to_breakdown,
    "live_place": lambda values: to_place(values, "live"),
    "on_demand_place": lambda values: to_place(values, "on_demand"),
}
