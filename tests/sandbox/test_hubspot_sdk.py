"""HubSpot's new client drives the dated paths, unchanged."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hubspot_sdk import BadRequestError, HubSpot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hubspot_specs import SpecChecker

    from sandbox.server import RunningSandbox


@pytest.fixture
def to_sdk(checker: SpecChecker) -> Iterator[Callable[[RunningSandbox], HubSpot]]:
    """A function that returns the client, its answers held against their shapes."""

    def check(answer: httpx.Response) -> None:
        answer.read()
        request = answer.request
        kind = request.headers.get("content-type", "")
        sent = request.content.decode() if kind == "application/json" else None
        url, status = str(request.url), answer.status_code
        checker.check(request.method, url, sent, status, answer.content)

    with ExitStack() as stack:

        def make(sandbox: RunningSandbox) -> HubSpot:
            http = httpx.Client(event_hooks={"response": [check]})
            client = HubSpot(
                access_token="sandbox-token",
                base_url=sandbox.url,
                http_client=http,
                max_retries=0,
            )
            return stack.enter_context(client)

        yield make


@pytest.fixture
def sdk(crm: RunningSandbox, to_sdk: Callable[[RunningSandbox], HubSpot]) -> HubSpot:
    """The new client for the default sandbox."""
    return to_sdk(crm)


def to_inputs(*emails: str) -> list[Any]:
    """Return upsert inputs with trace ids."""
    return [
        {
            "id": email,
            "idProperty": "email",
            "id_property": "email",
            "object_write_trace_id": str(number),
            "properties": {"email": email},
        }
        for number, email in enumerate(emails)
    ]


def test_contacts_are_upserted_and_read(sdk: HubSpot) -> None:
    """At 2026-03, with the bad row beside the good ones."""
    batch = sdk.crm.objects.contacts.batch
    answer = batch.upsert(inputs=to_inputs("Ann@example.com", "nope@"))
    assert [one.properties["email"] for one in answer.results] == ["ann@example.com"]
    assert answer.results[0].new
    assert answer.to_dict()["errors"][0]["context"] == {"objectWriteTraceId": ["1"]}
    contact = sdk.crm.objects.contacts.get(
        answer.results[0].id, properties=["email", "phone"]
    )
    assert contact.properties["email"] == "ann@example.com"


def test_duplicates_are_refused(sdk: HubSpot) -> None:
    """As at v3."""
    batch = sdk.crm.objects.contacts.batch
    with pytest.raises(BadRequestError, match="Duplicate IDs found in batch input"):
        batch.upsert(inputs=to_inputs("a@example.com", "A@example.com"))


def test_properties_and_groups_are_made(sdk: HubSpot) -> None:
    """One by one and in a batch."""
    properties = sdk.crm.properties
    properties.groups.create("contacts", name="webinar", label="Webinar")
    made = properties.create(
        "contacts",
        name="webinar_score",
        label="Score",
        type="number",
        field_type="number",
        group_name="webinar",
        number_display_hint="unformatted",
    )
    assert made.number_display_hint == "unformatted"
    assert properties.get("webinar_score", object_type="contacts").type == "number"


def test_attendance_is_recorded_by_address(sdk: HubSpot) -> None:
    """An event, a registration, an attendance."""
    events = sdk.marketing.marketing_events
    events.upsert_by_external_event_id(
        "w1",
        body_external_event_id="w1",
        external_account_id="acc",
        event_name="Cold chain",
        event_organizer="Acme",
        custom_properties=[],
    )
    for state in ("register", "attend"):
        answer = events.attendance.create_by_external_event_id_and_email(
            state,
            external_event_id="w1",
            external_account_id="acc",
            inputs=[
                {
                    "email": "ann@example.com",
                    "interaction_date_time": 1_793_527_200_000,
                    "contact_properties": {},
                    "properties": {},
                }
            ],
        )
        assert answer.results[0].email == "ann@example.com"
    counted = events.participations.get_by_external_account_and_event_id(
        "w1", external_account_id="acc"
    )
    assert (counted.registered, counted.attended) == (1, 1)


def test_a_custom_event_counts_once_for_its_uuid(
    start: Callable[..., RunningSandbox],
    to_sdk: Callable[[RunningSandbox], HubSpot],
) -> None:
    """Sent twice, kept once; 204 does not tell."""
    sdk = to_sdk(start(tier="enterprise"))
    contact = sdk.crm.objects.contacts.batch.upsert(inputs=to_inputs("a@example.com"))
    definition = sdk.events.definitions.create(
        label="Asked a question",
        name="asked",
        include_default_properties=False,
        property_definitions=[{"label": "Event", "name": "event", "type": "string"}],
        primary_object="CONTACT",
    )
    one: Any = {
        "event_name": definition.fully_qualified_name,
        "email": "A@example.com",
        "uuid": "w1-a-asked",
        "occurred_at": "2026-11-01T10:30:00Z",
        "properties": {"event": "Cold chain"},
    }
    sdk.events.send.batch_send(inputs=[one])
    sdk.events.send.batch_send(inputs=[one, {**one, "uuid": "w1-a-again"}])
    listed = sdk.events.occurrences.list(object_id=int(contact.results[0].id))
    assert [kept.id for kept in listed.results] == ["w1-a-again", "w1-a-asked"]
