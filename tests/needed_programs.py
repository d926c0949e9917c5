"""Programs that some tests need and that a machine may lack."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

ALL_HERE = "ALL_PROGRAMS_ARE_HERE"  # set by `.ci/run` where nothing may be skipped


def missing(program: str, how: str) -> NoReturn:
    """Skip the test and say why; fail where all programs are said to be there.

    Args:
        program: What was not found.
        how: To get it.
    """
    reason = f"there is no {program} here; {how}"
    if os.environ.get(ALL_HERE):
        pytest.fail(f"{ALL_HERE} is set, but {reason}")
    pytest.skip(reason)
