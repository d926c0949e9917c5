"""The fault table's rows C1 to C13 for HubSpot, as data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import urllib3
from crm_world import ATTEND, READ, UPSERT, World
from fault_story import Case, Phase, people, person

from sandbox.faults import LoseReply, Planned, Reset, RowErrors, Status, Truncate

if TYPE_CHECKING:
    from fault_story import Story

    from sandbox.faults import AnyFault

ROWS = 130
CREATED = {"created": ROWS}
SAID = "of canary3@example.com, Canarina"  # what no log may repeat
OAUTH: dict[str, Any] = {
    "access_token": None,
    "client_id": "sandbox-client",
    "client_secret": "sandbox-secret",
    "refresh_token": "sandbox-refresh",
}
MOVED_TO = "canary9@example.com"
NEWER = {"event_id": "hubilo:2", "event_starts_at": "2026-11-20T10:00:00Z"}


def limit(policy: str, **headers: str) -> Status:
    """Return a 429 in HubSpot's form."""
    body = {"status": "error", "message": SAID, "policyName": policy}
    return Status(status=429, body=json.dumps(body), headers=headers)


def status(code: int, **headers: str) -> Status:
    """Return an error in HubSpot's form that speaks of a person."""
    body = {"status": "error", "message": SAID, "category": "X"}
    return Status(status=code, body=json.dumps(body), headers=headers)


def at(fault: AnyFault, path: str = UPSERT, *requests: int, holds: str = "") -> Planned:
    """Plan a fault for some requests; for the first one if none is named."""
    return Planned(
        part="hubspot",
        path=path,
        fault=fault,
        requests=requests if requests or holds else (1,),
        holds=holds,
    )


def case(name: str, *faults: Planned, **more: Any) -> Case:
    """Return a case."""
    return Case(crm="hubspot", name=name, faults=faults, **more)


def refused(*rows: int, **more: Any) -> RowErrors:
    """Refuse rows with a sentence that names a person."""
    return RowErrors(rows=rows, message=SAID, **more)


# What the third column asks


def kept(code: str, count: int) -> Any:
    """Those rows and no others are kept with this code, at no extra request."""

    def check(story: Story) -> None:
        first = story.laps[0]
        assert first.ran.outcomes == {"created": ROWS - count, "rejected": count}
        assert first.ran.report["reasons"] == {code: count}
        assert [seen.inputs for seen in story.to("upsert")] == [100, 30]
        assert story.laps[1].ran.report["resent"] == {"created": count}

    return check


def passes_in_one_run(story: Story) -> None:
    """Nobody is refused."""
    outcomes = story.laps[0].ran.outcomes
    assert outcomes.keys() <= {"created", "updated"}
    assert sum(outcomes.values()) == ROWS


def halved(story: Story) -> None:
    """At most 14 more calls for one bad row in a hundred, which alone is kept."""
    first = story.laps[0]
    assert first.ran.outcomes == {"created": ROWS - 1, "rejected": 1}
    assert len(story.to("upsert")) - 2 <= 14


def pauses(seconds: float) -> Any:
    """Wait as long as the limit lasts."""

    def check(story: Story) -> None:
        first, second = story.to("upsert")[:2]
        assert second.at - first.at >= seconds
        assert story.laps[0].ran.report["waits"] == 1

    return check


def stops(sentence: str, *, calls: int = 1) -> Any:
    """Stop after so many calls, with a sentence that helps, and no STATE."""

    def check(story: Story) -> None:
        first = story.laps[0]
        assert sentence in str(first.ran.problem)
        assert first.ran.states == []
        assert len([seen for seen in first.ran.requests if seen.fault]) == calls

    return check


def renews(logins: int) -> Any:
    """One renewal a refusal, and the request repeated once."""

    def check(story: Story) -> None:
        assert story.laps[0].ran.outcomes == CREATED
        assert len(story.to("/oauth/")) == logins
        assert [seen.status for seen in story.requests].count(401) == logins - 1

    return check


def names(setting: str) -> Any:
    """Name the setting; nothing was written."""

    def check(story: Story) -> None:
        problem: Any = story.laps[0].ran.problem
        assert problem.setting == setting
        assert story.laps[0].ran.writes == []

    return check


def once(count: int) -> Any:
    """One input a person."""

    def check(story: Story) -> None:
        assert [seen.inputs for seen in story.to("upsert")] == [count]
        assert len(story.laps[0].present) == count

    return check


def names_the_property(story: Story) -> None:
    """The refused row's reason is a property's name."""
    (fact,) = story.laps[0].ran.report["rejected"]
    assert fact["property"].startswith("webinar_")
    assert story.laps[0].ran.outcomes["created"] == 2


def checked_first(story: Story) -> None:
    """The property is named before anything is written."""
    assert "webinar_live_rank" in str(story.laps[0].ran.problem)
    assert story.laps[0].ran.writes == []


def no_search(story: Story) -> None:
    """No decision rests on the index."""
    assert story.laps[1].ran.outcomes == {"unchanged": ROWS}
    assert [seen for seen in story.requests if "search" in seen.path] == []


def counts_attempts(story: Story) -> None:
    """Still bad: it stays, and the run says so."""
    assert [lap.ran.report["still_rejected"] for lap in story.laps] == [1, 1, 0]
    assert story.laps[2].ran.report["resent"] == {}


def superseded(story: Story) -> None:
    """Dropped: the newer score stays."""
    assert story.laps[1].ran.report["resent"] == {"not_sent": 1}
    assert '"webinar_live_lead_score":"20"' in story.held


def contact_first(story: Story) -> None:
    """Nobody is told about who is not there; later it is."""
    assert story.to("attendance") == []
    assert '"attendance":[[' in story.held


def nothing_written(story: Story) -> None:
    """No write, and without a loss of the ledger no request."""
    assert story.laps[-1].ran.writes == []
    assert story.laps[-1].ran.outcomes == {"unchanged": ROWS}


def told_again(story: Story) -> None:
    """Reading shows that nothing is new; what cannot be read is told once more."""
    assert story.laps[-1].ran.outcomes == {"unchanged": ROWS}
    assert story.to("upsert", 1) == []
    assert {len(found) for found in attendances(story)} == {1}


def attendances(story: Story) -> list[Any]:
    """Return each person's attendances."""
    return [held["attendance"] for held in json.loads(story.held)["contacts"].values()]


def one_contact(count: int) -> Any:
    """No twin."""

    def check(story: Story) -> None:
        assert len(json.loads(story.held)["contacts"]) == count

    return check


def moved_along(story: Story) -> None:
    """No twin: the contact with the new address has both webinars and the scores."""
    held = json.loads(story.held)["contacts"]
    assert held.keys() == {MOVED_TO, "canary1@example.com"}
    assert held[MOVED_TO]["properties"]["webinar_live_rank"] == "9"
    assert len(held[MOVED_TO]["attendance"]) == 2
    assert [lap.ran.outcomes for lap in story.laps[1:]] == [{"updated": 1}]


# What people do in HubSpot meanwhile


def ask(crm: World, method: str, path: str, body: Any = None) -> dict[str, Any]:
    """Ask HubSpot for something, past the target."""
    with urllib3.PoolManager() as pool:
        answer = pool.request(
            method,
            crm.sandbox.url + path,
            json=body,
            headers={"Authorization": "Bearer sandbox-token"},
        )
    assert answer.status < 300, answer.data
    found: dict[str, Any] = json.loads(answer.data) if answer.data else {}
    return found


def contact_id(crm: World, number: int) -> str:
    """Return a person's id."""
    email = f"canary{number}@example.com"
    body = {"idProperty": "email", "inputs": [{"id": email}], "properties": []}
    more: dict[str, Any] = {"propertiesWithHistory": []}
    found = ask(crm, "POST", READ, {**body, **more})
    return str(found["results"][0]["id"])


def merge(crm: World) -> None:
    """Merge the second person into the first."""
    ids = {"primaryObjectId": contact_id(crm, 0), "objectIdToMerge": contact_id(crm, 1)}
    ask(crm, "POST", "/crm/v3/objects/contacts/merge", ids)


def archive(crm: World) -> None:
    """Delete the first person."""
    ask(crm, "DELETE", f"/crm/v3/objects/contacts/{contact_id(crm, 0)}")


def move(crm: World) -> None:
    """Give the first person another address."""
    path = f"/crm/v3/objects/contacts/{contact_id(crm, 0)}"
    ask(crm, "PATCH", path, {"properties": {"email": MOVED_TO}})


def lose_the_ledger(crm: World) -> None:
    """Delete what the target knows."""
    (crm.folder / "ledger.sqlite").unlink()


def make_a_text_of_the_rank(crm: World) -> None:
    """Make the property before us, with another type."""
    ask(
        crm,
        "POST",
        "/crm/v3/properties/contacts",
        {
            "name": "webinar_live_rank",
            "label": "Mine",
            "groupName": "contactinformation",
            "type": "string",
            "fieldType": "text",
        },
    )


def mend_the_rank(crm: World) -> None:
    """Remove it."""
    ask(crm, "DELETE", "/crm/v3/properties/contacts/webinar_live_rank")


def two(**changed: Any) -> list[dict[str, Any]]:
    """Return two people, of whom the second has changed."""
    return [person(0), person(1, **changed)]


def phases(*rows: list[dict[str, Any]], before: Any = None) -> tuple[Phase, ...]:
    """Return phases; the action comes before the last one."""
    *first, last = rows
    end = Phase(rows=last, before=before) if before else Phase(rows=last)
    return (*(Phase(rows=part) for part in first), end)


def three(**changed: Any) -> list[dict[str, Any]]:
    """Return three people, of whom the second has changed."""
    return [person(0), person(1, **changed), person(2)]


LOST: dict[str, AnyFault] = {
    "reset": LoseReply(),
    "time-out": LoseReply(after_s=20),
    "502": LoseReply(status=502),
    "cut": Reset(at=0.5),
    "truncated": Truncate(at=0.7),
}
WRITES = {
    "contacts": UPSERT,
    "attendance": ATTEND,
    "event": "*/marketing-events/events/*",
    "properties": "/crm/v3/properties/contacts/batch/create",
}
CASES = (
    case(
        "C1 one row of 100",
        at(refused(3)),
        ends=(1, 0),
        criterion=kept("VALIDATION_ERROR", 1),
    ),
    case(
        "C1 all rows of 100",
        at(refused(*range(100))),
        ends=(1, 0),
        criterion=kept("VALIDATION_ERROR", 100),
    ),
    case(
        "C1 passing reason",
        at(refused(0, 99, category="INTERNAL_ERROR")),
        criterion=passes_in_one_run,
    ),
    case(
        "C1 no trace id", at(refused(3, 7, traced=False)), criterion=passes_in_one_run
    ),
    case(
        "C1 numErrors disagrees",
        at(refused(5, category="RATE_LIMITS", num_errors=50)),
        criterion=passes_in_one_run,
    ),
    *(
        case(
            f"C2 400 for row {n} of 100",
            at(status(400), holds=f"canary{n}@"),
            ends=(1, 0),
            criterion=halved,
        )
        for n in (0, 1, 37, 50, 99)
    ),
    *(
        case(
            f"C3 {what} done, {how}",
            at(fault, path),
            criterion=passes_in_one_run,
            read_s=2 if how == "time-out" else 30,
        )
        for what, path in WRITES.items()
        for how, fault in LOST.items()
    ),
    case(
        "C3 both upserts done, reset",
        at(LoseReply(), UPSERT, 1, 3),
        criterion=passes_in_one_run,
    ),
    case(
        "C4 exists",
        at(refused(3, category="CONFLICT")),
        ends=(1, 0),
        criterion=kept("CONFLICT", 1),
    ),
    case("C4 locked", at(status(423)), criterion=pauses(2)),
    case(
        "C4 merged",
        phases=phases(two(), two(live_rank=9), before=merge),
        ends=(0, 0),
        criterion=one_contact(1),
    ),
    case(
        "C4 archived",
        phases=phases(two(), [person(0, live_rank=9)], before=archive),
        ends=(0, 0),
        criterion=one_contact(2),
    ),
    case(
        "C4 address changed",
        phases=phases(two(), [person(0, live_rank=9, **NEWER)], before=move),
        ends=(0, 0),
        moved=frozenset({"canary0@example.com"}),
        criterion=moved_along,
    ),
    case("C5 ten seconds", at(limit("TEN_SECONDLY_ROLLING")), criterion=pauses(10)),
    case("C5 a second", at(limit("SECONDLY")), criterion=pauses(1)),
    case(
        "C5 Retry-After",
        at(limit("TEN_SECONDLY_ROLLING", **{"Retry-After": "14"})),
        criterion=pauses(14),
    ),
    case("C5 day", at(limit("DAILY")), ends=(None, 0), criterion=stops("midnight")),
    case(
        "C5 Retry-After of a day",
        at(limit("", **{"Retry-After": "86400"})),
        ends=(None, 0),
        criterion=stops("86400"),
    ),
    *(
        case(f"C6 {what}", at(status(401), path, n), config=OAUTH, criterion=renews(2))
        for what, path, n in (
            ("first batch", UPSERT, 1),
            ("second batch", UPSERT, 2),
            ("attendance", ATTEND, 1),
            ("event", WRITES["event"], 1),
            ("properties", "*/properties/contacts", 1),
        )
    ),
    case(
        "C6 renewal answers 500 once",
        at(status(401)),
        at(status(500), "/oauth/*", 2),
        config=OAUTH,
        criterion=passes_in_one_run,
    ),
    case(
        "C6 renewal denied",
        at(status(400), "/oauth/*"),
        config=OAUTH,
        ends=(None, 0),
        criterion=names("refresh_token"),
    ),
    case(
        "C6 refused for good",
        at(status(401), UPSERT, 1, 2),
        config=OAUTH,
        ends=(None, 0),
        criterion=stops("access_token", calls=2),
    ),
    *(
        case(
            f"C7 {name}",
            phases=phases([person(n, email=email) for n, email in enumerate(emails)]),
            criterion=once(count),
        )
        for name, emails, count in (
            ("case", ("canary1@x.example", "Canary1@X.example"), 1),
            ("blanks", ("canary1@x.example", " canary1@x.example "), 1),
            ("plus tags", ("canary1@x.example", "canary1+b@x.example"), 2),
            ("unicode", ("cänary1@x.example", "CÄNARY1@x.example"), 1),
        )
    ),
    case(
        "C8 property of another type",
        phases=(
            Phase(rows=two(), before=make_a_text_of_the_rank),
            Phase(rows=two(), before=mend_the_rank),
        ),
        ends=(None, 0),
        criterion=checked_first,
    ),
    case(
        "C8 value not in list",
        at(refused(1, category="INVALID_OPTION")),
        phases=phases(three()),
        ends=(1, 0),
    ),
    case(
        "C8 read-only",
        at(refused(1, category="READ_ONLY_VALUE")),
        phases=phases(three()),
        ends=(1, 0),
    ),
    *(
        case(
            f"C8 {what}",
            phases=phases(three(**{field: value}), three()),
            ends=(1, 0),
            criterion=names_the_property,
        )
        for what, field, value in (
            ("number that is none", "live_rank", "many"),
            ("level that is none", "live_level", "Extreme"),
            ("text too long", "event_name", "x" * 70_000),
        )
    ),
    case(
        "C9 index a minute behind",
        phases=phases(people(), people(), before=lose_the_ledger),
        settings={"index_lag_s": 60},
        ends=(0, 0),
        criterion=no_search,
    ),
    case("C10 good now", at(refused(1)), phases=phases(three(), three()), ends=(1, 0)),
    case(
        "C10 still bad, then good",
        phases=phases(three(email="canary1@bad"), [], three()),
        ends=(1, 1, 0),
        criterion=counts_attempts,
    ),
    case(
        "C10 newer score meanwhile",
        at(refused(0)),
        phases=phases(
            [person(0, live_lead_score=10)], [person(0, live_lead_score=20, **NEWER)]
        ),
        ends=(1, 0),
        criterion=superseded,
    ),
    case(
        "C11 refused contact",
        at(refused(0)),
        phases=phases([person(0)]),
        ends=(1, 0),
        criterion=contact_first,
    ),
    case(
        "C12 nothing new",
        phases=phases(people(), people()),
        ends=(0, 0),
        criterion=nothing_written,
    ),
    case(
        "C12 nothing new, ledger lost",
        phases=phases(people(), people(), before=lose_the_ledger),
        ends=(0, 0),
        criterion=told_again,
    ),
    case(
        "C13 down",
        at(status(503), "*", *range(1, 7)),
        ends=(None, 0),
        criterion=stops("run again", calls=6),
    ),
    case(
        "C13 down from the second batch on",
        at(status(503), UPSERT, *range(2, 8)),
        ends=(None, 0),
        criterion=stops("run again", calls=6),
    ),
)
