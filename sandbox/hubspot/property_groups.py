"""The groups that properties are shown in."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from sandbox.hubspot.api import NO_CONTENT, Call, Operation, Reply
from sandbox.hubspot.errors import ApiError, invalid, not_found
from sandbox.hubspot.records import to_json
from sandbox.hubspot.rows import kind_of

_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")


class NewGroup(msgspec.Struct, rename="camel"):
    """Body of a group's create."""

    name: str
    label: str
    display_order: int = -1


class ChangedGroup(msgspec.Struct, rename="camel", omit_defaults=True):
    """Body of a group's update."""

    label: str | None = None
    display_order: int | None = None


def list_groups(call: Call) -> Reply:
    """Return every group of an object type."""
    rows = call.db.execute(
        "SELECT body FROM hs_group WHERE type = ? ORDER BY name", (kind_of(call),)
    )
    return Reply({"results": [msgspec.json.decode(body) for (body,) in rows]})


def read_group(call: Call) -> Reply:
    """Return one group."""
    return Reply(_group(call, kind_of(call), call.path["group"]))


def create_group(call: Call) -> Reply:
    """Make a group."""
    kind = kind_of(call)
    body = {**msgspec.to_builtins(call.body), "archived": False}
    check_name(body["name"])
    done = call.db.execute(
        "INSERT OR IGNORE INTO hs_group VALUES (?, ?, ?)",
        (kind, body["name"], to_json(body)),
    )
    # Seen live for properties (`OBJECT_ALREADY_EXISTS`); inferred for groups.
    if not done.rowcount:
        raise ApiError(
            409,
            "OBJECT_ALREADY_EXISTS",
            f"A property group named '{body['name']}' already exists.",
            subCategory="Properties.PROPERTY_GROUP_WITH_NAME_EXISTS",
        )
    return Reply(body, 201)


def update_group(call: Call) -> Reply:
    """Change a group's label or place."""
    kind, name = kind_of(call), call.path["group"]
    body = _group(call, kind, name) | msgspec.to_builtins(call.body)
    call.db.execute(
        "UPDATE hs_group SET body = ? WHERE type = ? AND name = ?",
        (to_json(body), kind, name),
    )
    return Reply(body)


def archive_group(call: Call) -> Reply:
    """Remove a group that no property is in."""
    kind, name = kind_of(call), call.path["group"]
    _group(call, kind, name)
    bodies = call.account.definitions(call.db, kind).values()
    # Inferred: a group that has properties stays.
    if any(body["groupName"] == name for body in bodies):
        raise invalid(f"Property group {name} still has properties")
    call.db.execute("DELETE FROM hs_group WHERE type = ? AND name = ?", (kind, name))
    return NO_CONTENT


def check_name(name: str) -> None:
    """Refuse a name that HubSpot would not take."""
    # HubSpot docs: lower-case letters, digits and underscores.
    if not _NAME.fullmatch(name):
        raise invalid(
            f"Name {name!r} must begin with a letter and hold only "
            "lower-case letters, digits and underscores"
        )


def _group(call: Call, kind: str, name: str) -> dict[str, Any]:
    row = call.db.execute(
        "SELECT body FROM hs_group WHERE type = ? AND name = ?", (kind, name)
    ).fetchone()
    # HubSpot docs, error handling: 404 for what does not exist.
    if row is None:
        raise not_found(f"Property group {name} does not exist")
    body: dict[str, Any] = msgspec.json.decode(row[0])
    return body


_READ = frozenset({"crm.schemas.contacts.read"})
_WRITE = frozenset({"crm.schemas.contacts.write"})


def operation(
    method: str, path: str, handler: Any, body: Any = None, *, writes: bool = True
) -> Operation:
    """Return an operation below the properties' paths."""
    return Operation(
        method=method,
        base="properties",
        path="/{object}" + path,
        handler=handler,
        body=body,
        scopes=_WRITE if writes else _READ,
    )


OPERATIONS = (
    operation("GET", "/groups", list_groups, writes=False),
    operation("POST", "/groups", create_group, NewGroup),
    operation("GET", "/groups/{group}", read_group, writes=False),
    operation("PATCH", "/groups/{group}", update_group, ChangedGroup),
    operation("DELETE", "/groups/{group}", archive_group),
)
