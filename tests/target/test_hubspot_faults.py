"""What else can break at HubSpot, beside the rows of the fault table.

Each world fails its test if a planned fault was never hit.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from crm_world import (
    READ,
    STATE,
    UPSERT,
    World,
    activity_score,
    lead_score,
    world,
)

from sandbox.faults import LoseReply, Planned, Reset, Status
from sync_core.errors import FatalError

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.faults import AnyFault

ROWS = [lead_score(n) for n in range(130)]
STAYS = [activity_score(n) for n in range(130)]
TEN_SECONDLY = json.dumps(
    {
        "status": "error",
        "message": "You have reached your ten_secondly_rolling limit.",
        "errorType": "RATE_LIMIT",
        "policyName": "TEN_SECONDLY_ROLLING",
    }
)
SECONDLY = TEN_SECONDLY.replace("TEN_SECONDLY_ROLLING", "SECONDLY")
DAILY = TEN_SECONDLY.replace("TEN_SECONDLY_ROLLING", "DAILY")


def planned(fault: AnyFault, path: str = UPSERT, *requests: int) -> Planned:
    """Plan a fault for some requests to HubSpot."""
    return Planned(part="hubspot", path=path, fault=fault, requests=requests or (1,))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the CRM holds when nothing breaks."""
    with world(tmp_path_factory.mktemp("undisturbed") / "state") as hubspot:
        assert hubspot.run(ROWS, STAYS).code == 0
        return hubspot.crm


PASSING: dict[str, list[Planned]] = {
    "C3 reset before the work": [planned(Reset())],
    "C4 account is being moved": [
        planned(Status(status=477, headers={"Retry-After": "3"}))
    ],
    "500 three times": [planned(Status(status=500), UPSERT, 1, 2, 3)],
    "503 with a web page": [
        planned(
            Status(status=503, body="<html>down</html>", content_type="text/html"), "*"
        )
    ],
    "200 with a web page": [
        planned(Status(status=200, body="<html>", content_type="text/html"))
    ],
    "the list of properties breaks": [
        planned(Status(status=502), "/crm/v3/properties/contacts")
    ],
    "creating the group: answer lost": [
        planned(LoseReply(), "/crm/v3/properties/contacts/groups")
    ],
}


@pytest.mark.parametrize("name", PASSING)
def test_a_passing_fault_changes_nothing_in_the_end(
    tmp_path: Path, undisturbed: dict[str, Any], name: str
) -> None:
    """One run gets through: same CRM, every row accounted for, STATE out."""
    with world(tmp_path / "state", faults=PASSING[name]) as hubspot:
        ran = hubspot.run(ROWS, STAYS)

        assert (ran.code, ran.states) == (0, [STATE])
        assert sum(ran.outcomes.values()) == len(ROWS)
        assert set(ran.outcomes) <= {"created", "updated"}
        assert hubspot.crm == undisturbed
        assert hubspot.run(ROWS, STAYS).requests == []


STOPPING: dict[str, tuple[list[Planned], str]] = {
    "redirected": (
        [planned(Status(status=302, headers={"Location": "http://127.0.0.1:9/"}))],
        "redirect",
    ),
    "scope missing": (
        [
            planned(
                Status(
                    status=403,
                    body='{"context":{"requiredGranularScopes":["crm.a.write"]}}',
                )
            )
        ],
        "crm.a.write",
    ),
}


@pytest.mark.parametrize("name", STOPPING)
def test_a_lasting_fault_stops_the_run_and_the_next_one_catches_up(
    tmp_path: Path, undisturbed: dict[str, Any], name: str
) -> None:
    """No STATE, within a minute, with a sentence; then the same end as undisturbed."""
    faults, sentence = STOPPING[name]
    with world(tmp_path / "state", faults=faults) as hubspot:
        start = hubspot.time.now
        ran = hubspot.run(ROWS, STAYS)

        assert isinstance(ran.problem, FatalError)
        assert sentence in str(ran.problem)
        assert ran.states == []
        assert ran.report["stopped"] == type(ran.problem).__name__
        assert hubspot.time.now - start < 60
        assert hubspot.run(ROWS, STAYS).code == 0
        assert hubspot.crm == undisturbed


def test_c13_an_unreachable_crm_stops_the_run_within_a_minute(
    hubspot: World,
) -> None:
    """Nobody listens at the address: a handful of tries, no row lost."""
    start = hubspot.time.now

    ran = hubspot.run(ROWS, api_url="http://127.0.0.1:9")

    assert isinstance(ran.problem, FatalError)
    assert ran.states == []
    assert hubspot.time.now - start < 60


def test_c4_a_merged_contact_is_found_after_the_ledger_was_lost(
    hubspot: World,
) -> None:
    """Reading by the old address finds the contact, so nobody counts as missing."""
    hubspot.run([lead_score(0), lead_score(1)])
    _merge(hubspot, "p0@example.com", "p1@example.com")
    (hubspot.folder / "ledger.sqlite").unlink()

    ran = hubspot.run([lead_score(1)], create="only_existing")

    assert ran.outcomes == {"unchanged": 1}


def test_c4_a_contact_that_hubspot_must_forget_is_rejected(hubspot: World) -> None:
    """A GDPR delete blocks the address; the row is kept, the others are written."""
    hubspot.run([lead_score(0), lead_score(1)])
    _post(
        hubspot,
        "/crm/v3/objects/contacts/gdpr-delete",
        {"objectId": "p0@example.com", "idProperty": "email"},
    )

    ran = hubspot.run([lead_score(0, live_rank=9), lead_score(1, live_rank=9)])

    assert ran.outcomes == {"updated": 1, "rejected": 1}
    assert list(hubspot.crm["contacts"]) == ["p1@example.com"]


def test_c6_a_token_that_ends_in_the_run_is_renewed(tmp_path: Path) -> None:
    """By its `expires_in`: no request is refused, none is doubled."""
    oauth: dict[str, Any] = {
        "access_token": None,
        "client_id": "sandbox-client",
        "client_secret": "sandbox-secret",
        "refresh_token": "sandbox-refresh",
    }
    limit = planned(Status(status=429, body=TEN_SECONDLY), UPSERT, 1, 2)
    with world(tmp_path / "state", token_life_s=15, faults=[limit]) as hubspot:
        ran = hubspot.run(ROWS, **oauth)

        assert ran.outcomes == {"created": len(ROWS)}
        assert len(ran.to("/oauth/")) >= 2
        assert [seen for seen in ran.requests if seen.status == 401] == []


def test_c6_a_refused_token_is_renewed_once_and_the_request_repeated(
    tmp_path: Path,
) -> None:
    """A 401 before the end of its life: one renewal, one repetition."""
    oauth: dict[str, Any] = {
        "access_token": None,
        "client_id": "sandbox-client",
        "client_secret": "sandbox-secret",
        "refresh_token": "sandbox-refresh",
    }
    with world(
        tmp_path / "state", faults=[planned(Status(status=401), UPSERT, 2)]
    ) as hubspot:
        ran = hubspot.run(ROWS, **oauth)

        assert ran.outcomes == {"created": len(ROWS)}
        assert len(ran.to("/oauth/")) == 2
        assert len(ran.to("batch/upsert")) == 3


def test_c6_a_refused_refresh_token_is_told(hubspot: World) -> None:
    """The message names the setting; nothing is written."""
    ran = hubspot.run(
        ROWS,
        access_token=None,
        client_id="sandbox-client",
        client_secret="sandbox-secret",
        refresh_token="gone-canary",
    )

    assert isinstance(ran.problem, FatalError)
    assert ran.problem.setting == "refresh_token"
    assert "canary" not in str(ran.problem)
    assert ran.writes == []


def test_c8_a_property_that_was_deleted_is_made_again(hubspot: World) -> None:
    """Although the ledger says that it was checked: the first refusal tells."""
    hubspot.run([lead_score(0)])
    _delete(hubspot, "/crm/v3/properties/contacts/webinar_live_rank")

    ran = hubspot.run([lead_score(0, live_rank=9), lead_score(1)])

    assert ran.outcomes == {"created": 1, "updated": 1}
    assert hubspot.contact("p0@example.com")["webinar_live_rank"] == "9"


@pytest.mark.parametrize(
    ("definition", "sentence"),
    [
        (
            {"name": "webinar_live_rank", "type": "string", "fieldType": "text"},
            "type",
        ),
        (
            {
                "name": "webinar_live_level",
                "type": "enumeration",
                "fieldType": "select",
                "options": [{"label": "High", "value": "High", "displayOrder": 0}],
            },
            "options",
        ),
    ],
    ids=["C8 other type", "C8 options missing"],
)
def test_a_property_that_does_not_fit_is_told_before_the_first_write(
    hubspot: World, definition: dict[str, Any], sentence: str
) -> None:
    """The message names the property and what is wrong with it."""
    body = {"label": "Mine", "groupName": "contactinformation", **definition}
    _post(hubspot, "/crm/v3/properties/contacts", body)

    ran = hubspot.run([lead_score()])

    assert isinstance(ran.problem, FatalError)
    assert sentence in str(ran.problem)
    assert definition["name"] in str(ran.problem)
    assert ran.writes == []


def test_c8_without_the_right_to_create_properties_existing_ones_are_used(
    tmp_path: Path,
) -> None:
    """The scope is only needed once, by whoever creates them."""
    with world(tmp_path / "admin") as hubspot:
        hubspot.run([lead_score(0)])
        (hubspot.folder / "ledger.sqlite").unlink()

        ran = hubspot.run([lead_score(1)], create_properties=False)

        assert ran.outcomes == {"created": 1}


def test_c8_a_missing_right_to_create_properties_names_the_scope(
    tmp_path: Path,
) -> None:
    """And nothing is written."""
    scopes = frozenset(
        {
            "crm.objects.contacts.read",
            "crm.objects.contacts.write",
            "crm.schemas.contacts.read",
        }
    )
    with world(tmp_path / "state", scopes=scopes) as hubspot:
        ran = hubspot.run([lead_score(0)])

        assert isinstance(ran.problem, FatalError)
        assert "crm.schemas.contacts.write" in str(ran.problem)
        assert ran.writes == []


def test_c8_an_account_with_too_few_properties_is_told_of_the_minimal_set(
    tmp_path: Path,
) -> None:
    """The free edition holds ten of our own; the message says which setting helps."""
    with world(tmp_path / "state", tier="free") as hubspot:
        full = hubspot.run([lead_score(0)], property_set="full")
        minimal = hubspot.run([lead_score(0)], property_set="minimal")

        assert isinstance(full.problem, FatalError)
        assert full.problem.setting == "property_set"
        assert minimal.outcomes == {"created": 1}


def test_a_deleted_marketing_event_is_made_again(hubspot: World) -> None:
    """Somebody removed it in HubSpot: the next attendance makes it anew."""
    hubspot.run([lead_score(0)])
    _delete(
        hubspot,
        "/marketing/v3/marketing-events/events/hubilo:1"
        "?externalAccountId=webinar-lead-score",
    )

    ran = hubspot.run([lead_score(0), lead_score(1)])

    assert (ran.code, ran.outcomes) == (0, {"unchanged": 1, "created": 1})
    assert len(hubspot.crm["contacts"]["p1@example.com"]["attendance"]) == 1


def test_the_limits_of_the_account_are_learned_and_kept(tmp_path: Path) -> None:
    """A small account: after the first answer tells the limit, none is refused."""
    with world(tmp_path / "state", burst_limit=5) as hubspot:
        ran = hubspot.run([lead_score(n) for n in range(900)], timeline="none")

        assert ran.outcomes == {"created": 900}
        assert [seen for seen in ran.requests if seen.status == 429] == []
        assert ran.report["waits"] >= 1


def test_the_daily_limit_of_the_account_stops_the_run(tmp_path: Path) -> None:
    """What was written is remembered; the next day goes on from there."""
    rows = [lead_score(n) for n in range(400)]
    with world(tmp_path / "state", daily_limit=5) as hubspot:
        ran = hubspot.run(rows, timeline="none")
        assert isinstance(ran.problem, FatalError)
        assert ran.states == []

        hubspot.time.now += 86_400
        again = hubspot.run(rows, timeline="none")

        assert again.outcomes == {"created": 200, "unchanged": 200}


def test_a_reader_of_a_batch_that_fails_is_repeated(tmp_path: Path) -> None:
    """Reading after a lost ledger has the same patience as writing."""
    with world(
        tmp_path / "state", faults=[planned(Status(status=502), READ)]
    ) as hubspot:
        hubspot.run(ROWS)
        (hubspot.folder / "ledger.sqlite").unlink()

        assert hubspot.run(ROWS).outcomes == {"unchanged": len(ROWS)}


def _merge(hubspot: World, primary: str, second: str) -> None:
    ids = {}
    for email in (primary, second):
        body = {
            "idProperty": "email",
            "inputs": [{"id": email}],
            "properties": [],
            "propertiesWithHistory": [],
        }
        found = _post(hubspot, "/crm/v3/objects/contacts/batch/read", body)
        ids[email] = found["results"][0]["id"]
    _post(
        hubspot,
        "/crm/v3/objects/contacts/merge",
        {"primaryObjectId": ids[primary], "objectIdToMerge": ids[second]},
    )


def _post(hubspot: World, path: str, body: dict[str, Any]) -> dict[str, Any]:
    return _ask(hubspot, "POST", path, body)


def _delete(hubspot: World, path: str) -> None:
    _ask(hubspot, "DELETE", path, None)


def _ask(
    hubspot: World, method: str, path: str, body: dict[str, Any] | None
) -> dict[str, Any]:
    with urllib3.PoolManager() as pool:
        answer = pool.request(
            method,
            hubspot.sandbox.url + path,
            json=body,
            headers={"Authorization": "Bearer sandbox-token"},
        )
    assert answer.status < 300, answer.data
    found: dict[str, Any] = json.loads(answer.data) if answer.data else {}
    return found


CUSTOM: dict[str, Planned] = {
    "C3 definition made, answer lost": planned(
        LoseReply(), "/events/v3/event-definitions"
    ),
    "C3 occurrences sent, answer lost": planned(LoseReply(), "/events/v3/send/batch"),
    "C2 whole batch refused once": planned(Status(status=400), "/events/v3/send/batch"),
}


@pytest.mark.parametrize("name", CUSTOM)
def test_a_fault_makes_no_second_custom_event(tmp_path: Path, name: str) -> None:
    """Every person has one, whatever was lost."""
    rows = [lead_score(n) for n in range(5)]
    with world(tmp_path / "state", faults=[CUSTOM[name]], tier="enterprise") as hubspot:
        ran = hubspot.run(rows, timeline="custom_event")

        assert (ran.code, ran.states) == (0, [STATE])
        held = hubspot.crm["contacts"].values()
        assert [len(contact["events"]) for contact in held] == [1] * 5


NOTES: dict[str, Planned] = {
    "C3 notes made, answer lost": planned(LoseReply(), "*/notes/batch/create"),
    "C3 notes made, then 502": planned(LoseReply(status=502), "*/notes/batch/create"),
    "C2 whole batch refused once": planned(Status(status=400), "*/notes/batch/create"),
    "C3 property made, answer lost": planned(LoseReply(), "*/properties/notes"),
    "C3 group made, answer lost": planned(LoseReply(), "*/properties/notes/groups"),
}


@pytest.mark.parametrize("name", NOTES)
def test_a_fault_makes_no_second_note(tmp_path: Path, name: str) -> None:
    """HubSpot refuses the repetition by the note's key; it is changed instead."""
    rows = [lead_score(n) for n in range(5)]
    with world(tmp_path / "state", faults=[NOTES[name]]) as hubspot:
        ran = hubspot.run(rows, timeline="note")

        assert (ran.code, ran.states) == (0, [STATE])
        held = hubspot.crm["contacts"].values()
        assert [len(contact["notes"]) for contact in held] == [1] * 5
