"""`leadscore sandbox`: what its options mean, and what it says at the end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from leadscore.sandboxing import (
    UNLIMITED,
    Wishes,
    to_farewell,
    to_greeting,
    to_settings,
)
from sandbox.errors import SandboxError
from sandbox.faults import Planned, Reset, Status
from sandbox.server import SandboxSettings
from sync_core.workdir import WorkDir

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = str(Path(sys.executable).with_name("leadscore"))
PLAN = """
- {part: hubspot, path: "*/limits", fault: {kind: status, status: 503}}
- {part: salesforce, path: "*/limits", requests: [1],
   fault: {kind: status, status: 503}}
- {part: salesforce, path: "*/composite", requests: [2, 5], method: POST,
   fault: {kind: lose_reply}}
"""


@pytest.fixture
def work(tmp_path: Path) -> WorkDir:
    """A state folder."""
    return WorkDir(tmp_path / "state")


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The command, with a fault plan, for Salesforce alone."""
    plan = tmp_path / "faults.yml"
    plan.write_text(PLAN)
    options = ["--port", "0", "--crm", "salesforce", "--in-memory"]
    process = subprocess.Popen(
        [PROGRAM, "sandbox", *options, "--faults", str(plan)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    with process:
        yield process
        process.kill()


@pytest.mark.pipeline
def test_it_serves_until_ctrl_c_and_names_the_faults_never_hit(
    serving: subprocess.Popen[str], tmp_path: Path
) -> None:
    """One of three faults is hit; the other two are told, and nothing is kept."""
    assert serving.stdout
    url = re.findall(r"http://\S+", serving.stdout.readline())[0]

    broken = requests.get(f"{url}/services/data/v66.0/limits", timeout=30)
    absent = requests.get(f"{url}/crm/v3/properties/contacts", timeout=30)
    serving.send_signal(signal.SIGINT)
    told = serving.stdout.read()

    assert (broken.status_code, absent.status_code) == (503, 404)
    assert f"export TARGET_SALESFORCE_API_URL={url}" in told
    assert "TARGET_HUBSPOT" not in told
    start = "Planned fault never hit: "
    assert [line for line in told.splitlines() if line.startswith("Planned")] == [
        f"{start}status for hubspot */limits, request any",
        f"{start}lose_reply for salesforce POST */composite, request 2, 5",
    ]
    assert serving.wait(30) == 0
    assert not list(tmp_path.rglob("*.sqlite"))


def test_a_plan_without_misses_is_told_too() -> None:
    """Silence would leave open whether anything was checked."""
    planned = Planned(part="hubspot", fault=Reset())

    settings = SandboxSettings(faults=(planned,))

    assert to_farewell((), settings) == ["Every planned fault was hit."]


def test_without_a_plan_there_is_nothing_to_tell() -> None:
    """No faults, no last words."""
    assert to_farewell((), SandboxSettings()) == []


@pytest.mark.parametrize(
    ("crm", "crms"),
    [
        ("hubspot", ("hubspot",)),
        ("salesforce", ("salesforce",)),
        ("all", ("hubspot", "salesforce")),
    ],
)
def test_the_greeting_points_the_targets_at_what_is_served(
    work: WorkDir, crm: str, crms: tuple[str, ...]
) -> None:
    """Lines to paste: the address and the credentials of each CRM."""
    settings = to_settings(work, Wishes(crm=crm))

    told = "\n".join(to_greeting("http://127.0.0.1:1", settings))

    assert settings.crms == crms
    for name in ("hubspot", "salesforce"):
        assert (f"TARGET_{name.upper()}_API_URL" in told) == (name in crms)


def test_options_that_are_not_given_keep_their_defaults(work: WorkDir) -> None:
    """The database is the only thing that a terminal adds."""
    given = to_settings(work, Wishes(common={"burst_limit": None}))

    assert given == SandboxSettings(database=work.file("sandbox.sqlite"))


def test_the_daily_limit_is_that_of_both_crms(work: WorkDir) -> None:
    """Whichever is served."""
    settings = to_settings(work, Wishes(daily_limit=7, job_seconds=2.5))

    assert (settings.daily_limit, settings.salesforce.daily_limit) == (7, 7)
    assert settings.salesforce.job_s == 2.5


def test_without_rate_limits_no_day_is_ever_over(work: WorkDir) -> None:
    """Salesforce counts no seconds, only days."""
    settings = to_settings(work, Wishes(common={"rate_limits": False}))

    assert not settings.rate_limits
    assert settings.salesforce.daily_limit == UNLIMITED


def test_a_plan_that_is_none_names_its_file(work: WorkDir, tmp_path: Path) -> None:
    """And says what is wrong with it."""
    plan = tmp_path / "plan.yml"
    plan.write_text("- {part: hubspot, fault: {kind: explode}}")

    with pytest.raises(SandboxError, match=r"plan\.yml: not a fault plan"):
        to_settings(work, Wishes(faults=plan))


def test_a_plan_is_read(work: WorkDir, tmp_path: Path) -> None:
    """In its order."""
    plan = tmp_path / "plan.yml"
    plan.write_text(PLAN)

    faults = to_settings(work, Wishes(faults=plan)).faults

    assert [type(planned.fault) for planned in faults][:2] == [Status, Status]
    assert faults[2].requests == (2, 5)
