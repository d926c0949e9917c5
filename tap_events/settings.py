"""The tap's settings: their documentation, and the checked object made of them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import singer_sdk.typing as th

from sync_core.errors import SettingError
from sync_core.workdir import DEFAULT_STATE_DIR

if TYPE_CHECKING:
    from collections.abc import Mapping

HUBILO_URL = "https://api.hubilo.com"

SCHEMA: dict[str, Any] = th.PropertiesList(
    th.Property(
        "platform",
        th.StringType,
        required=True,
        title="Platform",
        description=(
            "Where the webinars are: `hubilo` (its public API, people and time "
            "watched; add `files_path` for the other activities) or `files` (report "
            "exports and tables in a folder)."
        ),
        examples=["hubilo", "files"],
    ),
    th.Property(
        "files_path",
        th.StringType,
        title="Files",
        description=(
            "Report files: a folder, a file or a pattern such as `exports/*.csv`; "
            "several are separated by `;`. Required for `files`, optional for "
            "`hubilo`, where they add what the API does not have."
        ),
    ),
    th.Property(
        "files_mapping",
        th.StringType,
        title="File mapping",
        description=(
            "A YAML file that says which columns of a table of your own are the "
            "e-mail, the activity, the time and so on. Not needed for known reports."
        ),
    ),
    th.Property(
        "files_timezone",
        th.StringType,
        default="UTC",
        title="Time zone of files",
        description=(
            "Time zone of times in files that name none, such as `Europe/Madrid`."
        ),
    ),
    th.Property(
        "hubilo_access_token",
        th.StringType,
        secret=True,
        title="Hubilo access token",
        description="The organiser's access token. Required for `hubilo`.",
    ),
    th.Property(
        "hubilo_api_url",
        th.StringType,
        default=HUBILO_URL,
        title="Hubilo API address",
        description="The API's host; the sandbox is `http://127.0.0.1:<port>`.",
    ),
    th.Property(
        "hubilo_api_version",
        th.StringType,
        default="v1",
        title="Hubilo API version",
        description="The version in the API's paths.",
    ),
    th.Property(
        "hubilo_auth_header",
        th.StringType,
        default="Authorization",
        title="Hubilo credential header",
        description="The header that carries the access token.",
    ),
    th.Property(
        "hubilo_auth_prefix",
        th.StringType,
        default="Bearer",
        title="Hubilo credential prefix",
        description="What stands before the token in that header; may be empty.",
    ),
    th.Property(
        "event_ids",
        th.ArrayType(th.StringType),
        title="Event ids",
        description=(
            "Only these events, by the platform's own id or as `platform:id`. "
            "All events if empty."
        ),
    ),
    th.Property(
        "event_name_contains",
        th.StringType,
        title="Event name contains",
        description="Only events whose name contains this text, in any letter case.",
    ),
    th.Property(
        "start_date",
        th.DateTimeType,
        title="Start date",
        description="Events that ended before this time are never read.",
    ),
    th.Property(
        "late_activity_days",
        th.IntegerType(minimum=0, maximum=3650),
        default=30,
        title="Late activity days",
        description=(
            "An event is read again, whole, until it is this many days older than "
            "the newest one, because people watch recordings late. Older changes "
            "are found by a full refresh."
        ),
    ),
    th.Property(
        "max_rejected_rows",
        th.IntegerType(minimum=0),
        title="Rejected rows allowed",
        description=(
            "Stop when more source rows than this cannot be used; 0 stops at the "
            "first. If unset, rejected rows are counted, listed in "
            "`rejected_rows.jsonl` in `state_dir`, and the run goes on."
        ),
    ),
    th.Property(
        "state_dir",
        th.StringType,
        default=DEFAULT_STATE_DIR,
        title="Work folder",
        description="The one folder that anything is written to.",
    ),
).to_dict()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings after their checks; what a platform needs, it checks itself."""

    platform: str
    files_path: str = ""
    files_mapping: str | None = None
    files_timezone: str = "UTC"
    hubilo_access_token: str = ""
    hubilo_api_url: str = HUBILO_URL
    hubilo_api_version: str = "v1"
    hubilo_auth_header: str = "Authorization"
    hubilo_auth_prefix: str = "Bearer"
    event_ids: tuple[str, ...] = ()
    event_name_contains: str = ""
    start_date: datetime | None = None
    late_activity_days: int = 30
    max_rejected_rows: int | None = None
    state_dir: str = DEFAULT_STATE_DIR

    @property
    def files_paths(self) -> tuple[str, ...]:
        """The paths and patterns that ``files_path`` holds."""
        return tuple(p.strip() for p in self.files_path.split(";") if p.strip())

    @property
    def look_back(self) -> timedelta:
        """How long before the bookmark an event can still change."""
        return timedelta(days=self.late_activity_days)


def to_settings(config: Mapping[str, Any]) -> Settings:
    """Return the tap's configuration as an object; unset and null are the same."""
    known = {
        facts.name: config[facts.name]
        for facts in fields(Settings)
        if config.get(facts.name) is not None
    }
    known["event_ids"] = tuple(str(i) for i in known.get("event_ids", ()))
    known["platform"] = known.get("platform", "")
    if "start_date" in known:
        known["start_date"] = _to_time(known["start_date"])
    return Settings(**known)


def _to_time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise SettingError(
            "`start_date` is not a time. Write it as 2026-01-31 or 2026-01-31T08:00Z.",
            setting="start_date",
        ) from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)
