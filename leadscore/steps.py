"""What a line of a run's log says: the step that begins, or what a plugin did."""

from __future__ import annotations

import re

# What Meltano and the plugins print, and the step that begins there.
_STEPS = (
    (re.compile(r"Running job with name"), "Starting a source"),
    (re.compile(r"Beginning sync of 'events'"), "Reading and scoring the webinars"),
    (re.compile(r"sent events \d"), "Writing to the CRM"),
)
_SUMMARY = re.compile(
    r"\]\s+(?P<plugin>[\w-]+)\s+(?:(?P<tap>sent events \d.*)"
    r"|(?P<target>target-\w+: [\d,]+ rows.*))$"
)


def to_step(line: str) -> str:
    """Return the step that begins with a line, or nothing."""
    return next((words for pattern, words in _STEPS if pattern.search(line)), "")


def to_summary(line: str) -> str:
    """Return what a plugin says that it did, or nothing."""
    found = _SUMMARY.search(line)
    if not found:
        return ""
    return found["target"] or f"{found['plugin']}: {found['tap']}."
