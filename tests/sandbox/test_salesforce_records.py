"""The Salesforce look-alike by simple-salesforce: sessions, records, collections."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from salesforce_clients import VERSION, Clock, Org, code, organisation, record
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceError,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

from sandbox.faults import Planned, RowErrors

ANN = {"LastName": "Lee", "Email": "ann@example.com"}


def _pem_pair() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


@pytest.fixture
def org() -> Any:
    """An organisation with every default."""
    with organisation() as running:
        yield running


def test_client_credentials_open_a_session(org: Org) -> None:
    """The daily limit is told by the limits resource and by a header."""
    assert org.sf.limits()["DailyApiRequests"] == {"Max": 15000, "Remaining": 14999}
    assert org.sf.api_usage["api-usage"].used == 1


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"consumer_secret": "wrong"}, id="secret"),
        pytest.param({"consumer_key": "wrong"}, id="client"),
        pytest.param(
            {"username": "a@example.com", "password": "x"}, id="username-password"
        ),
    ],
)
def test_a_wrong_credential_opens_none(org: Org, given: dict[str, str]) -> None:
    """So is the flow that external client apps do not have."""
    with pytest.raises(SalesforceAuthenticationFailed):
        org.login(**given)


@pytest.mark.parametrize("signed_by", ["its own key", "another key"])
def test_a_jwt_must_be_signed_with_the_key_of_the_app(signed_by: str) -> None:
    """With a public key configured, the signature counts."""
    private, public = _pem_pair()
    other, _ = _pem_pair()
    key = private if signed_by == "its own key" else other
    with organisation(public_key=public) as org:
        given = {"username": org.settings.username, "domain": "login"}
        if signed_by == "another key":
            with pytest.raises(SalesforceAuthenticationFailed):
                org.login(privatekey=key, consumer_secret=None, **given)
        else:
            sf = org.login(privatekey=key, consumer_secret=None, **given)
            assert sf.query("SELECT COUNT() FROM Contact")["totalSize"] == 0


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"sub": "stranger@example.com"}, id="user"),
        pytest.param({"iss": "another-app"}, id="app"),
        pytest.param({"aud": "https://example.com"}, id="audience"),
        pytest.param({"exp": "1"}, id="expired"),
    ],
)
def test_a_jwt_must_say_who_asks_whom_until_when(
    org: Org, claims: dict[str, str]
) -> None:
    """Each claim is checked."""
    good = {
        "iss": org.settings.client_id,
        "sub": org.settings.username,
        "aud": "https://login.salesforce.com",
        "exp": "99999999999",
    }
    token = jwt.encode({**good, **claims}, "k" * 32, algorithm="HS256")
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    answer = org.session.post(
        "https://login.salesforce.com/services/oauth2/token",
        data={"grant_type": grant, "assertion": token},
        timeout=10,
    )
    assert answer.status_code == 400
    assert answer.json()["error"] in {"invalid_grant", "invalid_client_id"}


def test_a_session_ends_and_the_client_opens_another() -> None:
    """401 INVALID_SESSION_ID is what makes simple-salesforce log in again."""
    clock = Clock()
    with organisation(token_life_s=60, clock=clock) as org:
        old = org.sf.session_id
        clock.now += 61
        answer = org.get(f"/services/data/v{VERSION}/limits", token=old)
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (
            401,
            "INVALID_SESSION_ID",
        )
        assert org.sf.query("SELECT Id FROM Contact")["totalSize"] == 0
        assert org.sf.session_id != old


def test_a_direct_session_that_is_unknown_is_refused(org: Org) -> None:
    """Nobody gets in with a made-up token."""
    given = {"session_id": "made-up", "instance": "acme.my.salesforce.com"}
    sf = org.login(consumer_key=None, consumer_secret=None, **given)
    with pytest.raises((SalesforceExpiredSession, RuntimeError)):
        sf.limits()


def test_the_daily_limit_is_a_403_until_a_day_has_passed() -> None:
    """REQUEST_LIMIT_EXCEEDED comes without Retry-After; refused ones do not count."""
    clock = Clock()
    with organisation(daily_limit=2, clock=clock) as org:
        org.sf.limits()
        org.sf.limits()
        with pytest.raises(SalesforceRefusedRequest) as refusal:
            org.sf.limits()
        assert refusal.value.content[0]["errorCode"] == "REQUEST_LIMIT_EXCEEDED"
        clock.now += 86_400
        org.sf._refresh_session()
        assert org.sf.limits()["DailyApiRequests"]["Remaining"] == 1


@pytest.mark.parametrize(("version", "status"), [("30.0", 410), ("99.0", 404)])
def test_only_living_versions_answer(org: Org, version: str, status: int) -> None:
    """21 to 30 are gone."""
    assert org.get(f"/services/data/v{version}/limits").status_code == status
    versions = org.get("/services/data").json()
    assert versions[-1]["version"] == "68.0"


def test_describe_tells_types_options_and_rights() -> None:
    """Missing and hidden fields look alike; read-only ones are told."""
    with organisation(
        missing_fields=frozenset({"Contact.Webinar_Live_Score__c"}),
        hidden_fields=frozenset({"Contact.Webinar_Live_Level__c"}),
        read_only_fields=frozenset({"Contact.Webinar_Reasons__c"}),
        marketing_user=False,
    ) as org:
        fields = {f["name"]: f for f in org.sf.Contact.describe()["fields"]}
        lead = {f["name"]: f for f in org.sf.Lead.describe()["fields"]}
        assert not {"Webinar_Live_Score__c", "Webinar_Live_Level__c"} & fields.keys()
        assert not fields["Webinar_Reasons__c"]["updateable"]
        assert fields["Email"]["idLookup"]
        options = [o["value"] for o in lead["Webinar_Live_Level__c"]["picklistValues"]]
        assert options == ["High", "Medium", "Low"]
        assert not org.sf.CampaignMember.describe()["createable"]


def test_a_record_is_created_read_and_changed(org: Org) -> None:
    """Values come back as the organisation keeps them."""
    made = org.sf.Contact.create(
        {**ANN, "Email": "Ann@Example.com", "Webinar_Live_Score__c": 42.17}
    )
    org.sf.Contact.update(made["id"], {"FirstName": "Ann"})
    read = org.sf.Contact.get(made["id"])
    assert (read["Name"], read["Email"]) == ("Ann Lee", "ann@example.com")
    assert read["Webinar_Live_Score__c"] == 42.2
    org.sf.Contact.delete(made["id"])
    with pytest.raises(SalesforceResourceNotFound):
        org.sf.Contact.get(made["id"])


def test_single_upsert_answers_201_200_300_and_404(org: Org) -> None:
    """By e-mail, which has the idLookup property; .inc is no address of a record."""
    path = "Email/ann@example.com"
    body = {"LastName": "Lee"}
    answers = [
        org.sf.Contact.upsert(path, body, raw_response=True).status_code
        for _ in range(2)
    ]
    assert answers == [201, 200]
    with org.seed() as seed:
        seed.add("Contact", **ANN)
    with pytest.raises(SalesforceMoreThanOneRecord) as several:
        org.sf.Contact.upsert(path, body)
    assert len(several.value.content) == 2
    with pytest.raises(SalesforceResourceNotFound):
        org.sf.Lead.upsert("Email/example@email.inc", {**body, "Company": "x"})


_REFUSALS = [
    pytest.param({}, "REQUIRED_FIELD_MISSING", id="required"),
    pytest.param({**ANN, "Email": "nope@"}, "INVALID_EMAIL_ADDRESS", id="email"),
    pytest.param({"LastName": "x" * 81}, "STRING_TOO_LONG", id="long"),
    pytest.param(
        {**ANN, "Webinar_Live_Level__c": "Huge"},
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        id="option",
    ),
    pytest.param(
        {**ANN, "Webinar_Live_Score__c": 1000},
        "NUMBER_OUTSIDE_VALID_RANGE",
        id="number",
    ),
    pytest.param(
        {**ANN, "AccountId": "001xx0000000009AAA"},
        "INVALID_CROSS_REFERENCE_KEY",
        id="reference",
    ),
    pytest.param(
        {**ANN, "Webinar_Reasons__c": "x"},
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        id="field-level-security",
    ),
    pytest.param({**ANN, "Name": "x"}, "INVALID_FIELD_FOR_INSERT_UPDATE", id="system"),
]


@pytest.mark.parametrize(("values", "expected"), _REFUSALS)
def test_one_bad_row_is_told_and_the_others_are_written(
    values: dict[str, Any], expected: str
) -> None:
    """Answers keep the order of the request; a refused entry has no id."""
    read_only = frozenset({"Contact.Webinar_Reasons__c"})
    with organisation(read_only_fields=read_only) as org:
        rows = [record("Contact", LastName=n) for n in ("a", "b")]
        rows.insert(1, record("Contact", **values))
        answer = org.collect("POST", "", rows)
        assert [code(entry) for entry in answer] == ["", expected, ""]
        assert "id" not in answer[1]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(
            [record("Contact", **ANN, Foo__c=1)], "INVALID_FIELD", id="unknown field"
        ),
        pytest.param(
            [record("Contact", **ANN, Webinar_Live_Score__c="42")],
            "JSON_PARSER_ERROR",
            id="wrong JSON type",
        ),
        pytest.param(
            [record("Contact", LastName="x")] * 201,
            "EXCEEDED_MAX_SIZE_REQUEST",
            id="201 rows",
        ),
        pytest.param([], "JSON_PARSER_ERROR", id="no rows"),
        pytest.param([{"LastName": "x"}], "JSON_PARSER_ERROR", id="no type"),
    ],
)
def test_a_malformed_request_writes_nothing(
    org: Org, rows: list[Any], expected: str
) -> None:
    """400 for the whole of it."""
    with pytest.raises(SalesforceMalformedRequest) as refusal:
        org.collect("POST", "", rows)
    assert refusal.value.content[0]["errorCode"] == expected
    assert org.sf.query("SELECT COUNT() FROM Contact")["totalSize"] == 0


def test_all_or_none_rolls_everything_back(org: Org) -> None:
    """The good row says why it was not kept."""
    rows = [record("Contact", LastName="a"), record("Contact")]
    answer = org.collect("POST", "", rows, allOrNone=True)
    assert [code(entry) for entry in answer] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "REQUIRED_FIELD_MISSING",
    ]
    assert org.sf.query("SELECT COUNT() FROM Contact")["totalSize"] == 0


def test_upsert_by_a_key_creates_updates_and_refuses_twins(org: Org) -> None:
    """Every row that shares a key is refused, in whatever case it is written."""
    path = "/Contact/Email"
    first = org.collect("PATCH", path, [record("Contact", **ANN)])
    again = org.collect("PATCH", path, [record("Contact", **ANN, Title="CTO")])
    assert [first[0]["created"], again[0]["created"]] == [True, False]
    twins = [record("Contact", LastName="x", Email=e) for e in ("b@x.io", "B@x.io")]
    answer = org.collect("PATCH", path, twins)
    assert [code(entry) for entry in answer] == ["DUPLICATE_VALUE"] * 2
    with org.seed() as seed:
        seed.add("Contact", **ANN)
    answer = org.collect("PATCH", path, [record("Contact", **ANN)])
    assert code(answer[0]) == "DUPLICATE_EXTERNAL_ID"


def test_update_by_id_knows_only_what_is_there(org: Org) -> None:
    """Strange, malformed and repeated ids are refused row by row."""
    made = org.sf.Contact.create(ANN)["id"]
    ids = [made, "003xx0000000999AAA", "nonsense", None]
    rows = [record("Contact", Id=i, Title="x") for i in ids]
    answer = org.collect("PATCH", "", rows)
    assert [code(entry) for entry in answer] == [
        "",
        "INVALID_CROSS_REFERENCE_KEY",
        "MALFORMED_ID",
        "MISSING_ARGUMENT",
    ]
    org.sf.Contact.delete(made)
    answer = org.collect("PATCH", "", rows[:1])
    assert code(answer[0]) == "INVALID_CROSS_REFERENCE_KEY"


def test_a_converted_lead_is_history(org: Org) -> None:
    """It can be read and refers to its contact, but not be changed."""
    with org.seed() as seed:
        contact = seed.add("Contact", **ANN)
        lead = seed.add(
            "Lead", **ANN, Company="x", IsConverted=True, ConvertedContactId=contact
        )
    answer = org.collect("PATCH", "", [record("Lead", Id=lead, Title="x")])
    assert code(answer[0]) == "CANNOT_UPDATE_CONVERTED_LEAD"
    found = org.sf.query("SELECT ConvertedContactId FROM Lead WHERE IsConverted = true")
    assert found["records"][0]["ConvertedContactId"] == contact


@pytest.mark.parametrize(
    ("rule", "allow", "expected"),
    [
        ("off", "false", ""),
        ("alert", "false", "DUPLICATES_DETECTED"),
        ("alert", "true", ""),
        ("block", "true", "DUPLICATES_DETECTED"),
    ],
)
def test_duplicate_rules_alert_or_block(rule: str, allow: str, expected: str) -> None:
    """The header helps against an alert only."""
    with organisation(duplicate_rule=rule) as org:
        org.sf.Contact.create(ANN)
        header = {"Sforce-Duplicate-Rule-Header": f"allowSave={allow}"}
        answer = org.sf.restful(
            "composite/sobjects",
            method="POST",
            json={"records": [record("Lead", **ANN, Company="x")]},
            headers={**org.sf.headers, **header},
        )
        assert code(answer[0]) == expected


def test_a_campaign_has_each_person_once_and_its_own_statuses(org: Org) -> None:
    """An unknown status becomes the default one; responding follows the status."""
    contact = org.sf.Contact.create(ANN)["id"]
    campaign = org.sf.Campaign.create({"Name": "Webinar"})["id"]
    status = {"CampaignId": campaign, "Label": "Attended", "HasResponded": True}
    org.sf.CampaignMemberStatus.create(status)
    member = {"CampaignId": campaign, "ContactId": contact}
    rows = [record("CampaignMember", **member, Status=s) for s in ("Attended", "Sent")]
    answer = org.collect("POST", "", rows)
    assert [code(entry) for entry in answer] == ["", "DUPLICATE_VALUE"]
    read = org.sf.CampaignMember.get(answer[0]["id"])
    assert (read["Status"], read["HasResponded"]) == ("Attended", True)
    org.sf.CampaignMember.update(answer[0]["id"], {"Status": "Nonsense"})
    assert org.sf.CampaignMember.get(answer[0]["id"])["Status"] == "Sent"
    nobody = org.collect("POST", "", [record("CampaignMember", CampaignId=campaign)])
    assert code(nobody[0]) == "REQUIRED_FIELD_MISSING"


def test_campaigns_need_a_marketing_user() -> None:
    """The right to use campaigns is the user's, not the field's."""
    with organisation(marketing_user=False) as org:
        answer = org.collect("POST", "", [record("Campaign", Name="x")])
        assert code(answer[0]) == "INSUFFICIENT_ACCESS_OR_READONLY"


def test_a_task_has_a_key_of_its_own_and_no_campaign_for_leads(org: Org) -> None:
    """The external id on Activity makes it idempotent."""
    contact = org.sf.Contact.create(ANN)["id"]
    lead = org.sf.Lead.create({**ANN, "Company": "x"})["id"]
    campaign = org.sf.Campaign.create({"Name": "x"})["id"]
    task = {"Webinar_Activity_Key__c": "k1", "Status": "Completed", "WhatId": campaign}
    path = "/Task/Webinar_Activity_Key__c"
    answers = [
        org.collect("PATCH", path, [record("Task", **task, WhoId=who)])[0]
        for who in (contact, contact, lead)
    ]
    assert [entry.get("created") for entry in answers] == [True, False, None]
    assert code(answers[2]) == "FIELD_INTEGRITY_EXCEPTION"
    assert org.sf.Task.get(answers[0]["id"])["IsClosed"]


def test_planned_row_locks_hit_only_their_rows() -> None:
    """As two programs writing the same account would cause them."""
    lock = RowErrors(rows=(1,), category="UNABLE_TO_LOCK_ROW", message="locked")
    plan = (Planned(part="salesforce", path="*/sobjects", requests=(1,), fault=lock),)
    with organisation(faults=plan) as org:
        rows = [record("Contact", LastName=n) for n in "abc"]
        assert [code(e) for e in org.collect("POST", "", rows)] == [
            "",
            "UNABLE_TO_LOCK_ROW",
            "",
        ]
        assert not org.box.unhit


def test_person_accounts_show_on_their_contacts() -> None:
    """The field is only there where they are switched on."""
    query = "SELECT IsPersonAccount FROM Contact"
    with organisation(person_accounts=True) as org:
        with org.seed() as seed:
            seed.add("Contact", **ANN, IsPersonAccount=True)
        assert org.sf.query(query)["records"][0]["IsPersonAccount"]
    with organisation() as org, pytest.raises(SalesforceMalformedRequest):
        org.sf.query(query)


def test_unknown_paths_and_methods_say_so(org: Org) -> None:
    """404 and 405."""
    assert org.get(f"/services/data/v{VERSION}/nonsense").status_code == 404
    path = f"/services/data/v{VERSION}/limits"
    assert org.get(path, method="DELETE").status_code == 405
    with pytest.raises(SalesforceError):
        org.sf.Nonsense__c.describe()


def test_collections_read_and_delete_by_ids(org: Org) -> None:
    """What is not there is null; reading works by GET and by POST."""
    ids = [org.sf.Contact.create({"LastName": name})["id"] for name in "ab"]
    wish = {"ids": [*ids, "003xx0000000999AAA"], "fields": ["LastName"]}
    posted = org.sf.restful("composite/sobjects/Contact", method="POST", json=wish)
    path = f"/services/data/v{VERSION}/composite/sobjects"
    got = org.get(f"{path}/Contact?ids={','.join(ids)}&fields=Id,LastName").json()
    assert [row and row["LastName"] for row in posted] == ["a", "b", None]
    assert got == posted[:2]
    gone = org.get(f"{path}?ids={ids[0]}", method="DELETE").json()
    assert gone[0]["success"]
    assert org.sf.query("SELECT COUNT() FROM Contact")["totalSize"] == 1


@pytest.mark.parametrize(
    ("path", "rows", "expected"),
    [
        pytest.param("/Contact/Id", [record("Contact")], "INVALID_FIELD", id="by id"),
        pytest.param(
            "/Contact/Title", [record("Contact")], "INVALID_FIELD", id="by no key"
        ),
        pytest.param(
            "/Contact/Email", [record("Lead")], "JSON_PARSER_ERROR", id="another type"
        ),
    ],
)
def test_upsert_by_collections_wants_one_type_and_its_key(
    org: Org, path: str, rows: list[Any], expected: str
) -> None:
    """External ids and lookup fields only."""
    with pytest.raises(SalesforceMalformedRequest) as refused:
        org.collect("PATCH", path, rows)
    assert refused.value.content[0]["errorCode"] == expected


def test_a_key_must_be_given_and_ids_not_repeated(org: Org) -> None:
    """Row by row."""
    answer = org.collect("PATCH", "/Contact/Email", [record("Contact", LastName="x")])
    assert code(answer[0]) == "MISSING_ARGUMENT"
    made = org.sf.Contact.create(ANN)["id"]
    twice = [record("Contact", Id=made, Title="x")] * 2
    answer = org.collect("PATCH", "", twice)
    assert [code(entry) for entry in answer] == ["DUPLICATE_VALUE"] * 2
    answer = org.collect("POST", "", [record("Contact", Id=made, LastName="x")])
    assert code(answer[0]) == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_the_organisation_lists_what_it_has(org: Org) -> None:
    """Objects, resources, and fields of one record."""
    names = {entry["name"] for entry in org.sf.describe()["sobjects"]}
    assert {"Contact", "Lead", "Campaign", "Task"} < names
    resources = org.get(f"/services/data/v{VERSION}").json()
    assert resources["query"].endswith("/query")
    made = org.sf.Contact.create(ANN)["id"]
    path = f"/services/data/v{VERSION}/sobjects/Contact/{made}?fields=LastName"
    assert org.get(path).json()["LastName"] == "Lee"
    with pytest.raises(SalesforceResourceNotFound):
        org.sf.Lead.get(made)


def test_update_only_creates_nobody(org: Org) -> None:
    """A parameter of the single upsert."""
    path = f"/services/data/v{VERSION}/sobjects/Contact/Email/x@example.com"
    answer = org.get(f"{path}?updateOnly=true", method="PATCH", json={"LastName": "x"})
    assert answer.status_code == 404
    assert org.sf.query("SELECT COUNT() FROM Contact")["totalSize"] == 0


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff"])
def test_a_body_that_is_no_object_is_refused(org: Org, body: bytes) -> None:
    """400, as any malformed request."""
    path = f"/services/data/v{VERSION}/sobjects/Contact"
    assert org.get(path, method="POST", data=body).status_code == 400
