"""The ledger on a PostgreSQL server: whole runs of the target, from several machines.

Every run has a state folder of its own, as on runners without a disk: what it must
know of the runs before stands in the database.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from crm_world import (
    STATE,
    UPSERT,
    Ran,
    World,
    activity_score,
    lead_score,
    messages,
    to_lines,
    world,
)
from postgres_server import PASSWORD, Server

from leadscore.explain import explain_person
from sandbox.faults import Hang, Planned, RowErrors
from sync_core.errors import FatalError, SettingError
from sync_core.identity import pseudonym
from sync_core.workdir import WorkDir
from target_crm.database import Database
from target_crm.naming import key_of
from target_crm.tables import CONTACTS, NOTES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROWS = [lead_score(n) for n in range(130)]
STEPS = [
    activity_score(n, rank=1, max_rank=4, ranked_attendees=9, weight=22.5)
    for n in range(130)
]


class Runners:
    """One account, one database, a new machine for every run."""

    def __init__(self, hubspot: World, ledger_url: str) -> None:
        self.hubspot = hubspot
        self.url = ledger_url
        self._count = 0

    def run(self, rows: Any, activities: Any = (), **changed: Any) -> Ran:
        """Run on a machine that knows nothing."""
        self._count += 1
        folder = self.hubspot.folder / f"machine-{self._count}"
        there = replace(self.hubspot, folder=folder)
        return there.run(rows, activities, ledger_url=self.url, **changed)

    def start(self, folder: Path) -> subprocess.Popen[str]:
        """Start a process on a machine that knows nothing."""
        config = {
            "access_token": "sandbox-token",
            "api_url": self.hubspot.sandbox.url,
            "state_dir": str(folder / "state"),
            "ledger_url": self.url,
            "max_concurrent_requests": 1,
            "batch_size_rows": 100,
        }
        folder.mkdir()
        path = folder / "config.json"
        path.write_text(json.dumps(config))
        return subprocess.Popen(
            [sys.executable, "-m", "target_crm.target", "--config", str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "LEADSCORE_DEBUG": "1"},
        )


@pytest.fixture
def runners(hubspot: World, ledger_url: str) -> Runners:
    """Machines that share a ledger."""
    return Runners(hubspot, ledger_url)


def test_the_second_machine_knows_what_the_first_one_wrote(runners: Runners) -> None:
    """The first run writes; the same again makes no request, wherever it runs."""
    first = runners.run(ROWS, STEPS)
    again = runners.run(ROWS, STEPS)

    assert (first.code, first.outcomes) == (0, {"created": 130})
    assert (again.code, again.outcomes) == (0, {"unchanged": 130})
    assert (again.requests, again.states) == ([], [STATE])


def test_a_changed_score_costs_one_request_on_another_machine(
    runners: Runners,
) -> None:
    """Nothing is read from the CRM for it."""
    runners.run(ROWS)

    ran = runners.run([lead_score(7, live_rank=9), *ROWS[8:]])

    assert ran.outcomes == {"updated": 1, "unchanged": 122}
    assert [seen.inputs for seen in ran.requests] == [1]


def test_a_rejected_row_is_sent_again_by_another_machine(
    tmp_path: Path, ledger_url: str
) -> None:
    """It waits in the table `rejected`; no file of a lost disk is needed."""
    fault = Planned(
        part="hubspot", path=UPSERT, fault=RowErrors(rows=(1,)), requests=(1, 2)
    )
    with world(tmp_path / "state", faults=[fault]) as hubspot:
        runners = Runners(hubspot, ledger_url)
        refused = runners.run([lead_score(0), lead_score(1)])
        again = runners.run([])
        passed = runners.run([])

        assert (refused.code, refused.outcomes) == (1, {"created": 1, "rejected": 1})
        assert (again.code, again.report["resent"]) == (0, {"created": 1})
        assert (passed.report["resent"], passed.requests) == ({}, [])
        assert not list(hubspot.folder.rglob("rejected.jsonl"))


def test_a_person_has_one_name_on_all_machines(tmp_path: Path, ledger_url: str) -> None:
    """In reports, and in the list of what waits: `drop` finds it by that name."""
    fault = Planned(
        part="hubspot", path=UPSERT, fault=RowErrors(rows=(0,)), requests=(1, 2)
    )
    with world(tmp_path / "state", faults=[fault]) as hubspot:
        runners = Runners(hubspot, ledger_url)
        rows = [lead_score(0)]
        names = {
            ran.report["rejected"][0]["contact"]
            for ran in (runners.run(rows), runners.run(rows))
        }
        key = key_of(WorkDir(tmp_path / "another"), ledger_url)

        assert names == {pseudonym("p0@example.com", key)}
        assert not list(hubspot.folder.rglob("pseudonym.key"))


def test_a_lost_database_costs_one_comparison(
    runners: Runners, postgres: Server
) -> None:
    """And no duplicate."""
    runners.run(ROWS)
    before = runners.hubspot.crm
    postgres.do(
        "DROP TABLE notes, contacts, timeline_entries, breakdowns, rejected",
        database=sa.make_url(runners.url).database or "",
    )

    ran = runners.run(ROWS)

    assert (ran.outcomes, ran.to("batch/upsert")) == ({"unchanged": 130}, [])
    assert runners.hubspot.crm == before


def test_a_second_run_at_once_stops_and_names_the_first(
    runners: Runners, tmp_path: Path
) -> None:
    """On another machine, so that no file tells them of each other."""
    with running_idle(runners, tmp_path / "first") as first:
        ran = runners.run(ROWS)

        assert isinstance(ran.problem, FatalError)
        assert f"process {first.pid} on " in str(ran.problem)
        assert "`ledger_url`" in str(ran.problem)
        assert ran.requests == []
    assert runners.run(ROWS).outcomes == {"created": 130}


def test_two_accounts_do_not_wait_for_each_other(
    runners: Runners, tmp_path: Path
) -> None:
    """Production and sandbox, or HubSpot and Salesforce, over one database."""
    with running_idle(runners, tmp_path / "first"):
        ran = runners.run([], access_token="of-another-account")

    assert (ran.code, ran.problem) == (0, None)


@contextlib.contextmanager
def running_idle(runners: Runners, folder: Path) -> Any:
    """Give a process that has opened the ledger and waits for its input."""
    process = runners.start(folder)
    with process:
        try:
            assert process.stdin is not None
            process.stdin.write(to_lines(messages([])[:1]))
            process.stdin.flush()
            _wait_until_it_holds(runners.url, process)
            yield process
        finally:
            process.kill()
            process.communicate()


def _wait_until_it_holds(url: str, process: subprocess.Popen[str]) -> None:
    mine = NOTES.select().where(NOTES.c.name.startswith("lock/"))
    name = f"process {process.pid} on "
    _wait_for(
        url,
        lambda database: any(
            row["value"].startswith(name) for row in database.rows(mine)
        ),
        process,
    )


def _wait_for(
    url: str, is_so: Callable[[Database], bool], process: subprocess.Popen[str]
) -> None:
    with contextlib.closing(Database.at(url)) as database:
        for _ in range(600):
            if is_so(database):
                return
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.1)
                break
    raise AssertionError("the process never came so far")


def _holds_a_hundred(database: Database) -> bool:
    return len(database.rows(CONTACTS.select())) == 100


@pytest.mark.pipeline
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_run_leaves_no_lock_and_is_completed_elsewhere(
    tmp_path: Path, ledger_url: str, sign: signal.Signals
) -> None:
    """Killed while HubSpot keeps it waiting in the middle of its rows."""
    fault = Planned(part="hubspot", path=UPSERT, fault=Hang(seconds=6), requests=(2,))
    with world(tmp_path / "state", faults=[fault]) as hubspot:
        runners = Runners(hubspot, ledger_url)
        with runners.start(tmp_path / "first") as process:
            assert process.stdin is not None
            process.stdin.write(to_lines(messages(ROWS)))
            process.stdin.close()
            process.stdin = None
            _wait_for(ledger_url, _holds_a_hundred, process)
            process.send_signal(sign)
            out, _ = process.communicate(timeout=30)
        ran = runners.run(ROWS)

        assert (process.returncode != 0, out) == (True, "")
        assert (ran.code, ran.states) == (0, [STATE])
        assert ran.outcomes["unchanged"] == 100
        assert len(hubspot.crm["contacts"]) == len(ROWS)


def test_an_explanation_is_read_from_the_database(runners: Runners) -> None:
    """What the CRM was told, on a machine that told it nothing."""
    told = {"model": "default", "model_hash": "abc"}
    runners.run([lead_score(3, **told)], STEPS[3:4])
    nowhere = WorkDir(runners.hubspot.folder / "nowhere")

    lines = list(
        explain_person(nowhere, "hubilo:1", "P3@Example.com ", ledger_url=runners.url)
    )

    assert lines[0] == "Pat3 in How to score (hubilo:1)"
    assert "Live: 97.5 (High), rank 3 of 210 among 412 attendees" in lines
    assert not nowhere.path.exists()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"password": "canary-wrong"}, "cannot be used"),
        ({"host": "/nowhere/at/all"}, "cannot be used"),
        ({"database": "nothing"}, "cannot be used"),
    ],
    ids=["wrong password", "no server", "no database"],
)
def test_a_database_that_cannot_be_used_is_told_without_its_password(
    runners: Runners, tmp_path: Path, change: dict[str, str], sentence: str
) -> None:
    """By a process at its most talkative, as Meltano would start it."""
    url = runners.url
    if "password" in change:
        url = url.replace(PASSWORD, change["password"])
    if "database" in change:
        url = url.replace("@/ledger_", "@/nothing_")
    if "host" in change:
        url = url.partition("host=")[0] + f"host={change['host']}"
    with Runners(runners.hubspot, url).start(tmp_path / "m") as process:
        out, err = process.communicate(to_lines(messages(ROWS)), timeout=60)

    assert (process.returncode, out) == (1, "")
    assert f"Stopped: the ledger in `ledger_url` {sentence}" in err
    assert [word for word in ("canary", url) if word in err] == []
    assert runners.hubspot.sandbox.requests == []


def test_a_user_who_may_not_create_tables_is_told_which_right_is_missing(
    hubspot: World, postgres: Server, ledger_url: str
) -> None:
    """As on a server whose administrator made the database for somebody else."""
    name = str(sa.make_url(ledger_url).database)
    guest = f"guest_{name[-8:]}"
    postgres.do(f"CREATE ROLE {guest} LOGIN PASSWORD '{PASSWORD}'")
    try:
        ran = Runners(hubspot, postgres.url(name, guest)).run(ROWS)
    finally:
        postgres.do(f"DROP ROLE {guest}")

    assert isinstance(ran.problem, FatalError)
    assert "GRANT CREATE ON SCHEMA" in str(ran.problem)
    assert "damaged" not in str(ran.problem)
    assert ran.requests == []


def test_a_database_that_goes_away_stops_the_run_and_the_next_completes_it(
    runners: Runners, postgres: Server
) -> None:
    """What HubSpot had accepted by then is written once more and never twice there."""
    name = sa.make_url(runners.url).database
    target = runners.hubspot.target(ledger_url=runners.url)
    run = target.crm_run
    run.delivery.deliver([lead_score(0)])
    postgres.do(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "  # noqa: S608
        f"WHERE datname = '{name}'"
    )
    with pytest.raises(FatalError, match="cannot be used"):
        run.delivery.finish()
    run.close("FatalError")

    ran = runners.run([lead_score(0)])

    assert (ran.code, ran.states) == (0, [STATE])
    assert list(runners.hubspot.crm["contacts"]) == ["p0@example.com"]


@pytest.mark.parametrize(
    "url",
    [
        "mysql://x:canary@db.example/y",
        "no-database",
        "postgresql+nodriver://canary@x/y",
    ],
    ids=["another database", "no address", "another driver"],
)
def test_what_is_no_usable_database_is_refused_without_being_quoted(url: str) -> None:
    """The setting and an example are named instead."""
    with pytest.raises(SettingError, match="postgresql://user") as caught:
        Database.at(url)

    assert caught.value.setting == "ledger_url"
    assert "canary" not in str(caught.value)
