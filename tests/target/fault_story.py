"""What happens to a CRM under a fault, run after run, and what must hold in the end.

A story plays the tap's side too: a run that stops is followed by one that gets what no
STATE has confirmed. `assert_converged` holds any story against the same one without
faults; it is the one place where the invariants I1 to I6 are checked.
"""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
import traceback
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING, Any

from crm_world import Ran, World, lead_score, schema, to_lines, world
from salesforce_world import Org, organisation

from sandbox.faults import Planned, Reset, RowErrors, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import pytest

    from sandbox.middleware import SeenRequest

BATCH = {"hubspot": 100, "salesforce": 200}
STATE_EVERY = 50
MAX_RUNS = 4
MAX_TRIES = 8
MAX_SECONDS = 600
FACTS_ABOUT_PEOPLE = re.compile(r"canary\d+@|Canarina|Kanarienvogel|\+1555000|secret-")
TOKENS = re.compile(r"sandbox-token|sandbox-secret|sandbox-refresh|sandbox\.session")
LEDGER = {
    "contacts": "email_key, starts_at, event_id, properties",
    "timeline_entries": "event_id, email_key, state",
    "breakdowns": "event_id, attendee_id, part, email_key, record",
}
ALIASES = "hs_additional_emails"
WATCHED = {
    "hs_object": "NEW.type",
    "hs_participation": "'attendance'",
    "hs_event_occurrence": "'event'",
    "sf_record": "NEW.object",
}


def person(number: int, **changed: Any) -> dict[str, Any]:
    """Return the row of somebody whose every word would be found in a log."""
    facts = {
        "email": f"canary{number}@example.com",
        "first_name": "Canarina",
        "last_name": "Kanarienvogel",
        "phone": f"+1555000{number:04}",
    }
    return lead_score(number, **facts | changed)


def people(count: int = 130) -> list[dict[str, Any]]:
    """Return the rows of so many people."""
    return [person(number) for number in range(count)]


@dataclass(frozen=True, kw_only=True)
class Phase:
    """Rows that a tap sends, and what happens in the CRM before."""

    rows: list[dict[str, Any]]
    before: Callable[[Any], None] = lambda _crm: None


def nothing(_: Story) -> None:
    """Ask for no more than the invariants."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A line of the fault table for one CRM.

    Attributes:
        name: Begins with the row, such as `C3`.
        faults: They are over when the first phase has been run once.
        ends: Exit codes of all runs in order; None is a run that was stopped.
        criterion: What the table's third column asks beyond the invariants.
        settings: Of the sandbox.
        config: Of the target.
        read_s: How long the target waits for an answer, in real seconds.
        moved: Addresses that somebody replaced in the CRM.
    """

    crm: str
    name: str
    phases: tuple[Phase, ...] = field(default_factory=lambda: (Phase(rows=people()),))
    faults: tuple[Planned, ...] = ()
    ends: tuple[int | None, ...] = (0,)
    criterion: Callable[[Story], None] = nothing
    settings: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    read_s: float = 30.0
    moved: frozenset[str] = frozenset()

    @property
    def row(self) -> str:
        """The row of the table."""
        return self.name.partition(" ")[0]

    def calm(self) -> Case:
        """Return the same without faults."""
        return replace(self, faults=())

    @property
    def calm_key(self) -> str:
        """What cases have in common whose end without faults is the same."""
        phases = [(phase.rows, phase.before.__name__) for phase in self.phases]
        given = [sorted(self.settings.items()), sorted(self.config.items())]
        return json.dumps([self.crm, phases, given])


@dataclass(frozen=True, kw_only=True)
class Lap:
    """One run of a story.

    Attributes:
        sent: The rows it was given.
        present: Addresses in the CRM when it had ended.
        waiting: Keys of rejected rows that waited then.
        said: All that was logged at DEBUG, and the exception with its causes.
    """

    ran: Ran
    sent: list[dict[str, Any]]
    present: set[str]
    waiting: set[tuple[str, str]]
    said: str

    @property
    def confirmed(self) -> int:
        """How many rows its STATEs cover."""
        return max((state["bookmarks"]["rows"] for state in self.ran.states), default=0)


@dataclass(frozen=True, kw_only=True)
class Story:
    """All runs, and what is there in the end.

    Attributes:
        held: What the CRM holds, without ids.
        kept: What the ledger holds, without ids.
        written: How often each record was written, by kind, most often first.
        again: One more run with the same rows.
        unhit: Planned faults that never happened.
    """

    case: Case
    laps: list[Lap]
    held: str
    kept: dict[str, list[Any]]
    written: dict[str, list[int]]
    again: Ran
    unhit: tuple[Planned, ...]

    @property
    def requests(self) -> list[SeenRequest]:
        """Requests of all runs but the last one."""
        return [seen for lap in self.laps for seen in lap.ran.requests]

    def to(self, path: str, lap: int = 0) -> list[SeenRequest]:
        """Return the requests of one run whose path holds a text."""
        return self.laps[lap].ran.to(path)

    @property
    def lost(self) -> int:
        """How many requests had an effect and no answer that tells."""
        kinds = {fault_kind(line) for line in self.case.faults if may_be_done(line)}
        return sum(seen.fault in kinds for seen in self.requests)


def fault_kind(line: Planned) -> str:
    """Return the name of what goes wrong."""
    return str(type(line.fault).__struct_config__.tag)


def may_be_done(line: Planned) -> bool:
    """Tell whether the work may be done although the answer does not say so."""
    fault = line.fault
    return not isinstance(fault, Status | RowErrors) and fault != Reset()


@contextlib.contextmanager
def account(case: Case, folder: Path) -> Iterator[World]:
    """Give an account of the case's CRM in which every write is counted."""
    # The story itself tells which faults were never hit.
    opened: Any = world if case.crm == "hubspot" else organisation
    with opened(folder, faults=case.faults, checks=False, **case.settings) as crm:
        with crm.sandbox.sandbox.store.transaction() as db:
            db.execute("CREATE TABLE counted (kind TEXT, id TEXT)")
            for table, kind in WATCHED.items():
                for event in ("INSERT", "UPDATE"):
                    when = f"{table}_{event} AFTER {event} ON {table}"
                    counts = f"INSERT INTO counted VALUES ({kind}, NEW.rowid)"  # noqa: S608
                    db.execute(f"CREATE TRIGGER {when} BEGIN {counts}; END")
        yield crm


def play(case: Case, folder: Path, caplog: pytest.LogCaptureFixture) -> Story:
    """Run a case to its end, which must be an exit code of 0."""
    laps: list[Lap] = []
    with account(case, folder) as crm:
        for number, phase in enumerate(case.phases):
            phase.before(crm)
            is_last = number == len(case.phases) - 1
            left = phase.rows
            for _ in range(MAX_RUNS if is_last else 1):
                laps.append(_lap(crm, left, case, caplog))
                left = left[laps[-1].confirmed :]
                crm.sandbox.sandbox.plan.end()
                if laps[-1].ran.code == 0:
                    break
                crm.time.now += 86_400
        again = _lap(crm, case.phases[-1].rows, case, caplog).ran
        return Story(
            case=case,
            laps=laps,
            held=_held(crm),
            kept=_kept(crm.folder),
            written=_written(crm),
            again=again,
            unhit=crm.sandbox.unhit,
        )


def _lap(
    crm: World, rows: list[dict[str, Any]], case: Case, caplog: pytest.LogCaptureFixture
) -> Lap:
    caplog.clear()
    ran = crm.run_lines(to_lines(_messages(rows)), **case.config)
    problem = "".join(traceback.format_exception(ran.problem)) if ran.problem else ""
    return Lap(
        ran=ran,
        sent=rows,
        present=present(crm),
        waiting={(fact["event_id"], fact["attendee_id"]) for fact in crm.waiting},
        said=f"{caplog.text}{problem}{json.dumps(ran.report)}",
    )


def _messages(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield schema("lead_scores")
    for number, row in enumerate(rows, 1):
        yield {"type": "RECORD", "stream": "lead_scores", "record": row}
        if number % STATE_EVERY == 0 or number == len(rows):
            yield {"type": "STATE", "value": {"bookmarks": {"rows": number}}}


def present(crm: World) -> set[str]:
    """Return the addresses of all people in the CRM, merged ones included."""
    if not isinstance(crm, Org):
        contacts = crm.crm["contacts"]
        merged = (held["properties"].get(ALIASES, "") for held in contacts.values())
        return {*contacts, *";".join(merged).split(";")} - {""}
    found = [*crm.all("Contact"), *crm.all("Lead")]
    return {str(row.get("Email") or "").lower() for row in found}


def _held(crm: World) -> str:
    return crm.dump() if isinstance(crm, Org) else crm.sandbox.dump()


def _kept(folder: Path) -> dict[str, list[Any]]:
    with contextlib.closing(sqlite3.connect(folder / "ledger.sqlite")) as ledger:
        return {
            table: sorted(
                [canonical(value) for value in row]
                for row in ledger.execute(f"SELECT {columns} FROM {table}")  # noqa: S608
            )
            for table, columns in LEDGER.items()
        }


def canonical(text: str) -> str:
    """Return JSON with its keys in order, and any other text as it is."""
    is_object = text.startswith("{")
    return json.dumps(json.loads(text), sort_keys=True) if is_object else text


def _written(crm: World) -> dict[str, list[int]]:
    with crm.sandbox.sandbox.store.transaction() as db:
        counted = Counter(db.execute("SELECT kind, id FROM counted").fetchall())
    found: dict[str, list[int]] = {}
    for (kind, _), times in counted.most_common():
        found.setdefault(kind, []).append(times)
    return found


# The invariants


def assert_converged(clean: Story, faulty: Story) -> None:
    """Check I1 to I6, and that every planned fault happened.

    Args:
        clean: The same story without faults.
        faulty: The one to judge.
    """
    assert faulty.unhit == (), "a planned fault was never hit"
    assert tuple(lap.ran.code for lap in faulty.laps) == faulty.case.ends
    assert clean.laps[-1].ran.code == 0
    _same_end(clean, faulty)
    _nothing_hidden(faulty)
    _repeated_within_bounds(clean, faulty)
    _honest(faulty)
    _polite(faulty)
    _silent_about_people(faulty)


def _same_end(clean: Story, faulty: Story) -> None:
    """I1: the CRM and the ledger hold what they hold without the fault."""
    assert faulty.held == clean.held
    assert faulty.kept == clean.kept


def _nothing_hidden(story: Story) -> None:
    """I2: every row read has an end, every refused one a reason, all of it told."""
    for lap in story.laps:
        report = lap.ran.report
        if lap.ran.code is None:
            assert report["stopped"] == type(lap.ran.problem).__name__
            continue
        assert report["rows"] == len(lap.sent)
        assert sum(report["outcomes"].values()) == len(lap.sent)
        assert f"{len(lap.sent):,} rows: " in lap.said
        assert len(report["rejected"]) <= len(lap.waiting)
        assert all(fact["code"] for fact in report["rejected"])
        assert (lap.ran.code == 0) == (lap.waiting == set())


def _repeated_within_bounds(clean: Story, faulty: Story) -> None:
    """I3: no twin, one extra write a record and lost answer, a batch at most."""
    batch = BATCH[faulty.case.crm]
    assert faulty.written.keys() == clean.written.keys()
    for kind, calm in clean.written.items():
        found = faulty.written[kind]
        assert len(found) <= len(calm), f"twins of {kind}"
        extra = [more - less for more, less in zip_longest(found, calm, fillvalue=0)]
        assert max(extra) <= faulty.lost, kind
        assert sum(extra) <= faulty.lost * batch, kind
    assert faulty.again.requests == [], "a rerun with nothing new asked for something"


def _honest(story: Story) -> None:
    """I4: 0 only if all is done, and no STATE before the effect it stands for."""
    for lap in story.laps:
        done = [
            row
            for row in lap.sent[: lap.confirmed]
            if row["email"].strip().lower() in lap.present | story.case.moved
            or (row["event_id"], row["attendee_id"]) in lap.waiting
        ]
        assert len(done) == lap.confirmed
        if lap.ran.code is not None:
            assert lap.confirmed == len(lap.sent)


def _polite(story: Story) -> None:
    """I5: not before Retry-After, eight tries, ten minutes, one layer of them."""
    told = {
        fault_kind(line): float(line.fault.headers["Retry-After"])
        for line in story.case.faults
        if isinstance(line.fault, Status) and "Retry-After" in line.fault.headers
    }
    for lap in story.laps:
        requests = lap.ran.requests
        for seen, after in pairwise(requests):
            assert seen.fault not in told or after.at - seen.at >= told[seen.fault]
        for tries in _chains(requests):
            assert len(tries) <= MAX_TRIES
            assert tries[-1].at - tries[0].at <= MAX_SECONDS


def _chains(requests: list[SeenRequest]) -> Iterator[list[SeenRequest]]:
    """Return the requests that failed for the moment, with what repeated them."""
    chain: list[SeenRequest] = []
    for seen in requests:
        chain.append(seen)
        is_passing = seen.status in {0, 408, 423, 425, 429, 477} or seen.status >= 500
        if not is_passing:
            yield chain
            chain = []
    if chain:
        yield chain


def _silent_about_people(story: Story) -> None:
    """I6: neither a person nor a secret in logs at DEBUG, errors and reports."""
    for lap in story.laps:
        assert FACTS_ABOUT_PEOPLE.findall(lap.said) == []
        assert TOKENS.findall(lap.said) == []
