"""Any faults in any order: in the end the CRM is what it is without them."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from crm_world import ATTEND, STATE, UPSERT, Time, World, activity_score, lead_score
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.faults import LoseReply, Planned, Reset, RowErrors, Status, Truncate
from sandbox.server import SandboxSettings, running

pytestmark = pytest.mark.slow
ROWS = [lead_score(n) for n in range(40)]
STAYS = [activity_score(n) for n in range(40)]
DAILY = json.dumps({"policyName": "DAILY"})
RUNS = 12

faults = st.one_of(
    st.sampled_from([Status(status=s) for s in (400, 401, 408, 409, 423, 429, 500)]),
    st.just(Status(status=429, body=DAILY)),
    st.just(Status(status=200, body="<html>")),
    st.builds(LoseReply, status=st.sampled_from([None, 502, 504])),
    st.builds(Reset, at=st.floats(0, 0.9)),
    st.builds(Truncate, at=st.floats(0.1, 0.9)),
)
row_faults = st.builds(
    RowErrors,
    rows=st.lists(st.integers(0, 39), max_size=5, unique=True).map(tuple),
    category=st.sampled_from(["VALIDATION_ERROR", "INTERNAL_ERROR", "CONFLICT"]),
    traced=st.booleans(),
)


@st.composite
def plans(draw: st.DrawFn) -> list[Planned]:
    """Draw up to six faults on the requests of the first runs."""
    return [
        Planned(
            part="hubspot",
            path=path,
            fault=draw(faults | row_faults if path == UPSERT else faults),
            requests=(draw(st.integers(1, 6)),),
        )
        for path in draw(
            st.lists(
                st.sampled_from([UPSERT, ATTEND, "*/properties/*", "*/events/*"]),
                max_size=6,
            )
        )
    ]


def _held(plan: list[Planned], folder: Path) -> tuple[Any, World]:
    time = Time()
    with running(SandboxSettings(faults=tuple(plan), clock=time)) as sandbox:
        world = World(sandbox=sandbox, folder=folder, time=time)
        for _ in range(RUNS):
            ran = world.run(ROWS, STAYS)
            if ran.code is not None:
                assert sum(ran.report["outcomes"].values()) == len(ROWS)
                assert ran.states == [STATE]
            else:
                assert ran.states == []
            if ran.code == 0:
                break
            time.now += 86_400
        assert ran.code == 0
        assert world.run(ROWS, STAYS).requests == []
        return world.crm, world


@settings(max_examples=12)
@given(plan=plans())
def test_any_faults_end_in_the_same_crm(plan: list[Planned]) -> None:
    """Runs repeated until one succeeds; STATE only from runs that did all."""
    with tempfile.TemporaryDirectory() as calm, tempfile.TemporaryDirectory() as storm:
        expected, _ = _held([], Path(calm) / "state")
        found, _ = _held(plan, Path(storm) / "state")

    assert found == expected
