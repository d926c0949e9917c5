"""The CRM's side of our properties: checked once, then remembered in the ledger."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from target_crm.crm import Crm
    from target_crm.ledger import Ledger
    from target_crm.mapping import PropertySet
    from target_crm.outcomes import Outcome

CHECKED = "properties"
ORIGIN = "origin"
MISSING = "PROPERTY_DOESNT_EXIST"


class Setup:
    """Makes sure that the properties exist, at the cost of no request if it knows.

    Args:
        crm: The account.
        ledger: Remembers what was checked.
        properties: Wanted ones.
    """

    def __init__(self, crm: Crm, ledger: Ledger, properties: PropertySet) -> None:
        self._crm = crm
        self._ledger = ledger
        self._properties = properties
        self._is_fresh = False
        self._is_checked = False
        self._was_there: bool | None = None
        self._would_create: list[str] | None = None

    def ensure(self) -> None:
        """Check and create the properties, unless the ledger says that it was done."""
        if self._is_checked:
            return
        if self._ledger.note(CHECKED) != self._digest():
            self.renew()
        self._is_checked = True

    def rehearse(self) -> list[str]:
        """Check the properties; return those that would be created. Writes nothing."""
        if self._would_create is None:
            self._would_create = self._crm.missing(self._properties)
        return self._would_create

    def renew(self) -> None:
        """Check and create the properties, whatever the ledger says."""
        is_new = self._crm.prepare(self._properties)
        if self._ledger.note(ORIGIN) is None:
            self._ledger.set_note(ORIGIN, "created" if is_new else "found")
        self._ledger.set_note(CHECKED, self._digest())
        self._is_fresh = True

    def was_there_before(self) -> bool:
        """Tell whether the CRM may hold scores that this ledger does not know.

        So it is when the properties were there before the ledger was: the ledger was
        lost, or somebody else writes too.
        """
        self.ensure()
        if self._was_there is None:
            self._was_there = self._ledger.note(ORIGIN) == "found"
        return self._was_there

    def is_stale(self, outcome: Outcome) -> bool:
        """Tell whether a property was deleted since it was checked."""
        return outcome.code == MISSING and not self._is_fresh

    def _digest(self) -> str:
        known = [self._properties.group, *self._properties.properties.values()]
        return hashlib.sha256(msgspec.json.encode(known)).hexdigest()
