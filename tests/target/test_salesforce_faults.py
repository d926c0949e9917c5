"""Salesforce breaking in every way that it breaks: nothing lost, nothing twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from crm_world import lead_score
from salesforce_world import (
    COLLECTIONS,
    COMPOSITE,
    DATA,
    JOBS,
    TASKS,
    TOKEN,
    Org,
    organisation,
    writes,
)

from sandbox.faults import LoseReply, Planned, Reset, RowErrors, Status, Truncate
from sandbox.salesforce import bulk
from sync_core.errors import FatalError

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE = 3
LOCK = "UNABLE_TO_LOCK_ROW"


def plan(fault: Any, path: str, *requests: int, method: str = "") -> Planned:
    """Return a line of a fault plan."""
    return Planned(
        part="salesforce", path=path, requests=requests, fault=fault, method=method
    )


def rows(**changed: Any) -> list[dict[str, Any]]:
    """Return the rows of a few people."""
    return [lead_score(n, **changed) for n in range(PEOPLE)]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the organisation holds after a run without a fault."""
    with organisation(tmp_path_factory.mktemp("undisturbed") / "state") as org:
        org.run(rows())
        return org.dump()


def refusal(status: int, code: str, message: str = "") -> Status:
    """Return a refusal in Salesforce's form."""
    body = f'[{{"errorCode":"{code}","message":"{message}"}}]'
    return Status(status=status, body=body)


PASSING = [
    pytest.param(plan(Status(status=503), TOKEN, 1), id="C2 token 503"),
    pytest.param(plan(Status(status=503), COMPOSITE, 1, 2), id="C2 search 503 twice"),
    pytest.param(plan(Status(status=500), COLLECTIONS, 1, 2, 3), id="C2 write 500"),
    pytest.param(plan(Reset(), COLLECTIONS, 1), id="C3 reset before the write"),
    pytest.param(plan(LoseReply(), COLLECTIONS, 1), id="C3 lead reply lost"),
    pytest.param(plan(LoseReply(status=502), COLLECTIONS, 1), id="C3 lead reply 502"),
    pytest.param(plan(Truncate(), COLLECTIONS, 1), id="A9 lead reply cut"),
    pytest.param(plan(LoseReply(), COLLECTIONS, 2), id="C3 status reply lost"),
    pytest.param(plan(LoseReply(), COLLECTIONS, 3), id="C3 member reply lost"),
    pytest.param(plan(LoseReply(), TASKS, 1), id="C3 task reply lost"),
    pytest.param(plan(LoseReply(), "*/Campaign/*", 1), id="C3 campaign reply lost"),
    pytest.param(
        plan(refusal(401, "INVALID_SESSION_ID"), COLLECTIONS, 1), id="C6 session, leads"
    ),
    pytest.param(
        plan(refusal(401, "INVALID_SESSION_ID"), COMPOSITE, 2), id="C6 session, search"
    ),
    pytest.param(
        plan(refusal(401, "INVALID_SESSION_ID"), TASKS, 1), id="C6 session, tasks"
    ),
    pytest.param(
        plan(RowErrors(rows=(1,), category=LOCK), COLLECTIONS, 1), id="C4 lead locked"
    ),
    pytest.param(
        plan(RowErrors(rows=(0, 2), category=LOCK), COLLECTIONS, 3),
        id="C4 members locked",
    ),
    pytest.param(
        plan(RowErrors(rows=(1,), category=LOCK), TASKS, 1, 2), id="C4 task locked"
    ),
    pytest.param(
        plan(
            refusal(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded"),
            COMPOSITE,
            2,
        ),
        id="C5 too many at a time",
    ),
]


@pytest.mark.parametrize("fault", PASSING)
def test_a_passing_fault_changes_nothing_in_the_end(
    tmp_path: Path, undisturbed: str, fault: Planned
) -> None:
    """The organisation is the same, and the second run writes nothing."""
    with organisation(tmp_path / "state", faults=[fault]) as org:
        ran = org.run(rows())
        assert (ran.code, sum(ran.outcomes.values())) == (0, PEOPLE)
        assert len(org.all("Lead")) == PEOPLE
        assert org.dump() == undisturbed
        assert org.run(rows()).requests == []


LASTING = [
    pytest.param(plan(Status(status=503), f"{DATA}/*"), id="C13 down"),
    pytest.param(plan(Status(status=503), TOKEN), id="C13 no token"),
    pytest.param(
        plan(refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests"), COLLECTIONS),
        id="C5 daily limit",
    ),
    pytest.param(
        plan(refusal(403, "API_DISABLED_FOR_ORG"), COMPOSITE), id="API switched off"
    ),
    pytest.param(
        plan(refusal(401, "INVALID_SESSION_ID"), COLLECTIONS), id="C6 always expired"
    ),
    pytest.param(
        plan(RowErrors(rows=(0,), category="STORAGE_LIMIT_EXCEEDED"), COLLECTIONS),
        id="no space left",
    ),
    pytest.param(plan(Status(status=410), f"{DATA}/*"), id="version retired"),
]


@pytest.mark.parametrize("fault", LASTING)
def test_a_lasting_fault_stops_the_run_and_the_next_one_catches_up(
    tmp_path: Path, undisturbed: str, fault: Planned
) -> None:
    """In less than a minute, without a STATE, with a sentence for a person."""
    with organisation(tmp_path / "state", faults=[fault]) as org:
        began = org.time.now
        ran = org.run(rows())
        assert isinstance(ran.problem, FatalError)
        assert (ran.states, org.time.now - began < 60) == ([], True)
        assert "@" not in str(ran.problem)
        kept = org.folder
    with organisation(kept) as org:
        assert org.run(rows()).code == 0
        assert org.dump() == undisturbed


def test_c5_the_daily_limit_stops_where_it_is_reached(tmp_path: Path) -> None:
    """What was written is remembered; a day later the rest is."""
    with organisation(tmp_path / "state", daily_limit=3) as org:
        people = [lead_score(n) for n in range(600)]
        first = org.run(people, timeline="none", bulk_threshold=0)
        assert isinstance(first.problem, FatalError)
        assert "24 hours" in str(first.problem)
        assert (first.states, len(org.all("Lead"))) == ([], 400)
        org.time.now += 86_400
        second = org.run(people, timeline="none", bulk_threshold=0)
        assert (second.code, len(org.all("Lead"))) == (0, 600)
        assert second.outcomes == {"created": 200, "unchanged": 400}


def test_c6_a_session_that_ends_in_the_run_is_renewed(tmp_path: Path) -> None:
    """While a job runs, at whatever request: one login more each time, no row twice."""
    with organisation(tmp_path / "state", token_life_s=3.0, job_s=8.0) as org:
        fill(org)
        ran = org.run(many(), bulk_threshold=10)
        assert (ran.code, ran.outcomes) == (0, {"created": 10, "updated": 20})
        assert len(ran.to(TOKEN)) > 1
        refused = [seen for seen in ran.requests if seen.status == 401]
        assert len(refused) == len(ran.to(TOKEN)) - 1
        assert (len(org.all("Lead")), len(org.all("Task"))) == (20, 30)


def test_c4_a_lasting_lock_rejects_only_its_row(tmp_path: Path) -> None:
    """Sent again alone a few times, kept with the reason, passed by the next run."""
    locks = [
        plan(RowErrors(rows=(1,), category=LOCK), COLLECTIONS, 1),
        plan(RowErrors(rows=(0,), category=LOCK), COLLECTIONS, 2, 3, 4, 5, 6),
    ]
    with organisation(tmp_path / "state", faults=locks) as org:
        ran = org.run(rows(), timeline="none")
        assert ran.outcomes == {"created": 2, "rejected": 1}
        assert [seen.inputs for seen in writes(ran)] == [3, 1, 1, 1, 1, 1]
        assert (ran.code, [row["code"] for row in org.waiting]) == (1, [LOCK])
        again = org.run([], timeline="none")
        assert (again.report["resent"], org.waiting) == ({"created": 1}, [])


REFUSALS = [
    pytest.param({"email": "bad@nowhere"}, "INVALID_EMAIL_ADDRESS", id="email"),
    pytest.param(
        {"live_lead_score": 1e9}, "NUMBER_OUTSIDE_VALID_RANGE", id="number too large"
    ),
]


@pytest.mark.parametrize(("bad", "code"), REFUSALS)
def test_c1_a_refused_row_is_kept_with_salesforces_reason(
    tmp_path: Path, bad: dict[str, Any], code: str
) -> None:
    """The others are written once."""
    with organisation(tmp_path / "state") as org:
        sent = [lead_score(0), lead_score(1, **bad), lead_score(2)]
        ran = org.run(sent, timeline="none")
        assert ran.outcomes == {"created": 2, "rejected": 1}
        assert [row["code"] for row in org.waiting] == [code]
        assert ran.code == 1


def test_c1_an_answer_that_leaves_a_row_out_is_no_success(tmp_path: Path) -> None:
    """The row is not taken for written."""
    short = Status(status=200, body="[]")
    with organisation(tmp_path / "state", faults=[plan(short, COLLECTIONS, 1)]) as org:
        ran = org.run([lead_score(0)], timeline="none")
        assert [row["code"] for row in org.waiting] == ["NO_ANSWER"]
        assert ran.outcomes == {"rejected": 1}


def test_c2_a_request_that_is_refused_whole_is_halved(tmp_path: Path) -> None:
    """Until the rows that can be written are."""
    whole = refusal(400, "JSON_PARSER_ERROR")
    faults = [plan(whole, COLLECTIONS, 1, 2)]
    with organisation(tmp_path / "state", faults=faults) as org:
        sent = [lead_score(n) for n in range(4)]
        ran = org.run(sent, timeline="none")
        assert ran.outcomes == {"created": 4}
        assert [seen.status for seen in writes(ran)] == [400, 400, 200, 200, 200]


@pytest.mark.parametrize(
    ("rule", "alerts", "outcome"),
    [
        ("alert", "reject", "rejected"),
        ("alert", "save", "created"),
        ("block", "save", "rejected"),
    ],
)
def test_c4_duplicate_rules_are_obeyed(
    tmp_path: Path, rule: str, alerts: str, outcome: str
) -> None:
    """Unless an alert may be passed by."""
    with organisation(tmp_path / "state", duplicate_rule=rule) as org:
        with org.seed() as seed:
            email = {"Email": "p0@example.com"}
            seed.add("Lead", LastName="x", **email, IsConverted=True)
        ran = org.run([lead_score(0)], duplicate_alerts=alerts)
        assert ran.outcomes == {outcome: 1}
        if outcome == "rejected":
            assert ran.report["reasons"] == {"DUPLICATES_DETECTED": 1}


def test_c4_a_merged_contact_is_followed(tmp_path: Path) -> None:
    """The ledger's id is gone: the person is looked for again, and found."""
    with organisation(tmp_path / "state") as org:
        with org.seed() as seed:
            lost = seed.add("Contact", LastName="Lee", Email="p0@example.com")
        org.run([lead_score(0)])
        with org.seed() as seed:
            seed.remove(lost)
            kept = seed.add("Contact", LastName="Lee", Email="p0@example.com")
        ran = org.run([lead_score(0, live_rank=1)])
        assert (ran.code, ran.outcomes) == (0, {"updated": 1})
        assert org.one("Contact")["Webinar_Live_Score__c"] == 97.5
        members = [row["ContactId"] for row in org.all("CampaignMember")]
        assert (members[-1], org.one("Task")["WhoId"]) == (kept, kept)
        assert org.run([lead_score(0, live_rank=1)]).requests == []


def test_c4_a_lead_that_was_converted_is_followed(tmp_path: Path) -> None:
    """Its contact gets the scores from then on."""
    with organisation(tmp_path / "state") as org:
        org.run([lead_score(0)], timeline="none")
        lead = org.one("Lead")["Id"]
        with org.seed() as seed:
            became = seed.add("Contact", LastName="Lee", Email="p0@example.com")
            seed.change(lead, IsConverted=True, ConvertedContactId=became)
        ran = org.run([lead_score(0, live_rank=1)], timeline="none")
        assert ran.outcomes == {"updated": 1}
        assert org.one("Contact")["Webinar_Live_Rank__c"] == 1


def test_c4_a_deleted_person_is_created_again_or_left_out(tmp_path: Path) -> None:
    """As the setting says of strangers."""
    for create, kind in (("lead", "created"), ("only_existing", "not_sent")):
        with organisation(tmp_path / create) as org:
            with org.seed() as seed:
                person = seed.add("Contact", LastName="x", Email="p0@example.com")
            org.run([lead_score(0)], timeline="none", create=create)
            with org.seed() as seed:
                seed.remove(person)
            ran = org.run([lead_score(0, live_rank=1)], timeline="none", create=create)
            assert ran.outcomes == {kind: 1}


def test_c4_an_entry_follows_a_person_whose_scores_did_not_change(
    tmp_path: Path,
) -> None:
    """A second webinar's member and task go to the record that is left."""
    with organisation(tmp_path / "state") as org:
        org.run([lead_score(0)], timeline="none")
        lead = org.one("Lead")["Id"]
        with org.seed() as seed:
            seed.remove(lead)
            kept = seed.add("Contact", LastName="x", Email="p0@example.com")
        ran = org.run([lead_score(0)])
        assert (ran.code, ran.report["timeline"]) == (0, {"created": 1})
        assert org.one("Task")["WhoId"] == kept


def test_a_deleted_campaign_is_made_again_or_named(tmp_path: Path) -> None:
    """The next entry says that it is gone; nothing is written beside it."""
    with organisation(tmp_path / "state") as org:
        org.run([lead_score(0)])
        campaign = org.one("Campaign")["Id"]
        with org.seed() as seed:
            seed.remove(campaign)
        ran = org.run([lead_score(0, live_rank=1)])
        assert isinstance(ran.problem, FatalError)
        assert "campaign" in str(ran.problem)


def test_c7_one_person_is_written_once(tmp_path: Path) -> None:
    """However the address is spelled."""
    with organisation(tmp_path / "state") as org:
        with org.seed() as seed:
            seed.add("Contact", LastName="x", Email="p0@example.com")
        sent = [lead_score(0), lead_score(1, email=" P0@Example.COM")]
        ran = org.run(sent, timeline="none")
        assert ran.outcomes == {"updated": 1, "not_sent": 1}
        assert [seen.inputs for seen in writes(ran)] == [1]


def test_two_addresses_of_one_record_are_no_conflict(tmp_path: Path) -> None:
    """An id may stand in a request only once."""
    with organisation(tmp_path / "state") as org:
        with org.seed() as seed:
            became = seed.add("Contact", LastName="x", Email="now@example.com")
            for n in range(2):
                email = {"Email": f"p{n}@example.com"}
                more = {"IsConverted": True, "ConvertedContactId": became}
                seed.add("Lead", LastName="x", **email, **more)
        ran = org.run([lead_score(0), lead_score(1)], timeline="none")
        assert (ran.code, ran.outcomes) == (0, {"updated": 2})
        (both,) = writes(ran)  # one request with a batch for each of them
        assert (both.path, both.inputs) == (COMPOSITE, 2)


# Bulk API 2.0


def many(count: int = 30) -> list[dict[str, Any]]:
    """Return rows of which a third is known, a third are leads, a third strangers."""
    return [lead_score(n) for n in range(count)]


def fill(org: Org, count: int = 30) -> None:
    """Put two thirds of the people into the organisation."""
    with org.seed() as seed:
        for n in range(count):
            person = {"LastName": f"n{n}", "Email": f"p{n}@example.com"}
            if n % 3 == 0:
                seed.add("Contact", **person)
            elif n % 3 == 1:
                seed.add("Lead", **person, Company="x", Webinar_Live_Level__c="Low")


def test_both_ways_of_writing_give_the_same_organisation(tmp_path: Path) -> None:
    """Collections below the threshold, jobs above it."""
    found = []
    for threshold in (0, 10):
        with organisation(tmp_path / str(threshold), job_s=5.0) as org:
            fill(org)
            ran = org.run(many(), bulk_threshold=threshold)
            assert ran.outcomes == {"created": 10, "updated": 20}
            assert bool(ran.to("batches")) == bool(threshold)
            found.append(org.dump())
            cleared = [lead_score(n, live_level=None, live_rank=1) for n in range(30)]
            org.run(cleared, bulk_threshold=threshold)
            found.append(org.dump())
            assert org.run(cleared, bulk_threshold=threshold).requests == []
    assert (found[0], found[1]) == (found[2], found[3])
    assert found[0] != found[1]


def test_a_job_is_waited_for_and_no_longer_than_needed(tmp_path: Path) -> None:
    """Five seconds of Salesforce's time cost less than eight."""
    with organisation(tmp_path / "state", job_s=5.0) as org:
        began = org.time.now
        ran = org.run(many(), bulk_threshold=10, timeline="none")
        assert ran.outcomes == {"created": 30}
        assert 5 <= org.time.now - began < 8


BULK_FAULTS = [
    pytest.param(plan(LoseReply(), JOBS, 2, method="POST"), id="C3 job reply lost"),
    pytest.param(plan(LoseReply(), "*/batches", 1), id="C3 upload reply lost"),
    pytest.param(plan(LoseReply(), f"{JOBS}/*", 1, method="PATCH"), id="C3 close lost"),
    pytest.param(plan(Status(status=503), f"{JOBS}/*", 3, method="GET"), id="C2 poll"),
    pytest.param(plan(Status(status=503), "*/successfulResults", 1), id="C2 results"),
    pytest.param(
        plan(RowErrors(rows=(0, 3), category=LOCK), "*/batches", 1), id="C4 locked"
    ),
]


@pytest.mark.parametrize("fault", BULK_FAULTS)
def test_a_passing_fault_of_a_job_changes_nothing_in_the_end(
    tmp_path: Path, fault: Planned
) -> None:
    """As without jobs."""
    with organisation(tmp_path / "calm") as org:
        fill(org)
        org.run(many(), bulk_threshold=0)
        calm = org.dump()
    with organisation(tmp_path / "state", faults=[fault], job_s=5.0) as org:
        fill(org)
        ran = org.run(many(), bulk_threshold=10)
        assert (ran.code, ran.outcomes) == (0, {"created": 10, "updated": 20})
        assert org.dump() == calm


def test_a_job_without_a_refused_row_is_not_asked_for_them(tmp_path: Path) -> None:
    """It tells how many there are."""
    with organisation(tmp_path / "state", job_s=5.0) as org:
        ran = org.run(rows(), timeline="none", bulk_threshold=2)
        asked = [seen.path.rpartition("/")[2] for seen in ran.to(f"{JOBS}/")]
        assert "successfulResults" in asked
        assert "failedResults" not in asked


def test_a_row_that_a_job_refuses_is_kept_with_the_reason(tmp_path: Path) -> None:
    """The others are written."""
    with organisation(tmp_path / "state") as org:
        sent = [*many(), lead_score(99, live_lead_score=1e9)]
        ran = org.run(sent, bulk_threshold=10, timeline="none")
        assert ran.outcomes == {"created": 30, "rejected": 1}
        assert org.waiting[0]["code"] == "NUMBER_OUTSIDE_VALID_RANGE"
        assert org.waiting[0]["field"] == "Webinar_Live_Score__c"


def test_a_job_that_takes_too_long_is_found_by_the_next_run(tmp_path: Path) -> None:
    """It goes on in Salesforce, and adds nobody twice."""
    with organisation(tmp_path / "state", job_s=900.0) as org:
        ran = org.run(many(), bulk_threshold=10, timeline="none")
        assert isinstance(ran.problem, FatalError)
        assert "bulk_timeout_seconds" in str(ran.problem)
        assert (ran.states, org.all("Lead")) == ([], [])
        again = org.run(many(), bulk_threshold=10, timeline="none")
        assert (again.code, len(org.all("Lead"))) == (0, 30)


def test_a_job_that_fails_stops_the_run(tmp_path: Path) -> None:
    """With the state that Salesforce told."""
    failed = Status(
        status=200, body='{"state":"Failed","errorMessage":"InvalidBatch : a@b.io"}'
    )
    faults = [plan(failed, f"{JOBS}/750*", method="GET")]
    with organisation(tmp_path / "state", faults=faults, job_s=5.0) as org:
        ran = org.run(many(), bulk_threshold=10, timeline="none")
        assert isinstance(ran.problem, FatalError)
        assert "ended as Failed (InvalidBatch" in str(ran.problem)
        assert "@" not in str(ran.problem)


def test_small_pages_change_nothing(tmp_path: Path, undisturbed: str) -> None:
    """Every query is followed to its end."""
    with organisation(tmp_path / "state", page_size=1) as org:
        ran = org.run(rows())
        assert (ran.code, org.dump()) == (0, undisturbed)
        (org.folder / "ledger.sqlite").unlink()
        again = org.run(rows())
        assert (again.outcomes, org.dump()) == ({"unchanged": PEOPLE}, undisturbed)
        assert "query/01g" in " ".join(seen.path for seen in again.requests)


TORN = [
    pytest.param(
        plan(Status(status=200, body='{"compositeResponse":[]}'), COMPOSITE, 1),
        id="a composite answer that is not whole",
    ),
    pytest.param(
        plan(Status(status=200, body='{"done":true}'), "*/query", 1),
        id="a query answer without rows",
    ),
    pytest.param(
        plan(RowErrors(rows=(0,), category="INSUFFICIENT_ACCESS"), "*/Campaign/*"),
        id="a refused campaign",
    ),
    pytest.param(
        plan(RowErrors(rows=(1,), category="INSUFFICIENT_ACCESS"), COLLECTIONS, 2),
        id="a refused member status",
    ),
]


@pytest.mark.parametrize("fault", TORN)
def test_an_answer_that_cannot_be_built_on_stops_the_run(
    tmp_path: Path, undisturbed: str, fault: Planned
) -> None:
    """Before a STATE; the next run makes it good."""
    with organisation(tmp_path / "state", faults=[fault]) as org:
        ran = org.run(rows())
        assert isinstance(ran.problem, FatalError)
        assert ran.states == []
        if fault.requests:
            assert org.run(rows()).code == 0
            assert org.dump() == undisturbed


@pytest.mark.parametrize(
    ("path", "method"), [(JOBS, "POST"), ("*/batches", "PUT"), (f"{JOBS}/*", "PATCH")]
)
def test_a_job_that_is_refused_names_the_setting(
    tmp_path: Path, path: str, method: str
) -> None:
    """One can do without jobs."""
    fault = plan(refusal(400, "FEATURENOTENABLED"), path, method=method)
    with organisation(tmp_path / "state", faults=[fault]) as org:
        ran = org.run(many(), bulk_threshold=10, timeline="none")
        assert isinstance(ran.problem, FatalError)
        assert ran.problem.setting == "bulk_threshold"


def test_unfinished_jobs_are_looked_for_on_every_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An organisation with many jobs lists them a thousand at a time."""
    monkeypatch.setattr(bulk, "_PAGE", 1)
    with organisation(tmp_path / "state") as org:
        for n in range(3):
            rows = [lead_score(10 * n + i) for i in range(5)]
            ran = org.run(rows, timeline="none", bulk_threshold=2)
            assert ran.outcomes == {"created": 5}
        listed = [s for s in ran.to(JOBS) if s.method == "GET" and s.path == JOBS]
        assert len(listed) == 2
