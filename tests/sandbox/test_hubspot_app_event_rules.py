"""Timeline events of apps: HubSpot's own client, published shapes, documented rules."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hubspot.crm.timeline import ApiException, BatchInputTimelineEvent, TimelineEvent
from hubspot_clients import Api, to_client

from sandbox.hubspot.app_events import EVENT_TYPE, MAX_INPUTS, TEMPLATE_ID
from sandbox.settings import ALL_SCOPES

if TYPE_CHECKING:
    from collections.abc import Callable

    from hubspot_specs import SpecChecker

    from sandbox.server import RunningSandbox

V3 = "/integrators/timeline/v3/events/batch/create"
DATED = "/integrators/timeline/2026-03/events/batch"
TOKENS = {"live_level": "High"}
TIME = "2026-11-01T10:00:00.000Z"


@pytest.fixture
def partner(start: Callable[..., RunningSandbox]) -> RunningSandbox:
    """A sandbox whose token is that of an app partner."""
    return start(scopes=ALL_SCOPES | {"timeline"})


@pytest.fixture
def call(
    partner: RunningSandbox,
    to_api: Callable[[RunningSandbox], Api],
    checker: SpecChecker,
) -> Callable[..., Any]:
    """Sends inputs, holds the answer against its shape, returns status and JSON."""
    api = to_api(partner)

    def send(path: str, *inputs: dict[str, Any]) -> tuple[int, Any]:
        body = {"inputs": list(inputs)}
        answer = api.post(path, body)
        checker.check(
            "POST", api.url + path, json.dumps(body), answer.status_code, answer.content
        )
        return answer.status_code, answer.json() if answer.content else None

    return send


@pytest.fixture
def contacts(
    partner: RunningSandbox, to_api: Callable[[RunningSandbox], Api]
) -> dict[str, str]:
    """The ids of two contacts."""
    made = to_api(partner).upsert(
        {"email": "ann@example.com"}, {"email": "bob@example.com"}
    )
    return {one["properties"]["email"]: one["id"] for one in made.json()["results"]}


@pytest.fixture
def ann(contacts: dict[str, str]) -> str:
    """The id of the first contact."""
    return contacts["ann@example.com"]


def to_event(path: str, object_id: str, **changed: Any) -> dict[str, Any]:
    """Return an event in the form of a version."""
    kind: dict[str, Any] = (
        {"eventTemplateId": TEMPLATE_ID, "tokens": TOKENS}
        if path == V3
        else {"eventTypeName": EVENT_TYPE, "properties": TOKENS}
    )
    return {"id": "e1", "objectId": object_id, "timestamp": TIME, **kind, **changed}


def held(sandbox: RunningSandbox, email: str = "ann@example.com") -> list[Any]:
    """Return what a contact's app events say."""
    contact = json.loads(sandbox.dump())["contacts"][email]
    return [json.loads(tokens) for *_, tokens in contact["app_events"]]


def test_hubspots_own_client_writes_an_event(
    partner: RunningSandbox, ann: str, checked: SpecChecker
) -> None:
    """Of a template, answered without a body."""
    del checked
    event = TimelineEvent(
        event_template_id=TEMPLATE_ID, id="e1", object_id=ann, tokens=TOKENS
    )
    batch = BatchInputTimelineEvent(inputs=[event])
    to_client(partner).crm.timeline.events_api.create_batch(batch)
    assert held(partner) == [TOKENS]


def test_hubspots_own_client_is_refused_without_the_scope(crm: RunningSandbox) -> None:
    """403, as for every app that is no partner's."""
    batch = BatchInputTimelineEvent(inputs=[])
    with pytest.raises(ApiException) as refused:
        to_client(crm).crm.timeline.events_api.create_batch(batch)
    assert refused.value.status == 403
    assert "timeline" in refused.value.body


def test_an_event_stands_on_the_contacts_page(
    partner: RunningSandbox, to_api: Callable[[RunningSandbox], Api], ann: str
) -> None:
    """With what its tokens say."""
    api = to_api(partner)
    api.post(V3, {"inputs": [to_event(V3, ann)]})
    page = api.get(f"/contacts/{ann}").text
    assert "App event" in page
    assert "live_level: High" in page


def test_a_dated_version_tells_each_event(
    partner: RunningSandbox, call: Callable[..., Any], ann: str
) -> None:
    """In its published shape."""
    status, answer = call(DATED, to_event(DATED, ann))
    assert (status, [one["id"] for one in answer["results"]]) == (200, ["e1"])
    assert held(partner) == [TOKENS]


def test_an_event_of_a_template_is_never_changed(
    partner: RunningSandbox, call: Callable[..., Any], ann: str
) -> None:
    """Sent again it stays what it was."""
    call(V3, to_event(V3, ann))
    assert call(V3, to_event(V3, ann, tokens={"live_level": "Low"}))[0] == 204
    assert held(partner) == [TOKENS]


def test_an_id_of_two_records_goes_to_the_last(
    partner: RunningSandbox, call: Callable[..., Any], contacts: dict[str, str]
) -> None:
    """The first has no record of it."""
    for contact in contacts.values():
        call(V3, to_event(V3, contact))
    assert sorted([held(partner, email) for email in contacts]) == [[], [TOKENS]]


def test_an_id_that_is_there_is_a_conflict_in_a_dated_version(
    partner: RunningSandbox, call: Callable[..., Any], ann: str
) -> None:
    """And nothing of the batch is written."""
    call(DATED, to_event(DATED, ann))
    both = (to_event(DATED, ann, id="e2"), to_event(DATED, ann))
    assert call(DATED, *both)[0] == 409
    assert held(partner) == [TOKENS]


@pytest.mark.parametrize("path", [V3, DATED], ids=["v3", "dated"])
@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"eventTemplateId": "9", "eventTypeName": "other"}, 404),
        ({"tokens": {"other": "1"}, "properties": {"other": "1"}}, 400),
        ({"objectId": "1"}, 400),
        ({"objectId": "ann@example.com"}, 400),
        ({"timestamp": "soon"}, 400),
    ],
    ids=["type", "token", "record", "no record id", "time"],
)
def test_an_event_that_says_something_unknown_is_refused(
    partner: RunningSandbox,
    call: Callable[..., Any],
    ann: str,
    *,
    path: str,
    changed: dict[str, Any],
    status: int,
) -> None:
    """With the whole batch."""
    good = to_event(path, ann, id="e2")
    bad = to_event(path, ann)
    bad |= {name: value for name, value in changed.items() if name in bad}
    assert call(path, good, bad)[0] == status
    assert held(partner) == []


def test_a_batch_has_a_limit(call: Callable[..., Any], ann: str) -> None:
    """One more is refused."""
    many = [to_event(V3, ann, id=f"e{n}") for n in range(MAX_INPUTS + 1)]
    assert call(V3, *many)[0] == 400
    assert call(V3, *many[1:])[0] == 204
