"""One HubSpot account: its tables, counters and what it remembers of them."""

from __future__ import annotations

import uuid
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec

from sandbox.hubspot import definitions
from sandbox.hubspot.limits import TIERS, Limits, TierLimits
from sandbox.hubspot.values import Check, to_checks

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from sandbox.settings import SandboxSettings
    from sandbox.store import Store

_FIRST_ID = 210_000_000_000


class Account:
    """What the handlers of one sandbox share."""

    def __init__(self, settings: SandboxSettings, store: Store) -> None:
        self.settings = settings
        self.store = store
        self.limits = Limits(settings)
        self._requests = 0
        self._checks: dict[str, dict[str, Check]] = {}
        self._definitions: dict[str, dict[str, dict[str, Any]]] = {}
        with store.transaction() as db:
            definitions.fill(db)

    @property
    def tier(self) -> TierLimits:
        """Return what the subscription allows."""
        return TIERS[self.settings.tier]

    def next_random(self) -> Random:
        """Return the chance of the next request: same seed, same chance."""
        self._requests += 1
        return Random(f"{self.settings.seed}:{self._requests}")  # noqa: S311

    def definitions(
        self, db: sqlite3.Connection, kind: str
    ) -> Mapping[str, dict[str, Any]]:
        """Return the properties of an object type by name."""
        if kind not in self._definitions:
            rows = db.execute(
                "SELECT body FROM hs_property WHERE type = ? ORDER BY position",
                (kind,),
            )
            bodies = [msgspec.json.decode(body) for (body,) in rows]
            self._definitions[kind] = {
                body["name"]: body for body in bodies if not body["archived"]
            }
        return self._definitions[kind]

    def checks(self, db: sqlite3.Connection, kind: str) -> Mapping[str, Check]:
        """Return what each property of an object type takes."""
        if kind not in self._checks:
            self._checks[kind] = to_checks(self.definitions(db, kind))
        return self._checks[kind]

    def forget_definitions(self) -> None:
        """Read the properties again, because they changed."""
        self._checks.clear()
        self._definitions.clear()

    def next_ids(self, db: sqlite3.Connection, count: int) -> range:
        """Return so many record ids that nothing had before."""
        first = _FIRST_ID + self.settings.seed * 1_000_000
        db.execute("INSERT OR IGNORE INTO hs_counter VALUES ('id', ?)", (first,))
        (end,) = db.execute(
            "UPDATE hs_counter SET value = value + ? WHERE name = 'id' RETURNING value",
            (count,),
        ).fetchone()
        return range(end - count, end)


def to_correlation_id(chance: Random) -> str:
    """Return the id HubSpot gives an answer so that its support can find it."""
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))
