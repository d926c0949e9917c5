"""`leadscore crm rejected` and `leadscore explain --crm` on this repository's project.

Three rows wait: one that HubSpot takes now, one that stays bad, and one whose person
has a newer webinar meanwhile. Once with the ledger in a file, once on a server.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from leadscore.crm import to_rejected_lines, to_retry_sentence
from sandbox.faults import Planned, RowErrors
from sandbox.server import SandboxSettings, running
from sync_core.workdir import WorkDir
from target_crm.ledger import Known, Ledger
from target_crm.places import open_database
from target_crm.rejected import RejectedRow
from target_crm.target import TargetHubSpot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sandbox.server import RunningSandbox

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(sys.executable).parent
TOKEN = "sandbox-token"
UPSERT = "/crm/v3/objects/contacts/batch/upsert"
REFUSED = RowErrors(rows=(0, 1))


@dataclass(frozen=True, kw_only=True)
class Project:
    """The project, a CRM, and the variables that lead there."""

    sandbox: RunningSandbox
    home: Path
    ledger_url: str | None

    def leadscore(
        self, *words: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of `leadscore`."""
        ours = {
            "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
            "LEADSCORE_HOME": str(self.home),
            "MELTANO_SYS_DIR_ROOT": str(self.home / "meltano"),
            "TARGET_HUBSPOT_API_URL": self.sandbox.url,
            "TARGET_HUBSPOT_ACCESS_TOKEN": TOKEN,
            "TARGET_HUBSPOT_LEDGER_URL": self.ledger_url or "",
        }
        return subprocess.run(
            [PROGRAMS / "leadscore", *words, "--environment", "demo"],
            cwd=ROOT,
            env={**os.environ, "COLUMNS": "200", **ours, **variables},
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def run(self, rows: list[Mapping[str, Any]]) -> None:
        """Run the target as Meltano would, in this process."""
        config = {
            "access_token": TOKEN,
            "api_url": self.sandbox.url,
            "state_dir": str(self.home),
            "ledger_url": self.ledger_url,
            "max_rejected": len(rows),
        }
        given = {name: value for name, value in config.items() if value}
        lines = [lead_scores_schema(), *(to_record(row) for row in rows)]
        with contextlib.redirect_stdout(io.StringIO()):
            TargetHubSpot(config=given).listen(io.StringIO("".join(lines)))


def lead_scores_schema() -> str:
    """Return the SCHEMA as a mapper prints it."""
    return (
        '{"type": "SCHEMA", "stream": "lead_scores", "schema": {"properties": {}}, '
        '"key_properties": ["event_id", "attendee_id"]}\n'
    )


def to_record(row: Mapping[str, Any]) -> str:
    """Return a RECORD as a mapper prints it."""
    message = {"type": "RECORD", "stream": "lead_scores", "record": row}
    return f"{json.dumps(message)}\n"


def row(name: str) -> dict[str, Any]:
    """Return a row of a person."""
    return {
        "event_id": "zoom:1",
        "attendee_id": name,
        "email": f"{name}@example.com" if name != "bad" else "no-dot@domain",
        "event_name": "How to score",
        "event_starts_at": "2026-11-01T10:00:00Z",
        "live_rank": 1,
        "live_max_rank": 2,
        "live_ranked_attendees": 3,
        "live_lead_score": 100,
        "live_level": "High",
        "attended": True,
        "model": "default",
        "model_hash": "abc",
        "scored_at": "2026-11-02T10:00:00Z",
    }


@contextlib.contextmanager
def refusing(home: Path, ledger_url: str | None) -> Iterator[Project]:
    """Give a CRM that refused three rows."""
    fault = Planned(part="hubspot", path=UPSERT, fault=REFUSED, requests=(1,))
    with running(SandboxSettings(faults=(fault,))) as sandbox:
        made = Project(sandbox=sandbox, home=home, ledger_url=ledger_url)
        made.run([row("good"), row("older"), row("bad"), row("other")])
        _write_a_newer_webinar(made, "older@example.com")
        yield made


def _write_a_newer_webinar(project: Project, email: str) -> None:
    work = WorkDir(project.home)
    account = TargetHubSpot.account_of(
        {"access_token": TOKEN, "api_url": project.sandbox.url}
    )
    with contextlib.closing(open_database(work, project.ledger_url)) as database:
        newer = Known(email_key=email, starts_at="2026-12-01", event_id="zoom:2")
        Ledger(database, account).accept_contacts([newer])


@pytest.mark.pipeline
@pytest.mark.slow
@pytest.mark.parametrize("kept", ["file", "postgresql"])
def test_rejected_rows_are_listed_retried_and_told_apart(
    request: pytest.FixtureRequest, tmp_path: Path, kept: str
) -> None:
    """One passes, one stays and counts its attempts, one is dropped as superseded."""
    url = request.getfixturevalue("ledger_url") if kept == "postgresql" else None
    with refusing(tmp_path / "state", url) as project:
        listed = project.leadscore("crm", "rejected", "list")
        retried = project.leadscore("crm", "rejected", "retry")
        again = project.leadscore("crm", "rejected", "list")
        held = project.sandbox.dump()
        dropped = project.leadscore("crm", "rejected", "drop", "no-dot@domain")
        left = project.leadscore("crm", "rejected", "list")
        words = ("--event", "zoom:1", "--email", "other@example.com")
        explained = project.leadscore("explain", *words, "--crm", "hubspot")

    assert (listed.returncode, listed.stderr) == (0, "")
    assert listed.stdout.count("zoom:1") == 3
    assert "VALIDATION_ERROR" in listed.stdout
    assert (retried.returncode, retried.stderr) == (1, "")
    assert retried.stdout == (
        "3 rows were sent again: 1 accepted, 1 superseded or left out, 1 rejected "
        "once more. 1 waits.\n"
    )
    first, second = again.stdout.splitlines()
    assert re.fullmatch(r"zoom:1 c:[0-9a-f]{12}: INVALID_EMAIL \(email\)", first)
    assert second.startswith("  2 attempts, the last 20")
    assert "good@example.com" in held
    assert "@" not in listed.stdout + retried.stdout + again.stdout
    assert (dropped.returncode, dropped.stdout[:11]) == (0, "1 forgotten")
    assert left.stdout == "No row waits.\n"
    assert "Live: 100 (High), rank 1 of 2 among 3 attendees" in explained.stdout


@pytest.mark.pipeline
@pytest.mark.slow
def test_rows_of_another_credential_are_counted_and_left_alone(tmp_path: Path) -> None:
    """Nothing is sent with a token that they were not refused to."""
    with refusing(tmp_path / "state", None) as project:
        done = project.leadscore(
            *("crm", "rejected", "list"), TARGET_HUBSPOT_ACCESS_TOKEN="another"
        )

    assert done.stdout == (
        "No row waits.\n3 more wait for another host or credential than the settings "
        "name; a run with that one sends them again.\n"
    )


@pytest.mark.parametrize(
    ("people", "line", "reason"),
    [
        (True, "zoom:1 ann@domain: INVALID_EMAIL (email)", "ann@domain is invalid"),
        (False, "zoom:1 c:0123: INVALID_EMAIL (email)", "c:0123 is invalid"),
    ],
    ids=["named", "not named"],
)
def test_a_person_is_named_only_when_asked_for(
    monkeypatch: pytest.MonkeyPatch, line: str, reason: str, people: Any
) -> None:
    """HubSpot quotes the address in its reason, in whatever spelling it was sent."""
    monkeypatch.setattr("leadscore.reasons.pseudonym", lambda _email, _key: "c:0123")
    waiting = RejectedRow(
        key=("zoom:1", "a1"),
        code="INVALID_EMAIL",
        blamed="email",
        reason="Email address ann@domain is invalid",
        at="2026-11-21",
        record={"email": "ann@domain"},
    )

    lines = list(to_rejected_lines([waiting], b"key", people=people))

    assert lines[0] == line
    assert lines[1] == f"  1 attempt, the last 2026-11-21: Email address {reason}"


@pytest.mark.parametrize(
    ("resent", "waits", "sentence"),
    [
        ({}, 0, "No row waits."),
        (
            {"updated": 1, "unchanged": 1},
            0,
            (
                "2 rows were sent again: 2 accepted, 0 superseded or left out, "
                "0 rejected once more. 0 wait."
            ),
        ),
        (
            {"rejected": 1},
            1,
            (
                "1 row was sent again: 0 accepted, 0 superseded or left out, "
                "1 rejected once more. 1 waits."
            ),
        ),
    ],
    ids=["none", "all passed", "one stays"],
)
def test_a_retry_is_told_in_a_sentence(
    resent: dict[str, int], waits: int, sentence: str
) -> None:
    """With the numbers of the run report."""
    report = {"resent": resent, "still_rejected": waits}

    assert to_retry_sentence(report) == sentence
