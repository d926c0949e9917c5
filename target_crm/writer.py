"""From wishes to a CRM that holds them: compared where needed, written in batches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from target_crm import wanted
from target_crm.outcomes import (
    GONE,
    UNCHANGED,
    Kind,
    Outcome,
    Why,
    not_sent,
    outcomes_before,
)
from target_crm.parallel import in_parallel
from target_crm.setup import Setup
from target_crm.shared import SharedContacts, to_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from target_crm.crm import Contact, Crm, Found
    from target_crm.desk import Desk
    from target_crm.ledger import Known
    from target_crm.levels import LevelChanges
    from target_crm.mapping import PropertySet
    from target_crm.timeline import Attendances
    from target_crm.wanted import Wish


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a run may do.

    Attributes:
        only_existing: Never create a contact.
        dry_run: Compare with the CRM and write nothing.
        workers: Calls at the same time.
    """

    only_existing: bool = False
    dry_run: bool = False
    workers: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a run works with.

    Attributes:
        crm: The account.
        desk: The books.
        properties: Of contacts.
        policy: What this run may do.
        attendances: Collects what the timeline will be told.
        levels: Notes and collects changes of levels.
    """

    crm: Crm
    desk: Desk
    properties: PropertySet
    policy: Policy
    attendances: Attendances
    levels: LevelChanges


class Writer:
    """Closes every wish: without a request, after a comparison, or by a write."""

    def __init__(self, means: Means) -> None:
        self._crm = means.crm
        self._desk = means.desk
        self._properties = means.properties
        self._policy = means.policy
        self._attendances = means.attendances
        self._levels = means.levels
        self._setup = Setup(means.crm, means.desk.ledger, means.properties)
        self._shared = SharedContacts(means.crm, means.desk.ledger, means.properties)

    def compared(self, wishes: Sequence[Wish]) -> Iterator[Wish]:
        """Close what needs no write; yield the rest, compared where needed."""
        unknown = []
        for wish in wishes:
            if self._must_read(wish):
                unknown.append(wish)
            elif not self._is_closed(wish):
                yield wish
        if unknown and self._policy.dry_run:
            self._desk.report.would_create = self._setup.rehearse()
        elif unknown:
            self._setup.ensure()
        yield from self._read_crm(unknown)

    def _must_read(self, wish: Wish) -> bool:
        if self._policy.dry_run:
            return True
        if wish.known is not None:
            fill = self._properties.fill_only
            return any(
                name in fill and name not in wish.known.properties
                for name in wish.wanted
            )
        return (
            self._policy.only_existing
            or bool(self._properties.fill_only)
            or self._setup.was_there_before()
        )

    def _read_crm(self, wishes: Sequence[Wish]) -> Iterator[Wish]:
        size = self._crm.batch_size
        wishes = sorted(wishes, key=lambda wish: not to_id(wish))  # fills the batches
        parts = [wishes[i : i + size] for i in range(0, len(wishes), size)]
        for part, found in in_parallel(self._find, parts, self._policy.workers):
            if isinstance(found, Exception):
                raise found
            yield from self._compare(part, found)

    def _compare(
        self, wishes: Sequence[Wish], found: Mapping[str, Found]
    ) -> Iterator[Wish]:
        """Close what the CRM holds already, and remember it; yield the rest."""
        remembered = []
        for wish in wishes:
            held = found.get(wish.row.email_key or "")
            if held and held.left_out:
                self._close(wish, Outcome(kind=Kind.NOT_SENT, code=held.left_out))
                continue
            compared = wanted.with_found(self._properties, wish, held)
            outcome = self._end_without_write(compared)
            if outcome is None:
                yield compared
                continue
            if compared.known is not None:
                remembered.append(self._read_known(compared, outcome))
            self._close(compared, outcome)
        if not self._policy.dry_run:
            self._desk.ledger.accept_contacts(remembered)

    def _find(self, wishes: Sequence[Wish]) -> dict[str, Found]:
        ids = {wish.row.email_key or "": to_id(wish) for wish in wishes}
        return self._crm.read(list(ids), self._properties, ids)

    def _read_known(self, wish: Wish, outcome: Outcome) -> Known:
        """What to remember of a contact that was read and needs no write."""
        if outcome.kind is Kind.UNCHANGED or wish.known is None:
            return wanted.accepted(self._properties, wish, None)
        return wish.known

    def _is_closed(self, wish: Wish) -> bool:
        """Close a wish that needs no write, and say so."""
        outcome = self._end_without_write(wish)
        if outcome is None:
            return False
        self._close(wish, outcome)
        return True

    def _end_without_write(self, wish: Wish) -> Outcome | None:
        if wish.exists is False and self._policy.only_existing:
            return not_sent(Why.NO_CONTACT)
        if wanted.is_superseded(wish):
            return not_sent(Why.SUPERSEDED)
        if wish.known is None and not self._policy.dry_run:
            return None
        changed = wanted.changes(self._properties, wish)
        if wish.known is not None and not wanted.is_reason_to_write(
            self._properties, changed
        ):
            return UNCHANGED
        return self._plan(wish, changed) if self._policy.dry_run else None

    def _plan(self, wish: Wish, changed: Mapping[str, tuple[str, str]]) -> Outcome:
        """Write down what a run would do."""
        if self._shared.older([wish]):
            return not_sent(Why.SUPERSEDED)
        kind = Kind.UPDATED if wish.exists else Kind.CREATED
        self._desk.plan(wish.row, kind, wanted.told_changes(self._properties, changed))
        return Outcome(kind=kind)

    # wishes to the CRM

    def send(self, wishes: Sequence[Wish]) -> None:
        """Write wishes to the CRM.

        Raises:
            FatalError: It cannot be written to; what it accepted is in the ledger.
        """
        current = self._without_older(wishes)
        if not current:
            return
        self._setup.ensure()
        left = self._upsert(current)
        if any(self._setup.is_stale(outcome) for _, outcome in left):
            self._setup.renew()
        again = [wish for wish, outcome in left if not is_gone(wish, outcome)]
        gone = [
            wanted.without_id(wish) for wish, outcome in left if is_gone(wish, outcome)
        ]
        later = self._without_older([*again, *self._read_crm(gone)])
        for wish, outcome in self._upsert(later):
            self._close(wish, outcome)

    def _without_older(self, wishes: Sequence[Wish]) -> list[Wish]:
        """Close the wishes of older events of a contact that was merged."""
        older = self._shared.older(wishes)
        current = []
        for wish in wishes:
            if wish.row.email_key in older:
                self._close(wish, not_sent(Why.SUPERSEDED))
            else:
                current.append(wish)
        return current

    def _upsert(self, wishes: Sequence[Wish]) -> list[tuple[Wish, Outcome]]:
        """Send wishes; return those whose property or contact was not there."""
        size = self._crm.write_size(len(wishes))
        parts = [wishes[i : i + size] for i in range(0, len(wishes), size)]
        left: list[tuple[Wish, Outcome]] = []
        written: list[tuple[Wish, Outcome]] = []
        problem: Exception | None = None
        for part, outcomes in in_parallel(self._put, parts, self._policy.workers):
            if isinstance(outcomes, Exception):
                problem = problem or outcomes
                self._accept_some(part, outcomes_before(outcomes))
            else:
                left += self._accept(part, outcomes)
                pairs = zip(part, outcomes, strict=True)
                written += [pair for pair in pairs if pair[1].is_accepted]
        overwritten = self._shared.overwritten(written, may_ask=problem is None)
        if problem is not None:
            raise problem
        self._restore(overwritten)
        return left

    def _restore(self, overwritten: Sequence[Known]) -> None:
        """Write again what contacts were told before an older event came."""
        if not overwritten:
            return
        size = self._crm.write_size(len(overwritten))
        for start in range(0, len(overwritten), size):
            part = overwritten[start : start + size]
            outcomes = self._crm.upsert([self._shared.to_contact(k) for k in part])
            self._desk.ledger.accept_contacts(
                replace(known, contact_id=outcome.contact_id or known.contact_id)
                for known, outcome in zip(part, outcomes, strict=True)
                if outcome.is_accepted
            )

    def _put(self, wishes: Sequence[Wish]) -> list[Outcome]:
        return self._crm.upsert([self._to_contact(wish) for wish in wishes])

    def _to_contact(self, wish: Wish) -> Contact:
        """What a merged contact holds is not what one of its addresses was told."""
        contact = wanted.to_contact(self._properties, wish)
        if self._shared.is_shared(contact.contact_id):
            return replace(contact, changed=None)
        return contact

    def _accept(
        self, wishes: Sequence[Wish], outcomes: Sequence[Outcome]
    ) -> list[tuple[Wish, Outcome]]:
        pairs = list(zip(wishes, outcomes, strict=True))
        self._levels.note(wish for wish, outcome in pairs if outcome.is_accepted)
        self._desk.ledger.accept_contacts(
            wanted.accepted(self._properties, wish, outcome.contact_id)
            for wish, outcome in pairs
            if outcome.is_accepted
        )
        left = []
        for wish, outcome in pairs:
            if self._setup.is_stale(outcome) or is_gone(wish, outcome):
                left.append((wish, outcome))
            else:
                self._close(wish, outcome)
        return left

    def _accept_some(
        self, wishes: Sequence[Wish], outcomes: Mapping[str, Outcome]
    ) -> None:
        done = [wish for wish in wishes if wish.row.email_key in outcomes]
        self._accept(done, [outcomes[wish.row.email_key or ""] for wish in done])

    def _close(self, wish: Wish, outcome: Outcome) -> None:
        self._desk.close_row(wish.row, outcome)
        is_older = outcome.code == Why.SUPERSEDED.value
        if outcome.is_accepted or is_older:
            contact_id = outcome.contact_id or to_id(wish)
            self._attendances.add(wish.row, contact_id)
            self._levels.add(wish.row, contact_id)


def is_gone(wish: Wish, outcome: Outcome) -> bool:
    """Tell whether a contact that was written by its id is not there any more."""
    return outcome.code == GONE and bool(to_id(wish))
