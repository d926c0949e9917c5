"""What single objects insist on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.salesforce.errors import RowError

if TYPE_CHECKING:
    from sandbox.salesforce.records import Records
    from sandbox.salesforce.schema import Sobject

Values = dict[str, Any]


def check_required(sobject: Sobject, stored: Values) -> None:
    """Refuse a record without a value that it must have (wire sample, doc)."""
    missing = [
        name
        for name, field in sobject.fields.items()
        if field.required and stored.get(name) is None
    ]
    if missing:
        raise RowError(
            "REQUIRED_FIELD_MISSING",
            f"Required fields are missing: [{', '.join(missing)}]",
            tuple(missing),
        )


def before_save(
    records: Records, kind: str, stored: Values, *, old: Values | None
) -> None:
    """Apply the rules of an object to what is about to be saved."""
    if kind in {"Contact", "Lead"}:
        _check_person(records, stored, old)
    elif kind == "CampaignMember":
        _check_member(records, stored, old)
    elif kind == "CampaignMemberStatus":
        _check_status(records, stored, old)
    elif kind == "Task":
        _check_task(stored)


def after_insert(records: Records, kind: str, stored: Values) -> None:
    """Give a new campaign its two statuses.

    Salesforce help, campaign member status.
    """
    if kind != "Campaign":
        return
    for order, label in ((1, "Sent"), (2, "Responded")):
        records.insert(
            "CampaignMemberStatus",
            {
                "CampaignId": stored["Id"],
                "Label": label,
                "HasResponded": label == "Responded",
                "IsDefault": label == "Sent",
                "SortOrder": order,
            },
        )


def _check_person(records: Records, stored: Values, old: Values | None) -> None:
    if old and old.get("IsConverted"):
        # Code from the StatusCode enumeration, text as marketing tools quote it.
        raise RowError(
            "CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead"
        )
    rule = records.org.duplicate_rule
    # REST docs, Sforce-Duplicate-Rule-Header: allowSave passes an alert, not a block.
    passes = rule == "off" or (rule == "alert" and records.allow_save)
    email = stored.get("Email")
    if old or passes or not email:
        return
    if any(records.find(other, {"Email": email}) for other in ("Contact", "Lead")):
        raise RowError("DUPLICATES_DETECTED", "Use one of these records?")


def _check_member(records: Records, stored: Values, old: Values | None) -> None:
    if stored.get("ContactId"):
        # Object reference: with both given, only the contact is kept.
        stored["LeadId"] = None
    person = "ContactId" if stored.get("ContactId") else "LeadId"
    if not stored.get(person):
        raise RowError(
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [LeadId or ContactId]",
            ("LeadId", "ContactId"),
        )
    campaign = stored["CampaignId"]
    pair = {"CampaignId": campaign, person: stored[person]}
    if old is None and records.find("CampaignMember", pair):
        # Seen live (openstax/tutor-server #1653): a pair exists once.
        raise RowError("DUPLICATE_VALUE", "Already a campaign member.")
    found = records.find(
        "CampaignMemberStatus",
        {"CampaignId": campaign, "Label": stored.get("Status") or ""},
    ) or records.find(
        # Object reference: a status the campaign has not becomes its default one.
        "CampaignMemberStatus",
        {"CampaignId": campaign, "IsDefault": True},
    )
    for status in records.read_all(found[:1]):
        stored |= {"Status": status["Label"], "HasResponded": status["HasResponded"]}


def _check_status(records: Records, stored: Values, old: Values | None) -> None:
    same = {"CampaignId": stored["CampaignId"], "Label": stored["Label"]}
    if old is None and records.find("CampaignMemberStatus", same):
        raise RowError("DUPLICATE_VALUE", "duplicate value found: Label", ("Label",))
    if not stored.get("IsDefault"):
        return
    defaults = {"CampaignId": stored["CampaignId"], "IsDefault": True}
    for record_id in records.find("CampaignMemberStatus", defaults):
        records.change(record_id, IsDefault=False)


def _check_task(stored: Values) -> None:
    stored["IsClosed"] = stored.get("Status") == "Completed"
    if str(stored.get("WhoId") or "").startswith("00Q") and stored.get("WhatId"):
        # Object reference, Task: WhatId must be empty if WhoId is a lead.
        raise RowError(
            "FIELD_INTEGRITY_EXCEPTION",
            "You can not associate a task to a lead and to another object.",
            ("WhatId",),
        )
