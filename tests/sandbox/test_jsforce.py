"""jsforce, unchanged, finds in the Salesforce look-alike what it expects of Salesforce.

The test installs the version that `jsforce/package.json` names, and needs node and npm.
On a machine without them, or without a package registry, it is skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from needed_programs import missing
from salesforce_clients import organisation

HERE = Path(__file__).with_name("jsforce")
INSTALL_S, DRIVE_S = 300, 60
INSTALL = (
    "install",
    "--no-package-lock",
    "--no-audit",
    "--no-fund",
    "--ignore-scripts",
)

pytestmark = pytest.mark.slow


def program(name: str) -> str:
    """The path of a program."""
    return shutil.which(name) or missing(name, f"put `{name}` on the PATH")


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with jsforce in it, installed as its users do."""
    npm = program("npm")
    folder = tmp_path_factory.mktemp("jsforce")
    shutil.copy(HERE / "package.json", folder)
    try:
        subprocess.run(
            [npm, *INSTALL, "--prefer-offline"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=INSTALL_S,
            check=True,
        )
    except subprocess.SubprocessError as error:
        said = str(getattr(error, "stderr", None) or "").splitlines()
        why = next((line for line in said if "error" in line), type(error).__name__)
        missing("jsforce", f"`npm install` cannot get it ({why})")
    return folder / "node_modules"


@pytest.fixture(scope="module")
def got(modules: Path) -> dict[str, Any]:
    """What jsforce made of the answers."""
    with organisation(page_size=2) as org:
        given = (org.box.url, org.settings.client_id, org.settings.client_secret)
        done = subprocess.run(
            [program("node"), str(HERE / "drive.cjs"), *given],
            env={**os.environ, "NODE_PATH": str(modules)},
            capture_output=True,
            text=True,
            timeout=DRIVE_S,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_it_reads_what_objects_and_fields_there_are(got: dict[str, Any]) -> None:
    """Describe of one object, of all, and of one that is not there."""
    assert got["describe"] == {
        "email": ["email", True],
        "objects": ["Task"],
        "absent": "NOT_FOUND",
    }


def test_it_writes_and_reads_records(got: dict[str, Any]) -> None:
    """Create, create several of which one lacks a field, upsert by address, read."""
    assert got["records"] == {
        "made": True,
        "many": [True, False],
        "again": [False, True],
        "read": "Lea",
    }


def test_it_upserts_collections_by_an_external_id(got: dict[str, Any]) -> None:
    """New rows, rows with a text that is too long, rows of which one is known."""
    assert got["collections"] == {
        "first": [True, True],
        "second": ["STRING_TOO_LONG", "STRING_TOO_LONG"],
        "third": [False, True],
    }


def test_it_loads_a_bulk_job_and_its_results(got: dict[str, Any]) -> None:
    """Bulk API 2.0: job, upload, end, and the result files."""
    assert got["bulk"] == {
        "good": [["Ash", "true"]],
        "bad": ["STRING_TOO_LONG"],
        "unprocessed": 0,
    }


def test_it_queries_page_by_page(got: dict[str, Any]) -> None:
    """Without regard to case; three contacts in pages of two; a refusal by its code."""
    assert got["query"] == {
        "found": ["Lea"],
        "total": 1,
        "pages": [2, 1],
        "refusal": "INVALID_FIELD",
    }


def test_it_sends_several_requests_in_one(got: dict[str, Any]) -> None:
    """A record, a collection, a reference to the first, a bad query: one request."""
    assert got["composite"] == {
        "status": [201, 200, 200, 400],
        "rows": [True, False],
        "back": "Kim",
        "cost": 1,
    }


def test_it_reads_the_limits_and_refusals(got: dict[str, Any]) -> None:
    """Requests of the day are in a header; a token that is none is told by its code."""
    assert got["used"] > 10
    assert got["refused"] == "INVALID_SESSION_ID"
