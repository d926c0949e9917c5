"""What each policy does to what is there, in a rehearsal and in earnest.

A table of policies, of what the contact holds and of what the row says, through the
whole target and the sandbox: first as a dry run, which must tell the difference and
write nothing, then as a run, which must make just that difference, then once more.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from crm_world import READ, STATE, World, lead_score

from sync_core.errors import FatalError, SettingError

if TYPE_CHECKING:
    from pathlib import Path

MAPPING = """
group: {{name: webinar_engagement, label: Webinar engagement}}
properties:
  webinar_live_rank:
    {{source: live_rank, type: number, field_type: number, set: minimal}}
  jobtitle:
    {{source: job_title, set: minimal, policy: {policy}, when_null: {when_null},
     ours: false}}
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is there, what the row says, and what must be there afterwards.

    ``change`` is what changes, from and to; None if nothing does. The plan tells that a
    person's own value is there, and not which.
    """

    policy: str = "overwrite"
    when_null: str = "leave"
    held: str = ""
    row: str | None = None
    after: str = ""
    change: tuple[str, str] | None = None


CASES = {
    "overwrite changes": Case(
        held="CTO", row="CEO", after="CEO", change=("CTO", "CEO")
    ),
    "overwrite fills": Case(row="CEO", after="CEO", change=("", "CEO")),
    "overwrite keeps what is equal": Case(held="CEO", row="CEO", after="CEO"),
    "null leaves": Case(held="CTO", after="CTO"),
    "an empty text is null": Case(held="CTO", row="", after="CTO"),
    "null clears where it is said": Case(
        when_null="clear", held="CTO", change=("CTO", "")
    ),
    "clearing what is empty is no change": Case(when_null="clear"),
    "if_empty keeps": Case(policy="if_empty", held="CTO", row="CEO", after="CTO"),
    "if_empty fills": Case(
        policy="if_empty", row="CEO", after="CEO", change=("", "CEO")
    ),
    "if_empty never clears": Case(
        policy="if_empty", when_null="clear", held="CTO", after="CTO"
    ),
    "never changes": Case(policy="never", held="CTO", row="CEO", after="CTO"),
    "never fills": Case(policy="never", row="CEO"),
    "never clears": Case(policy="never", when_null="clear", held="CTO", after="CTO"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_policy_is_kept_and_rehearsed(
    hubspot: World, tmp_path: Path, name: str
) -> None:
    """The plan tells it, the run does it, and the second run has nothing to do."""
    case = CASES[name]
    mapping = tmp_path / "mapping.yml"
    mapping.write_text(MAPPING.format(policy=case.policy, when_null=case.when_null))
    hubspot.config |= {"mapping": str(mapping), "timeline": "none"}
    make_contact(hubspot, {"email": "p0@example.com", "jobtitle": case.held})
    before = hubspot.crm
    rows = [lead_score(0, job_title=case.row)]

    plan = hubspot.run(rows, dry_run=True)
    untouched = hubspot.crm
    ran = hubspot.run(rows)
    again = hubspot.run(rows)

    assert (plan.code, writes(plan), untouched) == (0, [], before)
    assert (plan.states, ran.states) == ([], [STATE])
    (planned,) = plan.report["plan"]
    told = {"webinar_live_rank": {"from": "", "to": "3"}}
    if case.change is not None:
        shown = [value and "(filled)" for value in case.change]
        told["jobtitle"] = dict(zip(("from", "to"), shown, strict=True))
    assert planned["changes"] == told
    assert planned["would_be"] == "updated"
    assert ran.outcomes == {"updated": 1}
    assert hubspot.contact("p0@example.com").get("jobtitle", "") == case.after
    assert (again.outcomes, again.requests) == ({"unchanged": 1}, [])


def test_a_lost_ledger_changes_no_policy(hubspot: World, tmp_path: Path) -> None:
    """What somebody typed in the meantime is read and kept."""
    mapping = tmp_path / "mapping.yml"
    mapping.write_text(MAPPING.format(policy="if_empty", when_null="leave"))
    hubspot.config |= {"mapping": str(mapping), "timeline": "none"}
    make_contact(hubspot, {"email": "p0@example.com", "jobtitle": "CTO"})
    hubspot.run([lead_score(0, job_title="CEO")])
    (hubspot.folder / "ledger.sqlite").unlink()

    ran = hubspot.run([lead_score(0, job_title="CEO")])

    assert (ran.outcomes, writes(ran)) == ({"unchanged": 1}, [])
    assert hubspot.contact("p0@example.com")["jobtitle"] == "CTO"


@pytest.mark.parametrize(
    ("create", "outcomes", "people"),
    [
        ("create", {"created": 1, "updated": 1}, 2),
        ("only_existing", {"updated": 1, "not_sent": 1}, 1),
    ],
)
def test_who_may_be_created_is_rehearsed_too(
    hubspot: World, create: str, outcomes: dict[str, int], people: int
) -> None:
    """The same outcomes in the plan and in the run."""
    hubspot.config |= {"create": create}
    make_contact(hubspot, {"email": "p0@example.com"})
    rows = [lead_score(0), lead_score(1)]

    plan = hubspot.run(rows, dry_run=True)
    ran = hubspot.run(rows)

    assert (plan.outcomes, writes(plan)) == (outcomes, [])
    assert ran.outcomes == outcomes
    assert len(hubspot.crm["contacts"]) == people


def test_a_plan_names_the_properties_that_would_be_created(hubspot: World) -> None:
    """And finds the account's properties by reading them once."""
    plan = hubspot.run([lead_score(n) for n in range(250)], dry_run=True)
    hubspot.run([lead_score(0)])
    later = hubspot.run([lead_score(0, live_rank=9)], dry_run=True)

    assert len(plan.report["would_create"]) == 10
    assert "webinar_live_lead_score" in plan.report["would_create"]
    assert [seen.method for seen in plan.requests] == ["GET", *["POST"] * 3]
    assert {seen.path for seen in plan.requests[1:]} == {READ}
    assert later.report["would_create"] == []


def test_a_plan_finds_a_property_of_another_type(hubspot: World) -> None:
    """A rehearsal that only the first real run would contradict is none."""
    body = {
        "name": "webinar_live_rank",
        "label": "Rank",
        "type": "string",
        "fieldType": "text",
        "groupName": "contactinformation",
    }
    ask(hubspot, "/crm/v3/properties/contacts", body)

    plan = hubspot.run([lead_score(0)], dry_run=True)

    assert isinstance(plan.problem, SettingError)
    assert "webinar_live_rank has the type string" in str(plan.problem)


def test_a_plan_tells_that_properties_may_not_be_created(hubspot: World) -> None:
    """As the run would."""
    plan = hubspot.run([lead_score(0)], dry_run=True, create_properties=False)

    assert isinstance(plan.problem, FatalError)
    assert "`create_properties`" in str(plan.problem)


def test_a_long_plan_is_whole_in_its_file(hubspot: World) -> None:
    """The report holds the first thousand rows and names the file with all."""
    plan = hubspot.run([lead_score(n) for n in range(1_050)], dry_run=True)

    path = hubspot.folder / "runs" / plan.report["plan_file"]
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(plan.report["plan"]) == 1_000
    assert len(lines) == len({line["contact"] for line in lines}) == 1_050
    assert lines[:1_000] == plan.report["plan"]
    assert "@" not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_plan_leaves_out_what_would_not_be_sent(hubspot: World) -> None:
    """Older webinars, people without an address, rows that do not fit."""
    newer = {"event_id": "hubilo:2", "event_starts_at": "2026-11-20T10:00:00Z"}
    hubspot.run([lead_score(0, **newer), lead_score(1)])
    rows = [
        lead_score(0),
        lead_score(1),
        lead_score(2, email=None),
        lead_score(3, live_level="Tall"),
    ]

    plan = hubspot.run(rows, dry_run=True, max_rejected=1)

    assert plan.code == 0
    assert plan.report["plan"] == []
    assert plan.outcomes == {"unchanged": 1, "rejected": 1, "not_sent": 2}
    assert hubspot.waiting == []


def writes(ran: Any) -> list[str]:
    """Return the requests of a run that are not mere reading."""
    return [
        seen.path
        for seen in ran.requests
        if seen.method != "GET" and not seen.path.endswith("batch/read")
    ]


def make_contact(hubspot: World, properties: dict[str, str]) -> None:
    """Make a contact as somebody else would."""
    ask(hubspot, "/crm/v3/objects/contacts", {"properties": properties})


def ask(hubspot: World, path: str, body: dict[str, Any]) -> None:
    """Post something to the CRM as somebody else would."""
    with urllib3.PoolManager() as pool:
        answer = pool.request(
            "POST",
            hubspot.sandbox.url + path,
            json=body,
            headers={"Authorization": "Bearer sandbox-token"},
        )
    assert answer.status < 300, answer.data
