"""What a sandbox can be told: one frozen object for the server and every part."""

from __future__ import annotations

import ipaddress
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from sandbox.errors import SandboxError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sandbox.faults import Planned
from sandbox.salesforce.settings import SalesforceSettings

Tier = Literal["free", "starter", "professional", "enterprise"]
CrmName = Literal["hubspot", "salesforce"]

ALL_SCOPES = frozenset(
    {
        "oauth",
        "crm.objects.contacts.read",
        "crm.objects.contacts.write",
        "crm.schemas.contacts.read",
        "crm.schemas.contacts.write",
        "crm.objects.marketing_events.read",
        "crm.objects.marketing_events.write",
        "behavioral_events.event_definitions.read_write",
        "analytics.behavioral_events.send",
        "business-intelligence",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """How the sandbox behaves; the defaults are an account without surprises.

    Attributes:
        database: Where the state is kept; None keeps it in memory.
        host: A loopback address; any other is refused.
        port: 0 chooses a free one.
        access_token: The static bearer token that is accepted.
        tier: The subscription, which decides limits and features.
        seed: Decides ids, the order of batch results and made-up people.
        latency_ms: How long every answer waits, as a network would.
        rate_limits: Whether 429 is ever answered.
        burst_limit: Requests in ten seconds instead of the tier's own number.
        daily_limit: Requests in a day instead of the tier's own number.
        retry_after: Send Retry-After with a 429, which HubSpot does not promise.
        index_lag_s: How far the search index runs behind the writes.
        scopes: What the static token and OAuth tokens may do.
        token_life_s: How long an OAuth access token is accepted.
        crms: Which CRMs answer; the others are not found.
        salesforce: How the Salesforce organisation is set up.
        faults: What to break and when.
        clock: Seconds since 1970; tests hand in their own.
    """

    database: Path | None = None
    host: str = "127.0.0.1"
    port: int = 0
    access_token: str = "sandbox-token"  # noqa: S105 - opens nothing but this sandbox
    tier: Tier = "professional"
    seed: int = 1
    latency_ms: int = 0
    rate_limits: bool = True
    burst_limit: int | None = None
    daily_limit: int | None = None
    retry_after: bool = False
    index_lag_s: float = 0.0
    scopes: frozenset[str] = ALL_SCOPES
    client_id: str = "sandbox-client"
    client_secret: str = "sandbox-secret"  # noqa: S105 - likewise
    refresh_token: str = "sandbox-refresh"  # noqa: S105 - likewise
    token_life_s: int = 1800
    crms: tuple[CrmName, ...] = ("hubspot", "salesforce")
    salesforce: SalesforceSettings = field(default_factory=SalesforceSettings)
    faults: tuple[Planned, ...] = ()
    clock: Callable[[], float] = field(default=time.time, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not is_loopback(self.host):
            raise SandboxError(
                f"host {self.host!r} is not a loopback address: "
                "the sandbox has no real protection, use 127.0.0.1"
            )


def is_loopback(host: str) -> bool:
    """Say whether a host name can only mean this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
