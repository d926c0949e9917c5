"""The Salesforce look-alike answers as the collected samples do, word for word."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from salesforce_clients import VERSION, Org, organisation, record

from sandbox.faults import Planned, RowErrors
from sandbox.salesforce.fields import CUSTOM_FIELDS, key

if TYPE_CHECKING:
    from collections.abc import Callable

PLACE = Path(__file__).parent.parent / "data" / "specs" / "salesforce-wire-samples.json"
SAMPLES = {s["name"]: s for s in json.loads(PLACE.read_text())["samples"]}
FIELDS = {**CUSTOM_FIELDS, "Contact": (key("Webinar_Key__c"),)}
KEYED = "/composite/sobjects/Contact/Webinar_Key__c"
LOCK = RowErrors(
    rows=(0,),
    category="UNABLE_TO_LOCK_ROW",
    message="unable to obtain exclusive access to this record",
)
ANN = "ann@example.com"


def send(org: Org, method: str, path: str, rows: Any = None, **more: Any) -> Any:
    """Send records, or any body, and return the answer."""
    body = {"json": {"records": rows, **more}} if rows else {}
    return org.get(f"/services/data/v{VERSION}{path}", method=method, **body)


def upsert(org: Org) -> Any:
    """One good row, one without its name."""
    good = record("Contact", Webinar_Key__c=ANN, LastName="Lee")
    return send(org, "PATCH", KEYED, [good, record("Contact", Webinar_Key__c="b")])


def twins(org: Org) -> Any:
    """The same key twice."""
    return send(
        org, "PATCH", KEYED, [record("Contact", Webinar_Key__c=ANN, LastName="x")] * 2
    )


def duplicate(org: Org) -> Any:
    """A second person with the address."""
    row = record("Contact", LastName="Lee", Email=ANN)
    send(org, "POST", "/composite/sobjects", [row])
    return send(org, "POST", "/composite/sobjects", [row])


def locked(org: Org) -> Any:
    """A planned lock."""
    return send(org, "PATCH", KEYED, [record("Contact", Webinar_Key__c=ANN)])


def all_or_none(org: Org) -> Any:
    """A good row beside a bad one."""
    rows = [record("Contact", LastName="Lee"), record("Contact")]
    return send(org, "POST", "/composite/sobjects", rows, allOrNone=True)


def converted(org: Org) -> Any:
    """A change of a lead that became a contact."""
    with org.seed() as seed:
        lead = seed.add("Lead", LastName="x", Company="x", IsConverted=True)
    row = record("Lead", Id=lead, Title="x")
    return send(org, "PATCH", "/composite/sobjects", [row])


def bad_field(org: Org) -> Any:
    """A column that there is not."""
    return send(org, "PATCH", KEYED, [record("Contact", Webinar_Key__c=ANN, Foo__c=1)])


def expired(org: Org) -> Any:
    """A token that is none."""
    return org.get(f"/services/data/v{VERSION}/limits", token="made-up")


def limited(org: Org) -> Any:
    """One request more than a day has."""
    send(org, "GET", "/limits")
    return send(org, "GET", "/limits")


def several(org: Org) -> Any:
    """A single upsert with a key that two have."""
    with org.seed() as seed:
        for _ in range(2):
            seed.add("Contact", LastName="x", Email=ANN)
    path = f"/sobjects/Contact/Email/{ANN}"
    return org.get(
        f"/services/data/v{VERSION}{path}", method="PATCH", json={"LastName": "x"}
    )


STORIES: dict[str, tuple[Callable[[Org], Any], dict[str, Any]]] = {
    "collections upsert reply (always 200 when well formed)": (upsert, {}),
    "collections, same external id twice in one request": (twins, {}),
    "collections, duplicate rule": (duplicate, {"duplicate_rule": "block"}),
    "collections, row lock": (
        locked,
        {"faults": (Planned(part="salesforce", path=f"*{KEYED}", fault=LOCK),)},
    ),
    "collections, allOrNone=true": (all_or_none, {}),
    "converted lead": (converted, {}),
    "bad field or malformed request": (bad_field, {}),
    "expired token": (expired, {}),
    "daily or concurrency limit": (limited, {"daily_limit": 1}),
    "single upsert, several matches": (several, {}),
}


def _plain(body: Any) -> Any:
    """Return a body without the ids, which every organisation has its own of."""
    text = re.sub(r"\b00[0-9A-Za-z]{13}(?:[0-9A-Za-z]{3})?\b", "<id>", json.dumps(body))
    return json.loads(text)


@pytest.mark.parametrize("name", STORIES)
def test_an_answer_is_what_the_sample_says(name: str) -> None:
    """Status, codes, sentences, and which keys there are."""
    story, more = STORIES[name]
    sample = SAMPLES[name]
    with organisation(custom_fields=FIELDS, **more) as org:
        answer = story(org)
        assert answer.status_code == sample["status"]
        assert _plain(answer.json()) == _plain(sample["body"])


def test_every_sample_with_a_body_is_tried() -> None:
    """And the header that tells of the limit has its form."""
    assert {n for n, s in SAMPLES.items() if "body" in s} == set(STORIES)
    with organisation() as org:
        told = send(org, "GET", "/limits").headers["Sforce-Limit-Info"]
    form = re.sub(r"\d+", "n", SAMPLES["limit header"]["headers"]["Sforce-Limit-Info"])
    assert re.sub(r"\d+", "n", told) == form
