"""The Salesforce look-alike by simple-salesforce: SOQL, composite, Bulk API 2.0."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from salesforce_clients import VERSION, Clock, Org, organisation
from simple_salesforce.exceptions import SalesforceMalformedRequest

from sandbox.faults import Planned, RowErrors
from sandbox.salesforce.ids import to_check, to_id, to_long
from sandbox.salesforce.schema import Schema
from sandbox.salesforce.settings import SalesforceSettings
from sandbox.salesforce.soql import parse

PEOPLE = (
    ("Ada", "ada@example.com", 10.0),
    ("Ben", "ben@example.com", None),
    ("Cyd", "cyd@example.com", 30.0),
    ("O'Neil", "o'neil@example.com", 20.0),
)


@pytest.fixture
def org() -> Any:
    """An organisation with four people."""
    with organisation() as running:
        with running.seed() as seed:
            for name, email, score in PEOPLE:
                values = {"LastName": name, "Email": email}
                seed.add("Contact", **values, Webinar_Live_Score__c=score)
        yield running


_WHERE = [
    ("Email IN ('ADA@example.com', 'nobody@x.io')", "Ada"),
    ("Email = 'o\\'neil@example.com'", "O'Neil"),
    ("Webinar_Live_Score__c >= 20 AND LastName != 'Cyd'", "O'Neil"),
    ("Webinar_Live_Score__c = null", "Ben"),
    ("Webinar_Live_Score__c != null", "Ada Cyd O'Neil"),
    ("(LastName = 'Ada' OR LastName = 'Ben') AND Email LIKE 'b%'", "Ben"),
    ("NOT LastName IN ('Ada', 'Ben')", "Cyd O'Neil"),
    ("LastName NOT IN ('Ada', 'Ben')", "Cyd O'Neil"),
    ("CreatedDate > 2020-01-01T00:00:00Z AND LastName < 'B'", "Ada"),
    ("IsDeleted = false", "Ada Ben Cyd O'Neil"),
]


@pytest.mark.parametrize(("where", "expected"), _WHERE, ids=[w for w, _ in _WHERE])
def test_a_query_finds_what_it_asks_for(org: Org, where: str, expected: str) -> None:
    """Text compares without case, as SOQL does."""
    found = org.sf.query(f"SELECT LastName FROM Contact WHERE {where}")  # noqa: S608
    names = " ".join(row["LastName"] for row in found["records"])
    assert (names, found["done"]) == (expected, True)


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("ORDER BY LastName DESC LIMIT 2", "O'Neil Cyd"),
        ("ORDER BY Webinar_Live_Score__c", "Ben Ada O'Neil Cyd"),
        ("ORDER BY Webinar_Live_Score__c DESC NULLS LAST", "Cyd O'Neil Ada Ben"),
        ("ORDER BY LastName LIMIT 2 OFFSET 1", "Ben Cyd"),
    ],
)
def test_a_query_sorts_and_cuts(org: Org, tail: str, expected: str) -> None:
    """Nulls come first unless told otherwise."""
    found = org.sf.query(f"SELECT LastName FROM Contact {tail}")  # noqa: S608
    assert " ".join(row["LastName"] for row in found["records"]) == expected


_BAD = [
    ("SELECT Id FROM Contact WHERE A = 'x' AND B", "INVALID_FIELD"),
    ("SELECT Nope FROM Contact", "INVALID_FIELD"),
    ("SELECT Id FROM Nope", "INVALID_TYPE"),
    ("SELECT Id FROM Contact WHERE Email = ann", "INVALID_FIELD"),
    ("SELECT Id FROM Contact WHERE Webinar_Live_Score__c = '1'", "INVALID_FIELD"),
    ("SELECT Id FROM Contact WHERE Webinar_Reasons__c = 'x'", "INVALID_FIELD"),
    (
        "SELECT Id FROM Contact WHERE Email = 'a' AND Email = 'b' OR Email = 'c'",
        "MALFORMED_QUERY",
    ),
    ("SELECT Id FROM Contact WHERE Email = 'open", "MALFORMED_QUERY"),
    ("SELECT Id FROM Contact; DROP TABLE sf_record", "MALFORMED_QUERY"),
    ("SELECT Id FROM Contact LIMIT x", "MALFORMED_QUERY"),
    ("SELECT Id FROM Contact ORDER", "MALFORMED_QUERY"),
    ("SELECT", "MALFORMED_QUERY"),
]


@pytest.mark.parametrize(("text", "expected"), _BAD, ids=[t for t, _ in _BAD])
def test_a_query_that_means_nothing_is_refused(
    org: Org, text: str, expected: str
) -> None:
    """With the code that says why."""
    with pytest.raises(SalesforceMalformedRequest) as refusal:
        org.sf.query(text)
    assert refusal.value.content[0]["errorCode"] == expected


@given(st.text(max_size=30))
def test_any_text_can_be_asked_for(text: str) -> None:
    """A quoted value is an argument, whatever it holds."""
    quoted = text.replace("\\", "\\\\").replace("'", "\\'")
    schema = Schema(SalesforceSettings())
    query = parse(f"SELECT Id FROM Contact WHERE Email = '{quoted}'", schema)  # noqa: S608
    assert query.arguments == ("Contact", text)


@given(st.integers(min_value=0, max_value=10**12))
def test_ids_carry_a_check_for_lost_case(number: int) -> None:
    """The short and the long form are the same record."""
    long = to_id("003", number)
    assert (len(long), to_long(long[:15])) == (18, long)
    assert to_check(long[:15]) == long[15:]


def test_long_results_come_page_by_page() -> None:
    """The address of the next page leads on, even if records are added meanwhile."""
    with organisation(page_size=200) as org:
        with org.seed() as seed:
            for n in range(450):
                seed.add("Contact", LastName=f"p{n:03}")
        text = "SELECT LastName FROM Contact ORDER BY LastName"
        first = org.sf.query(text)
        with org.seed() as seed:
            seed.add("Contact", LastName="a late one")
        names = [row["LastName"] for row in first["records"]]
        page = first
        while not page["done"]:
            page = org.sf.query_more(page["nextRecordsUrl"], identifier_is_url=True)
            names += [row["LastName"] for row in page["records"]]
        assert (first["totalSize"], names) == (450, [f"p{n:03}" for n in range(450)])


def test_an_address_is_not_endless(org: Org) -> None:
    """Address and headers share 16,384 bytes."""
    path = f"/services/data/v{VERSION}/query?q={'x' * 17_000}"
    assert org.get(path).status_code == 414


def _composite(org: Org, urls: list[str]) -> Any:
    parts = [
        {
            "method": "GET",
            "url": f"/services/data/v{VERSION}{url}",
            "referenceId": f"r{n}",
        }
        for n, url in enumerate(urls)
    ]
    return org.sf.restful("composite", method="POST", json={"compositeRequest": parts})


def test_composite_answers_each_part_and_counts_once(org: Org) -> None:
    """One bad part does not spoil the others."""
    before = org.sf.limits()["DailyApiRequests"]["Remaining"]
    answer = _composite(
        org,
        [
            "/query?q=SELECT+Id+FROM+Contact+WHERE+Email+IN+('ada%40example.com')",
            "/query?q=SELECT+Nope+FROM+Contact",
            "/sobjects/Lead/describe",
        ],
    )["compositeResponse"]
    assert [part["httpStatusCode"] for part in answer] == [200, 400, 200]
    assert answer[0]["body"]["totalSize"] == 1
    assert answer[1]["body"][0]["errorCode"] == "INVALID_FIELD"
    after = org.sf.limits()["DailyApiRequests"]["Remaining"]
    assert before - after == 2


# Bulk API 2.0


def _read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_bulk_job_writes_and_tells_every_row(org: Org) -> None:
    """Good rows, refused rows and unprocessed rows come as three files."""
    rows = [{"LastName": f"n{i}", "Email": f"n{i}@example.com"} for i in range(5)]
    rows.append({"LastName": "x" * 81, "Email": "long@example.com"})
    job = org.sf.bulk2.Contact.insert(records=rows, wait=0.01)[0]
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (6, 1)
    good = _read(org.sf.bulk2.Contact.get_successful_records(job["job_id"]))
    bad = _read(org.sf.bulk2.Contact.get_failed_records(job["job_id"]))
    assert {row["Email"] for row in good} == {f"n{i}@example.com" for i in range(5)}
    assert {row["sf__Created"] for row in good} == {"true"}
    assert bad[0]["sf__Error"].startswith("STRING_TOO_LONG:")
    assert not _read(org.sf.bulk2.Contact.get_unprocessed_records(job["job_id"]))


def test_a_bulk_upsert_by_key_and_an_update_by_id(org: Org) -> None:
    """`#N/A` clears a field, an empty cell leaves it alone."""
    ids = {
        r["LastName"]: r["Id"] for r in _all(org, "SELECT Id, LastName FROM Contact")
    }
    rows = [
        {"Id": ids["Ada"], "Webinar_Live_Score__c": "#N/A", "Title": "CTO"},
        {"Id": ids["Cyd"], "Webinar_Live_Score__c": "", "Title": "CEO"},
        {"Id": ids["Ben"], "Webinar_Live_Score__c": "much", "Title": "x"},
    ]
    job = org.sf.bulk2.Contact.update(records=rows, wait=0.01)[0]
    assert job["numberRecordsFailed"] == 1
    found = _all(org, "SELECT Title, Webinar_Live_Score__c FROM Contact ORDER BY Email")
    values = [(row["Title"], row["Webinar_Live_Score__c"]) for row in found]
    assert values[:3] == [("CTO", None), (None, None), ("CEO", 30.0)]
    again = [{"Email": "ada@example.com", "LastName": "Ada L."}]
    org.sf.bulk2.Contact.upsert(records=again, external_id_field="Email", wait=0.01)
    assert org.sf.Contact.get(ids["Ada"])["LastName"] == "Ada L."


def _all(org: Org, text: str) -> Any:
    return org.sf.query(text)["records"]


def _job(org: Org, data: bytes, **more: Any) -> str:
    job = org.sf.restful(
        "jobs/ingest",
        method="POST",
        json={"object": "Contact", "operation": "insert", "contentType": "CSV", **more},
    )
    path = f"/services/data/v{VERSION}/jobs/ingest/{job['id']}"
    token = {"Authorization": f"Bearer {org.sf.session_id}", "Content-Type": "text/csv"}
    url = f"https://acme.my.salesforce.com{path}/batches"
    assert org.session.put(url, data, headers=token, timeout=10).status_code == 201
    assert org.session.put(url, data, headers=token, timeout=10).status_code == 400
    org.sf.restful(
        f"jobs/ingest/{job['id']}", method="PATCH", json={"state": "UploadComplete"}
    )
    return str(job["id"])


def test_a_running_job_tells_how_far_it_is() -> None:
    """In chunks of 200, and more with every look; then all, and the refused ones."""
    clock = Clock()
    rows = "".join(f"n{i},n{i}@example.com\n" for i in range(999))
    data = f"LastName,Email\n{rows}x,no-address\n".encode()
    path = f"/services/data/v{VERSION}/jobs/ingest"
    wish = {"object": "Contact", "operation": "insert", "lineEnding": "LF"}
    told = []
    with organisation(job_s=10.0, clock=clock) as org:
        job = f"{path}/{org.get(path, method='POST', json=wish).json()['id']}"
        header = {
            "Content-Type": "text/csv",
            "Authorization": f"Bearer {org.sf.session_id}",
        }
        url = f"https://acme.my.salesforce.com{job}/batches"
        org.session.put(url, data=data, headers=header, timeout=10)
        org.get(job, method="PATCH", json={"state": "UploadComplete"})
        for _ in range(4):
            answer = org.get(job).json()
            told.append((answer["state"], answer["numberRecordsProcessed"]))
            clock.now += 3.4
        assert answer["numberRecordsFailed"] == 1
        good = org.get(f"{job}/successfulResults").text
        assert len(_read(good)) == len({row["sf__Id"] for row in _read(good)}) == 999
        assert len(_read(org.get(f"{job}/failedResults").text)) == 1
    assert told == [
        ("InProgress", 0),
        ("InProgress", 200),
        ("InProgress", 600),
        ("JobComplete", 1_000),
    ]


def test_a_bulk_job_takes_its_time() -> None:
    """Nothing of a chunk is there before it is done, and no results before all are."""
    clock = Clock()
    with organisation(job_s=5.0, clock=clock) as org:
        job = _job(org, b"LastName\nLee\n")
        states = []
        for _ in range(3):
            states.append(org.sf.restful(f"jobs/ingest/{job}")["state"])
            count = org.sf.query("SELECT COUNT() FROM Contact")["totalSize"]
            states.append(count)
            clock.now += 2.5
        assert states == ["InProgress", 0, "InProgress", 0, "JobComplete", 1]


@pytest.mark.parametrize(
    ("data", "more", "expected"),
    [
        pytest.param(b"Nope\nx\n", {}, "InvalidBatch", id="unknown column"),
        pytest.param(b"LastName\r\nx\r\n", {}, "LineEnding", id="line ending"),
        pytest.param(
            b"LastName\nx\n", {"lineEnding": "CRLF"}, "LineEnding", id="other ending"
        ),
    ],
)
def test_a_file_that_cannot_be_read_fails_the_job(
    org: Org, data: bytes, more: dict[str, str], expected: str
) -> None:
    """Its rows come back as unprocessed."""
    job = _job(org, data, **more)
    body = org.sf.restful(f"jobs/ingest/{job}")
    assert (body["state"], expected in body["errorMessage"]) == ("Failed", True)
    left = org.sf.bulk2.Contact.get_unprocessed_records(job)
    assert left.encode() == data


def test_planned_row_errors_reach_a_bulk_job(org: Org) -> None:
    """A lock in a job is told in its results."""
    lock = RowErrors(rows=(0,), category="UNABLE_TO_LOCK_ROW", message="locked")
    plan = (Planned(part="salesforce", method="PUT", fault=lock),)
    with organisation(faults=plan) as broken:
        rows = [{"LastName": "a"}, {"LastName": "b"}]
        job = broken.sf.bulk2.Contact.insert(records=rows, wait=0.01)[0]
        bad = _read(broken.sf.bulk2.Contact.get_failed_records(job["job_id"]))
        assert [row["sf__Error"] for row in bad] == ["UNABLE_TO_LOCK_ROW:locked: --"]


def test_an_aborted_job_does_nothing(org: Org) -> None:
    """And a job of no known kind is not made."""
    job = org.sf.restful(
        "jobs/ingest",
        method="POST",
        json={"object": "Contact", "operation": "insert", "contentType": "CSV"},
    )
    body = org.sf.restful(
        f"jobs/ingest/{job['id']}", method="PATCH", json={"state": "Aborted"}
    )
    assert body["state"] == "Aborted"
    with pytest.raises(SalesforceMalformedRequest):
        org.sf.restful(
            "jobs/ingest",
            method="POST",
            json={"object": "Contact", "operation": "upsert"},
        )
