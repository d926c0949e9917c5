"""The explanation of a score: every number can be followed by hand."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from leadscore.explain import explain_person, explain_rows, to_step
from sync_core.errors import FatalError
from sync_core.workdir import WorkDir
from target_crm.breakdowns import LEAD_SCORE
from target_crm.explained import read_person
from target_crm.tables import BREAKDOWNS, CONTACTS, METADATA, NOTES

if TYPE_CHECKING:
    from collections.abc import Iterator

LEAD: dict[str, Any] = {
    "event_id": "zoom:1",
    "event_name": "Budgets",
    "attendee_id": "a1",
    "first_name": "Ann",
    "last_name": "Brook",
    "model": "default",
    "model_hash": "abc",
    "scored_at": "2026-11-01T00:00:00Z",
    "live_lead_score": 66.6,
    "live_level": "High",
    "live_rank": 2,
    "live_max_rank": 3,
    "live_ranked_attendees": 4,
    "on_demand_lead_score": 0.0,
    "on_demand_level": "Low",
    "on_demand_rank": None,
    "on_demand_window": "open",
    "unavailable_activities": ["cta_click"],
}


def activity(name: str, **fields: Any) -> dict[str, Any]:
    """A row of `activity_scores`, live."""
    row: dict[str, Any] = {
        "window": "live",
        "activity": name,
        "value": 2,
        "unit": "questions",
        "rank": 1,
        "max_rank": 3,
        "ranked_attendees": 3,
        "weight": 10,
        "score": 10.0,
        "details": [],
    }
    return row | fields


ROWS = [
    activity("question", details=["Which plan?"]),
    activity(
        "time_in_session",
        value=3540,
        unit="seconds",
        rank=2,
        max_rank=6,
        ranked_attendees=9,
        weight=25,
        score=20.8,
    ),
]


def test_the_whole_way_from_count_to_score_is_told() -> None:
    """Counts, ranks, weights, sum, rank of the sum, score and level."""
    text = "\n".join(explain_rows(LEAD, ROWS))

    for said in (
        "Ann Brook in Budgets (zoom:1)",
        "Live: 66.6 (High), rank 2 of 3 among 4 attendees",
        (
            "question: asked 2 questions (Which plan?); rank 1 of 3 among 3 ranked; "
            "10 × (3 - 1 + 1) / 3 = 10"
        ),
        (
            "time_in_session: watched 3540 seconds; rank 2 of 6 among 9 ranked; "
            "25 × (6 - 2 + 1) / 6 = 20.83"
        ),
        "Sum: 20.83 + 10 = 30.83",
        "100 × (3 - 2 + 1) / 3 = 66.6, which is High",
        "On demand: 0.0 (Low), not ranked",
        "The platform reported nothing of: cta_click",
        "still open",
    ):
        assert said in text
    assert "Not done, so 0: chat, poll_response, raise_hand" in text


def test_what_counted_most_stands_first() -> None:
    """Order is by worth, not by name."""
    lines = [line.strip() for line in explain_rows(LEAD, ROWS)]

    order = [line.split(":")[0] for line in lines if " ranked;" in line]
    assert order == ["time_in_session", "question"]


def test_numbers_stay_exact() -> None:
    """A decimal weight is read as written, not as a float holds it."""
    step = to_step(activity("question", weight=12.3, rank=2, max_rank=3))

    assert str(step.score) == "41/5"


def test_without_a_ledger_the_next_step_is_told(tmp_path: Any) -> None:
    """Nothing was run here yet."""
    with pytest.raises(FatalError, match="Run a pipeline"):
        read_person(WorkDir(tmp_path), "ann@example.com")


def test_a_damaged_ledger_is_told(tmp_path: Any) -> None:
    """Bytes that are no database are named, not shown."""
    (tmp_path / "ledger.sqlite").write_bytes(b"no database" * 100)

    with pytest.raises(FatalError, match="is damaged"):
        read_person(WorkDir(tmp_path), "ann@example.com")


def test_a_ledger_without_scores_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    """One of an earlier form, or of another program: no table is added to it."""
    path = tmp_path / "ledger.sqlite"
    engine = sa.create_engine(f"sqlite:///{path}")
    NOTES.create(engine)
    engine.dispose()
    before = path.read_bytes()

    with pytest.raises(FatalError, match="holds no scores: it has no table `breakdo"):
        read_person(WorkDir(tmp_path), "ann@example.com")
    assert path.read_bytes() == before


@pytest.fixture
def ledger(tmp_path: Path) -> WorkDir:
    """A ledger that knows Ann in two webinars."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    METADATA.create_all(engine)
    later = LEAD | {"event_id": "zoom:2", "event_name": "Taxes"}
    rows = [("zoom:1", LEAD_SCORE, LEAD), ("zoom:2", LEAD_SCORE, later)]
    rows += [("zoom:1", f"live:{row['activity']}", row) for row in ROWS]
    with engine.begin() as connection:
        for event_id, part, record in rows:
            values = {"event_id": event_id, "attendee_id": "a1", "part": part}
            told = {"email_key": "ann@example.com", "record": json.dumps(record)}
            connection.execute(BREAKDOWNS.insert().values(**values, **told))
    engine.dispose()
    return WorkDir(tmp_path)


def test_explaining_needs_and_makes_nothing_but_the_scores(ledger: WorkDir) -> None:
    """A table that only runs need may be missing, and stays so."""
    engine = sa.create_engine(f"sqlite:///{ledger.path / 'ledger.sqlite'}")
    CONTACTS.drop(engine)
    engine.dispose()
    before = (ledger.path / "ledger.sqlite").read_bytes()

    assert len(read_person(ledger, "ann@example.com")) == 2
    assert (ledger.path / "ledger.sqlite").read_bytes() == before


@pytest.fixture
def nobody() -> Iterator[None]:
    """A user who may write nothing that is not his; root may write anything."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    yield
    if is_root:
        os.seteuid(0)


@pytest.fixture
def read_only(ledger: WorkDir) -> Iterator[WorkDir]:
    """A ledger in a folder where nothing can be changed, and that all may enter."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = shutil.copy(ledger.path / "ledger.sqlite", folder)
        Path(path).chmod(0o444)
        folder.chmod(0o555)
        yield WorkDir(folder)
        folder.chmod(0o755)


@pytest.mark.usefixtures("read_only", "nobody")
def test_a_ledger_that_may_only_be_read_is_explained(read_only: WorkDir) -> None:
    """As it may be by whoever looks after a pipeline that runs as another user."""
    assert len(read_person(read_only, "ann@example.com")) == 2


@pytest.mark.parametrize("event", ["zoom:1", "Budgets"])
def test_a_person_is_explained_from_the_ledger(ledger: WorkDir, event: str) -> None:
    """By the event's id or name, and by any spelling of the address."""
    said = list(explain_person(ledger, event, " ANN@Example.com "))

    assert said == list(explain_rows(LEAD, ROWS))


def test_an_unknown_event_names_those_that_are_known(ledger: WorkDir) -> None:
    """With id and name, to choose from."""
    known = r"zoom:1 \(Budgets\); zoom:2 \(Taxes\)|zoom:2 \(Taxes\); zoom:1 \(Budgets\)"
    with pytest.raises(FatalError, match=known):
        list(explain_person(ledger, "zoom:3", "ann@example.com"))


@pytest.mark.parametrize("email", ["bob@example.com", "no address"])
def test_an_unknown_person_is_not_named(ledger: WorkDir, email: str) -> None:
    """The next step is told, and no address."""
    with pytest.raises(FatalError, match="Check the address") as caught:
        list(explain_person(ledger, "zoom:1", email))

    assert email not in str(caught.value)
