"""Killed at every request, watched at every word: target-salesforce."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from crm_world import lead_score
from salesforce_world import COLLECTIONS, COMPOSITE, TASKS, organisation

from sandbox.faults import LoseReply, Planned, RowErrors, Status
from target_crm.salesforce.connection import Door

if TYPE_CHECKING:
    from pathlib import Path

BULK = {"bulk_threshold": 2}
WAYS = [pytest.param({}, id="collections"), pytest.param(BULK, id="jobs")]


class Killed(BaseException):
    """What no handler of the product may catch."""


class Killer:
    """Ends the run at the so-manieth request, before it or after its effect."""

    def __init__(self, number: int, *, after: bool) -> None:
        self._number = number
        self._after = after
        self._send = Door.send
        self.count = 0

    def send(self, door: Door, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Stand in for `Door.send`."""
        self.count += 1
        if self.count == self._number and not self._after:
            raise Killed
        response = self._send(door, request, *args, **kwargs)
        if self.count == self._number:
            response.close()
            raise Killed
        return response


def people() -> list[dict[str, Any]]:
    """Return rows of six people, of whom some are known."""
    return [lead_score(n) for n in range(6)]


def fill(org: Any) -> None:
    """Put a contact and a lead into the organisation."""
    with org.seed() as seed:
        seed.add("Contact", LastName="Lee", Email="p0@example.com")
        seed.add("Contact", LastName="Lee", Email="p1@example.com")
        seed.add("Lead", LastName="Ray", Company="x", Email="p2@example.com")


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_run_that_is_killed_anywhere_is_made_good_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: dict[str, int], *, after: bool
) -> None:
    """Every request of the run is swept; no STATE, no second lead, member or task."""
    with organisation(tmp_path / "calm") as org:
        fill(org)
        requests = org.run(people(), **way).report["requests"]
        calm = org.dump()
    assert requests > 10
    for number in range(1, requests + 1):
        with organisation(tmp_path / str(number)) as org:
            fill(org)
            killer = Killer(number, after=after)
            with monkeypatch.context() as patch:
                patch.setattr(Door, "send", lambda *a, k=killer, **kw: k.send(*a, **kw))
                with pytest.raises(Killed):
                    org.run(people(), **way)
            ran = org.run(people(), **way)
            assert (ran.code, sum(ran.outcomes.values())) == (0, 6)
            assert org.dump() == calm, number
            assert org.run(people(), **way).requests == []


CANARIES = ("canary-person", "canary-name", "canary-phone", "canary-secret")


def test_nothing_that_is_said_names_a_person_or_a_secret(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """At DEBUG, through refusals, lost answers and a fault that stops the run."""
    message = "invalid: canary-person@example.com"
    refused = RowErrors(rows=(0,), category="FIELD_X", message=message)
    body = '[{"errorCode":"X","message":"canary-person@example.com"}]'
    faults = [
        Planned(part="salesforce", path=COMPOSITE, requests=(2,), fault=LoseReply()),
        Planned(part="salesforce", path=COLLECTIONS, requests=(1,), fault=refused),
        Planned(part="salesforce", path=TASKS, fault=Status(status=500, body=body)),
    ]
    row = lead_score(
        0,
        email="canary-person@example.com",
        first_name="canary-name",
        phone="canary-phone",
    )
    caplog.set_level(logging.DEBUG)
    settings = {"client_secret": "canary-secret"}
    with organisation(tmp_path / "s", faults=faults, **settings) as org:
        ran = org.run([row, lead_score(1)])
        said = capsys.readouterr()
        heard = f"{caplog.text}{said.out}{said.err}{ran.problem!r}{ran.report}"
        assert ran.report["reasons"]["FIELD_X"] == 1
        assert [canary for canary in CANARIES if canary in heard] == []
        assert "sandbox.session" not in heard


def test_the_private_files_hold_no_secret(tmp_path: Path) -> None:
    """The state folder may know people; it must not know credentials."""
    with organisation(tmp_path / "s", client_secret="canary-secret") as org:
        org.run([lead_score(0), lead_score(1, live_lead_score=1e9)])
        kept = b"".join(p.read_bytes() for p in org.folder.rglob("*") if p.is_file())
        assert b"canary-secret" not in kept
        assert b"sandbox.session" not in kept
        assert {p.stat().st_mode & 0o077 for p in org.folder.rglob("*")} == {0}
