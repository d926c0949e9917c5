"""`leadscore crm` on this repository's own Meltano project and the sandbox."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox.server import RunningSandbox, SandboxSettings, running
from sandbox.world import build_world, write_zoom_reports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Command = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = [pytest.mark.pipeline, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(sys.executable).parent
BLOCKS = ("tap-reports", "score-leads", "target-hubspot")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with the demo's report files."""
    folder = tmp_path_factory.mktemp("crm") / "state"
    write_zoom_reports(folder / "demo" / "zoom-reports", build_world().zoom)
    return folder


@pytest.fixture(scope="module")
def sandbox(home: Path) -> Iterator[RunningSandbox]:
    """The CRM."""
    with running(SandboxSettings(database=home / "sandbox.sqlite")) as made:
        yield made


@pytest.fixture(scope="module")
def crm(home: Path, sandbox: RunningSandbox) -> Command:
    """Run `leadscore crm …` against it."""

    def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        ours = {
            "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
            "LEADSCORE_HOME": str(home),
            "MELTANO_SYS_DIR_ROOT": str(home / "meltano"),
            "TARGET_HUBSPOT_API_URL": sandbox.url,
            "TARGET_HUBSPOT_ACCESS_TOKEN": "sandbox-token",
        }
        return subprocess.run(
            [PROGRAMS / "leadscore", "crm", *words, "--environment", "demo"],
            cwd=ROOT,
            env={**os.environ, **ours, **variables},
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


def test_check_says_that_nothing_is_missing(crm: Command) -> None:
    """Good credentials."""
    done = crm("check")

    assert done.returncode == 0, done.stderr
    assert "the credential is accepted" in done.stdout


def test_check_names_the_credential_that_is_refused(crm: Command) -> None:
    """The setting, and exit code 1."""
    done = crm("check", TARGET_HUBSPOT_ACCESS_TOKEN="wrong")

    assert done.returncode == 1
    assert "`access_token`" in done.stdout


def test_a_plan_shows_changes_and_makes_none(
    crm: Command, sandbox: RunningSandbox
) -> None:
    """Contact by contact, from what to what; the CRM is as it was."""
    before = sandbox.dump()

    done = crm("plan", *BLOCKS)

    assert done.returncode == 0, done.stderr
    assert "84 rows: 84 created" in done.stdout
    assert "nothing was written" in done.stdout
    assert "@example" not in done.stdout
    assert sandbox.dump() == before


def test_no_row_waits(crm: Command) -> None:
    """Nothing was refused yet."""
    done = crm("rejected", "list")

    assert (done.returncode, done.stdout.strip()) == (0, "No row waits."), done.stderr


def test_an_unknown_crm_is_refused(crm: Command) -> None:
    """With what there is."""
    done = crm("check", "--crm", "pipedrive")

    assert done.returncode == 1
    assert "hubspot, salesforce" in done.stderr


def test_setup_writes_what_an_administrator_deploys(
    crm: Command, tmp_path: Path
) -> None:
    """Fields, a permission set and a project file; no credential is needed."""
    done = crm("setup", "--write-metadata", str(tmp_path / "sf"))

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "sf" / "sfdx-project.json").is_file()
    assert list((tmp_path / "sf").rglob("*.permissionset-meta.xml"))
