"""What a field is, and which custom fields an organisation with our package has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LEVELS = ("High", "Medium", "Low")
ACTIVITIES = (
    "Time_In_Session",
    "Chat",
    "Poll_Response",
    "CTA_Click",
    "Raise_Hand",
    "Reaction",
    "Session_Rating",
    "File_Download",
    "Question",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of an object, in the words of a describe answer.

    Attributes:
        options: The values of a picklist; only these are taken if `restricted`.
        required: It must have a value and has no default.
        create: Whether any user may set it in a new record.
        update: Whether any user may change it.
        refers_to: The objects whose ids a reference takes.
    """

    name: str
    type: str
    label: str = ""
    length: int = 0
    precision: int = 0
    scale: int = 0
    options: tuple[str, ...] = ()
    restricted: bool = False
    required: bool = False
    default: Any = None
    create: bool = True
    update: bool = True
    external_id: bool = False
    id_lookup: bool = False
    unique: bool = False
    refers_to: tuple[str, ...] = ()

    @property
    def custom(self) -> bool:
        """Whether the organisation made it."""
        return self.name.endswith("__c")

    @property
    def is_key(self) -> bool:
        """Whether an upsert may find records by it."""
        return self.external_id or self.id_lookup

    def to_describe(self, *, editable: bool) -> dict[str, Any]:
        """Return its entry in a describe answer."""
        return {
            "name": self.name,
            "label": self.label or self.name.removesuffix("__c").replace("_", " "),
            "type": self.type,
            "length": self.length,
            "precision": self.precision,
            "scale": self.scale,
            "custom": self.custom,
            "nillable": not self.required and self.type != "boolean",
            "defaultedOnCreate": self.default is not None or not self.create,
            "createable": self.create and editable,
            "updateable": self.update and editable,
            "externalId": self.external_id,
            "idLookup": self.id_lookup or self.external_id,
            "unique": self.unique,
            "restrictedPicklist": self.restricted,
            "filterable": self.type != "textarea",
            "sortable": self.type != "textarea",
            "referenceTo": list(self.refers_to),
            "picklistValues": [
                {"value": value, "label": value, "active": True, "defaultValue": False}
                for value in self.options
            ],
        }


def number(name: str, precision: int = 4, scale: int = 1) -> Field:
    """Return a number field."""
    return Field(name=name, type="double", precision=precision, scale=scale)


def score_fields() -> tuple[Field, ...]:
    """Return the score fields of a person: the same on contacts and leads."""
    found: list[Field] = []
    for window in ("Live", "On_Demand"):
        stem = f"Webinar_{window}"
        found += [
            number(f"{stem}_Score__c"),
            _level(f"{stem}_Level__c"),
            number(f"{stem}_Rank__c", 9, 0),
            number(f"{stem}_Ranks__c", 9, 0),
            number(f"{stem}_Ranked__c", 9, 0),
        ]
        found += [number(f"{stem}_{activity}__c") for activity in ACTIVITIES]
    return (
        *found,
        _level("Webinar_Live_Level_Before__c"),
        Field(name="Webinar_Live_Level_Since__c", type="datetime"),
        Field(name="Webinar_Reasons__c", type="textarea", length=32768),
        Field(name="Webinar_Breakdown__c", type="textarea", length=32768),
        Field(name="Webinar_Last_Event__c", type="string", length=255),
        Field(name="Webinar_Last_Event_At__c", type="datetime"),
    )


def _level(name: str) -> Field:
    return Field(
        name=name, type="picklist", length=255, options=LEVELS, restricted=True
    )


def key(name: str) -> Field:
    """Return a text field that is an external id, unique whatever its case."""
    return Field(name=name, type="string", length=255, external_id=True, unique=True)


CUSTOM_FIELDS: dict[str, tuple[Field, ...]] = {
    "Contact": score_fields(),
    "Lead": score_fields(),
    "Campaign": (key("Webinar_Event_Key__c"),),
    "Task": (key("Webinar_Activity_Key__c"),),
}
