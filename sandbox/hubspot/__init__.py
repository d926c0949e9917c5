"""A look-alike of HubSpot's CRM API, v3 and dated, as strict as its documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.hubspot import (
    app_events,
    attendance,
    batches,
    custom_events,
    event_definitions,
    marketing,
    oauth,
    objects,
    participations,
    properties,
    property_groups,
    search,
)
from sandbox.hubspot.account import Account
from sandbox.hubspot.api import to_routes
from sandbox.hubspot.tables import TABLES

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from sandbox.settings import SandboxSettings
    from sandbox.store import Store

__all__ = ["TABLES", "routes"]


def routes(settings: SandboxSettings, store: Store) -> list[BaseRoute]:
    """Return everything the HubSpot account answers."""
    operations = (
        *batches.OPERATIONS,
        *search.OPERATIONS,
        *objects.OPERATIONS,
        *property_groups.OPERATIONS,
        *properties.OPERATIONS,
        *attendance.OPERATIONS,
        *participations.OPERATIONS,
        *marketing.OPERATIONS,
        *event_definitions.OPERATIONS,
        *custom_events.OPERATIONS,
        *app_events.OPERATIONS,
        *oauth.OPERATIONS,
    )
    return [*to_routes(Account(settings, store), operations)]
