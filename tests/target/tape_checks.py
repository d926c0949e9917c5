"""What the tapes of every CRM are held to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml
from wire_tapes import FOLDER, HIDDEN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wire_tapes import Call

    from sandbox.middleware import SeenRequest

# What stands for one record, job or event in a path.
_ID = re.compile(r"(?<=/)(hubilo(:|%3A)1|[0-9a-zA-Z]{18})(?=/|$)")


def to_shape(method: str, path: str) -> str:
    """Return a request without what differs from account to account."""
    return f"{method} {_ID.sub('*', path)}"


def recorded_shapes(calls: Iterable[Call]) -> set[str]:
    """Return what the tapes of these calls hold."""
    return {
        to_shape(asked["method"], asked["uri"].partition("127.0.0.1")[2].split("?")[0])
        for call in calls
        for asked in _requests(call)
    }


def seen_shapes(requests: Iterable[SeenRequest]) -> set[str]:
    """Return what the sandbox saw."""
    return {to_shape(seen.method, seen.path) for seen in requests}


def _requests(call: Call) -> list[dict[str, Any]]:
    tape = yaml.safe_load(call.path.read_text("utf-8"))
    return [one["request"] for one in tape["interactions"]]


def check_told(call: Call, crm: str) -> None:
    """Check that a file says where it comes from, and holds no credential."""
    text = call.path.read_text("utf-8")
    told = rf"# Recorded against this project's sandbox on \d{{4}}-\d\d-\d\d, not {crm}"
    assert re.match(told.replace("not ", "not against "), text)
    assert "python tests/cassettes/record.py" in text
    assert not re.search(r"authorization|sandbox-(token|secret|refresh)|!sandbox", text)
    named = re.findall(
        r"(?:access_token\"?|client_secret|refresh_token\"?|assertion)[=:]\"?(\w*)",
        text,
    )
    assert set(named) <= {HIDDEN}


def names_on_disk(crm: str) -> set[str]:
    """Return the calls that there are tapes of."""
    return {f"{crm}/{path.stem}" for path in (FOLDER / crm).glob("*.yaml")}
