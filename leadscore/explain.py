"""Explain a score in words: every number from the count up."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from scoring_transform.activities import KINDS, TIME, WINDOWS
from sync_core.errors import FatalError
from sync_core.identity import to_email_key
from target_crm.explained import read_person

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sync_core.workdir import WorkDir
    from target_crm.explained import Explained

WINDOW_TITLES = {"live": "Live", "on_demand": "On demand"}
_KINDS = {kind.name: kind for kind in KINDS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One activity of one window: its count, its rank and what that is worth."""

    activity: str
    value: Fraction
    unit: str
    rank: int
    max_rank: int
    ranked: int
    weight: Fraction
    details: tuple[str, ...]

    @property
    def score(self) -> Fraction:
        """The exact activity score."""
        return self.weight * (self.max_rank - self.rank + 1) / self.max_rank


def explain_person(
    work: WorkDir, event: str, email: str, ledger_url: str | None = None
) -> Iterator[str]:
    """Yield the explanation of a person's scores in one event, line by line.

    The arguments are those of `find_person`.
    """
    for person in find_person(work, event, email, ledger_url):
        yield from explain_rows(person.lead, person.activities)


def find_person(
    work: WorkDir, event: str, email: str, ledger_url: str | None = None
) -> list[Explained]:
    """Return what the ledger knows of a person in one event.

    Args:
        work: The state folder that holds the ledger.
        event: Event id or exact name.
        email: The person, in any spelling of the address.
        ledger_url: The database of the ledger, if it is not in the folder.

    Raises:
        FatalError: Nothing is known of this person in this event.
    """
    key = to_email_key(email)
    found = read_person(work, key, ledger_url) if key else []
    chosen = [f for f in found if event in {f.lead["event_id"], f.lead["event_name"]}]
    if not chosen:
        raise FatalError(_nothing(event, [f.lead for f in found]))
    return chosen


def explain_rows(
    lead: Mapping[str, Any], activities: list[Mapping[str, Any]]
) -> Iterator[str]:
    """Yield the explanation of a lead score from its activity scores."""
    name = " ".join(filter(None, (lead.get("first_name"), lead.get("last_name"))))
    yield f"{name or lead['attendee_id']} in {lead['event_name']} ({lead['event_id']})"
    yield f"Model {lead['model']} ({lead['model_hash']}), scored {lead['scored_at']}."
    for window in WINDOWS:
        yield ""
        steps = [to_step(row) for row in activities if row["window"] == window]
        yield from _explain_window(lead, window, sorted(steps, key=_strongest_first))
    unavailable = lead.get("unavailable_activities") or []
    if unavailable:
        yield ""
        yield (
            f"The platform reported nothing of: {', '.join(unavailable)}. For every "
            "attendee alike, so no rank depends on it."
        )
    if lead.get("on_demand_window") == "open":
        yield ""
        yield "The on-demand window is still open: its scores may change."


def to_step(row: Mapping[str, Any]) -> Step:
    """Return an `activity_scores` row as a step of an explanation."""
    return Step(
        activity=row["activity"],
        value=_exact(row["value"]),
        unit=row["unit"],
        rank=int(row["rank"]),
        max_rank=int(row["max_rank"]),
        ranked=int(row["ranked_attendees"]),
        weight=_exact(row["weight"]),
        details=tuple(row.get("details") or ()),
    )


def _strongest_first(step: Step) -> tuple[Fraction, str]:
    return -step.score, step.activity


def _explain_window(
    lead: Mapping[str, Any], window: str, steps: list[Step]
) -> Iterator[str]:
    title, rank = WINDOW_TITLES[window], lead.get(f"{window}_rank")
    score, level = lead[f"{window}_lead_score"], lead[f"{window}_level"]
    if rank is None:
        yield (
            f"{title}: {score} ({level}), not ranked, because nothing that counts "
            "was done."
        )
        return
    best, people = lead[f"{window}_max_rank"], lead[f"{window}_ranked_attendees"]
    yield f"{title}: {score} ({level}), rank {rank} of {best} among {people} attendees"
    for step in steps:
        yield f"  {_to_sentence(step)}"
    total = sum((step.score for step in steps), Fraction(0))
    parts = " + ".join(_show(step.score) for step in steps)
    yield f"  Sum: {parts} = {_show(total)}"
    yield (
        f"  Lead score: the sum is rank {rank} of {best} different sums, so "
        f"100 × ({best} - {rank} + 1) / {best} = {score}, which is {level}."
    )
    missing = [
        kind.name for kind in KINDS if kind.name not in {s.activity for s in steps}
    ]
    unknown = set(lead.get("unavailable_activities") or [])
    idle = [name for name in missing if name not in unknown]
    if idle:
        yield f"  Not done, so 0: {', '.join(idle)}."


def _to_sentence(step: Step) -> str:
    kind = _KINDS[step.activity]
    things = kind.one if step.value == 1 else kind.many
    count = f"{step.value} {step.unit if kind.name == TIME else things}"
    about = f" ({', '.join(step.details)})" if step.details else ""
    return (
        f"{step.activity}: {kind.verb} {count}{about}; rank {step.rank} of "
        f"{step.max_rank} among {step.ranked} ranked; {_to_decimal(step.weight)} × "
        f"({step.max_rank} - {step.rank} + 1) / {step.max_rank} = {_show(step.score)}"
    )


def _exact(number: Any) -> Fraction:
    """Return a JSON number as it was written, not as a float holds it."""
    return Fraction(str(number))


def _to_decimal(number: Fraction) -> str:
    """Return a weight with every digit that it was written with."""
    exact = Decimal(number.numerator) / Decimal(number.denominator)
    return f"{exact.normalize():f}"


def _show(number: Fraction) -> str:
    """Return a number with at most two decimals, cut and not rounded."""
    hundredths = number.numerator * 100 // number.denominator
    text = f"{hundredths // 100}.{hundredths % 100:02d}"
    return text.rstrip("0").rstrip(".")


def _nothing(event: str, known: list[Mapping[str, Any]]) -> str:
    if known:
        names = "; ".join(f"{row['event_id']} ({row['event_name']})" for row in known)
        return f"This person has no score in `{event}`. Known events: {names}."
    return (
        "Nothing is known of this person. Check the address, and that a run with "
        "this state folder has written scores (`LEADSCORE_HOME` names the folder)."
    )
