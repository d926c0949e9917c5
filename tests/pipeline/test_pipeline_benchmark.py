"""The benchmark of whole runs works, so that anybody can repeat its figures."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.pipeline, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
WORDS = ("--rows", "2000", "--cases", "gzip")


def test_whole_runs_can_be_measured(tmp_path: Path) -> None:
    """With a floor beside the case; a run without scores would end it."""
    done = subprocess.run(
        [sys.executable, "benchmarks/meltano_run.py", *WORDS],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    names = re.findall(r"^(\w+(?:: floor)?) +2,000 ", done.stdout, re.MULTILINE)
    assert names == ["gzip: floor", "gzip"]
    assert not list(tmp_path.iterdir())
