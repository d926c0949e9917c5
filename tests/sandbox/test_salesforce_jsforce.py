"""The Salesforce look-alike by jsforce, unchanged: a second opinion.

It runs where a folder with the package is named: ``npm install @jsforce/jsforce-node``
there, and ``NODE_CLIENTS=<folder>``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from salesforce_clients import organisation

FOLDER = Path(os.environ.get("NODE_CLIENTS") or "-")
NODE = shutil.which("node")
DRIVE = Path(__file__).with_name("jsforce_drive.cjs")


@pytest.mark.skipif(
    not NODE or not (FOLDER / "node_modules/@jsforce/jsforce-node").is_dir(),
    reason="needs node, and NODE_CLIENTS to name a folder with @jsforce/jsforce-node",
)
def test_jsforce_finds_what_it_expects() -> None:
    """Records, collections, upsert, queries, refusals, jobs and limits."""
    with organisation() as org:
        given = (org.box.url, org.settings.client_id, org.settings.client_secret)
        done = subprocess.run(
            [str(NODE), str(DRIVE), *given],
            env={**os.environ, "NODE_PATH": str(FOLDER / "node_modules")},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
    got = json.loads(done.stdout)
    assert got.pop("used") >= 5
    assert got == {
        "created": True,
        "many": [True, False],
        "again": False,
        "found": [True],
        "refusal": "INVALID_FIELD",
        "good": 1,
        "bad": ["STRING_TOO_LONG"],
    }
