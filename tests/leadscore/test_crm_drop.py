"""`leadscore crm rejected drop`: a person decides that a row will never pass."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from leadscore.crm import Books, drop, read_waiting, to_rejected_lines
from leadscore.home import Home
from leadscore.loader import Loader
from sync_core.errors import FatalError
from sync_core.workdir import WorkDir
from target_crm.database import Database
from target_crm.lock import hold
from target_crm.outcomes import Kind, Outcome
from target_crm.places import open_database, to_lines
from target_crm.rejected import RejectedRows
from target_crm.target import TargetHubSpot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONFIG = {"access_token": "made-up", "api_url": "http://127.0.0.1:9"}
ACCOUNT = TargetHubSpot.account_of(CONFIG)
REFUSED = Outcome(kind=Kind.REJECTED, code="INVALID_EMAIL", field="email", message="no")
ROWS = (("zoom:1", "ann@domain"), ("zoom:2", "ann@domain"), ("zoom:1", "bob@domain"))


@pytest.fixture(params=["file", "postgresql"])
def books(request: pytest.FixtureRequest, tmp_path: Path) -> Books:
    """Three waiting rows of two people, and one of another account."""
    in_file = request.param == "file"
    url = None if in_file else request.getfixturevalue("ledger_url")
    made = Books(work=WorkDir(tmp_path / "state"), ledger_url=url, config=CONFIG)
    with contextlib.closing(open_database(made.work, url)) as database:
        lines = to_lines(made.work, url, database)
        for account, keys in ((ACCOUNT, ROWS), ("another", ROWS[:1])):
            rejected = RejectedRows(lines, account)
            for event, email in keys:
                rejected.reject((event, email[:3]), REFUSED, {"email": email})
            rejected.flush()
    return made


@pytest.fixture
def loader(tmp_path: Path) -> Loader:
    """HubSpot's loader, which is never started."""
    return Loader(home=Home(tmp_path, WorkDir(tmp_path)), name="target-hubspot")


def waiting(loader: Loader, books: Books) -> list[tuple[str, str]]:
    """Return the rows that still wait, by event and address."""
    found = read_waiting(loader, books)
    assert found.elsewhere == 1
    return [(row.key[0], str(row.record["email"])) for row in found.rows]


def by_address(_loader: Loader, _books: Books) -> str:
    """Name a person as the administrator knows them."""
    return "ann@domain"


def by_pseudonym(loader: Loader, books: Books) -> str:
    """Name a person as the list does."""
    rows = read_waiting(loader, books).rows
    first = next(to_rejected_lines(rows, books.key()))
    return first.split()[1].removesuffix(":")


def in_another_spelling(_loader: Loader, _books: Books) -> str:
    """Name a person as the address stands in their signature."""
    return " Ann@DOMAIN "


@pytest.mark.parametrize("name", [by_address, by_pseudonym, in_another_spelling])
def test_all_rows_of_a_person_are_forgotten(
    loader: Loader, books: Books, name: Callable[[Loader, Books], str]
) -> None:
    """And nobody else's, nor those of another account."""
    assert drop(loader, books, name(loader, books)) == 2
    assert waiting(loader, books) == [("zoom:1", "bob@domain")]


def test_rows_of_one_event_are_forgotten(loader: Loader, books: Books) -> None:
    """The person's other one waits on."""
    assert drop(loader, books, "ann@domain", "zoom:2") == 1
    assert waiting(loader, books) == [ROWS[0], ROWS[2]]


def test_nobody_is_forgotten_by_mistake(loader: Loader, books: Books) -> None:
    """A part of an address is none."""
    assert drop(loader, books, "ann") == 0
    assert len(waiting(loader, books)) == 3


def test_while_a_run_goes_on_nothing_is_forgotten(loader: Loader, books: Books) -> None:
    """It would write its own view of the rows afterwards."""
    with contextlib.ExitStack() as stack:
        if books.ledger_url:
            there = stack.enter_context(
                contextlib.closing(Database.at(books.ledger_url))
            )
            there.hold(f"target-hubspot {ACCOUNT}", "target-hubspot")
        else:
            path = books.work.file("target-hubspot.lock")
            stack.enter_context(hold(path, "target-hubspot"))
        with pytest.raises(FatalError, match="Another target-hubspot"):
            drop(loader, books, "ann@domain")

    assert len(waiting(loader, books)) == 3
