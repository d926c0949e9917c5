"""The product as Meltano runs it: the demo, twice, and what stands in the CRM."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox.server import SandboxSettings, running

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.pipeline, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(sys.executable).parent


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One state folder for all runs of this module."""
    return tmp_path_factory.mktemp("home") / "state"


@pytest.fixture(scope="module")
def leadscore(home: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command line in this repository, with a state folder of its own."""

    def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        path = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            [PROGRAMS / "leadscore", *words],
            cwd=ROOT,
            env={**os.environ, "PATH": path, "LEADSCORE_HOME": str(home), **variables},
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


@pytest.fixture(scope="module")
def first(
    leadscore: Callable[..., subprocess.CompletedProcess[str]],
) -> subprocess.CompletedProcess[str]:
    """The first run of the demo."""
    return leadscore("demo")


def numbers(output: str) -> dict[str, int]:
    """The last line's counts by word."""
    return {word: int(n) for n, word in re.findall(r"(\d+) ([a-z]+)", output)}


def test_the_demo_ends_well_and_says_who_is_hot_and_why(
    first: subprocess.CompletedProcess[str],
) -> None:
    """A table of leads with score, level, rank of how many, and two reasons."""
    assert first.returncode == 0, first.stderr
    assert "The hottest leads in the CRM" in first.stdout
    leads = re.findall(r"│ +100 +│ High +│ 1 of \d+ +│ (\S.*\S) +│", first.stdout)
    assert len(leads) == 2
    assert numbers(first.stdout)["written"] > 300


def test_a_second_run_writes_nothing(
    first: subprocess.CompletedProcess[str],
    leadscore: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """Nothing changed, so no request is made."""
    again = leadscore("demo")

    assert first.returncode == again.returncode == 0, again.stderr
    counts = numbers(again.stdout)
    assert (counts["written"], counts["requests"]) == (0, 0)
    assert counts["unchanged"] > 250


def test_everything_that_is_written_stays_in_the_state_folder(
    first: subprocess.CompletedProcess[str], home: Path
) -> None:
    """Meltano's database and logs too; deleting the folder starts afresh."""
    assert first.returncode == 0
    names = {path.name for path in home.iterdir()}
    assert {"ledger.sqlite", "runs", "meltano", "sandbox.sqlite"} <= names
    assert oct(home.stat().st_mode)[-3:] == "700"


def test_a_score_is_explained_from_what_was_written(
    first: subprocess.CompletedProcess[str],
    leadscore: Callable[..., subprocess.CompletedProcess[str]],
    home: Path,
) -> None:
    """Every number of a contact that is in the CRM, in words."""
    assert first.returncode == 0
    with running(SandboxSettings(database=home / "sandbox.sqlite")) as sandbox:
        contacts = json.loads(sandbox.dump())["contacts"]
    email = next(
        email
        for email, held in contacts.items()
        if held["properties"].get("webinar_live_lead_score") == "100"
    )
    event = contacts[email]["properties"]["webinar_last_event"]

    told = leadscore("explain", "--event", event, "--email", email.upper())

    assert told.returncode == 0, told.stderr
    assert "Live: 100.0 (High), rank 1 of" in told.stdout
    assert "= 100.0, which is High" in told.stdout


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        pytest.param(
            {"TAP_EVENTS_HUBILO_API_VERSION": "v/9"}, "tap-events: ", id="tap"
        ),
        pytest.param(
            {"SCORING_TRANSFORM_RANK_POPULATION": "some"},
            "scoring-transform: .*rank_population",
            id="mapper",
        ),
        pytest.param(
            {"TARGET_HUBSPOT_PROPERTY_SET": "huge"},
            "target-hubspot: .*property_set",
            id="target",
        ),
    ],
)
def test_a_wrong_setting_fails_the_run_and_is_named(
    leadscore: Callable[..., subprocess.CompletedProcess[str]],
    variables: dict[str, str],
    said: str,
) -> None:
    """The end of the log holds the plugin's own paragraph."""
    failed = leadscore("demo", **variables)

    assert failed.returncode == 1
    assert re.search(said, failed.stderr)
    assert "Traceback" not in failed.stderr
