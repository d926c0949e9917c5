"""Who is whom in Salesforce: the rules as a table, then in an organisation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from crm_world import lead_score
from hypothesis import given
from hypothesis import strategies as st
from salesforce_world import Org, organisation

from sandbox.salesforce.schema import Schema
from sandbox.salesforce.settings import SalesforceSettings
from sandbox.salesforce.soql import parse
from target_crm.mapping import load_properties
from target_crm.salesforce.api import to_text
from target_crm.salesforce.matching import (
    CONTACT,
    LEAD,
    PERSON_ACCOUNT,
    SEVERAL,
    Match,
    Person,
    Rules,
    choose,
    converted_into,
    to_queries,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sandbox.salesforce.seed import Seed

EMAIL = "p0@example.com"


def contact(name: str = "003A", at: str = "2026-01", **more: Any) -> Person:
    """Return a contact."""
    return Person(record_id=name, kind=CONTACT, changed_at=at, **more)


def lead(name: str = "00QA", at: str = "2026-01", **more: Any) -> Person:
    """Return a lead."""
    return Person(record_id=name, kind=LEAD, changed_at=at, **more)


CONVERTED = lead("00QX", converted=True, contact_id="003X")
TWO = (contact("003A", "2026-01"), contact("003B", "2026-02"))
RULES = [
    pytest.param([], Rules(), (), "", id="nobody"),
    pytest.param([contact()], Rules(), ("003A",), "", id="a contact"),
    pytest.param([lead()], Rules(), ("00QA",), "", id="a lead"),
    pytest.param([lead(), contact()], Rules(), ("003A",), "", id="a contact wins"),
    pytest.param([CONVERTED], Rules(), (), "", id="a converted lead alone is nobody"),
    pytest.param(
        [CONVERTED, lead()], Rules(), ("00QA",), "", id="the lead that is still open"
    ),
    pytest.param(
        [CONVERTED, contact("003X")], Rules(), ("003X",), "", id="what it became"
    ),
    pytest.param(TWO, Rules(), ("003B",), "", id="the newest of two"),
    pytest.param(
        (contact("003A"), contact("003B")), Rules(), ("003B",), "", id="of equal age"
    ),
    pytest.param(
        TWO, Rules(duplicates="all"), ("003B", "003A"), "", id="all, newest first"
    ),
    pytest.param(TWO, Rules(duplicates="skip"), (), SEVERAL, id="none of several"),
    pytest.param(
        [contact()], Rules(duplicates="skip"), ("003A",), "", id="one is not several"
    ),
    pytest.param(
        [lead("00QA"), lead("00QB", "2026-02")],
        Rules(),
        ("00QB",),
        "",
        id="the newest of two leads",
    ),
    pytest.param(
        [contact(person_account=True)], Rules(), (), PERSON_ACCOUNT, id="person account"
    ),
    pytest.param(
        [contact(person_account=True)],
        Rules(person_accounts=True),
        ("003A",),
        "",
        id="person account, allowed",
    ),
    pytest.param(
        [contact(person_account=True), contact("003B")],
        Rules(),
        ("003B",),
        "",
        id="the contact beside a person account",
    ),
    pytest.param(
        [contact(person_account=True), lead()],
        Rules(),
        (),
        PERSON_ACCOUNT,
        id="a person account hides leads",
    ),
]


@pytest.mark.parametrize(("people", "rules", "ids", "left_out"), RULES)
def test_one_rule_says_who_is_meant(
    people: list[Person], rules: Rules, ids: tuple[str, ...], left_out: str
) -> None:
    """Contact, else open lead, else nobody; the policies decide the rest."""
    assert choose(people, rules) == Match(ids=ids, left_out=left_out)


def test_of_all_records_only_what_they_share_is_known() -> None:
    """So a difference between them is a reason to write."""
    people = [
        contact("003A", values={"a": "1", "b": "2"}),
        contact("003B", values={"a": "1", "b": "3", "c": "4"}),
    ]
    found = choose(people, Rules(duplicates="all"))
    assert (found.contact_id, dict(found.values)) == ("003B,003A", {"a": "1"})


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        pytest.param([CONVERTED], ["003X"], id="converted"),
        pytest.param([CONVERTED, contact()], [], id="a contact has the address"),
        pytest.param([lead()], [], id="open"),
        pytest.param([lead(converted=True)], [], id="its contact is gone"),
    ],
)
def test_a_converted_lead_leads_to_its_contact(
    people: list[Person], expected: list[str]
) -> None:
    """Even if the contact has another address now."""
    assert converted_into(people) == expected


@given(st.text(max_size=40))
def test_any_address_can_be_asked_for(text: str) -> None:
    """Nothing that stands in an address ends the literal."""
    soql = f"SELECT Id FROM Contact WHERE Email = {to_text(text)}"  # noqa: S608
    query = parse(soql, Schema(SalesforceSettings()))
    assert query.arguments == ("Contact", text)


@given(st.lists(st.emails(), min_size=1, max_size=400, unique=True))
def test_queries_hold_every_address_and_fit_an_address_line(keys: list[str]) -> None:
    """With the forty-six fields of the full set and room for headers."""
    names = list(load_properties(None, "full", "salesforce").properties)
    queries = list(to_queries(LEAD, "Email", keys, names))
    asked = [
        key for query in queries for key in re.findall(r"'((?:\\.|[^'])*)'", query)
    ]
    assert [re.sub(r"\\(.)", r"\1", key) for key in asked] == keys
    assert max(len(quote(query, safe="")) for query in queries) < 14_000


# The same rules in an organisation


def _contact(seed: Seed) -> str:
    return seed.add("Contact", LastName="Lee", Email=EMAIL)


def _lead(seed: Seed) -> str:
    return seed.add("Lead", LastName="Lee", Company="x", Email=EMAIL)


def _contact_and_lead(seed: Seed) -> str:
    _lead(seed)
    return _contact(seed)


def _converted(seed: Seed) -> str:
    became = seed.add("Contact", LastName="Lee", Email="new@example.com")
    seed.add(
        "Lead",
        LastName="Lee",
        Email=EMAIL,
        IsConverted=True,
        ConvertedContactId=became,
    )
    return became


def _upper_case(seed: Seed) -> str:
    return seed.add("Contact", LastName="Lee", Email="P0@Example.com")


@pytest.mark.parametrize(
    "made", [_contact, _lead, _contact_and_lead, _converted, _upper_case]
)
def test_scores_go_to_the_record_that_is_meant(
    org: Org, made: Callable[[Seed], str]
) -> None:
    """And to no other."""
    with org.seed() as seed:
        meant = made(seed)
    ran = org.run([lead_score(0)])
    scored = [
        row["Id"]
        for kind in ("Contact", "Lead")
        for row in org.all(kind)
        if "Webinar_Live_Score__c" in row
    ]
    assert (ran.outcomes, scored) == ({"updated": 1}, [meant])


def test_a_stranger_becomes_a_lead(org: Org) -> None:
    """With what the row says of the person, and a word where it says nothing."""
    row = lead_score(0, company=None, last_name="Lee", job_title="C" * 200, city="Oslo")
    ran = org.run([row])
    made = org.one("Lead")
    assert ran.outcomes == {"created": 1}
    assert (made["FirstName"], made["LastName"], made["Email"]) == (
        "Pat0",
        "Lee",
        EMAIL,
    )
    assert (made["Company"], made["City"]) == ("[not provided]", "Oslo")
    assert (made["LeadSource"], len(made["Title"])) == ("Webinar", 128)


def test_a_lead_whose_contact_is_gone_is_made_anew(org: Org) -> None:
    """The converted one is history."""
    with org.seed() as seed:
        became = _converted(seed)
        seed.remove(became)
    assert org.run([lead_score(0)]).outcomes == {"created": 1}
    assert len(org.all("Lead")) == 2


def test_only_existing_people_are_written(org: Org) -> None:
    """The others are counted."""
    with org.seed() as seed:
        _contact(seed)
    ran = org.run([lead_score(0), lead_score(1)], create="only_existing")
    assert ran.outcomes == {"updated": 1, "not_sent": 1}
    assert not org.all("Lead")


@pytest.mark.parametrize(
    ("duplicates", "outcomes", "scored"),
    [
        ("newest", {"updated": 1}, 1),
        ("all", {"updated": 1}, 2),
        ("skip", {"not_sent": 1}, 0),
    ],
)
def test_several_records_are_one_policy(
    org: Org, duplicates: str, outcomes: dict[str, int], scored: int
) -> None:
    """The report says why somebody was left out; a second run writes nothing."""
    with org.seed() as seed:
        _contact(seed)
        _contact(seed)
    ran = org.run([lead_score(0)], duplicates=duplicates)
    rows = [r for r in org.all("Contact") if "Webinar_Live_Score__c" in r]
    assert (ran.outcomes, len(rows)) == (outcomes, scored)
    again = org.run([lead_score(0)], duplicates=duplicates)
    assert not [r for r in again.requests if r.method == "PATCH"]
    if duplicates == "skip":
        assert ran.report["reasons"] == {SEVERAL: 1}
    if duplicates == "all":
        changed = org.run([lead_score(0, live_level="Low")], duplicates="all")
        levels = {row["Webinar_Live_Level__c"] for row in org.all("Contact")}
        assert (changed.outcomes, levels) == ({"updated": 1}, {"Low"})


@pytest.mark.parametrize(
    ("policy", "outcomes"), [("skip", {"not_sent": 1}), ("update", {"updated": 1})]
)
def test_person_accounts_are_one_policy(
    tmp_path: Path, policy: str, outcomes: dict[str, int]
) -> None:
    """Left out and counted, unless the setting says otherwise."""
    with organisation(tmp_path / "state", person_accounts=True) as org:
        with org.seed() as seed:
            seed.add("Contact", LastName="Lee", Email=EMAIL, IsPersonAccount=True)
        ran = org.run([lead_score(0)], person_accounts=policy)
        assert ran.outcomes == outcomes
        assert ran.report["reasons"] == (
            {PERSON_ACCOUNT: 1} if policy == "skip" else {}
        )


@pytest.fixture
def org(tmp_path: Path) -> Iterator[Org]:
    """An empty organisation without surprises."""
    with organisation(tmp_path / "state") as made:
        yield made
