"""Whole runs of target-salesforce against the sandbox organisation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from crm_world import activity_score, lead_score
from salesforce_world import COLLECTIONS, TASKS, Org, organisation, writes
from singer_sdk.testing import get_target_test_class

from sync_core.errors import FatalError, SettingError
from target_crm.salesforce.target import TargetSalesforce

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def org(tmp_path: Path) -> Iterator[Org]:
    """An empty organisation without surprises."""
    with organisation(tmp_path / "state") as made:
        yield made


def test_scores_become_fields_that_a_rep_understands(org: Org) -> None:
    """Numbers, levels, reasons, and the webinar they are from."""
    org.run([lead_score(0)])
    made = org.one("Lead")
    assert (made["Webinar_Live_Score__c"], made["Webinar_Live_Level__c"]) == (
        97.5,
        "High",
    )
    assert made["Webinar_Live_Rank__c"] == 3
    assert "asked 2 questions" in made["Webinar_Reasons__c"]
    assert made["Webinar_Last_Event__c"] == "How to score"
    assert made["Webinar_Last_Event_At__c"] == "2026-11-01T10:00:00.000+0000"
    assert "Webinar_On_Demand_Rank__c" not in made


def test_the_full_set_holds_every_activity_score(org: Org) -> None:
    """For both windows, and the level before."""
    org.run([lead_score(0)], property_set="full")
    org.run([lead_score(0, live_level="Low")], property_set="full")
    made = org.one("Lead")
    assert made["Webinar_Live_CTA_Click__c"] == 2.5
    assert made["Webinar_On_Demand_Chat__c"] == 0
    assert made["Webinar_Live_Level_Before__c"] == "High"
    assert made["Webinar_Live_Ranked__c"] == 412


def test_an_unchanged_second_run_makes_no_request(org: Org) -> None:
    """The ledger knows what Salesforce accepted."""
    rows = [lead_score(n) for n in range(3)]
    first = org.run(rows)
    second = org.run(rows)
    assert (first.code, second.code) == (0, 0)
    assert (second.outcomes, second.requests) == ({"unchanged": 3}, [])


def test_a_changed_score_sends_the_changed_fields_only(org: Org) -> None:
    """One request, and nobody has to be looked for."""
    org.run([lead_score(0)], timeline="none")
    lead = org.one("Lead")["Id"]
    with org.seed() as seed:
        seed.change(lead, Webinar_Last_Event__c="by hand")
    ran = org.run([lead_score(0, live_lead_score=12.5)], timeline="none")
    made = org.one("Lead")
    assert [seen.path for seen in writes(ran)] == [COLLECTIONS]
    assert made["Webinar_Live_Score__c"] == 12.5
    assert made["Webinar_Last_Event__c"] == "by hand"


def test_a_lost_ledger_costs_reading_and_no_duplicate(org: Org) -> None:
    """People are found again and hold what they should; tasks are told once more."""
    rows = [lead_score(n) for n in range(3)]
    org.run(rows)
    before = org.dump()
    (org.folder / "ledger.sqlite").unlink()
    ran = org.run(rows)
    assert ran.outcomes == {"unchanged": 3}
    assert [seen.path for seen in writes(ran)] == [TASKS]
    assert org.dump() == before


def test_two_thousand_people_cost_few_requests(org: Org) -> None:
    """Collections of 200, two of them in one request, and one request of queries."""
    rows = [lead_score(n) for n in range(600)]
    ran = org.run(rows, timeline="none", bulk_threshold=0)
    assert ran.outcomes == {"created": 600}
    assert [seen.inputs for seen in writes(ran)] == [400, 200]
    # token, describe of two, one search, two writes
    assert ran.report["requests"] == 5
    changed = [lead_score(n, live_rank=9) for n in range(600)]
    again = org.run(changed, timeline="none", bulk_threshold=0)
    assert (again.outcomes, again.report["requests"]) == ({"updated": 600}, 3)


def test_what_is_left_of_the_day_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """By the organisation's own count, which others' requests are in too."""
    caplog.set_level("INFO")
    with organisation(tmp_path / "state", daily_limit=5_000) as org:
        ran = org.run([lead_score(0)], timeline="none")
        assert ran.report["requests"] == 5  # token, describes, jobs, search, write
        assert ran.report["requests_left_today"] == 5_000 - 4
        org.run([lead_score(0, live_rank=7)], timeline="none")  # one write
        again = org.run([lead_score(0, live_rank=8)], timeline="none")
        assert again.report["requests_left_today"] == 5_000 - 6
        assert "4,994 requests left today" in caplog.text


def test_what_a_newer_event_does_not_have_is_cleared(org: Org) -> None:
    """Null is told, so that nothing old is left beside the new."""
    org.run([lead_score(0)])
    later = {"event_id": "hubilo:2", "event_starts_at": "2026-12-01T10:00:00Z"}
    org.run([lead_score(0, **later, live_level=None, live_rank=None)])
    made = org.one("Lead")
    assert not {"Webinar_Live_Level__c", "Webinar_Live_Rank__c"} & made.keys()


def test_an_older_event_overwrites_nothing_but_has_its_entry(org: Org) -> None:
    """The newest webinar's scores stay; the older one is a campaign of its own."""
    org.run([lead_score(0)])
    older = {"event_id": "hubilo:0", "event_starts_at": "2026-01-01T10:00:00Z"}
    ran = org.run([lead_score(0, **older, live_lead_score=1.0)])
    assert ran.outcomes == {"not_sent": 1}
    assert org.one("Lead")["Webinar_Live_Score__c"] == 97.5
    assert len(org.all("CampaignMember")) == len(org.all("Task")) == 2


# Timeline


def test_attendance_is_a_campaign_member_and_the_breakdown_a_task(org: Org) -> None:
    """The campaign carries our key; the task is completed and belongs to both."""
    with org.seed() as seed:
        person = seed.add("Contact", LastName="Lee", Email="p0@example.com")
    ran = org.run([lead_score(0)], [activity_score(0)])
    campaign, member, task = (
        org.one(kind) for kind in ("Campaign", "CampaignMember", "Task")
    )
    assert (campaign["Name"], campaign["Webinar_Event_Key__c"]) == (
        "How to score",
        "hubilo:1",
    )
    assert (member["ContactId"], member["CampaignId"]) == (person, campaign["Id"])
    assert (member["Status"], member["HasResponded"]) == ("Attended", True)
    assert (task["WhoId"], task["WhatId"]) == (person, campaign["Id"])
    assert (task["Status"], task["ActivityDate"]) == ("Completed", "2026-11-01")
    assert "rank 3 of 210" in task["Description"]
    assert ran.report["timeline"] == {"created": 1}


def test_a_leads_task_is_about_the_lead_alone(org: Org) -> None:
    """What it is about must be empty then."""
    ran = org.run([lead_score(0)])
    assert (ran.code, "WhatId" in org.one("Task")) == (0, False)


def test_a_changed_breakdown_changes_the_task(org: Org) -> None:
    """Its key keeps it one."""
    org.run([lead_score(0)])
    org.run([lead_score(0, live_rank=1)])
    assert "rank 1 of 210" in org.one("Task")["Description"]


ON_DEMAND_ONLY = {
    "live_rank": None,
    "live_level": None,
    "on_demand_rank": 1,
    "on_demand_max_rank": 2,
    "attended": False,
}


@pytest.mark.parametrize(
    ("held", "row", "expected"),
    [
        pytest.param(None, {}, "Attended", id="new, live"),
        pytest.param(None, ON_DEMAND_ONLY, "On-demand", id="new, on demand"),
        pytest.param("Sent", {}, "Attended", id="invited"),
        pytest.param("Registered", {}, "Attended", id="registered"),
        pytest.param("No Show", ON_DEMAND_ONLY, "On-demand", id="watched later"),
        pytest.param("On-demand", {}, "Attended", id="was there after all"),
        pytest.param("Attended", ON_DEMAND_ONLY, "Attended", id="never backwards"),
        pytest.param("Responded", {}, "Responded", id="somebody's own status"),
    ],
)
def test_a_member_status_only_moves_forwards(
    org: Org, held: str | None, row: dict[str, Any], expected: str
) -> None:
    """And only from the statuses that we know the order of."""
    with org.seed() as seed:
        person = seed.add("Contact", LastName="Lee", Email="p0@example.com")
        campaign = seed.add("Campaign", Name="Ours", Webinar_Event_Key__c="hubilo:1")
        if held:
            pair = {"CampaignId": campaign, "ContactId": person}
            seed.add("CampaignMember", **pair, Status=held)
    org.run([lead_score(0, **row)])
    assert org.one("CampaignMember")["Status"] == expected
    assert org.one("Campaign")["Name"] == "Ours"


@pytest.mark.parametrize(
    ("timeline", "members", "tasks"),
    [("campaign_and_task", 1, 1), ("campaign", 1, 0), ("task", 0, 1), ("none", 0, 0)],
)
def test_the_timeline_is_a_setting(
    org: Org, timeline: str, members: int, tasks: int
) -> None:
    """Either, both, or none."""
    org.run([lead_score(0)], timeline=timeline)
    found = (len(org.all("CampaignMember")), len(org.all("Task")))
    assert found == (members, tasks)


def test_a_campaign_gets_the_statuses_it_lacks(org: Org) -> None:
    """And keeps its own."""
    org.run([lead_score(0)])
    labels = [row["Label"] for row in org.all("CampaignMemberStatus")]
    assert labels == [
        "Sent",
        "Responded",
        "Registered",
        "No Show",
        "On-demand",
        "Attended",
    ]


def test_people_are_there_before_what_refers_to_them(org: Org) -> None:
    """Whatever comes first in the input."""
    ran = org.run([lead_score(0)], [activity_score(0)])
    paths = [seen.path for seen in writes(ran)]
    assert paths.index(COLLECTIONS) < paths.index(TASKS)


# Dry run, checks, settings


def test_a_dry_run_tells_the_difference_and_changes_nothing(org: Org) -> None:
    """Read from Salesforce, person by person."""
    with org.seed() as seed:
        person = {"LastName": "Lee", "Email": "p0@example.com"}
        seed.add("Contact", **person, Webinar_Live_Level__c="Low")
    before = org.dump()
    ran = org.run([lead_score(0), lead_score(1)], dry_run=True)
    assert (ran.outcomes, writes(ran)) == ({"updated": 1, "created": 1}, [])
    plan = {entry["would_be"]: entry["changes"] for entry in ran.report["plan"]}
    level = plan["updated"]["Webinar_Live_Level__c"]
    assert level == {"from": "Low", "to": "High"}
    assert org.dump() == before


def test_meltanos_connection_test_writes_nothing(org: Org) -> None:
    """It reads the limits."""
    lines = [
        {
            "type": "SCHEMA",
            "stream": "meltano_test_stream",
            "schema": {"properties": {}},
            "key_properties": [],
        },
        {"type": "RECORD", "stream": "meltano_test_stream", "record": {"test": 1}},
    ]
    ran = org.run_lines("".join(f"{json.dumps(line)}\n" for line in lines))
    assert (ran.code, writes(ran)) == (0, [])
    assert [seen.path.rsplit("/", 1)[-1] for seen in ran.requests] == [
        "token",
        "limits",
    ]


@pytest.mark.parametrize(
    ("wrong", "setting"),
    [
        pytest.param({"client_secret": "wrong"}, "client_secret", id="secret"),
        pytest.param({"client_id": "wrong"}, "client_secret", id="client"),
        pytest.param(
            {"username": "a@b.io", "private_key": "-----BEGIN nonsense"},
            "private_key",
            id="key",
        ),
    ],
)
def test_a_refused_credential_names_the_setting(
    org: Org, wrong: dict[str, str], setting: str
) -> None:
    """And never its value."""
    ran = org.run([lead_score(0)], **wrong)
    assert isinstance(ran.problem, SettingError)
    assert ran.problem.setting == setting
    assert not any(value in str(ran.problem) for value in wrong.values())


@pytest.mark.parametrize(
    ("wrong", "setting"),
    [
        pytest.param({"client_secret": None}, "client_secret", id="no secret"),
        pytest.param({"domain": "login"}, "domain", id="no My Domain"),
        pytest.param({"domain": "evil.example/x"}, "domain", id="no domain"),
        pytest.param({"username": "a@b.io"}, "private_key", id="half a JWT"),
        pytest.param(
            {"username": "a@b.io", "private_key": "/no/such.pem"},
            "private_key",
            id="no key file",
        ),
        pytest.param({"api_url": "https://8.8.8.8"}, "api_url", id="not loopback"),
        pytest.param({"api_url": "http://example.com"}, "api_url", id="http"),
        pytest.param({"mapping": "/no/such.yml"}, "mapping", id="no mapping"),
    ],
)
def test_a_wrong_setting_is_refused_before_any_request(
    org: Org, wrong: dict[str, Any], setting: str
) -> None:
    """With its name and the next step."""
    ran = org.run([lead_score(0)], **wrong)
    assert isinstance(ran.problem, SettingError)
    assert (ran.problem.setting, ran.requests) == (setting, [])


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        pytest.param(
            {"missing_fields": frozenset({"Lead.Webinar_Live_Score__c"})},
            "Lead.Webinar_Live_Score__c",
            id="missing",
        ),
        pytest.param(
            {"hidden_fields": frozenset({"Contact.Webinar_Reasons__c"})},
            "Contact.Webinar_Reasons__c",
            id="hidden",
        ),
        pytest.param(
            {"read_only_fields": frozenset({"Contact.Webinar_Reasons__c"})},
            "Contact.Webinar_Reasons__c",
            id="read-only",
        ),
        pytest.param(
            {"missing_fields": frozenset({"Campaign.Webinar_Event_Key__c"})},
            "Campaign.Webinar_Event_Key__c",
            id="no campaign key",
        ),
        pytest.param(
            {"missing_fields": frozenset({"Task.Webinar_Activity_Key__c"})},
            "Task.Webinar_Activity_Key__c",
            id="no task key",
        ),
        pytest.param({"marketing_user": False}, "CampaignMember", id="no right"),
        pytest.param(
            {"hidden_objects": frozenset({"Campaign", "CampaignMember"})},
            "CampaignMember",
            id="no campaigns",
        ),
    ],
)
def test_what_is_missing_is_told_before_the_first_write(
    tmp_path: Path, broken: dict[str, Any], named: str
) -> None:
    """With the command that helps; and it stays an error of the setup, not of rows."""
    with organisation(tmp_path / "state", **broken) as org:
        ran = org.run([lead_score(0)])
        assert isinstance(ran.problem, SettingError)
        assert named in str(ran.problem)
        assert "leadscore crm setup" in str(ran.problem)
        assert (writes(ran), ran.states) == ([], [])


def test_a_dry_run_names_missing_fields_too(tmp_path: Path) -> None:
    """Although it does not ask for them before it reads."""
    gone = frozenset({"Lead.Webinar_Live_Score__c"})
    with organisation(tmp_path / "state", missing_fields=gone) as org:
        ran = org.run([lead_score(0)], dry_run=True)
        assert isinstance(ran.problem, SettingError)
        assert "Lead.Webinar_Live_Score__c" in str(ran.problem)


def test_a_field_that_was_deleted_since_is_told(tmp_path: Path) -> None:
    """The ledger's memory of a check does not hide it."""
    with organisation(tmp_path / "state") as org:
        assert org.run([lead_score(0)]).code == 0
    gone = frozenset({"Lead.Webinar_Live_Score__c"})
    with organisation(tmp_path / "state", missing_fields=gone) as org:
        with org.seed() as seed:
            seed.add("Lead", LastName="x", Company="x", Email="p0@example.com")
        ran = org.run([lead_score(0, live_lead_score=1.0)])
        assert isinstance(ran.problem, FatalError)
        assert "Lead.Webinar_Live_Score__c" in str(ran.problem)


_Standard = get_target_test_class(
    TargetSalesforce,
    config={
        "client_id": "made-up",
        "client_secret": "made-up",
        "domain": "made-up.my",
        "api_url": "http://127.0.0.1:9",
    },
)


class TestTargetSalesforceStandard(_Standard):  # type: ignore[misc, valid-type]
    """The SDK's own suite: streams that are not ours are ignored."""

    @pytest.fixture(autouse=True)
    def _in_a_folder_of_its_own(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.chdir(str(tmp_path))
