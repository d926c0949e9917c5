"""Our group and properties in HubSpot: checked against its own list, then created."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sync_core.errors import FatalError, SettingError
from target_crm.hubspot.answers import MissingScope, Refused, to_reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_crm.hubspot.wire import Wire
    from target_crm.mapping import Property, PropertySet

CONTACTS = "contacts"
EXISTS = frozenset({"OBJECT_ALREADY_EXISTS", "CONFLICT"})
# A boolean needs its two options too, as HubSpot's property guide says.
_BOOL_OPTIONS = [
    {"label": "Yes", "value": "true", "displayOrder": 0, "hidden": False},
    {"label": "No", "value": "false", "displayOrder": 1, "hidden": False},
]


class Properties:
    """Contact properties of one account.

    Args:
        wire: Sends the requests.
        may_create: Whether missing ones may be created.
    """

    def __init__(self, wire: Wire, *, may_create: bool) -> None:
        self._wire = wire
        self._may_create = may_create
        self._core = wire.api("hubspot.crm.properties", "CoreApi")
        self._batch = wire.api("hubspot.crm.properties", "BatchApi")
        self._groups = wire.api("hubspot.crm.properties", "GroupsApi")

    def present(self) -> dict[str, Mapping[str, Any]]:
        """Return all contact properties of the account by name."""
        reply = self._wire.send("GET contact properties", self._core.get_all, CONTACTS)
        data = reply.data if isinstance(reply.data, dict) else {}
        found = data.get("results")
        if not isinstance(found, list):
            raise FatalError(
                "HubSpot's list of contact properties has no `results`. Check that "
                "`api_url` is HubSpot's API.",
                setting="api_url",
            )
        return {str(entry.get("name")): entry for entry in found}

    def ensure(self, properties: PropertySet) -> bool:
        """Check all properties, create missing ones; whether none of ours existed."""
        missing = self.missing(properties)
        if missing:
            self._create(properties, missing)
        return bool(missing) and len(missing) == len(properties.ours)

    def missing(self, properties: PropertySet) -> list[Property]:
        """Check all properties against what the account has; return those it lacks.

        Raises:
            SettingError: The mapping does not fit what HubSpot has.
            FatalError: A property is missing and may not be created.
        """
        present = self.present()
        for spec in properties.properties.values():
            if spec.name in present:
                check_fit(spec, present[spec.name])
        missing = [s for s in properties.properties.values() if s.name not in present]
        foreign = [spec.name for spec in missing if not spec.ours]
        if foreign:
            raise SettingError(
                f"HubSpot has no contact property {', '.join(foreign)}. Remove "
                "it from the mapping, or leave out `ours: false` to have it created.",
                setting="mapping",
            )
        if missing and not self._may_create:
            names = ", ".join(spec.name for spec in missing)
            raise FatalError(
                f"HubSpot has no contact property {names}, and `create_properties` is "
                "off. Create them, or switch it on.",
                setting="create_properties",
            )
        return missing

    def _create(self, properties: PropertySet, missing: Sequence[Property]) -> None:
        names = ", ".join(spec.name for spec in missing)
        try:
            self._create_group(properties)
            self._create_batch(properties, missing)
        except MissingScope as problem:
            raise FatalError(
                f"HubSpot has no contact property {names}, and the credential may not "
                f"create them. Add the scope {', '.join(problem.scopes)}, or "
                "let an administrator create them.",
                setting="access_token",
                status=403,
            ) from problem

    def _create_group(self, properties: PropertySet) -> None:
        group = {"name": properties.group.name, "label": properties.group.label}
        try:
            self._wire.send("POST property group", self._groups.create, CONTACTS, group)
        except Refused as refusal:
            if refusal.reason.code not in EXISTS:
                raise self._refused(refusal) from refusal

    def _create_batch(
        self, properties: PropertySet, missing: Sequence[Property]
    ) -> None:
        inputs = [to_definition(spec, properties.group.name) for spec in missing]
        try:
            reply = self._wire.send(
                "POST contact properties",
                self._batch.create,
                CONTACTS,
                {"inputs": inputs},
            )
        except Refused as refusal:
            raise self._refused(refusal) from refusal
        for entry in reply.data.get("errors") or []:
            reason = to_reason(entry)
            if str(entry.get("category")) not in EXISTS and reason.code not in EXISTS:
                raise self._refused(Refused(reason))

    def _refused(self, refusal: Refused) -> FatalError:
        reason = refusal.reason
        return FatalError(
            f"HubSpot refused to create contact properties ({reason.code}: "
            f"{reason.message}). If the account's number of custom properties is used "
            "up, set `property_set` to minimal; else correct the mapping.",
            setting="property_set",
        )


def to_definition(spec: Property, group: str) -> dict[str, Any]:
    """Return a property in HubSpot's form."""
    options = [
        {
            "label": option.label or option.value,
            "value": option.value,
            "displayOrder": place,
            "hidden": False,
        }
        for place, option in enumerate(spec.options)
    ]
    if spec.type == "bool":
        options = _BOOL_OPTIONS
    definition: dict[str, Any] = {
        "name": spec.name,
        "label": spec.label,
        "description": spec.description,
        "groupName": group,
        "type": spec.type,
        "fieldType": spec.field_type,
    }
    return definition | {"options": options} if options else definition


def check_fit(spec: Property, present: Mapping[str, Any]) -> None:
    """Check a property of the mapping against what HubSpot has under its name.

    Raises:
        SettingError: Another type, options missing, or a value that cannot be written.
    """
    kind = present.get("type")
    if spec.ours and kind != spec.type:
        raise _misfit(spec, f"has the type {kind}, the mapping says {spec.type}")
    if spec.type == "enumeration":
        options = present.get("options") or []
        known = {option.get("value") for option in options}
        lacking = [value for value in spec.option_values if value not in known]
        if lacking:
            raise _misfit(spec, f"lacks the options {', '.join(lacking)}")
    facts = present.get("modificationMetadata")
    if present.get("calculated") or (
        isinstance(facts, dict) and facts.get("readOnlyValue")
    ):
        raise _misfit(spec, "cannot be written to")


def _misfit(spec: Property, what: str) -> SettingError:
    return SettingError(
        f"HubSpot's contact property {spec.name} {what}. Correct it in HubSpot, or use "
        "another name in the mapping.",
        setting="mapping",
    )
