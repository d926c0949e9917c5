"""The ledger: what was accepted, kept by account, honest about its own state."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync_core.errors import FatalError
from target_crm.database import Database
from target_crm.ledger import Known, Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["file", "postgresql"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger, in a file and on a server."""
    with contextlib.closing(_open(request, tmp_path)) as made:
        yield made


def _open(request: pytest.FixtureRequest, tmp_path: Path) -> Ledger:
    if request.param == "file":
        return Ledger(Database.in_file(tmp_path / "ledger.sqlite"), "portal")
    return Ledger(Database.at(request.getfixturevalue("ledger_url")), "portal")


@pytest.fixture
def ledger_file(tmp_path: Path) -> Iterator[Path]:
    """The file of an empty ledger."""
    path = tmp_path / "ledger.sqlite"
    with contextlib.closing(Ledger.in_file(path)):
        yield path


def known(key: str = "a@x.example", **changed: Any) -> Known:
    """Return what is known of a contact."""
    held = Known(
        email_key=key,
        contact_id="7",
        starts_at="2026-11-01",
        event_id="e",
        properties={"webinar_live_rank": "1"},
    )
    return replace(held, **changed)


def test_what_was_accepted_is_known_afterwards(ledger: Ledger) -> None:
    """Also over another connection."""
    ledger.accept_contacts([known()])
    ledger.close()

    found = ledger.contacts(["a@x.example", "b@x.example"])

    assert found == {"a@x.example": known()}


def test_the_last_acceptance_counts(ledger: Ledger) -> None:
    """One row a contact."""
    ledger.accept_contacts([known()])
    ledger.accept_contacts([known(event_id="later")])

    assert ledger.contacts(["a@x.example"])["a@x.example"].event_id == "later"


def test_accounts_do_not_know_each_other(ledger: Ledger) -> None:
    """A ledger of the sandbox must not hide people from production."""
    ledger.accept_contacts([known()])
    ledger.accept_entries("e", {"a@x.example": "attend"})
    ledger.set_note("properties", "checked")
    ledger.account = "another"

    assert ledger.contacts(["a@x.example"]) == {}
    assert ledger.entries("e", ["a@x.example"]) == {}
    assert ledger.note("properties") is None


def test_more_contacts_than_one_query_holds_are_found(ledger: Ledger) -> None:
    """Keys are asked for in chunks."""
    keys = [f"p{n}@x.example" for n in range(1_700)]
    ledger.accept_contacts([known(key) for key in keys])

    assert set(ledger.contacts(keys)) == set(keys)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text())
def test_s9_names_and_values_are_data_and_nothing_else(
    ledger: Ledger, text: str
) -> None:
    """Quotes, semicolons and whatever else come back as they were."""
    if any("\ud800" <= letter <= "\udfff" for letter in text) or "\0" in text:
        return
    ledger.accept_contacts(
        [Known(email_key=text, contact_id=text, properties={text: text})]
    )

    assert ledger.contacts([text])[text].properties == {text: text}


@pytest.mark.parametrize(
    "name", ['"; DROP TABLE contacts; --', "' OR 1=1 --", "x)", "%s", ":a", "?"]
)
def test_s9_sql_in_a_key_finds_nobody(ledger: Ledger, name: str) -> None:
    """And the table stays."""
    ledger.accept_contacts([known()])

    assert ledger.contacts([name]) == {}
    assert ledger.entries(name, [name]) == {}
    assert set(ledger.contacts(["a@x.example"])) == {"a@x.example"}


def test_a_ledger_of_another_version_is_refused(tmp_path: Path) -> None:
    """It says which version wrote it and what to do."""
    path = tmp_path / "ledger.sqlite"
    Ledger.in_file(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE notes SET value = '99' WHERE name = 'version'")
    connection.close()

    with pytest.raises(FatalError, match="99"):
        Ledger.in_file(path)


@pytest.mark.parametrize("size", [10, 4_000], ids=["short", "long"])
def test_a_file_that_is_no_ledger_is_refused_and_kept(
    tmp_path: Path, size: int
) -> None:
    """Nothing is overwritten in silence."""
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"x" * size)

    with pytest.raises(FatalError, match="damaged"):
        Ledger.in_file(path)
    assert path.read_bytes() == b"x" * size


def test_a_ledger_with_flipped_bytes_is_refused(tmp_path: Path) -> None:
    """Before a wrong answer is taken from it."""
    path = tmp_path / "ledger.sqlite"
    made = Ledger.in_file(path)
    made.account = "portal"
    made.accept_contacts([known(f"p{n}@x.example") for n in range(500)])
    made.close()
    data = bytearray(path.read_bytes())
    for place in range(8_192, 8_192 + 100):
        data[place] ^= 0xFF
    path.write_bytes(data)

    with pytest.raises(FatalError, match="damaged"):
        Ledger.in_file(path)


def test_a_ledger_that_cannot_be_written_says_so(ledger_file: Path) -> None:
    """A lock that does not end is told with the place and the next step."""
    ledger = Ledger.in_file(ledger_file)
    other = sqlite3.connect(ledger_file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(FatalError, match="locked"):
            ledger.accept_contacts([known()])
    finally:
        other.close()
        ledger.close()


def test_breakdowns_are_found_by_part(ledger: Ledger) -> None:
    """What `leadscore explain` reads, and the stays of the timeline."""
    row = {"event_id": "e", "attendee_id": "1", "email_key": "a@x.example"}
    ledger.keep_breakdowns(
        [
            {**row, "part": "lead_score", "record": '{"live_rank": 1}'},
            {**row, "part": "live:chat", "record": '{"value": 2}'},
        ]
    )

    assert ledger.breakdowns("e", ["1"], "live:chat") == [{"value": 2}]
    assert len(ledger.breakdowns("e", ["1"])) == 2
    assert ledger.breakdowns("e", []) == []
