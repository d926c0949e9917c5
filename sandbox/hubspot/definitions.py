"""The properties and groups that every account has before anyone adds one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    import sqlite3

CONTACT, NOTE = "contacts", "notes"

# HubSpot docs, object type ids: 0-1 is a contact, 0-46 a note.
OBJECT_TYPES = {
    "contacts": CONTACT,
    "contact": CONTACT,
    "0-1": CONTACT,
    "notes": NOTE,
    "note": NOTE,
    "0-46": NOTE,
}
CONTACT_GROUP, NOTE_GROUP = "contactinformation", "engagement"
GROUPS = {
    CONTACT: (CONTACT_GROUP, "Contact information"),
    NOTE: (NOTE_GROUP, "Note information"),
}
LIFECYCLE = (
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
)
# name, label, type, field type; an asterisk marks what only HubSpot may write.
_CONTACT_PROPERTIES = (
    ("email", "Email", "string", "text"),
    ("firstname", "First name", "string", "text"),
    ("lastname", "Last name", "string", "text"),
    ("jobtitle", "Job title", "string", "text"),
    ("company", "Company name", "string", "text"),
    ("phone", "Phone number", "string", "phonenumber"),
    ("mobilephone", "Mobile phone number", "string", "phonenumber"),
    ("website", "Website URL", "string", "text"),
    ("address", "Street address", "string", "text"),
    ("city", "City", "string", "text"),
    ("state", "State/Region", "string", "text"),
    ("zip", "Postal code", "string", "text"),
    ("country", "Country/Region", "string", "text"),
    ("lifecyclestage", "Lifecycle stage", "enumeration", "radio"),
    ("hs_additional_emails", "Additional email addresses*", "enumeration", "checkbox"),
    ("hs_merged_object_ids", "Merged record IDs*", "enumeration", "checkbox"),
    ("hs_marketable_status", "Marketing contact status*", "enumeration", "select"),
    ("hs_object_id", "Record ID*", "number", "number"),
    ("createdate", "Create date*", "datetime", "date"),
    ("lastmodifieddate", "Last modified date*", "datetime", "date"),
)
_NOTE_PROPERTIES = (
    ("hs_timestamp", "Activity date", "datetime", "date"),
    ("hs_note_body", "Note body", "string", "html"),
    ("hubspot_owner_id", "Activity assigned to", "enumeration", "select"),
    ("hs_object_id", "Record ID*", "number", "number"),
    ("hs_createdate", "Object create date/time*", "datetime", "date"),
    ("hs_lastmodifieddate", "Object last modified date/time*", "datetime", "date"),
)


def fill(db: sqlite3.Connection) -> None:
    """Give an empty account its built-in groups and properties."""
    if db.execute("SELECT 1 FROM hs_group LIMIT 1").fetchone():
        return
    for kind, rows in ((CONTACT, _CONTACT_PROPERTIES), (NOTE, _NOTE_PROPERTIES)):
        name, label = GROUPS[kind]
        group = {"name": name, "label": label, "displayOrder": 0, "archived": False}
        db.execute("INSERT INTO hs_group VALUES (?, ?, ?)", (kind, name, _json(group)))
        for row in rows:
            body = _to_built_in(name, *row)
            db.execute(
                "INSERT INTO hs_property (type, name, body) VALUES (?, ?, ?)",
                (kind, body["name"], _json(body)),
            )


def _to_built_in(
    group: str, name: str, label: str, kind: str, field_type: str
) -> dict[str, Any]:
    read_only = label.endswith("*")
    options = [
        {
            "label": stage.capitalize(),
            "value": stage,
            "hidden": False,
            "displayOrder": n,
        }
        for n, stage in enumerate(LIFECYCLE if name == "lifecyclestage" else ())
    ]
    return {
        "name": name,
        "label": label.removesuffix("*"),
        "type": kind,
        "fieldType": field_type,
        "description": "",
        "groupName": group,
        "options": options,
        "displayOrder": -1,
        "calculated": False,
        "externalOptions": name == "hubspot_owner_id",
        "hasUniqueValue": name == "email",
        "hidden": False,
        "hubspotDefined": True,
        "modificationMetadata": {
            "archivable": False,
            "readOnlyDefinition": True,
            "readOnlyValue": read_only,
        },
        "formField": not read_only,
        "archived": False,
        "dataSensitivity": "non_sensitive",
    }


def _json(body: dict[str, Any]) -> str:
    return msgspec.json.encode(body).decode()
