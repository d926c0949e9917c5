"""Which step a line of a run's log belongs to, in words."""

from __future__ import annotations

import re

# What Meltano and the plugins print, in order; the last that matches a line wins.
_STEPS = (
    (
        re.compile(r"tap-(?:events|reports).*(?:Beginning|Starting|sync)"),
        "Reading the webinars",
    ),
    (re.compile(r"scoring-transform: \d"), "Scoring whole events"),
    (
        re.compile(r"target-hubspot.*(?:Initializing|Target 'target-hubspot')"),
        "Writing to the CRM",
    ),
    (re.compile(r"target-hubspot: \d"), "Wrote to the CRM"),
    (re.compile(r"Block run completed"), "Finishing a source"),
)


def to_step(line: str) -> str:
    """Return the step in words, or nothing if the line says none."""
    found = [words for pattern, words in _STEPS if pattern.search(line)]
    return found[-1] if found else ""
