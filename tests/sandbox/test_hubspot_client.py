"""HubSpot's own Python client, unchanged, works against the sandbox."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hubspot.crm import contacts as c
from hubspot.crm import properties as p
from hubspot.crm.contacts.exceptions import ApiException
from hubspot.crm.objects import notes as n
from hubspot.marketing import events as m
from hubspot_clients import to_client

if TYPE_CHECKING:
    from hubspot import HubSpot

    from sandbox.server import RunningSandbox


def to_upsert(*emails: str, traced: bool = False, **more: str) -> Any:
    """Return an upsert of these e-mail addresses."""
    return c.BatchInputSimplePublicObjectBatchInputUpsert(
        inputs=[
            c.SimplePublicObjectBatchInputUpsert(
                id=email,
                id_property="email",
                object_write_trace_id=str(number) if traced else None,
                properties={"email": email, **more},
            )
            for number, email in enumerate(emails)
        ]
    )


def upsert_fails(client: HubSpot, batch: Any) -> tuple[int, dict[str, Any]]:
    """Return status and body of an upsert that must be refused."""
    with pytest.raises(ApiException) as caught:
        client.crm.contacts.batch_api.upsert(batch)
    return caught.value.status, json.loads(caught.value.body)


def test_a_contact_is_created_read_changed_and_archived(client: HubSpot) -> None:
    """The life of one contact."""
    api = client.crm.contacts.basic_api
    made = api.create(
        c.SimplePublicObjectInputForCreate(
            properties={"email": "Ann@Example.com", "firstname": "Ann"},
            associations=[],
        )
    )
    assert made.properties["email"] == "ann@example.com"
    api.update(made.id, c.SimplePublicObjectInput(properties={"lastname": "Lee"}))
    read = api.get_by_id(made.id, properties=["lastname", "phone", "nonsense"])
    assert read.properties["lastname"] == "Lee"
    assert read.properties["phone"] is None
    assert "nonsense" not in read.properties
    api.archive(made.id)
    with pytest.raises(ApiException, match="404"):
        api.get_by_id(made.id)


def test_a_contact_is_found_by_its_address(client: HubSpot) -> None:
    """`idProperty=email` reads without knowing the id."""
    client.crm.contacts.batch_api.upsert(to_upsert("ann@example.com"))
    api = client.crm.contacts.basic_api
    read = api.get_by_id("ANN@example.com", id_property="email")
    assert read.properties["email"] == "ann@example.com"


def test_an_upsert_makes_then_changes(client: HubSpot) -> None:
    """The same address twice is one contact, whatever its letters' case."""
    api = client.crm.contacts.batch_api
    first = api.upsert(to_upsert("ann@example.com", firstname="A"))
    second = api.upsert(to_upsert("ANN@example.com", firstname="Ann"))
    assert [one.new for one in first.results] == [True]
    assert [one.new for one in second.results] == [False]
    assert first.results[0].id == second.results[0].id
    assert second.results[0].properties["firstname"] == "Ann"


def test_results_come_in_no_order(client: HubSpot) -> None:
    """Who maps results by position is wrong sooner or later; here at once."""
    emails = [f"p{number}@example.com" for number in range(50)]
    results = client.crm.contacts.batch_api.upsert(to_upsert(*emails)).results
    answered = [one.properties["email"] for one in results]
    assert sorted(answered) == sorted(emails)
    assert answered != emails


def test_101_inputs_are_refused(client: HubSpot) -> None:
    """HubSpot takes 100 records in a batch."""
    emails = [f"p{number}@example.com" for number in range(101)]
    status, body = upsert_fails(client, to_upsert(*emails, traced=True))
    assert (status, body["category"]) == (400, "VALIDATION_ERROR")
    assert client.crm.contacts.get_all() == []


@pytest.mark.parametrize("traced", [False, True], ids=["plain", "traced"])
def test_an_address_twice_refuses_the_batch(client: HubSpot, *, traced: bool) -> None:
    """Trace ids do not help against duplicates."""
    batch = to_upsert("a@example.com", "b@example.com", "A@example.com", traced=traced)
    status, body = upsert_fails(client, batch)
    assert status == 400
    assert body["message"] == (
        "Duplicate IDs found in batch input: [a@example.com]. IDs must be unique"
    )
    assert body["context"] == {"ids": ["a@example.com"]}
    assert client.crm.contacts.get_all() == []


def test_a_bad_address_refuses_the_whole_batch(client: HubSpot) -> None:
    """Without trace ids nothing is written."""
    status, body = upsert_fails(client, to_upsert("a@example.com", "nope@"))
    assert status == 400
    assert body["message"] == (
        "Property values were not valid: "
        '[{"isValid":false,"message":"Email address nope@ is invalid",'
        '"error":"INVALID_EMAIL","name":"email"}]'
    )
    assert client.crm.contacts.get_all() == []


def test_with_trace_ids_only_the_bad_address_is_refused(client: HubSpot) -> None:
    """The good one is written, the answer is 207 and names the bad one."""
    batch = to_upsert("a@example.com", "nope@", traced=True)
    answer = client.crm.contacts.batch_api.upsert(batch)
    assert [one.properties["email"] for one in answer.results] == ["a@example.com"]
    assert answer.num_errors == 1
    assert answer.errors[0].category == "VALIDATION_ERROR"
    assert answer.errors[0].context == {"objectWriteTraceId": ["1"]}


def test_an_unknown_property_is_named(client: HubSpot) -> None:
    """In the message and, for machines, in `errors`."""
    batch = to_upsert("a@example.com", foo="1")
    status, body = upsert_fails(client, batch)
    assert status == 400
    assert body["errors"][0]["code"] == "PROPERTY_DOESNT_EXIST"
    assert body["errors"][0]["context"] == {"propertyName": ["foo"]}


def test_a_key_that_is_not_unique_is_refused(client: HubSpot) -> None:
    """Only the address and properties made unique can be matched by."""
    one = c.SimplePublicObjectBatchInputUpsert(
        id="Lee", id_property="lastname", properties={"firstname": "Ann"}
    )
    batch = c.BatchInputSimplePublicObjectBatchInputUpsert(inputs=[one])
    status, body = upsert_fails(client, batch)
    assert status == 400
    assert "by non-unique 0-1 property lastname" in body["message"]


def test_an_address_that_is_taken_is_a_conflict(client: HubSpot) -> None:
    """The answer names the contact that has it."""
    api = client.crm.contacts.basic_api
    new = c.SimplePublicObjectInputForCreate(
        properties={"email": "a@example.com"}, associations=[]
    )
    made = api.create(new)
    with pytest.raises(ApiException) as caught:
        api.create(new)
    body = json.loads(caught.value.body)
    assert caught.value.status == 409
    assert body["message"] == f"Contact already exists. Existing ID: {made.id}"


def test_a_bad_token_is_refused(crm: RunningSandbox) -> None:
    """401 in the words HubSpot uses."""
    status, body = upsert_fails(to_client(crm, "wrong"), to_upsert("a@example.com"))
    assert (status, body["category"]) == (401, "INVALID_AUTHENTICATION")


def test_too_many_requests_are_refused(start: Any, clock: Any, checked: Any) -> None:
    """The ten-second window says when it is full and opens again."""
    client = to_client(start(burst_limit=2))
    api = client.crm.contacts.basic_api
    api.get_page()
    api.get_page()
    with pytest.raises(ApiException) as caught:
        api.get_page()
    body = json.loads(caught.value.body)
    assert caught.value.status == 429
    assert body["errorType"] == "RATE_LIMIT"
    assert body["policyName"] == "TEN_SECONDLY_ROLLING"
    clock.now += 10
    assert api.get_page().results == []


def test_a_search_filters_and_sorts(client: HubSpot) -> None:
    """Greater than, descending, one page after the other."""
    api = client.crm.contacts
    for number in range(3):
        batch = to_upsert(f"p{number}@example.com", firstname=f"F{number}")
        api.batch_api.upsert(batch)
    request = c.PublicObjectSearchRequest(
        filter_groups=[
            c.FilterGroup(
                filters=[
                    c.Filter(property_name="firstname", operator="GTE", value="F1")
                ]
            )
        ],
        sorts=['{"propertyName": "firstname", "direction": "DESCENDING"}'],
        properties=["firstname"],
        limit=1,
    )
    first = api.search_api.do_search(request)
    assert (first.total, first.results[0].properties["firstname"]) == (2, "F2")
    request.after = first.paging.next.after
    second = api.search_api.do_search(request)
    assert second.results[0].properties["firstname"] == "F1"
    assert second.paging is None


def test_a_batch_reads_by_address_and_names_the_missing(client: HubSpot) -> None:
    """207, the found ones and one entry for all that are missing."""
    api = client.crm.contacts.batch_api
    api.upsert(to_upsert("a@example.com"))
    answer = api.read(
        c.BatchReadInputSimplePublicObjectId(
            inputs=[
                c.SimplePublicObjectId(id="a@example.com"),
                c.SimplePublicObjectId(id="b@example.com"),
            ],
            id_property="email",
            properties=["email"],
            properties_with_history=[],
        )
    )
    assert [one.properties["email"] for one in answer.results] == ["a@example.com"]
    assert answer.errors[0].category == "OBJECT_NOT_FOUND"
    assert answer.errors[0].context == {"ids": ["b@example.com"]}


def test_a_batch_update_names_unknown_ids(client: HubSpot) -> None:
    """The known one is written beside it."""
    api = client.crm.contacts.batch_api
    known = api.upsert(to_upsert("a@example.com")).results[0].id
    answer = api.update(
        c.BatchInputSimplePublicObjectBatchInput(
            inputs=[
                c.SimplePublicObjectBatchInput(id=one, properties={"firstname": "A"})
                for one in (known, "999")
            ]
        )
    )
    assert [one.id for one in answer.results] == [known]
    assert answer.errors[0].context == {"ids": ["999"]}


def test_a_batch_create_reports_conflicts_beside_the_new(client: HubSpot) -> None:
    """207 with the id of the contact that has the address."""
    api = client.crm.contacts.batch_api
    known = api.upsert(to_upsert("a@example.com")).results[0].id
    answer = api.create(
        c.BatchInputSimplePublicObjectBatchInputForCreate(
            inputs=[
                c.SimplePublicObjectBatchInputForCreate(
                    properties={"email": email},
                    object_write_trace_id=email,
                    associations=[],
                )
                for email in ("a@example.com", "b@example.com")
            ]
        )
    )
    assert [one.properties["email"] for one in answer.results] == ["b@example.com"]
    assert answer.errors[0].category == "CONFLICT"
    assert answer.errors[0].context == {
        "objectWriteTraceId": ["a@example.com"],
        "existingId": [known],
    }


def test_properties_are_made_in_their_group(client: HubSpot) -> None:
    """And a second batch reports those that exist."""
    api = client.crm.properties
    group = p.PropertyGroupCreate(name="webinar", label="Webinar", display_order=-1)
    api.groups_api.create("contacts", group)
    score, level = (
        p.PropertyCreate(
            name="webinar_score",
            label="Score",
            type="number",
            field_type="number",
            group_name="webinar",
        ),
        p.PropertyCreate(
            name="webinar_level",
            label="Level",
            type="enumeration",
            field_type="select",
            group_name="webinar",
            options=[p.OptionInput(label="High", value="High", hidden=False)],
        ),
    )
    first = p.BatchInputPropertyCreate(inputs=[score])
    api.batch_api.create("contacts", first)
    both = p.BatchInputPropertyCreate(inputs=[score, level])
    answer = api.batch_api.create("contacts", both)
    assert [one.name for one in answer.results] == ["webinar_level"]
    assert answer.errors[0].category == "OBJECT_ALREADY_EXISTS"
    assert answer.errors[0].context == {"name": ["webinar_score"]}
    read = api.core_api.get_by_name("contacts", "webinar_level")
    assert [option.value for option in read.options] == ["High"]
    names = {one.name for one in api.core_api.get_all("contacts").results}
    assert {"email", "webinar_score", "webinar_level"} <= names
    assert {one.name for one in api.groups_api.get_all("contacts").results} == {
        "contactinformation",
        "webinar",
    }


def test_attendance_is_one_state_for_each_contact(client: HubSpot) -> None:
    """By address, which makes the missing contact, and then by id."""
    api = client.marketing.events
    make_event(client)
    subscribers = m.BatchInputMarketingEventEmailSubscriber(
        inputs=[
            m.MarketingEventEmailSubscriber(
                email="New@Example.com",
                interaction_date_time=1_793_520_000_000,
                contact_properties={"firstname": "New"},
            )
        ]
    )
    made = api.add_event_attendees_api.record_by_contact_emails(
        "w1", "register", subscribers, external_account_id="acc"
    )
    assert made.results[0].email == "new@example.com"
    attended = m.BatchInputMarketingEventSubscriber(
        inputs=[
            m.MarketingEventSubscriber(
                vid=made.results[0].vid,
                interaction_date_time=1_793_527_200_000,
                properties={
                    "joinedAt": "2026-11-01T10:00:00Z",
                    "leftAt": "2026-11-01T10:45:00Z",
                },
            )
        ]
    )
    api.add_event_attendees_api.record_by_contact_ids(
        "w1", "attend", attended, external_account_id="acc"
    )
    counters = api.retrieve_participant_state_api
    counted = counters.get_participations_counters_by_event_external_id("acc", "w1")
    assert (counted.registered, counted.attended, counted.no_shows) == (1, 1, 0)


def test_a_complete_event_knows_durations_and_no_shows(client: HubSpot) -> None:
    """45 minutes of an hour; whoever only registered did not come."""
    api = client.marketing.events
    make_event(client)
    for state, email in (("register", "no@example.com"), ("attend", "yes@example.com")):
        one = m.MarketingEventEmailSubscriber(
            email=email,
            interaction_date_time=1_793_527_200_000,
            properties={
                "joinedAt": "2026-11-01T10:00:00Z",
                "leftAt": "2026-11-01T10:45:00Z",
            },
        )
        api.add_event_attendees_api.record_by_contact_emails(
            "w1",
            state,
            m.BatchInputMarketingEventEmailSubscriber(inputs=[one]),
            external_account_id="acc",
        )
    api.change_property_api.complete(
        "w1",
        "acc",
        m.MarketingEventCompleteRequestParams(
            start_date_time="2026-11-01T10:00:00Z", end_date_time="2026-11-01T11:00:00Z"
        ),
    )
    state = api.retrieve_participant_state_api
    listed = state.get_participations_breakdown_by_external_event_id("acc", "w1")
    told = {
        one.associations.contact.email: (
            one.properties.attendance_state,
            one.properties.attendance_duration_seconds,
            one.properties.attendance_percentage,
        )
        for one in listed.results
    }
    assert told["yes@example.com"] == ("ATTENDED", 2700, "75.00")
    assert told["no@example.com"][0] == "NO_SHOW"
    read = api.basic_api.get_details("w1", "acc")
    assert (read.registrants, read.attendees, read.no_shows) == (2, 1, 1)


def make_event(client: HubSpot) -> Any:
    """Make the event `w1` of the account `acc`."""
    return client.marketing.events.basic_api.upsert(
        "w1",
        m.MarketingEventCreateRequestParams(
            event_name="Cold chain",
            event_organizer="Acme",
            external_account_id="acc",
            external_event_id="w1",
            start_date_time="2026-11-01T10:00:00Z",
            end_date_time="2026-11-01T11:00:00Z",
        ),
    )


def test_an_event_is_upserted_by_its_external_id(client: HubSpot) -> None:
    """Twice the same id is one event."""
    first, second = make_event(client), make_event(client)
    assert first.id == second.id
    assert len(client.marketing.events.basic_api.get_all().results) == 1


def test_a_note_is_written_to_a_contact(client: HubSpot, crm: RunningSandbox) -> None:
    """With the association inline, and changed later."""
    contact = client.crm.contacts.batch_api.upsert(to_upsert("a@example.com"))
    new = n.SimplePublicObjectBatchInputForCreate(
        properties={"hs_timestamp": "2026-11-01T10:00:00Z", "hs_note_body": "first"},
        associations=[
            n.PublicAssociationsForObject(
                to=n.PublicObjectId(id=contact.results[0].id),
                types=[
                    n.AssociationSpec(
                        association_category="HUBSPOT_DEFINED", association_type_id=202
                    )
                ],
            )
        ],
    )
    api = client.crm.objects.notes.batch_api
    made = api.create(n.BatchInputSimplePublicObjectBatchInputForCreate(inputs=[new]))
    change = n.SimplePublicObjectBatchInput(
        id=made.results[0].id, properties={"hs_note_body": "second"}
    )
    api.update(n.BatchInputSimplePublicObjectBatchInput(inputs=[change]))
    notes = json.loads(crm.dump())["contacts"]["a@example.com"]["notes"]
    assert [note["hs_note_body"] for note in notes] == ["second"]


def test_a_refresh_token_gives_an_access_token(
    client: HubSpot, crm: RunningSandbox, clock: Any
) -> None:
    """It works for half an hour, and the daily headers are not for it."""
    given = client.oauth.tokens_api.create(
        grant_type="refresh_token",
        client_id="sandbox-client",
        client_secret="sandbox-secret",
        refresh_token="sandbox-refresh",
    )
    assert given.expires_in == 1800
    told = client.oauth.access_tokens_api.get(given.access_token)
    assert told.hub_id == 1234567
    api = to_client(crm, given.access_token).crm.contacts.basic_api
    _, status, headers = api.get_page_with_http_info()
    assert status == 200
    assert headers["X-HubSpot-RateLimit-Max"] == "110"
    assert "X-HubSpot-RateLimit-Daily" not in headers
    clock.now += 1800
    with pytest.raises(ApiException, match="401"):
        api.get_page()
