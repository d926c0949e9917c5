"""A HubSpot account behind the border `target_crm.crm.Crm`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sync_core.errors import FatalError, SettingError
from target_crm.crm import NO_IDS
from target_crm.hubspot.answers import Refused
from target_crm.hubspot.app_events import AppEvents
from target_crm.hubspot.auth import OAuthToken, StaticToken, to_fingerprint
from target_crm.hubspot.contacts import BATCH, Contacts
from target_crm.hubspot.custom_events import CustomEvents
from target_crm.hubspot.marketing import MarketingEvents
from target_crm.hubspot.notes import Notes
from target_crm.hubspot.properties import Properties
from target_crm.hubspot.wire import ApiPaths, Wire
from target_crm.patience import Clockwork

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_crm.crm import Contact, Found, Timeline, Traffic
    from target_crm.hubspot.auth import Credential
    from target_crm.mapping import PropertySet
    from target_crm.outcomes import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth:
    """What an OAuth app needs to get a token."""

    client_id: str
    client_secret: str
    refresh_token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSpotSettings:
    """Settings of the account.

    Attributes:
        credential: A token, or what gets one.
        api_url: HubSpot or a sandbox.
        api_version: ``v3`` or a date.
        create_properties: Whether missing properties may be created.
        timeline: ``marketing_event``, ``custom_event``, ``app_event``, ``note``,
            ``none``.
        app_event_template_id: Template or event type of ``app_event``.
        level_changes: ``note``, ``none``, or ``auto``: as the timeline.
        external_account_id: Our name for the account that the events come from.
        organizer: Of the marketing events.
        workers: Calls at the same time.
        pace_dir: Folder in which processes share the rate limit; empty keeps it alone.
        account: Name of the account in the ledger; empty makes one of the credential.
        custom_event_path: Where a dated version has custom events.
    """

    credential: str | OAuth
    api_url: str = "https://api.hubapi.com"
    api_version: str = "v3"
    create_properties: bool = True
    timeline: str = "marketing_event"
    app_event_template_id: str = ""
    level_changes: str = "auto"
    external_account_id: str = "webinar-lead-score"
    organizer: str = "Webinar"
    workers: int = 4
    pace_dir: str = ""
    account: str = ""
    custom_event_path: str = "events"


class HubSpot:
    """One account; opens no connection before the first request.

    Args:
        settings: Of the account.
        clockwork: Clock and sleep.
    """

    name = "hubspot"
    batch_size = BATCH
    rows_in_a_drain = 10 * BATCH  # so that a few requests are under way at a time

    def __init__(
        self, settings: HubSpotSettings, *, clockwork: Clockwork | None = None
    ) -> None:
        self._settings = settings
        self._clockwork = clockwork or Clockwork()
        self._credential = self._to_credential()
        self._wire = self._to_wire(settings.workers)
        self._wire.use(self._credential)
        self._properties = Properties(self._wire, may_create=settings.create_properties)
        self._contacts = Contacts(self._wire)
        self.timeline: Timeline | None = self._to_timeline()
        self.level_changes: Timeline | None = self._to_level_changes()

    @property
    def traffic(self) -> Traffic:
        """What the run cost so far."""
        return self._wire.traffic

    def account(self) -> str:
        """Return the account as the ledger names it, without a request.

        The host, and the name that the settings give or else the credential: another
        token then starts with an empty ledger, which costs one comparison with the
        CRM. Writing on with the ledger of another account would leave out everybody
        in it.
        """
        host = urlsplit(self._settings.api_url).hostname
        return f"{host} {self._settings.account or self._credential.fingerprint}"

    def check(self) -> None:
        """Check the credential by reading the contact properties."""
        self._properties.present()

    def missing(self, properties: PropertySet) -> list[str]:
        """Check the properties; return the names of those that are not there."""
        return [spec.name for spec in self._properties.missing(properties)]

    def prepare(self, properties: PropertySet) -> bool:
        """Check the properties and create what is missing; whether none existed."""
        return self._properties.ensure(properties)

    def read(
        self,
        email_keys: Sequence[str],
        properties: PropertySet,
        ids: Mapping[str, str] = NO_IDS,
    ) -> dict[str, Found]:
        """Return the contacts that exist, by key."""
        return self._contacts.read(email_keys, properties, ids)

    def upsert(self, contacts: Sequence[Contact]) -> list[Outcome]:
        """Write contacts; one outcome each, in order."""
        return self._contacts.upsert(contacts)

    @property
    def merges_into_new_ids(self) -> bool:
        """A merged contact has an id of its own (seen 2026-11)."""
        return True

    def write_size(self, count: int) -> int:  # noqa: ARG002 - always the same
        """Return how many contacts one upsert takes."""
        return BATCH

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def _to_wire(self, connections: int) -> Wire:
        settings = self._settings
        folder = Path(settings.pace_dir).expanduser() if settings.pace_dir else None
        return Wire(
            settings.api_url,
            paths=ApiPaths(settings.api_version, settings.custom_event_path),
            connections=connections,
            clockwork=self._clockwork,
            pace_file=folder / f"pace-{_hash(self.account())}" if folder else None,
        )

    def _to_timeline(self) -> Timeline | None:
        account_id = self._settings.external_account_id
        match self._settings.timeline:
            case "marketing_event":
                return MarketingEvents(
                    self._wire,
                    account_id=account_id,
                    organizer=self._settings.organizer,
                )
            case "custom_event":
                return CustomEvents(self._wire, account_id=account_id)
            case "app_event":
                return self._to_app_events()
            case "note":
                return Notes(self._wire, account_id=account_id)
            case _:
                return None

    def _to_app_events(self) -> Timeline:
        settings = self._settings
        if not settings.app_event_template_id:
            raise SettingError(
                "`timeline: app_event` needs `app_event_template_id`: the id of your "
                "app's event template, or with a dated `api_version` the event type's "
                "full name.",
                setting="app_event_template_id",
            )
        return AppEvents(
            self._wire,
            account_id=settings.external_account_id,
            kind=settings.app_event_template_id,
            version=settings.api_version,
        )

    def _to_level_changes(self) -> Timeline | None:
        wish = self._settings.level_changes
        if isinstance(self.timeline, Notes) and wish != "none":
            return self.timeline
        if wish == "note":
            return Notes(
                self._wire,
                account_id=self._settings.external_account_id,
                remedy=("level_changes", "none"),
            )
        return None

    def _to_credential(self) -> Credential:
        given = self._settings.credential
        if isinstance(given, str):
            return StaticToken(given)
        return OAuthToken(
            lambda: self._fetch_token(given),
            to_fingerprint(given.client_id, given.refresh_token),
            clock=self._clockwork.clock,
        )

    def _fetch_token(self, oauth: OAuth) -> dict[str, Any]:
        wire = self._to_wire(1)
        tokens = wire.api("hubspot.oauth", "TokensApi")

        def create(**options: Any) -> Any:
            return tokens.create(
                grant_type="refresh_token",
                client_id=oauth.client_id,
                client_secret=oauth.client_secret,
                refresh_token=oauth.refresh_token,
                **options,
            )

        try:
            data = wire.send("POST oauth token", create).data
        except Refused as refusal:
            raise SettingError(
                f"HubSpot refused to renew the access token ({refusal.reason.code}). "
                "Check `client_id`, `client_secret` and `refresh_token`; a refresh "
                "token ends when the app is uninstalled.",
                setting="refresh_token",
            ) from refusal
        finally:
            self._wire.traffic.requests += wire.traffic.requests
            wire.close()
        if not isinstance(data, dict):
            raise FatalError("HubSpot's answer holds no token.", setting="api_url")
        return data


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
