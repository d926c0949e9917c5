"""What a person sees of a run."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from leadscore.show import to_leads_table
from leadscore.steps import to_step, to_summary
from leadscore.top import to_lead

STAMP = "2026-11-21T20:25:58.928816Z [info     ] "
REASONS = (
    "Live: asked 2 questions\n"
    "Live: clicked 1 CTA: Pricing\n"
    "Live: watched 59 min\n"
    "Live: rank 3 of 41 among 60 attendees\n"
    "On demand: watched 5 min\n"
    "On demand: rank 1 of 2 among 2 attendees"
)


def contact(**properties: str | None) -> dict[str, Any]:
    """A search result of the CRM."""
    return {"id": "7", "properties": properties}


def test_a_contact_becomes_a_lead_with_its_live_reasons() -> None:
    """Score, level, rank of how many, and why, strongest first."""
    lead = to_lead(
        contact(
            firstname="Ada",
            lastname="Brook",
            company=None,
            webinar_live_lead_score="82.4",
            webinar_live_level="High",
            webinar_score_reasons=REASONS,
        )
    )

    assert (lead.name, lead.score, lead.level) == ("Ada Brook", "82.4", "High")
    assert lead.rank == "3 of 41"
    assert lead.reasons[:2] == ("asked 2 questions", "clicked 1 CTA: Pricing")


def test_a_contact_without_a_name_is_still_a_lead() -> None:
    """Names are other people's fields and may be missing."""
    assert to_lead(contact(firstname=None)).name == "(no name)"


def test_the_table_shows_the_two_strongest_reasons() -> None:
    """The third is on the contact's page."""
    lead = to_lead(contact(firstname="Ada", webinar_score_reasons=REASONS))
    stream = io.StringIO()
    Console(file=stream, width=100).print(to_leads_table([lead]))

    shown = stream.getvalue()
    assert "asked 2 questions" in shown
    assert "clicked 1 CTA: Pricing" in shown
    assert "watched 59 min" not in shown


@pytest.mark.parametrize(
    ("line", "step", "summary"),
    [
        pytest.param(
            f"{STAMP}tap-reports  sent events 1, sessions 1, attendees 120",
            "Writing to the CRM",
            "tap-reports: sent events 1, sessions 1, attendees 120.",
            id="tap",
        ),
        pytest.param(
            f"{STAMP}target-hubspot target-hubspot: 84 rows: 84 created; 6 requests.",
            "",
            "target-hubspot: 84 rows: 84 created; 6 requests.",
            id="target",
        ),
        pytest.param(
            f"{STAMP}tap-events   Beginning sync of 'events' in incremental mode",
            "Reading and scoring the webinars",
            "",
            id="begin",
        ),
        pytest.param(f"{STAMP}meltano      Run completed", "", "", id="other"),
    ],
)
def test_log_lines_are_told_apart(line: str, step: str, summary: str) -> None:
    """Steps replace each other, summaries stay."""
    assert (to_step(line), to_summary(line)) == (step, summary)
