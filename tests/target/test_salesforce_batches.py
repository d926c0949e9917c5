"""Batches that ride together: how few requests, and every row still told alone."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest
from crm_world import Time, lead_score
from hypothesis import given
from hypothesis import strategies as st
from salesforce_world import COLLECTIONS, COMPOSITE, JOBS, Org, organisation, writes

from sandbox.faults import LoseReply, Planned, RowErrors, Status
from sync_core.errors import FatalError
from target_crm.patience import Clockwork
from target_crm.salesforce.answers import NO_ANSWER, Reply
from target_crm.salesforce.batches import BATCH, Change, to_batches, to_keyed
from target_crm.salesforce.bulk import (
    FIRST_WAIT,
    LONGEST_WAIT,
    Bulk,
    to_look,
    to_uploads,
)
from target_crm.salesforce.composite import Part, exchange
from target_crm.salesforce.writing import Halted

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE = 450  # three batches: two ride together, one goes alone
PLAIN = {"timeline": "none", "bulk_threshold": 0}
REFUSED = '[{"errorCode":"SOME_LIMIT","message":"no"}]'


def people(count: int = PEOPLE, **changed: Any) -> list[dict[str, Any]]:
    """Return the rows of so many people."""
    return [lead_score(n, **changed) for n in range(count)]


def plan(fault: Any, path: str, *requests: int, holds: str = "") -> Planned:
    """Return a line of a fault plan."""
    return Planned(
        part="salesforce", path=path, requests=requests, fault=fault, holds=holds
    )


def parts(status: int, code: str) -> Status:
    """Return a shared request's answer: both parts were too much for Apex."""
    why = {"errorCode": code, "message": "System.LimitException: Apex CPU time limit"}
    answers = [
        {"httpStatusCode": status, "body": [why], "referenceId": f"part{n}"}
        for n in range(2)
    ]
    return Status(status=200, body=json.dumps({"compositeResponse": answers}))


APEX = [
    pytest.param(parts(500, "UNKNOWN_EXCEPTION"), id="the part fails for now"),
    pytest.param(
        parts(400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"), id="the part is refused"
    ),
    pytest.param(Status(status=500), id="the whole request fails for now"),
]


@pytest.mark.parametrize("fault", APEX)
def test_changes_that_are_too_much_together_go_alone(
    tmp_path: Path, fault: Status
) -> None:
    """However it is told: every shared request of changes fails, and one is tried."""
    with organisation(
        tmp_path / "state", faults=[plan(fault, COMPOSITE, holds='"PATCH"')]
    ) as org:
        org.run(people(), **PLAIN)
        ran = org.run(people(live_rank=9), **PLAIN)
        assert (ran.code, ran.outcomes) == (0, {"updated": PEOPLE})
        assert len([seen for seen in ran.requests if seen.fault]) == 1
        assert [seen.path for seen in writes(ran)] == [COLLECTIONS] * 3


@pytest.mark.parametrize("fault", APEX)
def test_new_people_who_are_too_much_together_go_alone(
    tmp_path: Path, fault: Status
) -> None:
    """Where it is not known what was done, they are looked for before."""
    with organisation(
        tmp_path / "state", faults=[plan(fault, COMPOSITE, holds='"POST"')]
    ) as org:
        ran = org.run(people(), **PLAIN)
        assert (ran.code, ran.outcomes) == (0, {"created": PEOPLE})
        assert len(set(emails(org))) == len(org.all("Lead")) == PEOPLE
        shared, *more = [n for n, seen in enumerate(ran.requests) if seen.fault]
        after = [seen.path for seen in ran.requests[shared + 1 :]]
        is_known = '"httpStatusCode": 400' in fault.body
        assert more == []
        assert after == [COMPOSITE] * (not is_known) + [COLLECTIONS] * 3


class Answering:
    """An API that gives one composite answer."""

    base, version = "/services/data/v66.0", 66.0

    def __init__(self, entries: Any) -> None:
        self.entries = entries

    def send(self, *_: Any, **__: Any) -> Reply:
        """Return it."""
        return Reply(data={"compositeResponse": self.entries})


@pytest.mark.parametrize(
    "entries",
    [None, [], [None], ["done"], [[]], [{}], [{"httpStatusCode": "x"}], [{}, {}]],
    ids=str,
)
def test_a_composite_answer_that_is_not_whole_is_told(entries: Any) -> None:
    """What is no answer to a part is no answer at all."""
    api: Any = Answering(entries)
    with pytest.raises(FatalError, match="not whole"):
        exchange(api, [Part(method="GET", path="/limits")])


class OneByOne:
    """An organisation that begins with a job when it is done with the one before."""

    def __init__(self, seconds: float) -> None:
        self.clock = Time()
        self.time = Clockwork(clock=self.clock, sleep=self.clock.sleep)
        self.pause = self.clock.sleep
        self.began = self.clock()
        self.seconds = seconds
        self.ends: dict[str, float] = {}

    def send(self, method: str, path: str, **_: Any) -> Reply:
        """Answer as Salesforce does."""
        job_id = path.rsplit("/", maxsplit=1)[-1]
        if method == "POST":
            job_id = f"job{len(self.ends)}"
            begin = max([self.clock(), *self.ends.values()])
            self.ends[job_id] = begin + self.seconds
            return Reply(data={"id": job_id})
        if method == "GET" and job_id in self.ends:
            is_done = self.clock() >= self.ends[job_id]
            state = "JobComplete" if is_done else "InProgress"
            return Reply(data={"state": state, "numberRecordsFailed": 0})
        rows = [f"{n:015},false,{n:015}" for n in range(3)]
        return Reply(text="\n".join(["sf__Id,sf__Created,Id", *rows]))


def one_of_each() -> list[Change]:
    """Return changes that need three jobs."""
    kinds = ("Contact", "Lead", "Account")
    return [
        Change(kind=kind, record_id=f"{n:015}", values={"n": n})
        for n, kind in enumerate(kinds)
    ]


def test_each_job_has_its_own_time() -> None:
    """Three of 250 seconds, one after another, are done within 600 seconds each."""
    api: Any = OneByOne(250)
    found = Bulk(api, max_seconds=600).write(one_of_each())
    assert [result.reason for result in found] == [None] * 3
    assert 750 <= api.clock() - api.began < 800


def test_a_job_is_not_waited_for_longer_than_it_may_be() -> None:
    """The first of them is not done in time."""
    api: Any = OneByOne(700)
    with pytest.raises(Halted, match="not done after waiting 600 seconds") as caught:
        Bulk(api, max_seconds=600).write(one_of_each())
    assert caught.value.setting == "bulk_timeout_seconds"
    assert 580 <= api.clock() - api.began <= 601
    assert list(caught.value.results) == [NO_ANSWER] * 3


def test_what_is_done_is_handed_over_before_a_run_ends() -> None:
    """The last job fails: what the others wrote is not lost."""
    api: Any = OneByOne(100)
    plain = api.send

    def send(method: str, path: str, **content: Any) -> Reply:
        is_last = method == "GET" and path.endswith("job2")
        return Reply(data={"state": "Failed"}) if is_last else plain(method, path)

    api.send = send
    with pytest.raises(Halted, match="ended as Failed") as caught:
        Bulk(api, max_seconds=600).write(one_of_each())
    known = [result.reason is None for result in caught.value.results]
    assert known == [True, True, False]


def test_what_a_job_wrote_is_remembered_though_another_is_late(tmp_path: Path) -> None:
    """Contacts are in the report and the ledger; leads are looked for again."""
    wait = Status(status=200, body='{"state":"InProgress"}')
    jobs = {"timeline": "none", "bulk_threshold": 5}
    with organisation(
        tmp_path / "state", faults=[plan(wait, f"{JOBS}/750*2AA?")]
    ) as org:
        with org.seed() as seed:
            for n in range(5):
                seed.add("Contact", LastName="n", Email=f"p{n}@example.com")
        first = org.run(people(10), **jobs)
        assert "bulk_timeout_seconds" in str(first.problem)
        assert (first.states, first.outcomes) == ([], {"updated": 5})
        read = org.run(people(5), **jobs)
        assert (read.outcomes, read.requests) == ({"unchanged": 5}, [])
        again = org.run(people(10), **jobs)
        assert (again.code, len(org.all("Lead"))) == (0, 5)


def calls(org: Org) -> int:
    """Return how many requests the organisation has counted."""
    with org.sandbox.sandbox.store.transaction() as db:
        return int(db.execute("SELECT count(*) FROM sf_request").fetchone()[0])


def emails(org: Org) -> list[str]:
    """Return the addresses of all leads."""
    return sorted(lead["Email"] for lead in org.all("Lead"))


@pytest.mark.parametrize("count", [2_000, 3_000])
def test_a_first_run_costs_hardly_more_than_its_batches(
    tmp_path: Path, count: int
) -> None:
    """Matching and the check of the fields included: 1.02 for each batch of 200."""
    with organisation(tmp_path / "state") as org:
        ran = org.run(people(count), **PLAIN)
        assert ran.outcomes == {"created": count}
        assert calls(org) <= 1.02 * math.ceil(count / BATCH)
        assert {seen.inputs for seen in writes(ran)} <= {2 * BATCH, count % 400}


@pytest.mark.parametrize("together", [1, 2, 5])
def test_more_batches_in_a_request_change_nothing_but_the_requests(
    tmp_path: Path, together: int
) -> None:
    """Every row is told, whatever rides together."""
    with organisation(tmp_path / "state") as org:
        ran = org.run(people(), **PLAIN, batches_per_request=together)
        assert ran.outcomes == {"created": PEOPLE}
        assert len(writes(ran)) == math.ceil(3 / together)
        assert len(set(emails(org))) == PEOPLE


def test_changed_and_new_people_ride_together(tmp_path: Path) -> None:
    """One request holds a batch of each."""
    with organisation(tmp_path / "state") as org:
        org.run(people(2), **PLAIN)
        ran = org.run(people(4, live_rank=9), **PLAIN)
        assert ran.outcomes == {"created": 2, "updated": 2}
        (both,) = writes(ran)
        assert (both.path, both.inputs) == (COMPOSITE, 4)
        assert {lead["Webinar_Live_Rank__c"] for lead in org.all("Lead")} == {9}


def test_a_text_that_looks_like_a_reference_is_only_a_text(tmp_path: Path) -> None:
    """Such a batch does not ride; Salesforce would look for what it refers to."""
    rows = [*people(PEOPLE - 1), lead_score(999, last_name="@{part0[0].id}")]
    with organisation(tmp_path / "state") as org:
        ran = org.run(rows, **PLAIN, fill_person=True)
        assert ran.outcomes == {"created": PEOPLE}
        (odd,) = [x for x in org.all("Lead") if x["LastName"].startswith("@")]
        assert odd["LastName"] == "@{part0[0].id}"


def test_where_apex_has_no_room_batches_go_alone(tmp_path: Path) -> None:
    """Once; then no two ride together for the rest of the run."""
    with organisation(tmp_path / "state", batches_per_transaction=1) as org:
        ran = org.run(people(1_000), **PLAIN)
        assert ran.outcomes == {"created": 1_000}
        sizes = [seen.inputs for seen in writes(ran)]
        assert sizes == [400, 200, 200, 200, 200]
        assert len(set(emails(org))) == len(org.all("Lead")) == 1_000


ROWS = RowErrors(rows=(1, 201), category="UNABLE_TO_LOCK_ROW")
PASSING = [
    pytest.param(plan(LoseReply(), COMPOSITE, 3), id="the reply is lost"),
    pytest.param(plan(LoseReply(status=502), COMPOSITE, 3), id="a proxy answers 502"),
    pytest.param(plan(Status(status=503), COMPOSITE, 3), id="nothing was done"),
    pytest.param(plan(ROWS, COMPOSITE, 3), id="rows of both batches are locked"),
    pytest.param(plan(Status(status=400, body=REFUSED), COMPOSITE, 3), id="refused"),
]


@pytest.mark.parametrize("fault", PASSING)
def test_a_passing_fault_of_a_shared_request_leaves_no_trace(
    tmp_path: Path, fault: Planned
) -> None:
    """Nobody is a lead twice, nobody is missing, and a second run has nothing to do."""
    with organisation(tmp_path / "state", faults=[fault]) as org:
        ran = org.run(people(), **PLAIN)
        assert ran.code == 0
        assert sum(ran.outcomes.values()) == PEOPLE
        assert len(set(emails(org))) == len(org.all("Lead")) == PEOPLE
        assert org.run(people(), **PLAIN).outcomes == {"unchanged": PEOPLE}


def test_a_lost_reply_to_changes_and_new_people_is_made_good(tmp_path: Path) -> None:
    """Those who are there by now are changed, the others added."""
    lost = plan(LoseReply(), COMPOSITE, 5)
    with organisation(tmp_path / "state", faults=[lost]) as org:
        org.run(people(2), **PLAIN)
        ran = org.run(people(4, live_rank=9), **PLAIN)
        assert ran.code == 0
        assert len(org.all("Lead")) == 4


def test_a_row_that_spoils_its_batch_is_found_alone(tmp_path: Path) -> None:
    """The other batch of the request is not sent again."""
    with organisation(tmp_path / "state") as org:
        bad = lead_score(7, email="ab@x")
        rows = [bad, *[lead_score(n) for n in range(10, PEOPLE + 9)]]
        ran = org.run(rows, **PLAIN)
        assert ran.outcomes == {"created": PEOPLE - 1, "rejected": 1}
        assert len(writes(ran)) == 2


def test_the_day_may_end_between_two_shared_requests(tmp_path: Path) -> None:
    """What was written is remembered and not sent again."""
    body = '[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests"}]'
    ends = plan(Status(status=403, body=body), COLLECTIONS, 1)
    with organisation(tmp_path / "state", faults=[ends]) as org:
        first = org.run(people(), **PLAIN)
        assert "24 hours" in str(first.problem)
        assert len(org.all("Lead")) == 400
        second = org.run(people(), **PLAIN)
        assert second.outcomes == {"created": 50, "unchanged": 400}
        assert second.report["requests"] <= 6


def test_a_query_that_is_too_complicated_is_asked_in_halves(tmp_path: Path) -> None:
    """As long as that helps."""
    body = (
        '{"compositeResponse":[{"httpStatusCode":400,"body":[{"errorCode":'
        '"QUERY_TOO_COMPLICATED","message":"no"}],"referenceId":"part0"},'
        '{"httpStatusCode":200,"body":{"done":true,"records":[]}}]}'
    )
    too_much = plan(Status(status=200, body=body), COMPOSITE, 2)
    with organisation(tmp_path / "state", faults=[too_much]) as org:
        assert org.run(people(120), **PLAIN).outcomes == {"created": 120}


@given(
    held=st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=700),
)
def test_every_change_is_in_one_batch_once(held: list[str]) -> None:
    """At most 200 of one method, and no id twice in one of them."""
    changes = [Change(kind="Lead", values={"n": n}, record_id=i) for n, i in _all(held)]
    batches = list(to_batches(changes))
    places = sorted(place for batch in batches for place in batch.places)
    assert places == list(range(len(changes)))
    for batch in batches:
        ids = [change.record_id for change in batch.changes]
        assert len(ids) <= BATCH
        assert {bool(i) for i in ids} == {batch.method == "PATCH"}
        assert batch.method == "POST" or len(set(ids)) == len(ids)
        assert [changes[place] for place in batch.places] == list(batch.changes)


def _all(held: list[str]) -> list[tuple[int, str]]:
    return list(enumerate(held))


def test_keyed_batches_say_their_object_and_key() -> None:
    """All of one object."""
    changes = [Change(kind="Task", values={"K__c": str(n)}) for n in range(201)]
    found = [(b.method, b.path, len(b.changes)) for b in to_keyed("K__c", changes)]
    path = "/composite/sobjects/Task/K__c"
    assert found == [("PATCH", path, 200), ("PATCH", path, 1)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param({"a": ["x@{y"]}, "alone", id="a reference"),
        pytest.param({"a": "x@y", "b": "{z}"}, "rides", id="two signs apart"),
        pytest.param(None, "rides", id="no body"),
    ],
)
def test_what_may_ride_is_known_before_it_is_sent(body: Any, expected: str) -> None:
    """A reference is two signs beside each other, wherever they stand."""
    part = Part(method="POST", path="/x", body=body)
    assert ("rides" if part.may_ride else "alone") == expected


@pytest.mark.parametrize(
    ("asked", "processed", "look"),
    [
        pytest.param(0.5, 0, 1.0, id="it does not tell"),
        pytest.param(8.0, 0, 10.0, id="it does not tell for long"),
        pytest.param(100.0, 0, 110.0, id="the longest wait"),
        pytest.param(4.0, 800, 5.0, id="almost done"),
        pytest.param(1.0, 100, 2.0, id="no later than twice"),
        pytest.param(60.0, 500, 70.0, id="half of a long one"),
        pytest.param(4.0, 1_000, 5.0, id="all processed, not yet done"),
    ],
)
def test_a_job_is_looked_at_when_it_can_be_done(
    asked: float, processed: int, look: float
) -> None:
    """Of 1,000 records; it goes on as it did."""
    assert to_look(asked, processed, 1_000) == look


@given(
    asked=st.floats(0, 4_000), processed=st.integers(0, 20), count=st.integers(0, 20)
)
def test_the_next_look_is_later_and_not_far_off(
    asked: float, processed: int, count: int
) -> None:
    """Whatever a job tells."""
    look = to_look(asked, processed, count)
    assert asked <= look <= asked + max(FIRST_WAIT, LONGEST_WAIT)


def test_an_upload_that_is_too_big_is_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file is below the limit, and every row is in one of them."""
    monkeypatch.setattr("target_crm.salesforce.bulk.MAX_UPLOAD", 300)
    changes = [
        Change(kind="Lead", values={"Email": f"p{n}@example.com", "City": "x" * 40})
        for n in range(20)
    ]
    uploads = list(to_uploads(changes, range(20)))
    assert len(uploads) > 2
    assert all(len(upload.data) <= 300 for upload in uploads)
    assert sorted(p for u in uploads for p in u.places.values()) == list(range(20))


SPENT = Status(
    status=403, body='[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"Total"}]'
)
GONE = RowErrors(rows=(0,), category="ENTITY_IS_DELETED")
LATER = [
    pytest.param(5, [plan(SPENT, COLLECTIONS, 1)], 8, id="after a job"),
    pytest.param(
        0,
        [plan(GONE, COLLECTIONS, 1), plan(SPENT, COMPOSITE, 3)],
        7,
        id="while a deleted record is looked for again",
    ),
]


@pytest.mark.parametrize(("threshold", "faults", "updated"), LATER)
def test_what_was_written_is_remembered_though_the_rest_fails(
    tmp_path: Path, threshold: int, faults: list[Planned], updated: int
) -> None:
    """One write of people takes several requests, and a later one ends the run."""
    with organisation(tmp_path / "state", faults=faults) as org:
        with org.seed() as seed:
            for n in range(8):
                seed.add("Contact", LastName="n", Email=f"p{n}@example.com")
        count = 10 if threshold else 8
        ran = org.run(people(count), timeline="none", bulk_threshold=threshold)
        assert "24 hours" in str(ran.problem)
        assert (ran.states, ran.outcomes) == ([], {"updated": updated})
