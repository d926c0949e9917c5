"""Property definitions: made, read, changed and removed."""

from __future__ import annotations

from typing import Any

import msgspec

from sandbox.hubspot.api import NO_CONTENT, Call, Reply
from sandbox.hubspot.clock import to_iso
from sandbox.hubspot.errors import ApiError, RowError, invalid, not_found
from sandbox.hubspot.property_groups import check_name, operation
from sandbox.hubspot.records import to_json
from sandbox.hubspot.rows import check_size, kind_of

# HubSpot docs, property validation: the field type must fit the type.
PAIRS = {
    "bool": {"booleancheckbox", "calculation_equation"},
    "date": {"date"},
    "datetime": {"date"},
    "enumeration": {"booleancheckbox", "checkbox", "radio", "select"},
    "number": {"number", "calculation_equation"},
    "phone_number": {"phonenumber"},
    "string": {"text", "textarea", "file", "html", "phonenumber"},
}
MAX_UNIQUE = 10  # HubSpot docs: at most ten unique properties an object type


class Option(msgspec.Struct, rename="camel"):
    """One choice of an enumeration."""

    label: str
    value: str
    hidden: bool = False
    display_order: int = -1
    description: str = ""


class NewProperty(msgspec.Struct, rename="camel"):
    """Body of a create."""

    name: str
    label: str
    type: str
    field_type: str
    group_name: str
    description: str = ""
    options: list[Option] = []
    display_order: int = -1
    has_unique_value: bool = False
    hidden: bool = False
    form_field: bool = False
    external_options: bool = False
    calculation_formula: str | None = None
    number_display_hint: str | None = None
    text_display_hint: str | None = None
    data_sensitivity: str = "non_sensitive"


class ChangedProperty(msgspec.Struct, rename="camel", omit_defaults=True):
    """Body of an update: what may change later."""

    label: str | None = None
    description: str | None = None
    group_name: str | None = None
    type: str | None = None
    field_type: str | None = None
    options: list[Option] | None = None
    display_order: int | None = None
    hidden: bool | None = None
    form_field: bool | None = None


class Name(msgspec.Struct):
    """A property by its name."""

    name: str


class NewProperties(msgspec.Struct):
    """Body of batch/create."""

    inputs: list[NewProperty]


class Names(msgspec.Struct):
    """Body of batch/read and batch/archive."""

    inputs: list[Name]
    archived: bool = False


def list_all(call: Call) -> Reply:
    """Return every property of an object type."""
    kind = kind_of(call)
    return Reply({"results": [*call.account.definitions(call.db, kind).values()]})


def read(call: Call) -> Reply:
    """Return one property."""
    return Reply(_known(call, kind_of(call), call.path["name"]))


def create(call: Call) -> Reply:
    """Make one property."""
    made = _make(call, kind_of(call), call.body)
    # HubSpot docs, properties: one refusal is an error body, not an entry of a 207.
    if isinstance(made, RowError):
        raise made.to_api_error()
    return Reply(made, 201)


def create_batch(call: Call) -> Reply:
    """Make properties; those that exist are errors beside the others (seen live)."""
    kind, inputs = kind_of(call), call.body.inputs
    check_size(inputs)
    made = [_make(call, kind, one) for one in inputs]
    return _to_batch(call, made, ok=201)


def read_batch(call: Call) -> Reply:
    """Return properties by name."""
    kind, inputs = kind_of(call), call.body.inputs
    check_size(inputs)
    known = call.account.definitions(call.db, kind)
    found = [
        known.get(one.name)
        or RowError(
            category="OBJECT_NOT_FOUND",
            message=f"Property {one.name} does not exist",
            context={"name": [one.name]},
        )
        for one in inputs
    ]
    return _to_batch(call, found, ok=200)


def update(call: Call) -> Reply:
    """Change a property; its name and uniqueness stay."""
    kind = kind_of(call)
    body = {**_custom(call, kind, call.path["name"])}
    body |= msgspec.to_builtins(call.body)
    _check_body(call, kind, msgspec.convert(body, NewProperty))
    body["updatedAt"] = to_iso(call.now)
    _store(call, kind, body)
    return Reply(body)


def archive(call: Call) -> Reply:
    """Remove a property; its values stay with the records but are not shown."""
    kind = kind_of(call)
    _archive(call, kind, call.path["name"])
    return NO_CONTENT


def archive_batch(call: Call) -> Reply:
    """Remove properties; unknown names are no error."""
    kind = kind_of(call)
    check_size(call.body.inputs)
    for one in call.body.inputs:
        if one.name in call.account.definitions(call.db, kind):
            _archive(call, kind, one.name)
    return NO_CONTENT


def _make(call: Call, kind: str, new: NewProperty) -> dict[str, Any] | RowError:
    if new.name in call.account.definitions(call.db, kind):
        return RowError(
            status=409,
            category="OBJECT_ALREADY_EXISTS",
            sub_category="Properties.PROPERTY_WITH_NAME_EXISTS",
            message=f"A property named '{new.name}' already exists.",
            context={"name": [new.name]},
        )
    try:
        _check_body(call, kind, new)
        _check_room(call, kind, new)
    except ApiError as error:
        return RowError(category=error.category, message=error.message)
    body = _to_body(new, to_iso(call.now))
    _store(call, kind, body)
    return body


def _check_body(call: Call, kind: str, new: NewProperty) -> None:
    check_name(new.name)
    # HubSpot docs, properties: pairs must fit (since 2021), enumerations need options.
    if new.field_type not in PAIRS.get(new.type, ()):
        raise invalid(f"fieldType {new.field_type} does not fit type {new.type}")
    if new.type == "enumeration" and not (new.options or new.external_options):
        raise invalid(f"Property {new.name} is an enumeration and needs options")
    values = [option.value for option in new.options]
    if len(set(values)) < len(values):
        raise invalid(f"Property {new.name} has two options with the same value")
    row = call.db.execute(
        "SELECT 1 FROM hs_group WHERE type = ? AND name = ?", (kind, new.group_name)
    ).fetchone()
    if row is None:
        raise invalid(f"Property group {new.group_name} does not exist")


def _check_room(call: Call, kind: str, new: NewProperty) -> None:
    bodies = call.account.definitions(call.db, kind).values()
    custom = [body for body in bodies if not body.get("hubspotDefined")]
    limit = call.account.tier.custom_properties
    # HubSpot's published catalogue of limits: custom properties by subscription.
    if len(custom) >= limit:
        raise ApiError(
            400,
            "VALIDATION_ERROR",
            f"The account's limit of {limit} custom properties is reached",
            subCategory="Properties.MAX_PROPERTIES_REACHED",
        )
    if new.has_unique_value and sum(b["hasUniqueValue"] for b in custom) >= MAX_UNIQUE:
        raise invalid(f"At most {MAX_UNIQUE} properties may have unique values")


def _to_body(new: NewProperty, now: str) -> dict[str, Any]:
    kept = {k: v for k, v in msgspec.to_builtins(new).items() if v is not None}
    return {
        **kept,
        "calculated": new.field_type == "calculation_equation",
        "hubspotDefined": False,
        "archived": False,
        "createdAt": now,
        "updatedAt": now,
        "modificationMetadata": {
            "archivable": True,
            "readOnlyDefinition": False,
            "readOnlyValue": False,
        },
    }


def _store(call: Call, kind: str, body: dict[str, Any]) -> None:
    call.db.execute(
        "INSERT INTO hs_property (type, name, body) VALUES (?, ?, ?) "
        "ON CONFLICT (type, name) DO UPDATE SET body = excluded.body",
        (kind, body["name"], to_json(body)),
    )
    call.account.forget_definitions()


def _archive(call: Call, kind: str, name: str) -> None:
    _custom(call, kind, name)
    call.db.execute("DELETE FROM hs_property WHERE type = ? AND name = ?", (kind, name))
    call.account.forget_definitions()


def _known(call: Call, kind: str, name: str) -> dict[str, Any]:
    # HubSpot docs, error handling: 404 for what does not exist.
    try:
        return call.account.definitions(call.db, kind)[name]
    except KeyError:
        raise not_found(f'Property "{name}" does not exist') from None


def _custom(call: Call, kind: str, name: str) -> dict[str, Any]:
    body = _known(call, kind, name)
    # HubSpot docs, properties: `readOnlyDefinition` of HubSpot's own ones.
    if body.get("hubspotDefined"):
        raise invalid(f"Property {name} belongs to HubSpot and cannot be changed")
    return body


def _to_batch(call: Call, made: list[dict[str, Any] | RowError], *, ok: int) -> Reply:
    errors = [one.to_entry() for one in made if isinstance(one, RowError)]
    body: dict[str, Any] = {
        "status": "COMPLETE",
        "results": [one for one in made if not isinstance(one, RowError)],
        "startedAt": to_iso(call.now),
        "completedAt": to_iso(call.now),
    }
    if not errors:
        return Reply(body, ok)
    return Reply({**body, "numErrors": len(errors), "errors": errors}, 207)


OPERATIONS = (
    operation("GET", "", list_all, writes=False),
    operation("POST", "", create, NewProperty),
    operation("POST", "/batch/create", create_batch, NewProperties),
    operation("POST", "/batch/read", read_batch, Names, writes=False),
    operation("POST", "/batch/archive", archive_batch, Names),
    operation("GET", "/{name}", read, writes=False),
    operation("PATCH", "/{name}", update, ChangedProperty),
    operation("DELETE", "/{name}", archive),
)
