"""`target-hubspot`: lead scores into HubSpot contacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import singer_sdk.typing as th

from sync_core.errors import SettingError
from target_crm.base import CrmTarget
from target_crm.hubspot.account import HubSpot, HubSpotSettings, OAuth
from target_crm.patience import Clockwork
from target_crm.settings import COMMON, to_common_settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from target_crm.crm import Crm

TIMELINES = ["marketing_event", "custom_event", "app_event", "note", "none"]


class TargetHubSpot(CrmTarget):
    """Writes webinar lead scores to HubSpot contacts.

    Contacts are matched by e-mail and written a hundred a request. Scores, levels,
    ranks and the reasons behind them become contact properties; attendance becomes a
    marketing event on the timeline. Nothing is sent twice: what HubSpot accepted is
    remembered, and every row ends as created, updated, unchanged, rejected or not sent.
    """

    name = "target-hubspot"
    clockwork: ClassVar[Clockwork] = Clockwork()
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property(
            "access_token",
            th.StringType,
            secret=True,
            title="Access token",
            description=(
                "Token of a HubSpot service key, or of a private or static-auth app. "
                "Instead of it: client_id, client_secret and refresh_token."
            ),
        ),
        th.Property(
            "client_id",
            th.StringType,
            title="OAuth client id",
            description="Of an OAuth app, together with the two below.",
        ),
        th.Property(
            "client_secret",
            th.StringType,
            secret=True,
            title="OAuth client secret",
            description="Of an OAuth app.",
        ),
        th.Property(
            "refresh_token",
            th.StringType,
            secret=True,
            title="OAuth refresh token",
            description="Of an installation of the OAuth app.",
        ),
        th.Property(
            "api_url",
            th.StringType,
            default="https://api.hubapi.com",
            title="API address",
            description="HubSpot, or a sandbox on http://127.0.0.1.",
        ),
        th.Property(
            "api_version",
            th.StringType,
            default="v3",
            pattern=r"^(v3|\d{4}-\d{2})$",
            title="API version",
            description="v3, or a dated version such as 2026-03.",
        ),
        th.Property(
            "custom_event_path",
            th.StringType,
            allowed_values=["events", "events/custom"],
            default="events",
            title="Custom event path",
            description=(
                "For `timeline: custom_event` with a dated `api_version`: HubSpot's "
                "published specification of 2026-09 says events/custom, other clients "
                "of that version use events. Change it if the one is answered 404."
            ),
        ),
        th.Property(
            "account",
            th.StringType,
            title="Account name",
            description=(
                "Name of the HubSpot account in the ledger, such as its portal id, so "
                "that a renewed credential goes on with what is known and with the "
                "rejected rows. By default the credential itself: another one starts "
                "with an empty ledger. Never give two accounts one name."
            ),
        ),
        th.Property(
            "timeline",
            th.StringType,
            allowed_values=TIMELINES,
            default="marketing_event",
            title="Timeline",
            description=(
                "marketing_event: attendance of a marketing event, on every edition; "
                "custom_event: one event a person and webinar with the scores in it, "
                "on Enterprise editions; app_event: the same as an event of a "
                "partner's own app; note: one note a person and webinar with the "
                "breakdown; none: properties only."
            ),
        ),
        th.Property(
            "app_event_template_id",
            th.StringType,
            title="App event template",
            description=(
                "For `timeline: app_event`: the id of the app's event template, or "
                "with a dated `api_version` the full name of its event type."
            ),
        ),
        th.Property(
            "level_changes",
            th.StringType,
            allowed_values=["auto", "note", "none"],
            default="auto",
            title="Level changes",
            description=(
                "note: when a person's level changes, a note tells from, to and why, "
                "once. none: no such note. auto: as notes where `timeline` is note, "
                "else none."
            ),
        ),
        th.Property(
            "external_account_id",
            th.StringType,
            default="webinar-lead-score",
            title="External account id",
            description=(
                "Marks our marketing events in HubSpot. Keep it: with another one the "
                "same webinars would be made again."
            ),
        ),
        th.Property(
            "event_organizer",
            th.StringType,
            default="Webinar",
            title="Event organizer",
            description="Shown as the organizer of the marketing events.",
        ),
        th.Property(
            "pace_dir",
            th.StringType,
            title="Shared pace folder",
            description=(
                "Folder on this machine in which targets with the same credential "
                "keep the rate limit together. By default the state folder."
            ),
        ),
        *COMMON,
    ).to_dict()

    def to_crm(self) -> Crm:
        """Return the HubSpot account that the settings name."""
        config = self.config
        common = to_common_settings(config)
        return HubSpot(
            HubSpotSettings(
                credential=to_credential(config),
                api_url=config["api_url"],
                api_version=config["api_version"],
                create_properties=config["create_properties"],
                timeline=config["timeline"],
                app_event_template_id=config.get("app_event_template_id") or "",
                level_changes=config["level_changes"],
                external_account_id=config["external_account_id"],
                organizer=config["event_organizer"],
                workers=common.workers,
                pace_dir=config.get("pace_dir") or common.state_dir,
                account=config.get("account") or "",
                custom_event_path=config["custom_event_path"],
            ),
            clockwork=self.clockwork,
        )


def to_credential(config: Mapping[str, Any]) -> str | OAuth:
    """Return the credential that the settings hold.

    Raises:
        SettingError: There is none, or a part of it is missing.
    """
    token = str(config.get("access_token") or "").strip()
    if token:
        return token
    names = ("client_id", "client_secret", "refresh_token")
    given = {name: str(config.get(name) or "").strip() for name in names}
    missing = [name for name, value in given.items() if not value]
    if len(missing) == len(names):
        raise SettingError(
            "No credential. Set `access_token`, or `client_id`, `client_secret` and "
            "`refresh_token`.",
            setting="access_token",
        )
    if missing:
        raise SettingError(
            f"The OAuth credential is not whole: set `{missing[0]}`.",
            setting=missing[0],
        )
    return OAuth(**given)


if __name__ == "__main__":
    TargetHubSpot.cli()
