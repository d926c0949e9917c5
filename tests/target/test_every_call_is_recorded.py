"""No request is sent from a line of the targets that no tape has played."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from crm_world import lead_score, world
from tape_checks import recorded_shapes, seen_shapes
from wire_calls import HUBSPOT_CALLS, SALESFORCE_CALLS
from wire_tapes import play

import target_crm.hubspot
import target_crm.salesforce
from sandbox.settings import ALL_SCOPES
from target_crm.hubspot.wire import Wire
from target_crm.salesforce.api import Api

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from wire_tapes import Call

DOORS = {"wire", "_wire", "api", "_api"}
CRMS: dict[str, tuple[ModuleType, Any, tuple[Call, ...]]] = {
    "hubspot": (target_crm.hubspot, Wire, HUBSPOT_CALLS),
    "salesforce": (target_crm.salesforce, Api, SALESFORCE_CALLS),
}


def sends(package: ModuleType) -> Iterator[tuple[str, int, int]]:
    """Yield every place that sends a request: its file, first and last line."""
    for path in Path(str(package.__file__)).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not is_send(node.func):
                continue
            yield path.name, node.lineno, int(node.end_lineno or node.lineno)


def is_send(called: ast.expr) -> bool:
    """Tell whether a call is `wire.send`, `self._api.send` or the like."""
    if not isinstance(called, ast.Attribute) or called.attr != "send":
        return False
    owner = called.value
    name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
    return name in DOORS


@pytest.mark.parametrize("crm", CRMS)
def test_every_line_that_sends_is_played_by_a_tape(
    monkeypatch: pytest.MonkeyPatch, crm: str
) -> None:
    """A new call without a tape is named here with its place."""
    package, door, calls = CRMS[crm]
    asked: set[tuple[str, int]] = set()
    original = door.send

    def send(self: Any, *args: Any, **kwargs: Any) -> Any:
        asker = sys._getframe(1)
        asked.add((Path(asker.f_code.co_filename).name, asker.f_lineno))
        return original(self, *args, **kwargs)

    monkeypatch.setattr(door, "send", send)
    for call in calls:
        play(call)

    silent = [
        f"{file}:{first}"
        for file, first, last in sends(package)
        if not any((file, line) in asked for line in range(first, last + 1))
    ]
    assert len(asked) > 5
    assert silent == []


WAYS = [
    ("v3", "marketing_event", "none"),
    ("v3", "custom_event", "note"),
    ("v3", "note", "note"),
    ("2026-03", "marketing_event", "none"),
    ("2026-03", "custom_event", "none"),
    ("2026-03", "note", "note"),
]


@pytest.mark.parametrize(("version", "timeline", "levels"), WAYS)
def test_no_way_of_running_asks_what_is_not_recorded(
    tmp_path: Path, version: str, timeline: str, levels: str
) -> None:
    """Whatever the timeline and the version, the requests are on tape."""
    config: dict[str, Any] = {
        "api_version": version,
        "timeline": timeline,
        "level_changes": levels,
    }
    scopes = ALL_SCOPES | {"timeline"}
    with world(tmp_path / "state", tier="enterprise", scopes=scopes) as hubspot:
        hubspot.run([lead_score(0)], **config)
        hubspot.run([lead_score(0, live_level="Low", live_rank=9)], **config)
        (hubspot.folder / "ledger.sqlite").unlink()
        ran = hubspot.run([lead_score(0)], **config)

        assert ran.code == 0
        seen = seen_shapes(hubspot.sandbox.requests)
        assert seen - recorded_shapes(HUBSPOT_CALLS) == set()
