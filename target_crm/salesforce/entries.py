"""What is written for a person's part in a webinar: pure, from value to record."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_crm.salesforce.batches import Change
from target_crm.salesforce.fields import (
    ACTIVITY_KEY,
    CAMPAIGN,
    EVENT_KEY,
    MEMBER,
    TASK,
)
from target_crm.salesforce.matching import CONTACT, to_kind

if TYPE_CHECKING:
    from target_crm.crm import Attendance, Event

ATTENDED, ON_DEMAND = "Attended", "On-demand"
# Lowest first; a status that is not listed is somebody's own and is left alone.
ORDER = ("Sent", "Registered", "No Show", ON_DEMAND, ATTENDED)
# Ours, and whether it counts as a response.
STATUSES = (
    ("Registered", False),
    ("No Show", False),
    (ON_DEMAND, True),
    (ATTENDED, True),
)
MAX_NAME, MAX_SUBJECT, MAX_DESCRIPTION = 80, 255, 32_000
TIMELINES = ("campaign_and_task", "campaign", "task", "none")


@dataclass(frozen=True, slots=True)
class Told:
    """Which of the two kinds of entries are written."""

    campaigns: bool
    tasks: bool

    @classmethod
    def of(cls, timeline: str) -> Told:
        """Return what a setting means."""
        return cls(
            campaigns=timeline in {"campaign_and_task", "campaign"},
            tasks=timeline in {"campaign_and_task", "task"},
        )


def to_status(entry: Attendance) -> str:
    """Return the member status of a person who took part."""
    return ATTENDED if entry.live else ON_DEMAND


def is_forwards(before: str, after: str) -> bool:
    """Tell whether a status may be replaced: only by a later one of our order."""
    if before == "":
        return True
    return before in ORDER and ORDER.index(after) > ORDER.index(before)


def to_campaign(event: Event) -> Change:
    """Return the campaign of a webinar."""
    days = {"StartDate": event.starts_at[:10], "EndDate": event.ends_at[:10]}
    return Change(
        kind=CAMPAIGN,
        values={
            EVENT_KEY: event.event_id,
            "Name": event.name[:MAX_NAME],
            "Type": "Webinar",
            "IsActive": True,
            "Description": event.url or None,
            **{name: day for name, day in days.items() if day},
        },
    )


def to_member(campaign: str, record_id: str, status: str) -> Change:
    """Return a person's part in a campaign."""
    person = "ContactId" if to_kind(record_id) == CONTACT else "LeadId"
    return Change(
        kind=MEMBER,
        values={"CampaignId": campaign, person: record_id, "Status": status},
    )


def to_task(entry: Attendance, record_id: str, campaign: str) -> Change:
    """Return the breakdown as a completed task, related to the campaign if it may be.

    Object reference, Task: what a lead's task is about must be empty; so it is emptied
    where the task was a contact's before.
    """
    is_contact = to_kind(record_id) == CONTACT
    related = {"WhatId": campaign} if campaign and is_contact else {}
    event = entry.event
    return Change(
        kind=TASK,
        values={
            ACTIVITY_KEY: to_key(event.event_id, entry.email_key),
            "Subject": (entry.title or f"Webinar: {event.name}")[:MAX_SUBJECT],
            "Status": "Completed",
            "Priority": "Normal",
            "WhoId": record_id,
            "Description": entry.note[:MAX_DESCRIPTION],
            **(related if is_contact else {"WhatId": None}),
            **({"ActivityDate": event.starts_at[:10]} if event.starts_at else {}),
        },
    )


def to_key(event_id: str, email_key: str) -> str:
    """Return the key of a person's task in an event; it tells nobody's address."""
    return hashlib.sha256(f"{event_id}\0{email_key}".encode()).hexdigest()[:40]
