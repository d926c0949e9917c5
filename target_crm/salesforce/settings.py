"""Settings of target-salesforce, as the JSON schema behind ``--about``."""

from __future__ import annotations

from typing import Any

import singer_sdk.typing as th

from target_crm.salesforce.account import BATCHES_PER_REQUEST, BULK_THRESHOLD
from target_crm.salesforce.entries import TIMELINES
from target_crm.settings import COMMON

# Salesforce's fields are deployed, and its word for a new person is lead.
_OURS = frozenset({"create", "create_properties"})

SETTINGS: tuple[th.Property[Any], ...] = (
    th.Property(
        "client_id",
        th.StringType,
        required=True,
        title="Consumer key",
        description="Of an external client app.",
    ),
    th.Property(
        "client_secret",
        th.StringType,
        secret=True,
        title="Consumer secret",
        description=(
            "For the client credentials flow; the app needs a run-as user. Instead "
            "of it, for the JWT flow: username and private_key."
        ),
    ),
    th.Property(
        "username",
        th.StringType,
        title="User name",
        description="Whom the JWT flow acts as.",
    ),
    th.Property(
        "private_key",
        th.StringType,
        secret=True,
        title="Private key",
        description="PEM text, or the path of a PEM file, for the JWT flow.",
    ),
    th.Property(
        "domain",
        th.StringType,
        default="login",
        title="Domain",
        description=(
            "My Domain without salesforce.com, such as acme.my or acme--dev.sandbox"
            ".my. For the JWT flow also login or test."
        ),
    ),
    th.Property(
        "api_url",
        th.StringType,
        title="Sandbox address",
        description="A look-alike on http://127.0.0.1; not for Salesforce itself.",
    ),
    th.Property(
        "api_version",
        th.StringType,
        default="66.0",
        pattern=r"^\d{2,3}\.0$",
        title="API version",
        description="Version of the REST API and of Bulk API 2.0.",
    ),
    th.Property(
        "create",
        th.StringType,
        allowed_values=["lead", "only_existing"],
        default="lead",
        title="New people",
        description=(
            "lead: people who are not in Salesforce become leads. only_existing: "
            "they are left out and counted."
        ),
    ),
    th.Property(
        "lead_source",
        th.StringType,
        default="Webinar",
        title="Lead source",
        description="Of new leads.",
    ),
    th.Property(
        "duplicates",
        th.StringType,
        allowed_values=["newest", "all", "skip"],
        default="newest",
        title="Several records",
        description=(
            "If several contacts, or several leads, have the address: the one "
            "changed last, all of them, or none."
        ),
    ),
    th.Property(
        "person_accounts",
        th.StringType,
        allowed_values=["skip", "update"],
        default="skip",
        title="Person accounts",
        description=(
            "skip: they are left out and counted. update: written through their "
            "contact, for organisations where the fields allow it."
        ),
    ),
    th.Property(
        "duplicate_alerts",
        th.StringType,
        allowed_values=["reject", "save"],
        default="reject",
        title="Duplicate alerts",
        description=(
            "What to do where a duplicate rule only alerts: reject the row, or "
            "save it all the same. Rules that block always reject."
        ),
    ),
    th.Property(
        "timeline",
        th.StringType,
        allowed_values=list(TIMELINES),
        default="campaign_and_task",
        title="Timeline",
        description=(
            "campaign: attendance as campaign member. task: the breakdown as a "
            "completed task. Both, or none."
        ),
    ),
    th.Property(
        "level_changes",
        th.StringType,
        allowed_values=["task", "none"],
        default="task",
        title="Level changes",
        description=(
            "task: when a person's level changes, a completed task tells from, to and "
            "why, once, if `timeline` has tasks. none: no such task."
        ),
    ),
    th.Property(
        "bulk_threshold",
        th.IntegerType,
        default=BULK_THRESHOLD,
        title="Bulk threshold",
        description=(
            "From this many records on, one Bulk API 2.0 job is used instead of "
            "requests of 200. 0: never."
        ),
    ),
    th.Property(
        "batches_per_request",
        th.IntegerType,
        allowed_values=[1, 2, 3, 4, 5],
        default=BATCHES_PER_REQUEST,
        title="Batches per request",
        description=(
            "How many batches of 200 records one request carries; Salesforce counts it "
            "as one. Where Apex or flows reach their limits, it goes down to 1 by "
            "itself for the rest of the run."
        ),
    ),
    th.Property(
        "bulk_timeout_seconds",
        th.IntegerType,
        default=600,
        title="Bulk timeout",
        description="How long a job is waited for; it goes on in Salesforce.",
    ),
    *(setting for setting in COMMON if setting.name not in _OURS),
)
