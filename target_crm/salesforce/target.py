"""`target-salesforce`: lead scores into Salesforce contacts and leads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

import singer_sdk.typing as th

from sync_core.errors import SettingError
from target_crm.base import CrmTarget
from target_crm.mapping import load_properties
from target_crm.patience import Clockwork
from target_crm.salesforce.account import Salesforce, SalesforceSettings
from target_crm.salesforce.connection import (
    SHARED_DOMAINS,
    ClientCredentials,
    JwtBearer,
    check_domain,
    read_private_key,
)
from target_crm.salesforce.matching import Rules
from target_crm.salesforce.metadata import write_metadata
from target_crm.salesforce.people import LeadRules
from target_crm.salesforce.settings import SETTINGS
from target_crm.settings import to_common_settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from target_crm.mapping import PropertySet, SetName
    from target_crm.salesforce.connection import Credential
    from target_crm.salesforce.fields import Problem


class TargetSalesforce(CrmTarget):
    """Writes webinar lead scores to Salesforce contacts and leads.

    People are matched by e-mail: a contact, else a lead that is not converted, else a
    new lead. Scores become fields, attendance a campaign member, the breakdown a
    completed task. Nothing is sent twice: what Salesforce accepted is remembered, and
    every row ends as created, updated, unchanged, rejected or not sent.
    """

    name = "target-salesforce"
    clockwork: ClassVar[Clockwork] = Clockwork()
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(*SETTINGS).to_dict()

    def to_crm(self) -> Salesforce:
        """Return the organisation that the settings name."""
        return to_organisation(self.config, clockwork=self.clockwork)


def to_organisation(
    config: Mapping[str, Any], *, clockwork: Clockwork | None = None
) -> Salesforce:
    """Return the organisation that settings name; missing ones have their defaults.

    Raises:
        SettingError: A setting or the mapping cannot be used.
    """
    given = {**_defaults(), **config}
    return Salesforce(
        SalesforceSettings(
            credential=to_credential(given),
            properties=to_properties(given),
            api_url=given.get("api_url") or "",
            api_version=given["api_version"],
            rules=Rules(
                duplicates=given["duplicates"],
                person_accounts=given["person_accounts"] == "update",
            ),
            leads=LeadRules(
                create=given["create"] == "lead", source=given["lead_source"]
            ),
            timeline=given["timeline"],
            level_changes=given["level_changes"] == "task",
            allow_alerts=given["duplicate_alerts"] == "save",
            bulk_threshold=int(given["bulk_threshold"]),
            bulk_seconds=float(given["bulk_timeout_seconds"]),
            workers=to_common_settings(given).workers,
            batches_per_request=int(given["batches_per_request"]),
        ),
        clockwork=clockwork,
    )


def check_organisation(config: Mapping[str, Any]) -> list[Problem]:
    """Return the fields and rights that a run with these settings would miss.

    For `leadscore crm check`: it reads and writes nothing.

    Raises:
        FatalError: The organisation cannot be asked.
    """
    organisation = to_organisation(config)
    try:
        return organisation.problems()
    finally:
        organisation.close()


def write_setup(config: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write what an administrator deploys for these settings; return the files.

    For `leadscore crm setup --write-metadata`: it needs no credential.

    Raises:
        SettingError: The mapping or the folder cannot be used.
    """
    given = {**_defaults(), **config}
    return write_metadata(
        folder,
        to_properties(given),
        api_version=given["api_version"],
        timeline=given["timeline"],
    )


def to_properties(config: Mapping[str, Any]) -> PropertySet:
    """Return the fields that settings name."""
    common = to_common_settings(config)
    name = cast("SetName", common.property_set)
    return load_properties(
        common.mapping, name, Salesforce.name, fill_person=common.fill_person
    )


def to_credential(config: Mapping[str, Any]) -> Credential:
    """Return the credential that the settings hold.

    Raises:
        SettingError: There is none, or a part of it is missing.
    """
    names = ("client_id", "client_secret", "username", "private_key")
    given = {name: str(config.get(name) or "").strip() for name in names}
    domain = check_domain(str(config.get("domain") or "login"))
    if not given["client_id"]:
        raise _missing("client_id", "No credential.")
    if given["username"] or given["private_key"]:
        for name in ("username", "private_key"):
            if not given[name]:
                raise _missing(name, "The JWT credential is not whole.")
        return JwtBearer(
            client_id=given["client_id"],
            username=given["username"],
            private_key=read_private_key(given["private_key"]),
            domain=domain,
        )
    if not given["client_secret"]:
        raise _missing("client_secret", "No credential.")
    if domain in SHARED_DOMAINS:
        raise _missing("domain", "The client credentials flow needs My Domain.")
    return ClientCredentials(
        client_id=given["client_id"],
        client_secret=given["client_secret"],
        domain=domain,
    )


def _missing(name: str, why: str) -> SettingError:
    return SettingError(
        f"{why} Set `{name}`. For the client credentials flow: `client_id`, "
        "`client_secret` and `domain`; for the JWT flow: `client_id`, `username` and "
        "`private_key`.",
        setting=name,
    )


def _defaults() -> dict[str, Any]:
    settings: Mapping[str, Any] = TargetSalesforce.config_jsonschema["properties"]
    return {
        name: facts["default"] for name, facts in settings.items() if "default" in facts
    }


if __name__ == "__main__":
    TargetSalesforce.cli()
