"""The objects and fields that this organisation and this user have.

Standard fields are from the Salesforce object reference (Contact, Lead, Campaign,
CampaignMember, CampaignMemberStatus, Task), read 2026-11, cut down to what a score
or an attendance touches.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sandbox.salesforce.errors import ApiError, no_column, not_found
from sandbox.salesforce.fields import Field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.salesforce.settings import SalesforceSettings

PREFIXES = {
    "Account": "001",
    "Contact": "003",
    "Lead": "00Q",
    "Campaign": "701",
    "CampaignMember": "00v",
    "CampaignMemberStatus": "01Y",
    "Task": "00T",
}
CAMPAIGN_OBJECTS = frozenset({"Campaign", "CampaignMember", "CampaignMemberStatus"})


def _system(name: str, kind: str, **more: Any) -> Field:
    return Field(name=name, type=kind, create=False, update=False, **more)


def _text(name: str, length: int, **more: Any) -> Field:
    return Field(name=name, type="string", length=length, **more)


def _reference(name: str, *objects: str, **more: Any) -> Field:
    return Field(name=name, type="reference", length=18, refers_to=objects, **more)


def _picklist(name: str, *options: str, **more: Any) -> Field:
    return Field(name=name, type="picklist", length=255, options=options, **more)


def _flag(name: str, **more: Any) -> Field:
    return Field(name=name, type="boolean", default=False, **more)


_EVERY = (
    _system("Id", "id", length=18),
    _flag("IsDeleted", create=False, update=False),
    _system("CreatedDate", "datetime"),
    _system("LastModifiedDate", "datetime"),
    _system("SystemModstamp", "datetime"),
)
_NAME = (
    _text("LastName", 80, required=True),
    _text("FirstName", 40),
    _system("Name", "string", length=121),
    # Object reference: Email has the idLookup property, so an upsert may use it.
    Field(name="Email", type="email", length=80, id_lookup=True),
    Field(name="Phone", type="phone", length=40),
    _text("Title", 128),
    _picklist("LeadSource", "Web", "Phone Inquiry", "Partner Referral", "Other"),
)
_STANDARD: dict[str, tuple[Field, ...]] = {
    "Account": (_text("Name", 255, required=True),),
    "Contact": (
        *_NAME,
        _reference("AccountId", "Account"),
        _text("MailingCity", 40),
        _text("MailingCountry", 80),
    ),
    "Lead": (
        *_NAME,
        _text("Company", 255, required=True),
        _text("City", 40),
        _text("Country", 80),
        _picklist(
            "Status",
            "Open - Not Contacted",
            "Working - Contacted",
            "Closed - Converted",
            "Closed - Not Converted",
            default="Open - Not Contacted",
        ),
        _flag("IsConverted", create=False, update=False),
        _system("ConvertedContactId", "reference", length=18, refers_to=("Contact",)),
        _system("ConvertedDate", "date"),
    ),
    "Campaign": (
        _text("Name", 80, required=True),
        _picklist("Type", "Conference", "Webinar", "Trade Show", "Other"),
        _picklist("Status", "Planned", "In Progress", "Completed", default="Planned"),
        _flag("IsActive"),
        Field(name="StartDate", type="date"),
        Field(name="EndDate", type="date"),
        Field(name="Description", type="textarea", length=32000),
    ),
    "CampaignMember": (
        _reference("CampaignId", "Campaign", required=True, update=False),
        _reference("ContactId", "Contact", update=False),
        _reference("LeadId", "Lead", update=False),
        Field(name="Status", type="picklist", length=40),
        _flag("HasResponded", create=False, update=False),
    ),
    "CampaignMemberStatus": (
        _reference("CampaignId", "Campaign", required=True, update=False),
        _text("Label", 765, required=True),
        _flag("HasResponded"),
        _flag("IsDefault"),
        Field(name="SortOrder", type="int", precision=8),
    ),
    "Task": (
        _text("Subject", 255),
        _picklist(
            "Status", "Not Started", "In Progress", "Completed", default="Not Started"
        ),
        _picklist("Priority", "High", "Normal", "Low", default="Normal"),
        _reference("WhoId", "Contact", "Lead"),
        _reference("WhatId", "Account", "Campaign"),
        Field(name="ActivityDate", type="date"),
        Field(name="Description", type="textarea", length=32000),
        _flag("IsClosed", create=False, update=False),
    ),
}


@dataclass(frozen=True)
class Sobject:
    """One object as this user sees it.

    Attributes:
        fields: By name, without those that are missing or hidden.
        read_only: Names of the fields this user may not write.
        writable: Whether this user may create and change records at all.
    """

    name: str
    fields: Mapping[str, Field]
    read_only: frozenset[str]
    writable: bool

    @cached_property
    def _by_lower_name(self) -> Mapping[str, Field]:
        return {name.lower(): field for name, field in self.fields.items()}

    def find(self, name: str) -> Field:
        """Return the field of a name, whatever its case.

        Raises:
            ApiError: There is none, or it is hidden from this user.
        """
        field = self.fields.get(name) or self._by_lower_name.get(name.lower())
        if field is None:
            raise no_column(name, self.name)
        return field

    def to_describe(self) -> dict[str, Any]:
        """Return the answer to a describe request."""
        return {
            "name": self.name,
            "label": self.name,
            "keyPrefix": PREFIXES[self.name],
            "custom": False,
            "createable": self.writable,
            "updateable": self.writable,
            "queryable": True,
            "fields": [
                field.to_describe(
                    editable=self.writable and field.name not in self.read_only
                )
                for field in self.fields.values()
            ],
        }


class Schema:
    """Every object of the organisation, as this user sees it."""

    def __init__(self, settings: SalesforceSettings) -> None:
        self._settings = settings
        # Object reference, CampaignMember: without the feature it cannot be described.
        self.objects = {
            name: self._object(name)
            for name in _STANDARD
            if name not in settings.hidden_objects
        }

    def find(self, name: str) -> Sobject:
        """Return the object of a name, whatever its case.

        Raises:
            ApiError: There is none.
        """
        for known, sobject in self.objects.items():
            if known.lower() == name.lower():
                return sobject
        raise not_found()

    def _object(self, name: str) -> Sobject:
        org = self._settings
        fields = [*_EVERY, *_STANDARD[name], *org.custom_fields.get(name, ())]
        if name == "Contact" and org.person_accounts:
            # Object reference: the field is only there where they are switched on.
            fields.append(_flag("IsPersonAccount", create=False, update=False))
        gone = org.missing_fields | org.hidden_fields
        return Sobject(
            name=name,
            fields={f.name: f for f in fields if f"{name}.{f.name}" not in gone},
            read_only=frozenset(
                f.name for f in fields if f"{name}.{f.name}" in org.read_only_fields
            ),
            writable=org.marketing_user or name not in CAMPAIGN_OBJECTS,
        )


__all__ = ["CAMPAIGN_OBJECTS", "PREFIXES", "ApiError", "Schema", "Sobject"]
