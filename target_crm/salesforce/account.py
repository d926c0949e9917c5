"""A Salesforce organisation behind the border `target_crm.crm.Crm`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from target_crm.crm import NO_IDS
from target_crm.salesforce import fields
from target_crm.salesforce.answers import Refused
from target_crm.salesforce.api import Api
from target_crm.salesforce.bulk import Bulk
from target_crm.salesforce.campaigns import Campaigns
from target_crm.salesforce.connection import to_fingerprint
from target_crm.salesforce.entries import Told
from target_crm.salesforce.fields import Needs, find_problems, read_describes
from target_crm.salesforce.finding import SEARCH, Finder
from target_crm.salesforce.matching import CONTACT, Rules
from target_crm.salesforce.people import LeadRules, People
from target_crm.salesforce.ways import Ways
from target_crm.salesforce.writing import Collections

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_crm.crm import Contact, Found, Timeline, Traffic
    from target_crm.mapping import PropertySet
    from target_crm.outcomes import Outcome
    from target_crm.patience import Clockwork
    from target_crm.salesforce.connection import Credential
    from target_crm.salesforce.fields import Problem

BULK_THRESHOLD = 2_000  # limits cheat sheet: above it, Bulk API 2.0 is a good candidate
ROWS_IN_A_DRAIN = 10_000
# Five may ride in one; the organisation's automations share the limits of a request.
BATCHES_PER_REQUEST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesforceSettings:
    """Settings of the organisation.

    Attributes:
        credential: Opens sessions.
        properties: The fields that we answer for.
        api_url: A sandbox on loopback; empty is Salesforce.
        api_version: Such as ``66.0``.
        rules: Whom an address means.
        leads: What happens to strangers.
        timeline: One of `TIMELINES`.
        level_changes: Whether a change of a level is a task, if there are tasks.
        allow_alerts: Whether to save although a duplicate rule alerts.
        bulk_threshold: Records from which a job is used; 0 is never.
        bulk_seconds: How long a job is waited for.
        workers: Calls at the same time.
        batches_per_request: Batches of 200 records in one request.
    """

    credential: Credential
    properties: PropertySet
    api_url: str = ""
    api_version: str = "66.0"
    rules: Rules = field(default_factory=Rules)
    leads: LeadRules = field(default_factory=LeadRules)
    timeline: str = "campaign_and_task"
    level_changes: bool = True
    allow_alerts: bool = False
    bulk_threshold: int = BULK_THRESHOLD
    bulk_seconds: float = 600.0
    workers: int = 4
    batches_per_request: int = BATCHES_PER_REQUEST


class Salesforce:
    """One organisation; opens no connection before the first request.

    Args:
        settings: Of the organisation.
        clockwork: Clock and sleep.
    """

    name = "salesforce"
    batch_size = SEARCH
    rows_in_a_drain = ROWS_IN_A_DRAIN

    def __init__(
        self, settings: SalesforceSettings, *, clockwork: Clockwork | None = None
    ) -> None:
        self._settings = settings
        self._api = Api(
            settings.credential,
            api_url=settings.api_url,
            version=settings.api_version,
            connections=settings.workers,
            clockwork=clockwork,
        )
        collections = Collections(
            self._api, _to_headers(settings), together=settings.batches_per_request
        )
        self._ways = Ways(
            collections,
            Bulk(self._api, max_seconds=settings.bulk_seconds),
            settings.bulk_threshold,
        )
        self._finder = Finder(
            self._api, settings.properties, settings.rules, before=self._await_jobs
        )
        self._people = People(
            self._api,
            settings.properties,
            finder=self._finder,
            leads=settings.leads,
            ways=self._ways,
        )
        told = Told.of(settings.timeline)
        self.timeline: Timeline | None = (
            Campaigns(self._api, collections, self._finder, told)
            if told.campaigns or told.tasks
            else None
        )
        only_tasks = Told(campaigns=False, tasks=True)
        self.level_changes: Timeline | None = (
            Campaigns(self._api, collections, self._finder, only_tasks)
            if told.tasks and settings.level_changes
            else None
        )

    @property
    def traffic(self) -> Traffic:
        """What the run cost so far."""
        return self._api.traffic

    def account(self) -> str:
        """Return the organisation as the ledger names it, without a request."""
        credential = self._settings.credential
        host = urlsplit(self._settings.api_url).hostname or credential.domain
        return f"{host} {to_fingerprint(credential)}"

    def check(self) -> None:
        """Check the credential by reading the limits."""
        self._api.send("GET", "/limits")

    def problems(self) -> list[Problem]:
        """Return the fields and rights that a run would miss; write nothing."""
        told = Told.of(self._settings.timeline)
        needs = Needs(
            leads=self._settings.leads.create,
            campaigns=told.campaigns,
            tasks=told.tasks,
        )
        described = read_describes(self._api, needs.objects)
        self._finder.learn(described[CONTACT])
        return find_problems(described, self._settings.properties, needs)

    def missing(self, properties: PropertySet) -> list[str]:
        """Return nothing: fields are deployed, never made by a run."""
        del properties
        return []

    def prepare(self, properties: PropertySet) -> bool:
        """Check the fields; they are deployed, never made here, so none is ours anew.

        Raises:
            SettingError: Something is missing.
        """
        del properties
        fields.check(self.problems())
        return False

    def read(
        self,
        email_keys: Sequence[str],
        properties: PropertySet,
        ids: Mapping[str, str] = NO_IDS,
    ) -> dict[str, Found]:
        """Return the people who are in the organisation, by key."""
        del properties, ids  # people are found by their address alone
        try:
            return self._finder.read(email_keys)
        except Refused:
            # Not every run checks the fields before it reads: a dry one does not.
            fields.check(self.problems())
            raise

    def upsert(self, contacts: Sequence[Contact]) -> list[Outcome]:
        """Write people; one outcome each, in order."""
        return self._people.upsert(contacts)

    @property
    def merges_into_new_ids(self) -> bool:
        """One of the two records is left, with its id."""
        return False

    def write_size(self, count: int) -> int:
        """Return how many people one upsert takes: a request of them, or one job."""
        return self._ways.size(count)

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def _await_jobs(self) -> None:
        if self._settings.bulk_threshold:
            self._ways.bulk.await_unfinished()


def _to_headers(settings: SalesforceSettings) -> dict[str, str]:
    # REST guide: the header passes a duplicate rule that alerts, not one that blocks.
    if settings.allow_alerts:
        return {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    return {}
