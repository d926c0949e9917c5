"""The pages of the Salesforce look-alike, as a rep would see them."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from salesforce_clients import Org, organisation

SCORED = {
    "Webinar_Live_Score__c": 97.5,
    "Webinar_Live_Level__c": "High",
    "Webinar_Live_Rank__c": 3.0,
    "Webinar_Live_Ranked__c": 412.0,
    "Webinar_Reasons__c": "asked 2 questions\nwatched 59 min",
    "Webinar_Last_Event__c": "How to score",
}


@pytest.fixture
def org() -> Any:
    """An organisation."""
    with organisation() as running:
        yield running


def _read(org: Org, path: str) -> requests.Response:
    return requests.get(f"{org.box.url}{path}", timeout=10)


def test_an_empty_organisation_says_so(org: Org) -> None:
    """Instead of showing an empty table."""
    assert "There is nobody yet" in _read(org, "/salesforce").text


def test_people_are_listed_by_score(org: Org) -> None:
    """Contacts and leads together, those without a score last."""
    with org.seed() as seed:
        seed.add("Contact", LastName="Nobody")
        seed.add("Lead", LastName="Ray", Webinar_Live_Score__c=12.5)
        seed.add("Contact", LastName="Lee", **SCORED)
    page = _read(org, "/salesforce").text
    places = [page.index(name) for name in (">Lee<", ">Ray<", ">Nobody<")]
    assert places == sorted(places)
    assert "3 records" in page
    assert "asked 2 questions; watched 59 min" in page


def test_a_person_has_scores_reasons_campaigns_and_tasks(org: Org) -> None:
    """Everything that a target writes."""
    with org.seed() as seed:
        person = seed.add("Contact", LastName="<b>Lee</b>", **SCORED)
        campaign = seed.add("Campaign", Name="How to score")
        pair = {"CampaignId": campaign, "ContactId": person}
        seed.add("CampaignMember", **pair, Status="Attended")
        seed.add("Task", WhoId=person, Subject="Webinar: How", Status="Completed")
    answer = _read(org, f"/salesforce/{person}")
    for text in ("97.5", "Rank 3 of 412", "Attended", "Webinar: How", "&lt;b&gt;Lee"):
        assert text in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path", ["/salesforce/nobody", "/salesforce/003xx0000000001AAA"]
)
def test_who_is_not_there_is_missing(org: Org, path: str) -> None:
    """With a page that says so."""
    assert _read(org, path).status_code == 404
