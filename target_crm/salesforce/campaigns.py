"""Attendance as campaign members, breakdowns as completed tasks.

A webinar is a campaign with our key on it; a person is a member of it once, and the
status only ever moves forwards. The breakdown is one completed task with a key of its
own, so telling it twice changes it instead of adding another.
"""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING, Any

from sync_core.errors import FatalError
from target_crm.outcomes import Kind, Outcome
from target_crm.salesforce.answers import Fate, Result
from target_crm.salesforce.api import to_text
from target_crm.salesforce.batches import BATCH, Change
from target_crm.salesforce.entries import STATUSES, to_campaign, to_status, to_task
from target_crm.salesforce.fields import ACTIVITY_KEY, CAMPAIGN, EVENT_KEY, STATUS
from target_crm.salesforce.members import ALREADY, Members

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_crm.crm import Attendance, Event
    from target_crm.salesforce.api import Api
    from target_crm.salesforce.entries import Told
    from target_crm.salesforce.finding import Finder
    from target_crm.salesforce.writing import Collections


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
        self._members = Members(api, writer)
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
            is_new = campaign in self._new
            results = self._members.tell(campaign, entries, ids, is_new=is_new)
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
            written = self._api.retry(lambda: self._writer.write(changes))
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


def _is_stale(result: Result) -> bool:
    return result.reason is not None and result.reason.fate is Fate.REMATCH


def _to_outcome(result: Result) -> Outcome:
    if result.reason is not None:
        return result.reason.to_outcome()
    return Outcome(kind=Kind.CREATED if result.created else Kind.UPDATED)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
