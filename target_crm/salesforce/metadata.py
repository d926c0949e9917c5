"""What an administrator deploys: fields and a permission set as SFDX source files.

Names and order of the elements are those of the Metadata API guide (CustomField,
PermissionSet, package.xml). Fields that are deployed are invisible until a permission
set shows them, so one comes with them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from sync_core.errors import SettingError
from target_crm.salesforce.entries import Told
from target_crm.salesforce.fields import ACTIVITY_KEY, CAMPAIGN, EVENT_KEY, TASK
from target_crm.salesforce.matching import CONTACT, LEAD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from target_crm.mapping import Property, PropertySet

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
SOURCE = "force-app/main/default"
MAX_LABEL, MAX_HELP = 40, 510
# Objects that the integration user needs; contacts cannot be read without accounts.
_OBJECTS = (("Account", ""), (CONTACT, "edit"), (LEAD, "create edit"))
# Integers have the digits of a rank; sums carry nine decimals; scores have one.
_DIGITS = (
    (("rank", "ranked_attendees"), ("9", "0")),
    (("sum",), ("12", "9")),
)
_SHAPES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "Text": (("length", "255"),),
    "TextArea": (),
    "LongTextArea": (("length", "32768"), ("visibleLines", "6")),
    "Checkbox": (("defaultValue", "false"),),
    "Date": (),
    "DateTime": (),
    "Number": (),
    "Picklist": (),
}


@dataclass(frozen=True, slots=True)
class Field:
    """A field to deploy: its object in the metadata, and its definition."""

    kind: str
    name: str
    parts: tuple[tuple[str, str], ...]
    options: tuple[str, ...] = ()

    @property
    def permission(self) -> str:
        """Its name in a permission set, where activities are tasks."""
        return f"{TASK if self.kind == 'Activity' else self.kind}.{self.name}"


def write_metadata(
    folder: Path,
    properties: PropertySet,
    *,
    api_version: str = "66.0",
    timeline: str = "campaign_and_task",
) -> list[Path]:
    """Write a deployable source folder; return its files.

    Raises:
        SettingError: The folder cannot be written, or the mapping names a field type
            that there is not.
    """
    told = Told.of(timeline)
    fields = [*_person_fields(properties), *_key_fields(told)]
    files = dict(_files(fields, properties, told, api_version))
    try:
        for place, text in files.items():
            path = folder / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    except OSError as error:
        raise SettingError(
            f"The folder {folder} cannot be written to ({error.strerror}). "
            "Choose another.",
            setting="write_metadata",
        ) from error
    return [folder / place for place in files]


def _files(
    fields: list[Field], properties: PropertySet, told: Told, api_version: str
) -> Iterator[tuple[str, str]]:
    name = properties.group.name
    for field in fields:
        place = f"{SOURCE}/objects/{field.kind}/fields/{field.name}.field-meta.xml"
        yield place, to_field_xml(field)
    place = f"{SOURCE}/permissionsets/{name}.permissionset-meta.xml"
    yield place, to_permission_set_xml(fields, properties.group.label, told)
    yield "manifest/package.xml", to_package_xml(fields, name, api_version)
    yield "sfdx-project.json", _to_project(api_version)


def _person_fields(properties: PropertySet) -> Iterator[Field]:
    for kind in (CONTACT, LEAD):
        for spec in properties.ours:
            yield to_field(kind, spec)


def to_field(kind: str, spec: Property) -> Field:
    """Return a property of the mapping as a field.

    Raises:
        SettingError: Its field type is none that can be deployed.
    """
    if spec.field_type not in _SHAPES:
        raise SettingError(
            f"`properties.{spec.name}.field_type` is `{spec.field_type}`. Allowed for "
            f"Salesforce: {', '.join(sorted(_SHAPES))}.",
            setting="mapping",
        )
    parts = [
        ("description", spec.description),
        ("inlineHelpText", spec.description[:MAX_HELP]),
        ("label", spec.label[:MAX_LABEL]),
        *_SHAPES[spec.field_type],
    ]
    if spec.field_type == "Number":
        precision, scale = _digits(spec.source)
        parts += [("precision", precision), ("scale", scale)]
    if spec.field_type not in {"Checkbox", "LongTextArea"}:
        parts.append(("required", "false"))
    parts.append(("type", spec.field_type))
    # Metadata WSDL, CustomField: a sequence, and its elements stand in this order.
    listed = tuple(sorted((name, text) for name, text in parts if text))
    return Field(kind, spec.name, listed, spec.option_values)


def _digits(source: str) -> tuple[str, str]:
    for endings, digits in _DIGITS:
        if source.endswith(endings):
            return digits
    return "4", "1"


def _key_fields(told: Told) -> Iterator[Field]:
    if told.campaigns:
        text = "Which webinar this campaign stands for. Written by the integration."
        yield _key(CAMPAIGN, EVENT_KEY, "Webinar key", text)
    if told.tasks:
        text = "Keeps a webinar's task of a person unique. Written by the integration."
        yield _key("Activity", ACTIVITY_KEY, "Webinar activity key", text)


def _key(kind: str, name: str, label: str, text: str) -> Field:
    return Field(
        kind,
        name,
        (
            ("caseSensitive", "false"),
            ("description", text),
            ("externalId", "true"),
            ("label", label),
            ("length", "255"),
            ("required", "false"),
            ("type", "Text"),
            ("unique", "true"),
        ),
    )


def to_field_xml(field: Field) -> str:
    """Return a CustomField file."""
    root = ET.Element("CustomField", xmlns=NAMESPACE)
    _add(root, ("fullName", field.name), *field.parts)
    if field.options:
        values = ET.SubElement(root, "valueSet")
        _add(values, ("restricted", "true"))
        definition = ET.SubElement(values, "valueSetDefinition")
        _add(definition, ("sorted", "false"))
        for option in field.options:
            value = ET.SubElement(definition, "value")
            _add(value, ("fullName", option), ("default", "false"), ("label", option))
    return _to_text(root)


def to_permission_set_xml(fields: list[Field], label: str, told: Told) -> str:
    """Return a PermissionSet file: only what the integration does."""
    root = ET.Element("PermissionSet", xmlns=NAMESPACE)
    _add(root, ("description", "What the webinar score integration may do."))
    for name in sorted(field.permission for field in fields):
        entry = ET.SubElement(root, "fieldPermissions")
        _add(entry, ("editable", "true"), ("field", name), ("readable", "true"))
    _add(root, ("hasActivationRequired", "false"), ("label", label))
    campaign = ((CAMPAIGN, "create edit"),) if told.campaigns else ()
    for name, rights in (*_OBJECTS, *campaign):
        entry = ET.SubElement(root, "objectPermissions")
        _add(
            entry,
            ("allowCreate", _flag(rights, "create")),
            ("allowDelete", "false"),
            ("allowEdit", _flag(rights, "edit")),
            ("allowRead", "true"),
            ("modifyAllRecords", "false"),
            ("object", name),
            ("viewAllRecords", "false"),
        )
    user_rights = ("ApiEnabled", "EditTask") if told.tasks else ("ApiEnabled",)
    for name in user_rights:
        entry = ET.SubElement(root, "userPermissions")
        _add(entry, ("enabled", "true"), ("name", name))
    return _to_text(root)


def to_package_xml(fields: list[Field], permission_set: str, api_version: str) -> str:
    """Return the manifest of everything that is deployed."""
    root = ET.Element("Package", xmlns=NAMESPACE)
    members = {
        "CustomField": sorted(f"{field.kind}.{field.name}" for field in fields),
        "PermissionSet": [permission_set],
    }
    for kind, names in members.items():
        types = ET.SubElement(root, "types")
        _add(types, *(("members", name) for name in names), ("name", kind))
    _add(root, ("version", api_version))
    return _to_text(root)


def _to_project(api_version: str) -> str:
    return (
        json.dumps(
            {
                "packageDirectories": [{"path": "force-app", "default": True}],
                "name": "webinar-lead-scores",
                "namespace": "",
                "sfdcLoginUrl": "https://login.salesforce.com",
                "sourceApiVersion": api_version,
            },
            indent=2,
        )
        + "\n"
    )


def _add(parent: ET.Element, *parts: tuple[str, str]) -> None:
    for name, text in parts:
        ET.SubElement(parent, name).text = text


def _flag(rights: str, right: str) -> str:
    return "true" if right in rights.split() else "false"


def _to_text(root: ET.Element) -> str:
    ET.indent(root, space="    ")
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return f"{head}{ET.tostring(root, encoding='unicode')}\n"
