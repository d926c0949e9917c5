"""Attendance as campaign members, breakdowns as completed tasks.

A webinar is a campaign with our key on it; a person is a member of it once, and the
status only ever moves forwards. The breakdown is one completed task with a key of its
own, so telling it twice changes it instead of adding another.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sync_core.errors import FatalError
from target_crm.outcomes import Kind, Outcome
from target_crm.salesforce.answers import Fate, Result
from target_crm.salesforce.api import to_text
from target_crm.salesforce.fields import (
    ACTIVITY_KEY,
    CAMPAIGN,
    EVENT_KEY,
    MEMBER,
    STATUS,
    TASK,
)
from target_crm.salesforce.matching import CONTACT, to_kind
from target_crm.salesforce.writing import BATCH, Change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_crm.crm import Attendance, Event
    from target_crm.salesforce.api import Api
    from target_crm.salesforce.finding import Finder
    from target_crm.salesforce.writing import Collections

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
ALREADY = "DUPLICATE_VALUE"  # "Already a campaign member.", seen 2026-11
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


class Campaigns:
    """The timeline of one organisation.

    Args:
        api: Sends the queries.
        writer: Writes the records.
        finder: Finds people again whose records were merged or converted.
        told: What is written.
    """

    batch_size = BATCH

    def __init__(
        self, api: Api, writer: Collections, finder: Finder, told: Told
    ) -> None:
        self._api = api
        self._writer = writer
        self._finder = finder
        self._told = told
        self._ids: dict[str, str] = {}
        self._new: set[str] = set()  # campaigns of this run: they have no members yet
        # Every member locks its campaign: two requests at a time would be in each
        # other's way.
        self._one_at_a_time = threading.Lock()

    def takes(self, values: Mapping[str, Any]) -> bool:
        """Tell whether the person took part, live or on demand."""
        ranks = (values.get("live_rank"), values.get("on_demand_rank"))
        return bool(values.get("attended")) or any(rank is not None for rank in ranks)

    def state(self, attendance: Attendance) -> str:
        """Return what the entry says."""
        note = attendance.note if self._told.tasks else ""
        return f"{to_status(attendance)} {_digest(note)}"

    def event_state(self, event: Event) -> str:
        """Return nothing that changes: a campaign is made once, then people's own."""
        return f"campaign {event.event_id}" if self._told.campaigns else ""

    def tell_event(self, event: Event) -> None:
        """Make the campaign and its statuses, unless they are there.

        Raises:
            FatalError: Salesforce refuses it.
        """
        with self._one_at_a_time:
            campaign = self._find(event)
            if not campaign:
                made = self._writer.upsert(EVENT_KEY, [to_campaign(event)])[0]
                campaign = self._checked(made)
                self._new.add(campaign)
            self._ids[event.event_id] = campaign
            self._add_statuses(campaign)

    def tell(self, entries: Sequence[Attendance]) -> list[Outcome]:
        """Write entries of one event; one outcome each, in order."""
        with self._one_at_a_time:
            ids = [entry.contact_id.partition(",")[0] for entry in entries]
            results = self._tell(entries, ids)
            stale = [place for place, result in enumerate(results) if _is_stale(result)]
            if stale:
                found = self._finder.match_all([entries[p].email_key for p in stale])
                again = [
                    (place, found[entries[place].email_key].ids[0])
                    for place in stale
                    if found[entries[place].email_key].ids
                ]
                more = self._tell([entries[p] for p, _ in again], [i for _, i in again])
                for (place, _), result in zip(again, more, strict=True):
                    results[place] = result
            return [_to_outcome(result) for result in results]

    def _tell(self, entries: Sequence[Attendance], ids: Sequence[str]) -> list[Result]:
        if not entries:
            return []
        event = entries[0].event
        campaign = self._campaign(event) if self._told.campaigns else ""
        results = [Result()] * len(entries)
        if campaign:
            results = self._tell_members(campaign, entries, ids)
        if self._told.tasks:
            tasks = [
                to_task(entry, record_id, campaign)
                for entry, record_id in zip(entries, ids, strict=True)
            ]
            written = self._writer.upsert(ACTIVITY_KEY, tasks)
            results = [
                result if result.reason else task
                for result, task in zip(results, written, strict=True)
            ]
        return results

    # members

    def _tell_members(
        self, campaign: str, entries: Sequence[Attendance], ids: Sequence[str]
    ) -> list[Result]:
        members = {} if campaign in self._new else self._members(campaign, ids)
        results = self._tell_members_once(campaign, entries, ids, members)
        raced = [
            place
            for place, result in enumerate(results)
            if result.reason is not None and result.reason.code == ALREADY
        ]
        if raced:  # a lost answer, or somebody else added them since
            some = [ids[place] for place in raced]
            more = self._tell_members_once(
                campaign,
                [entries[place] for place in raced],
                some,
                self._members(campaign, some),
            )
            for place, result in zip(raced, more, strict=True):
                results[place] = result
        return results

    def _tell_members_once(
        self,
        campaign: str,
        entries: Sequence[Attendance],
        ids: Sequence[str],
        members: Mapping[str, Mapping[str, Any]],
    ) -> list[Result]:
        results: list[Result] = [Result()] * len(entries)
        new: dict[int, Change] = {}
        raised: dict[int, Change] = {}
        for place, (entry, record_id) in enumerate(zip(entries, ids, strict=True)):
            status = to_status(entry)
            member = members.get(record_id)
            if member is None:
                new[place] = to_member(campaign, record_id, status)
            elif is_forwards(str(member.get("Status") or ""), status):
                raised[place] = Change(
                    kind=MEMBER,
                    record_id=str(member.get("Id")),
                    values={"Status": status},
                )
        # A pair exists once, so a repeated request adds nobody twice.
        for places, write in ((new, self._add_members), (raised, self._writer.update)):
            if places:
                written = write(list(places.values()))
                results = _placed(results, list(places), written)
        return results

    def _add_members(self, changes: Sequence[Change]) -> list[Result]:
        written: list[Result] = self._api.retry(lambda: self._writer.create(changes))
        return [
            Result(record_id=result.record_id, created=True)
            if result.reason is None
            else result
            for result in written
        ]

    def _members(
        self, campaign: str, ids: Sequence[str]
    ) -> dict[str, Mapping[str, Any]]:
        listed = {
            kind: ",".join(
                to_text(i) for i in ids if (to_kind(i) == CONTACT) == is_contact
            )
            for kind, is_contact in (("ContactId", True), ("LeadId", False))
        }
        found: dict[str, Mapping[str, Any]] = {}
        tests = [f"{kind} IN ({texts})" for kind, texts in listed.items() if texts]
        rows = self._api.query(
            f"SELECT Id, ContactId, LeadId, Status FROM {MEMBER} "  # noqa: S608 - ids are escaped
            f"WHERE CampaignId = {to_text(campaign)} AND ({' OR '.join(tests)})"
        )
        for row in rows:
            found[str(row.get("ContactId") or row.get("LeadId"))] = row
        return found

    # campaigns

    def _campaign(self, event: Event) -> str:
        if event.event_id not in self._ids:
            self._ids[event.event_id] = self._find(event)
        campaign = self._ids[event.event_id]
        if not campaign:
            raise FatalError(
                "The campaign of a webinar was deleted in Salesforce. Restore it from "
                "the recycle bin, or set `timeline` to task or none.",
                setting="timeline",
            )
        return campaign

    def _find(self, event: Event) -> str:
        rows = self._api.query(
            f"SELECT Id FROM {CAMPAIGN} WHERE {EVENT_KEY} = {to_text(event.event_id)}"  # noqa: S608 - escaped
        )
        return str(rows[0].get("Id")) if rows else ""

    def _add_statuses(self, campaign: str) -> None:
        rows = self._api.query(
            f"SELECT Label, SortOrder FROM {STATUS} "  # noqa: S608 - escaped
            f"WHERE CampaignId = {to_text(campaign)}"
        )
        present = {str(r.get("Label")): int(r.get("SortOrder") or 0) for r in rows}
        ours = dict(STATUSES)
        last = max((n for name, n in present.items() if name not in ours), default=0)
        changes = [
            Change(
                kind=STATUS,
                values={
                    "CampaignId": campaign,
                    "Label": label,
                    "HasResponded": responded,
                    "SortOrder": last + place,
                },
            )
            for place, (label, responded) in enumerate(STATUSES, start=1)
            if label not in present
        ]
        if changes:
            written = self._api.retry(lambda: self._writer.create(changes))
            for result in written:
                if result.reason is None or result.reason.code != ALREADY:
                    self._checked(result)

    def _checked(self, result: Result) -> str:
        if result.reason is not None:
            raise FatalError(
                f"Salesforce refused the campaign of a webinar ({result.reason.code}). "
                "Give the integration user the right Marketing User and the permission "
                "set of `leadscore crm setup`, or set `timeline` to task or none.",
                setting="timeline",
            )
        return result.record_id


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

    Object reference, Task: what a lead's task is about must be empty.
    """
    related = campaign if to_kind(record_id) == CONTACT else ""
    event = entry.event
    return Change(
        kind=TASK,
        values={
            ACTIVITY_KEY: to_key(event.event_id, entry.email_key),
            "Subject": f"Webinar: {event.name}"[:MAX_SUBJECT],
            "Status": "Completed",
            "Priority": "Normal",
            "WhoId": record_id,
            "Description": entry.note[:MAX_DESCRIPTION],
            **({"WhatId": related} if related else {}),
            **({"ActivityDate": event.starts_at[:10]} if event.starts_at else {}),
        },
    )


def to_key(event_id: str, email_key: str) -> str:
    """Return the key of a person's task in an event; it tells nobody's address."""
    return hashlib.sha256(f"{event_id}\0{email_key}".encode()).hexdigest()[:40]


def _placed(
    results: Sequence[Result], places: Sequence[int], written: Sequence[Result]
) -> list[Result]:
    found = list(results)
    for place, result in zip(places, written, strict=True):
        found[place] = result
    return found


def _is_stale(result: Result) -> bool:
    return result.reason is not None and result.reason.fate is Fate.REMATCH


def _to_outcome(result: Result) -> Outcome:
    if result.reason is not None:
        return result.reason.to_outcome()
    return Outcome(kind=Kind.CREATED if result.created else Kind.UPDATED)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
