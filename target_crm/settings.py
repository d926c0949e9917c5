"""Settings that every CRM target has, as the JSON schema behind ``--about``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import singer_sdk.typing as th

from sync_core.workdir import DEFAULT_STATE_DIR

if TYPE_CHECKING:
    from collections.abc import Mapping

STATE_INTERVAL_SECONDS = 30
MAX_CONCURRENT = 5

COMMON: tuple[th.Property[Any], ...] = (
    th.Property(
        "state_dir",
        th.StringType,
        default=DEFAULT_STATE_DIR,
        title="State folder",
        description=(
            "Folder for the ledger, the rejected rows and the run reports. Private "
            "(0700); deleting it starts afresh."
        ),
    ),
    th.Property(
        "ledger_url",
        th.StringType,
        secret=True,
        title="Ledger database",
        description=(
            "Database URL of the ledger, for runners without a disk of their own, such "
            "as postgresql+psycopg://user@host/name. By default a SQLite file in the "
            "state folder."
        ),
    ),
    th.Property(
        "property_set",
        th.StringType,
        allowed_values=["minimal", "full"],
        default="minimal",
        title="Property set",
        description=(
            "minimal: ten properties (scores, levels, ranks, reasons, last webinar), "
            "which fit every edition. full: also the nine activity scores of both "
            "windows, the size of the ranking and the level before."
        ),
    ),
    th.Property(
        "mapping",
        th.StringType,
        title="Mapping file",
        description=(
            "YAML file that says which property takes which field. By default the one "
            "that comes with the product."
        ),
    ),
    th.Property(
        "fill_person",
        th.BooleanType,
        default=False,
        title="Fill names",
        description=(
            "Fill the CRM's own fields (name, job title, company and so on) "
            "of people who have none, and never change them; costs one read for every "
            "batch of people seen for the first time. Off, they are left alone."
        ),
    ),
    th.Property(
        "create_properties",
        th.BooleanType,
        default=True,
        title="Create properties",
        description="Create the property group and the properties that are missing.",
    ),
    th.Property(
        "create",
        th.StringType,
        allowed_values=["create", "only_existing"],
        default="create",
        title="New people",
        description=(
            "create: people who are not in the CRM are created. only_existing: they "
            "are left out and counted; costs a read for people seen for the first time."
        ),
    ),
    th.Property(
        "dry_run",
        th.BooleanType,
        default=False,
        title="Dry run",
        description=(
            "Compare with what is in the CRM now, write the differences into the run "
            "report, and change nothing: not in the CRM, not in the ledger, not the "
            "bookmarks."
        ),
    ),
    th.Property(
        "max_rejected",
        th.IntegerType,
        default=0,
        title="Tolerated rejections",
        description=(
            "The exit code is 1 if more rows than this were rejected. Everything else "
            "is written and confirmed all the same; rejected rows are kept and sent "
            "again by later runs."
        ),
    ),
    th.Property(
        "on_unmapped_stream",
        th.StringType,
        allowed_values=["ignore", "fail"],
        default="ignore",
        title="Other streams",
        description="What to do about streams that no contact is made of.",
    ),
    th.Property(
        "state_interval_seconds",
        th.IntegerType,
        default=STATE_INTERVAL_SECONDS,
        title="State interval",
        description=(
            "Confirm progress at least this often. What was not confirmed when a run "
            "is killed is read again by the next."
        ),
    ),
    th.Property(
        "max_concurrent_requests",
        th.IntegerType,
        default=MAX_CONCURRENT,
        title="Requests at the same time",
        description="Within the CRM's rate limit, which is kept in any case.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonSettings:
    """The common settings as values.

    Attributes:
        state_dir: Folder for everything that is kept.
        ledger_url: Database of the ledger; None is a file in the folder.
        property_set: ``minimal`` or ``full``.
        mapping: Mapping file; None is the shipped one.
        fill_person: Fill the CRM's own fields of people who have none.
        only_existing: Never create a contact.
        dry_run: Write nothing.
        max_rejected: Rejections that are no failure.
        workers: Calls at the same time.
    """

    state_dir: str
    ledger_url: str | None
    property_set: str
    mapping: str | None
    fill_person: bool
    only_existing: bool
    dry_run: bool
    max_rejected: int
    workers: int


def to_common_settings(config: Mapping[str, Any]) -> CommonSettings:
    """Return the common settings of a plugin's configuration."""
    return CommonSettings(
        state_dir=str(config.get("state_dir") or DEFAULT_STATE_DIR),
        ledger_url=config.get("ledger_url") or None,
        property_set=str(config.get("property_set") or "minimal"),
        mapping=config.get("mapping") or None,
        fill_person=bool(config.get("fill_person")),
        only_existing=config.get("create") == "only_existing",
        dry_run=bool(config.get("dry_run")),
        max_rejected=int(config.get("max_rejected") or 0),
        workers=max(1, int(config.get("max_concurrent_requests") or MAX_CONCURRENT)),
    )
