"""How the look-alike organisation is set up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from sandbox.salesforce.fields import CUSTOM_FIELDS, Field

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesforceSettings:
    """An organisation; the defaults are one that our setup was deployed to.

    Attributes:
        client_id: Of the external client app.
        client_secret: For the client credentials flow.
        username: The user a JWT may act as.
        public_key: PEM of the key that must have signed a JWT; None takes any.
        token_life_s: How long a session lasts; every use does not prolong it here.
        daily_limit: Requests in any 24 hours.
        custom_fields: The organisation's own fields, by object.
        missing_fields: `Object.Field` names that were never deployed.
        hidden_fields: `Object.Field` names this user may not even see.
        hidden_objects: Objects this user may not even see.
        read_only_fields: `Object.Field` names this user may see, not write.
        marketing_user: Whether this user may write campaigns and their members.
        person_accounts: Whether the organisation has switched them on.
        duplicate_rule: What its rule for equal e-mail addresses does.
        job_s: How long a bulk job takes from its upload to its end.
        batches_per_transaction: Collections of one composite request that its
            automations take; 0 is any number.
        page_size: Rows of one query page, unless the request asks for fewer.
        oldest_version: API versions before it are gone.
        newest_version: The newest API version there is.
    """

    client_id: str = "sandbox-client"
    client_secret: str = "sandbox-secret"  # noqa: S105 - opens nothing but this sandbox
    username: str = "integration@sandbox.example"
    public_key: str | None = None
    token_life_s: float = 7200.0
    daily_limit: int = 15_000
    custom_fields: Mapping[str, tuple[Field, ...]] = field(
        default_factory=lambda: CUSTOM_FIELDS
    )
    missing_fields: frozenset[str] = frozenset()
    hidden_fields: frozenset[str] = frozenset()
    hidden_objects: frozenset[str] = frozenset()
    read_only_fields: frozenset[str] = frozenset()
    marketing_user: bool = True
    person_accounts: bool = False
    duplicate_rule: Literal["off", "alert", "block"] = "off"
    job_s: float = 0.0
    batches_per_transaction: int = 0
    page_size: int = 2000
    oldest_version: int = 31
    newest_version: int = 68
