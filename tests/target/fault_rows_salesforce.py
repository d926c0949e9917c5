"""The fault table's rows C1 to C13 for Salesforce, as data."""

from __future__ import annotations

import json
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from fault_rows_hubspot import LOST, NEWER, phases, three, two
from fault_story import Case, Phase, people, person
from salesforce_world import COLLECTIONS, COMPOSITE, DATA, JOBS, TOKEN, Org

from sandbox.faults import LoseReply, Planned, Reset, RowErrors, Status

if TYPE_CHECKING:
    from fault_story import Story

    from sandbox.faults import AnyFault

ROWS = 40
SAID = "of canary3@example.com, Canarina"  # what no log may repeat
LOCK = "UNABLE_TO_LOCK_ROW"
LEADS = '"type": "Lead"}'
ANY_WRITE = f"{DATA}/composite*"  # alone, or together with others
# What the target writes: a path, and a text that only such a request holds.
WRITES = {
    "people": (ANY_WRITE, LEADS),
    "campaign": ("*/Campaign/*", ""),
    "statuses": (ANY_WRITE, '"type": "CampaignMemberStatus"'),
    "members": (ANY_WRITE, '"type": "CampaignMember"}'),
    "tasks": (ANY_WRITE, '"type": "Task"}'),
}
MOVED = frozenset({"canary0@example.com"})
JOB = {"bulk_threshold": 10}


def error(status: int, code: str, message: str = SAID) -> Status:
    """Return a refusal in Salesforce's form that speaks of a person."""
    return Status(
        status=status, body=json.dumps([{"errorCode": code, "message": message}])
    )


EXPIRED = error(401, "INVALID_SESSION_ID")


def at(
    fault: AnyFault,
    what: str = "people",
    *requests: int,
    holds: str = "",
    method: str = "",
    always: bool = False,
) -> Planned:
    """Plan a fault for some writes, or for a path; for the first one if not said."""
    path, text = WRITES.get(what, (what, ""))
    return Planned(
        part="salesforce",
        path=path,
        fault=fault,
        requests=requests if requests or holds or always else (1,),
        holds=holds or text,
        method=method,
    )


def case(name: str, *faults: Planned, **more: Any) -> Case:
    """Return a case; of 40 people if nothing else is said."""
    story = {"phases": (Phase(rows=people(ROWS)),), **more}
    return Case(crm="salesforce", name=name, faults=faults, **story)


def refused(*rows: int, code: str) -> RowErrors:
    """Refuse rows with a sentence that names a person."""
    return RowErrors(rows=rows, category=code, message=SAID)


def writes(story: Story, lap: int = 0) -> list[Any]:
    """Return the requests that wrote people: those before the campaign's."""
    before = takewhile(
        lambda seen: "Campaign" not in seen.path, story.laps[lap].ran.requests
    )
    return [seen for seen in before if seen.path == COLLECTIONS]


# What the third column asks


def kept(code: str, count: int) -> Any:
    """Those rows and no others are kept with this code."""

    def check(story: Story) -> None:
        first = story.laps[0]
        assert first.ran.outcomes.get("created", 0) == ROWS - count
        assert first.ran.outcomes["rejected"] == count
        assert first.ran.report["reasons"] == {code: count}
        assert story.laps[1].ran.report["resent"] == {"created": count}

    return check


def passes_in_one_run(story: Story) -> None:
    """Nobody is refused."""
    first = story.laps[0]
    assert first.ran.outcomes.keys() <= {"created", "updated", "unchanged"}
    assert sum(first.ran.outcomes.values()) == len(first.sent)


def halved(story: Story) -> None:
    """At most 14 more calls for one bad row in a hundred, which alone is kept."""
    assert story.laps[0].ran.outcomes == {"created": 99, "rejected": 1}
    assert len(writes(story)) - 1 <= 14


def pauses(seconds: float, *, rows: int = 0) -> Any:
    """Wait before it is tried again, with so many rows alone."""

    def check(story: Story) -> None:
        passes_in_one_run(story)
        hit = next(seen for seen in story.requests if seen.fault)
        later = story.requests[story.requests.index(hit) + 1 :]
        again = next(seen for seen in later if not rows or seen.inputs == rows)
        assert again.at - hit.at >= seconds

    return check


def stops(sentence: str) -> Any:
    """Stop with a sentence that helps, and no STATE."""

    def check(story: Story) -> None:
        first = story.laps[0]
        assert sentence in str(first.ran.problem)
        assert first.ran.states == []

    return check


def stops_at_once(story: Story) -> None:
    """No request follows the one that told of the day's limit."""
    stops("24 hours")(story)
    assert story.laps[0].ran.requests[-1].fault == "status"
    assert [seen.fault for seen in story.laps[0].ran.requests].count("status") == 1


def renews(story: Story) -> None:
    """One login more, and the request repeated once."""
    passes_in_one_run(story)
    assert len(story.to(TOKEN)) == 2
    assert [seen.status for seen in story.requests].count(401) == 1


def names(setting: str) -> Any:
    """Name the setting; nothing was written."""

    def check(story: Story) -> None:
        problem: Any = story.laps[0].ran.problem
        assert problem.setting == setting
        assert story.laps[0].present == set()

    return check


def once(count: int) -> Any:
    """One record a person."""

    def check(story: Story) -> None:
        assert writes(story)[0].inputs == count
        assert len(story.laps[0].present) == count

    return check


def of_kind(story: Story, kind: str) -> list[dict[str, Any]]:
    """Return the records of an object that are there in the end."""
    records = [json.loads(line) for line in story.held.splitlines()]
    return [record for record in records if record["object"] == kind]


def one_person(story: Story) -> None:
    """No twin of the first person: one record, with the newer rank."""
    found = [*of_kind(story, "Contact"), *of_kind(story, "Lead")]
    ranks = [record.get("Webinar_Live_Rank__c") for record in found]
    assert ranks.count(9) == 1
    assert story.laps[-1].ran.outcomes in ({"updated": 1}, {"created": 1})


def names_the_field(story: Story) -> None:
    """The refused row's reason names a field."""
    (fact,) = story.laps[0].ran.report["rejected"]
    assert fact["property"].startswith("Webinar_")
    assert story.laps[0].ran.outcomes["created"] == 2


def counts_attempts(story: Story) -> None:
    """Still bad: it stays, and the run says so."""
    assert [lap.ran.report["still_rejected"] for lap in story.laps] == [1, 1, 0]


def superseded(story: Story) -> None:
    """Dropped: the newer score stays."""
    assert story.laps[1].ran.report["resent"] == {"not_sent": 1}
    (lead,) = of_kind(story, "Lead")
    assert lead["Webinar_Live_Score__c"] == 20


def person_first(story: Story) -> None:
    """Nobody is told about who is not there; later it is."""
    assert story.to("Task") == []
    assert len(of_kind(story, "CampaignMember")) == len(of_kind(story, "Task")) == 1


def nothing_asked(story: Story) -> None:
    """Not one request."""
    assert story.laps[-1].ran.requests == []
    assert story.laps[-1].ran.outcomes == {"unchanged": ROWS}


def told_again(story: Story) -> None:
    """Reading shows that nothing is new."""
    assert story.laps[-1].ran.outcomes == {"unchanged": ROWS}
    assert len(of_kind(story, "Task")) == ROWS
    assert len(of_kind(story, "CampaignMember")) == ROWS


# What people do in Salesforce meanwhile


def known(org: Org) -> None:
    """Have the first two people in the organisation."""
    with org.seed() as seed:
        for number in range(2):
            email = f"canary{number}@example.com"
            seed.add("Contact", LastName="Kanarienvogel", Email=email)


def merge(org: Org) -> None:
    """Merge the first person into a new record with the same address."""
    with org.seed() as seed:
        seed.remove(org_id(seed.all("Contact")))
        seed.add("Contact", LastName="Kanarienvogel", Email="canary0@example.com")


def delete(org: Org) -> None:
    """Delete the first person, and with it what hangs on it."""
    with org.seed() as seed:
        lost = org_id(seed.all("Contact"))
        for kind, field in (("CampaignMember", "ContactId"), ("Task", "WhoId")):
            for record in seed.all(kind):
                if record.get(field) == lost:
                    seed.remove(record["Id"])
        seed.remove(lost)


def delete_alone(org: Org) -> None:
    """Delete the first person; the task stays, with nobody."""
    with org.seed() as seed:
        seed.remove(org_id(seed.all("Contact")))


def move(org: Org) -> None:
    """Give the first person another address."""
    with org.seed() as seed:
        seed.change(org_id(seed.all("Contact")), Email="canary99@example.com")


def convert(org: Org) -> None:
    """Convert the first person's lead into a contact."""
    with org.seed() as seed:
        email = "canary0@example.com"
        became = seed.add("Contact", LastName="Kanarienvogel", Email=email)
        lead = org_id(seed.all("Lead"))
        seed.change(lead, IsConverted=True, ConvertedContactId=became)


def org_id(found: list[dict[str, Any]]) -> str:
    """Return the id of the first person's record."""
    return str(next(r["Id"] for r in found if r["Email"] == "canary0@example.com"))


def lose_the_ledger(org: Org) -> None:
    """Delete what the target knows."""
    (org.folder / "ledger.sqlite").unlink()


def changed(before: Any, *, known_people: bool = True) -> dict[str, Any]:
    """Return a story in which something happens to the first person meanwhile."""
    first = Phase(rows=two(), before=known) if known_people else Phase(rows=two())
    return {
        "phases": (first, Phase(rows=[person(0, live_rank=9)], before=before)),
        "ends": (0, 0),
    }


CASES = (
    case(
        "C1 one row of 40",
        at(refused(3, code="FIELD_CUSTOM_VALIDATION_EXCEPTION")),
        ends=(1, 0),
        criterion=kept("FIELD_CUSTOM_VALIDATION_EXCEPTION", 1),
    ),
    case(
        "C1 all rows",
        at(refused(*range(ROWS), code="REQUIRED_FIELD_MISSING")),
        ends=(1, 0),
        criterion=kept("REQUIRED_FIELD_MISSING", ROWS),
    ),
    case(
        "C1 passing reason", at(refused(0, 39, code=LOCK)), criterion=passes_in_one_run
    ),
    case(
        "C1 answer without rows",
        at(Status(status=200, body="[]")),
        ends=(1, 0),
        criterion=kept("NO_ANSWER", ROWS),
    ),
    case(
        "C1 one row of a job",
        at(refused(3, code="REQUIRED_FIELD_MISSING"), "*/batches"),
        ends=(1, 0),
        config=JOB,
        settings={"job_s": 5.0},
        criterion=kept("REQUIRED_FIELD_MISSING", 1),
    ),
    *(
        case(
            f"C2 400 for row {number} of 100",
            at(error(400, "JSON_PARSER_ERROR"), COLLECTIONS, holds=f"canary{number}@"),
            phases=(Phase(rows=people(100)),),
            ends=(1, 0),
            criterion=halved,
        )
        for number in (0, 1, 37, 50, 99)
    ),
    *(
        case(
            f"C3 {what} done, {how}",
            at(fault, what),
            criterion=passes_in_one_run,
            read_s=2 if how == "time-out" else 30,
        )
        for what in WRITES
        for how, fault in LOST.items()
    ),
    *(
        case(
            f"C3 job {what}, reset",
            at(LoseReply(), path, 1, method=method),
            config=JOB,
            settings={"job_s": 5.0},
            criterion=passes_in_one_run,
        )
        for what, path, method in (
            ("made", JOBS, "POST"),
            ("filled", "*/batches", "PUT"),
            ("closed", f"{JOBS}/*", "PATCH"),
            ("asked for", f"{JOBS}/*", "GET"),
        )
    ),
    case("C3 reset before the work", at(Reset()), criterion=passes_in_one_run),
    *(
        case(
            f"C4 locked {where}",
            at(refused(0, 2, code=LOCK), path),
            criterion=pauses(0.5, rows=2),
            config=config,
            settings={"job_s": 5.0},
        )
        for where, path, config in (
            ("in a batch", "people", {}),
            ("in a job", "*/batches", JOB),
        )
    ),
    case(
        "C4 exists",
        at(refused(3, code="DUPLICATES_DETECTED")),
        ends=(1, 0),
        criterion=kept("DUPLICATES_DETECTED", 1),
    ),
    case("C4 merged", **changed(merge), criterion=one_person),
    case("C4 deleted", **changed(delete), criterion=one_person),
    case("C4 deleted, task left", **changed(delete_alone), criterion=one_person),
    case("C4 address changed", **changed(move), moved=MOVED, criterion=one_person),
    case("C4 converted", **changed(convert, known_people=False), criterion=one_person),
    case(
        "C5 requests at a time",
        at(error(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded.")),
        criterion=pauses(5),
    ),
    case(
        "C5 day",
        at(error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")),
        ends=(None, 0),
        criterion=stops_at_once,
    ),
    *(
        case(f"C6 {what}", at(EXPIRED, what), criterion=renews)
        for what in (*WRITES, COMPOSITE, "*/query")
    ),
    case(
        "C6 login answers 500 once",
        at(EXPIRED),
        at(Status(status=500), TOKEN, 2),
        criterion=passes_in_one_run,
    ),
    case(
        "C6 login denied",
        at(Status(status=400, body='{"error":"invalid_client"}'), TOKEN),
        ends=(None, 0),
        criterion=names("client_secret"),
    ),
    case(
        "C6 refused for good",
        at(EXPIRED, "people", 1, 2),
        ends=(None, 0),
        criterion=stops("client_id"),
    ),
    *(
        case(
            f"C7 {name}",
            phases=phases([person(n, email=one) for n, one in enumerate(emails)]),
            criterion=once(count),
        )
        for name, emails, count in (
            ("case", ("canary1@x.example", "Canary1@X.example"), 1),
            ("blanks", ("canary1@x.example", " canary1@x.example "), 1),
            ("plus tags", ("canary1@x.example", "canary1+b@x.example"), 2),
        )
    ),
    case(
        "C8 number too large",
        phases=phases(three(live_lead_score=1e9), three()),
        ends=(1, 0),
        criterion=names_the_field,
    ),
    case(
        "C8 level that is none",
        phases=phases(three(live_level="Extreme"), three()),
        ends=(1, 0),
        criterion=names_the_field,
    ),
    case(
        "C8 read-only",
        at(refused(1, code="INVALID_FIELD_FOR_INSERT_UPDATE")),
        phases=phases(three()),
        ends=(1, 0),
    ),
    case(
        "C10 good now",
        at(refused(1, code="FIELD_CUSTOM_VALIDATION_EXCEPTION")),
        phases=phases(three(), three()),
        ends=(1, 0),
    ),
    case(
        "C10 still bad, then good",
        phases=phases(three(email="canary1@bad"), [], three()),
        ends=(1, 1, 0),
        criterion=counts_attempts,
    ),
    case(
        "C10 newer score meanwhile",
        at(refused(0, code="FIELD_CUSTOM_VALIDATION_EXCEPTION")),
        phases=phases(
            [person(0, live_lead_score=10)], [person(0, live_lead_score=20, **NEWER)]
        ),
        ends=(1, 0),
        criterion=superseded,
    ),
    case(
        "C11 refused person",
        at(refused(0, code="FIELD_CUSTOM_VALIDATION_EXCEPTION")),
        phases=phases([person(0)]),
        ends=(1, 0),
        criterion=person_first,
    ),
    case(
        "C12 nothing new",
        phases=phases(people(ROWS), people(ROWS)),
        ends=(0, 0),
        criterion=nothing_asked,
    ),
    case(
        "C12 nothing new, ledger lost",
        phases=phases(people(ROWS), people(ROWS), before=lose_the_ledger),
        ends=(0, 0),
        criterion=told_again,
    ),
    case(
        "C13 down",
        at(Status(status=503), "*", always=True),
        ends=(None, 0),
        criterion=stops("run again"),
    ),
    case(
        "C13 down when people are written",
        at(Status(status=503), always=True),
        ends=(None, 0),
        criterion=stops("run again"),
    ),
)
