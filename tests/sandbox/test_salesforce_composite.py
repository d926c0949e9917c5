"""The Salesforce look-alike by simple-salesforce: several requests in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from salesforce_clients import VERSION, Org, code, organisation, record
from simple_salesforce.exceptions import SalesforceMalformedRequest

from sandbox.faults import Planned, RowErrors

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE = f"/services/data/v{VERSION}"
MANY = f"{BASE}/composite/sobjects"


@pytest.fixture
def org() -> Iterator[Org]:
    """An empty organisation."""
    with organisation() as running:
        yield running


def lead(name: str, **more: Any) -> dict[str, Any]:
    """Return a lead as collections take it."""
    return record("Lead", LastName=name, Company="Example", **more)


def part(name: str, method: str, url: str, **more: Any) -> dict[str, Any]:
    """Return a request within another."""
    return {"method": method, "url": url, "referenceId": name, **more}


def leads(name: str, *names: str, **more: Any) -> dict[str, Any]:
    """Return a collection of new leads within another request."""
    body = {"allOrNone": False, "records": [lead(one) for one in names]}
    return part(name, "POST", MANY, body=body, **more)


def send(org: Org, *parts: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    """Send parts in one request; return their answers."""
    wish = {"compositeRequest": list(parts), **more}
    answer = org.sf.restful("composite", method="POST", json=wish)
    found: list[dict[str, Any]] = answer["compositeResponse"]
    return found


def names(org: Org) -> list[str]:
    """Return the last names of all leads."""
    found = org.sf.query("SELECT LastName FROM Lead ORDER BY LastName")
    return [row["LastName"] for row in found["records"]]


def left(org: Org) -> int:
    """Return how many requests of the day are left; asking is one."""
    number: int = org.sf.limits()["DailyApiRequests"]["Remaining"]
    return number


def test_collections_and_queries_ride_together_and_count_once(org: Org) -> None:
    """Five heavy parts; rows are told one by one; a later part sees the earlier one."""
    before = left(org)
    query = quote("SELECT LastName FROM Lead")
    answers = send(
        org,
        leads("one", "Ada", "x" * 81),
        leads("two", "Ben"),
        part("seen", "GET", f"{BASE}/query?q={query}"),
    )
    assert before - left(org) == 2
    assert [a["httpStatusCode"] for a in answers] == [200, 200, 200]
    assert [a["referenceId"] for a in answers] == ["one", "two", "seen"]
    assert [code(row) for row in answers[0]["body"]] == ["", "STRING_TOO_LONG"]
    assert answers[2]["body"]["totalSize"] == 2
    assert names(org) == ["Ada", "Ben"]


def test_a_part_that_is_refused_leaves_nothing_and_spoils_nothing(org: Org) -> None:
    """201 records, a resource that composite has not, and a good part."""
    answers = send(
        org,
        leads("many", *["x"] * 201),
        part("limits", "GET", f"{BASE}/limits"),
        leads("good", "Ada"),
    )
    assert [a["httpStatusCode"] for a in answers] == [400, 400, 200]
    assert names(org) == ["Ada"]


def test_a_part_may_use_what_an_earlier_one_was_answered(org: Org) -> None:
    """By a field and by a number; also within a collection's records."""
    records = [lead("@{first[1].id}")]
    answers = send(
        org,
        leads("first", "Ada", "Ben"),
        part("read", "GET", f"{BASE}/sobjects/Lead/@{{first[0].id}}?fields=LastName"),
        part("more", "POST", MANY, body={"records": records}),
    )
    assert answers[1]["body"]["LastName"] == "Ada"
    assert names(org)[0] == answers[0]["body"][1]["id"]


@pytest.mark.parametrize("text", ["@{nobody.id}", "@{first[7].id}", "@{first.id}"])
def test_a_text_that_refers_to_nothing_halts_its_part(org: Org, text: str) -> None:
    """Even where it stands in somebody's name."""
    answers = send(org, leads("first", "Ada"), leads("second", text))
    assert [a["httpStatusCode"] for a in answers] == [200, 400]
    assert answers[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert names(org) == ["Ada"]


def test_all_or_none_takes_everything_back(org: Org) -> None:
    """Every part is 400 then; a refused row within a collection is no failed part."""
    bad = part("bad", "GET", f"{BASE}/sobjects/Nope/describe")
    answers = send(org, leads("first", "Ada"), bad, allOrNone=True)
    assert [a["httpStatusCode"] for a in answers] == [400, 404]
    assert answers[0]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert names(org) == []
    answers = send(org, leads("first", "Ada", "x" * 81), allOrNone=True)
    assert answers[0]["httpStatusCode"] == 200
    assert names(org) == ["Ada"]


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([], id="no part"),
        pytest.param([leads(f"r{n}", "x") for n in range(6)], id="six collections"),
        pytest.param(
            [part(f"r{n}", "GET", f"{BASE}/sobjects/Lead/describe") for n in range(26)],
            id="26 parts",
        ),
        pytest.param([leads("one", "a"), leads("one", "b")], id="a name twice"),
        pytest.param([leads("one[1]", "a")], id="a name with other signs"),
        pytest.param([leads("one", "a") | {"referenceID": "b"}], id="another key"),
        pytest.param([{"method": "GET", "url": f"{BASE}/query"}], id="no name"),
        pytest.param([leads("one", "a") | {"url": "/x"}], id="another address"),
        pytest.param([leads("one", "a") | {"method": "post"}], id="small letters"),
        pytest.param(
            [leads("one", "a", httpHeaders={"Content-Type": "text/csv"})],
            id="a header that is inherited",
        ),
    ],
)
def test_a_request_of_the_wrong_form_is_refused_whole(
    org: Org, parts: list[dict[str, Any]]
) -> None:
    """Nothing of it is done."""
    with pytest.raises(SalesforceMalformedRequest):
        send(org, *parts)
    assert names(org) == []


def test_a_header_belongs_to_its_part_alone() -> None:
    """The duplicate rule is passed by the part that says so."""
    option = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    with organisation(duplicate_rule="alert") as org:
        body = {"records": [lead("Ada", Email="ada@example.com")]}
        answers = send(
            org,
            part("first", "POST", MANY, body=body),
            part("second", "POST", MANY, body=body),
            part("third", "POST", MANY, body=body, httpHeaders=option),
        )
    found = [code(a["body"][0]) for a in answers]
    assert found == ["", "DUPLICATES_DETECTED", ""]


def test_automations_may_have_no_room_for_a_second_collection() -> None:
    """Their limits are those of the request: what is left over is refused by row."""
    with organisation(batches_per_transaction=1) as org:
        answers = send(org, leads("one", "Ada"), leads("two", "Ben"))
        assert [code(a["body"][0]) for a in answers] == [
            "",
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        ]
        assert "LimitException" in answers[1]["body"][0]["errors"][0]["message"]
        assert names(org) == ["Ada"]


def test_planned_row_errors_count_the_rows_of_all_collections_through() -> None:
    """The third row is the first one of the second collection."""
    fault = RowErrors(rows=(0, 2), category="UNABLE_TO_LOCK_ROW")
    planned = Planned(part="salesforce", path="*/composite", fault=fault)
    with organisation(faults=(planned,)) as org:
        answers = send(org, leads("one", "Ada", "Ben"), leads("two", "Cyd", "Dan"))
        assert [[row["success"] for row in a["body"]] for a in answers] == [
            [False, True],
            [False, True],
        ]


def test_a_long_statement_fits_into_a_body(org: Org) -> None:
    """It is no address: only the length of a statement bounds it."""
    listed = ",".join(f"'{'x' * 80}{n}@example.com'" for n in range(1_000))
    soql = quote(f"SELECT Id FROM Lead WHERE Email IN ({listed})")  # noqa: S608 - made up
    assert len(soql) > 80_000
    (answer,) = send(org, part("q", "GET", f"{BASE}/query?q={soql}"))
    assert (answer["httpStatusCode"], answer["body"]["totalSize"]) == (200, 0)
    (answer,) = send(org, part("q", "GET", f"{BASE}/query?q={soql * 2}"))
    assert answer["body"][0]["errorCode"] == "QUERY_TOO_COMPLICATED"
