"""How a row ended: one outcome for every row that was read, none left out.

created    the CRM has a new contact
updated    the CRM changed a contact
unchanged  the CRM already has exactly this; no request was made for it
rejected   refused, by us or by the CRM; kept with the reason and sent again later
not_sent   on purpose, and the reason says which purpose
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync_core.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sync_core.errors import RowRejected


GONE = "OBJECT_NOT_FOUND"  # code of a contact whose id leads nowhere any more


class Kind(enum.StrEnum):
    """The five ends a row can have."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"
    NOT_SENT = "not_sent"


class Why(enum.StrEnum):
    """Why a row was not sent."""

    NO_EMAIL = "no_email"
    SUPERSEDED = "superseded_by_a_newer_event"
    NO_CONTACT = "no_such_contact_and_creating_is_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one row ended.

    Attributes:
        kind: One of the five.
        code: The refusing side's own code, or why a row was not sent.
        field: The property to blame, if it is known.
        message: The refusing side's own words; may name a person, so it is only kept
            in the private file of rejected rows.
        contact_id: The CRM's id of the contact, where it told one.
    """

    kind: Kind
    code: str = ""
    field: str | None = None
    message: str = ""
    contact_id: str | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether the CRM now holds what the row says."""
        return self.kind in {Kind.CREATED, Kind.UPDATED, Kind.UNCHANGED}


UNCHANGED = Outcome(kind=Kind.UNCHANGED)


class Interrupted(FatalError):  # noqa: N818 - what it hands over counts
    """The run cannot go on; some of the contacts of a write have an outcome.

    Attributes:
        outcomes: By e-mail key.
    """

    def __init__(self, problem: FatalError, outcomes: Mapping[str, Outcome]) -> None:
        super().__init__(str(problem), setting=problem.setting, status=problem.status)
        self.outcomes: Mapping[str, Outcome] = {**outcomes_before(problem), **outcomes}


def outcomes_before(problem: Exception) -> Mapping[str, Outcome]:
    """Return the outcomes that were known when a problem ended a write, by key."""
    return problem.outcomes if isinstance(problem, Interrupted) else {}


def not_sent(why: Why) -> Outcome:
    """Return the outcome of a row that is left out on purpose."""
    return Outcome(kind=Kind.NOT_SENT, code=why.value)


def to_rejected(problem: RowRejected) -> Outcome:
    """Return the outcome of a row that was refused."""
    return Outcome(
        kind=Kind.REJECTED,
        code=problem.code or "REJECTED",
        field=problem.field,
        message=str(problem),
    )
