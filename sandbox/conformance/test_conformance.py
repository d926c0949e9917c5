"""What a target owes its users, judged by what the sandbox saw. Ids are the names."""
# ruff: noqa: S101 - checks assert

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sandbox.conformance.bench import LOST, on_writes
from sandbox.conformance.crms import RETRY_AFTER_S
from sandbox.conformance.rows import BAD_EMAIL, to_confirmed

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.conformance.bench import Bench, Visit
    from sandbox.conformance.rows import Rows
    from sandbox.middleware import SeenRequest

    Record = Callable[[str, object], None]

EVER = 5_000
IN_FLIGHT = 8  # requests that may have been under way when the first was refused
IN_FLIGHT_S = 1.0
PERSON = re.compile(rf"kit-\d+@example\.com|{re.escape(BAD_EMAIL)}")


def test_all_rows_arrive(calm: Visit, record_property: Record) -> None:
    """Every person is in the CRM, once, after a run that ends with 0."""
    count, writes = len(calm.requests), len(calm.writes)
    record_property(
        "measured",
        f"{calm.rows.count} rows: {count} requests, {writes} of them writes",
    )
    assert calm.ran.in_time, "the run did not end"
    assert calm.ran.code == 0, calm.ran.log[-2000:]
    assert calm.missing == []
    assert set(calm.people.values()) == {1}


def test_second_run_writes_nothing(
    calm: Visit, calm_bench: Bench, record_property: Record
) -> None:
    """The same rows again cost no write."""
    again = calm_bench.visit(calm.rows)
    count, writes = len(again.requests), len(again.writes)
    record_property("measured", f"{count} requests, {writes} of them writes")
    assert again.ran.code == 0, again.ran.log[-2000:]
    assert again.held == calm.held
    assert writes == 0


def test_bad_email_stops_nobody(malformed: Visit) -> None:
    """With one malformed address all others arrive, and the exit code tells."""
    assert malformed.ran.in_time, "the run did not end"
    assert malformed.missing == []
    assert not malformed.people[BAD_EMAIL]
    assert malformed.ran.code != 0, "a row was refused, and the exit code is 0"


def test_waits_when_told_429(
    bench: Bench, calm_writes: Visit, rows: Rows, record_property: Record
) -> None:
    """After a 429 no request comes before its Retry-After, and nobody is lost."""
    limit = calm_writes.crm.burst_limit
    assert limit is not None
    visit = bench.visit(rows, on_writes(calm_writes, limit, first=1, last=1))
    told = _first_refused(visit)
    waits = {seen: seen.at - told.at for seen in visit.after(told)}
    early = {seen: wait for seen, wait in waits.items() if wait < RETRY_AFTER_S - 0.1}
    next_ones = ", ".join(f"{wait:.1f}" for wait in waits.values())
    record_property("measured", f"next requests after {next_ones} s")
    assert not [wait for wait in early.values() if wait > IN_FLIGHT_S]
    # The others may have been under way; as many as all means it was sent again.
    others = [seen for seen in early if visit.crm.writes_people(seen)]
    assert len(others) < len(calm_writes.people_writes), "it did not wait"
    assert visit.ran.code == 0, visit.ran.log[-2000:]
    assert visit.missing == []


def test_stops_at_the_daily_limit(
    bench: Bench, calm_writes: Visit, rows: Rows, record_property: Record
) -> None:
    """When the day's requests are used up it stops, and the exit code tells."""
    limit = calm_writes.crm.daily_limit
    visit = bench.visit(rows, on_writes(calm_writes, limit, first=1, last=EVER))
    more = len(visit.after(_first_refused(visit)))
    record_property("measured", f"{more} requests after the first refusal")
    assert visit.ran.in_time, "the run did not end"
    assert visit.ran.code != 0
    assert more <= IN_FLIGHT


def test_lost_reply_makes_no_duplicate(
    bench: Bench, calm_writes: Visit, rows: Rows
) -> None:
    """A write whose answer is lost leaves the CRM as it is without the loss."""
    visit = bench.visit(rows, on_writes(calm_writes, LOST, first=1, last=1))
    _first_refused(visit)
    if visit.ran.code != 0:  # it may give up, if the next run mends it
        visit = bench.visit(rows)
    assert visit.ran.code == 0, visit.ran.log[-2000:]
    assert set(visit.people.values()) == {1}
    assert visit.held == calm_writes.held


def test_killed_run_converges(bench: Bench, calm_writes: Visit, rows: Rows) -> None:
    """Killed between a write and its answer, the next run ends like a calm one."""
    lost = on_writes(calm_writes, LOST, first=2, last=EVER)
    killed = bench.visit(rows, lost, kill_at_fault=True)
    _first_refused(killed)
    assert killed.ran.code != 0, "no answer came, and the exit code is 0"
    again = bench.visit(rows)
    assert again.ran.code == 0, again.ran.log[-2000:]
    assert again.held == calm_writes.held


def test_state_only_after_effect(calm: Visit, refused: Visit) -> None:
    """A STATE is printed only when every row before it is in the CRM."""
    _first_refused(refused)
    assert refused.ran.in_time, "the run did not end"
    assert refused.ran.code != 0, "writes were refused, and the exit code is 0"
    for visit in (refused, calm):
        confirmed = max(map(to_confirmed, visit.ran.states), default=0)
        early = set(visit.rows.emails[:confirmed]) & set(visit.missing)
        assert not early, f"confirmed {confirmed} rows, {len(early)} are not there"
    assert calm.ran.states, "no STATE at the end of a run"
    assert to_confirmed(calm.ran.states[-1]) == calm.rows.count


def test_no_secret_in_output(calm: Visit, malformed: Visit, refused: Visit) -> None:
    """No credential is printed, whatever happens."""
    for visit in (calm, malformed, refused):
        assert not [s for s in visit.secrets if s in visit.ran.output]


def test_no_person_in_output(calm: Visit, malformed: Visit, refused: Visit) -> None:
    """No person's address is printed, whatever happens."""
    for visit in (calm, malformed, refused):
        assert len(PERSON.findall(visit.ran.output)) == 0


def _first_refused(visit: Visit) -> SeenRequest:
    """Return the first request that met the planned fault; there must be one."""
    assert visit.refused, f"the fault was never met; exit code {visit.ran.code}"
    return visit.refused[0]
