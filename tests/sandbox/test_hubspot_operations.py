"""Every other operation answers in its published shape and does what it says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from hubspot_clients import Api
    from hubspot_specs import SpecChecker

    from sandbox.server import RunningSandbox

CONTACTS = "/crm/v3/objects/contacts"
PROPERTIES = "/crm/v3/properties/contacts"
EVENTS = "/marketing/v3/marketing-events"
EVENT = {
    "eventName": "Cold chain",
    "eventOrganizer": "Acme",
    "externalAccountId": "acc",
    "externalEventId": "w1",
}


@pytest.fixture
def call(api: Api, checker: SpecChecker) -> Callable[..., Any]:
    """A function that sends a request, holds it against its shape, and returns JSON."""

    def send(method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        answer = api(method, path, body)
        sent = None if body is None else json.dumps(body)
        checker.check(method, api.url + path, sent, answer.status_code, answer.content)
        assert answer.status_code == status
        return answer.json() if answer.content else None

    return send


@pytest.fixture
def contact(api: Api) -> str:
    """The id of a contact."""
    return str(api.upsert({"email": "ann@example.com"}).json()["results"][0]["id"])


def test_contacts_are_listed_by_pages(api: Api, call: Callable[..., Any]) -> None:
    """Until there is no next page."""
    api.upsert(*({"email": f"p{n}@example.com"} for n in range(5)))
    after, seen = "", []
    while True:
        page = call("GET", f"{CONTACTS}?limit=2{after}")
        seen += [one["properties"]["email"] for one in page["results"]]
        if "paging" not in page:
            break
        after = f"&after={page['paging']['next']['after']}"
    assert seen == [f"p{n}@example.com" for n in range(5)]


@pytest.mark.parametrize("limit", ["0", "101", "x"])
def test_a_page_has_its_limits(call: Callable[..., Any], limit: str) -> None:
    """1 to 100."""
    call("GET", f"{CONTACTS}?limit={limit}", status=400)


def test_contacts_are_archived_in_a_batch(
    call: Callable[..., Any], contact: str
) -> None:
    """Unknown ids do not matter."""
    body = {"inputs": [{"id": contact}, {"id": "1"}, {"id": "x"}]}
    call("POST", f"{CONTACTS}/batch/archive", body, status=204)
    call("GET", f"{CONTACTS}/{contact}", status=404)


def test_a_batch_reads_by_id(call: Callable[..., Any], contact: str) -> None:
    """Each record once, with the default properties."""
    body = {
        "inputs": [{"id": contact}],
        "properties": [],
        "propertiesWithHistory": [],
    }
    results = call("POST", f"{CONTACTS}/batch/read", body)["results"]
    assert [one["properties"]["email"] for one in results] == ["ann@example.com"]


def test_a_batch_update_takes_record_ids_only(
    call: Callable[..., Any], contact: str
) -> None:
    """Another key is for upserts."""
    one = {"id": contact, "idProperty": "email", "properties": {"city": "Ulm"}}
    call("POST", f"{CONTACTS}/batch/update", {"inputs": [one]}, status=400)


@pytest.mark.parametrize("field", ["id", "email"])
def test_a_contact_is_forgotten(
    call: Callable[..., Any], contact: str, field: str
) -> None:
    """By its id or its address."""
    body = {"objectId": contact if field == "id" else "ann@example.com"}
    if field == "email":
        body["idProperty"] = "email"
    call("POST", f"{CONTACTS}/gdpr-delete", body, status=204)
    call("GET", f"{CONTACTS}/{contact}", status=404)


@pytest.mark.parametrize("second", ["same", "1"], ids=["itself", "nobody"])
def test_a_merge_needs_two_contacts(
    call: Callable[..., Any], contact: str, second: str
) -> None:
    """Different ones that exist."""
    other = contact if second == "same" else second
    body = {"primaryObjectId": contact, "objectIdToMerge": other}
    call("POST", f"{CONTACTS}/merge", body, status=400)


def test_properties_are_read_in_a_batch(call: Callable[..., Any]) -> None:
    """Those that do not exist are errors."""
    body = {"inputs": [{"name": "email"}, {"name": "nothing"}], "archived": False}
    answer = call("POST", f"{PROPERTIES}/batch/read", body, status=207)
    assert [one["name"] for one in answer["results"]] == ["email"]
    assert answer["errors"][0]["context"] == {"name": ["nothing"]}


def test_one_property_is_made_once(call: Callable[..., Any]) -> None:
    """The second time it is there already."""
    body = {
        "name": "shoe",
        "label": "Shoe",
        "type": "string",
        "fieldType": "text",
        "groupName": "contactinformation",
    }
    call("POST", PROPERTIES, body, status=201)
    again = call("POST", PROPERTIES, body, status=409)
    assert again["subCategory"] == "Properties.PROPERTY_WITH_NAME_EXISTS"


def test_an_option_may_be_there_only_once(call: Callable[..., Any]) -> None:
    """Two options with one value cannot be told apart."""
    option = {"label": "A", "value": "a", "hidden": False}
    body = {
        "name": "shoe",
        "label": "Shoe",
        "type": "enumeration",
        "fieldType": "select",
        "groupName": "contactinformation",
        "options": [option, option],
    }
    call("POST", PROPERTIES, body, status=400)


def test_a_group_is_made_renamed_and_made_only_once(call: Callable[..., Any]) -> None:
    """Its name stays."""
    path = f"{PROPERTIES}/groups"
    call("POST", path, {"name": "webinar", "label": "Webinar"}, status=201)
    call("POST", path, {"name": "webinar", "label": "Again"}, status=409)
    renamed = call("PATCH", f"{path}/webinar", {"label": "Webinars"})
    assert (renamed["name"], renamed["label"]) == ("webinar", "Webinars")
    assert call("GET", f"{path}/webinar")["label"] == "Webinars"


def test_an_event_is_made_only_once_by_create(call: Callable[..., Any]) -> None:
    """Upsert is for the second time."""
    call("POST", f"{EVENTS}/events", EVENT)
    call("POST", f"{EVENTS}/events", EVENT, status=409)
    body = {"inputs": [EVENT, {**EVENT, "externalEventId": "w2"}]}
    results = call("POST", f"{EVENTS}/events/upsert", body)["results"]
    assert len(results) == 2


def test_an_upsert_must_mean_one_event(call: Callable[..., Any]) -> None:
    """The id of the path and the id of the body."""
    call("PUT", f"{EVENTS}/events/other", EVENT, status=400)


def test_an_event_by_its_record_id(call: Callable[..., Any], contact: str) -> None:
    """Read, attended, counted and deleted."""
    event = call("PUT", f"{EVENTS}/events/w1", EVENT)["objectId"]
    row = {"vid": int(contact), "interactionDateTime": 1_793_527_200_000}
    path = f"{EVENTS}/{event}/attendance/attend/create"
    assert call("POST", path, {"inputs": [row]})["results"] == [{"vid": int(contact)}]
    assert call("GET", f"{EVENTS}/{event}")["attendees"] == 1
    counted = call("GET", f"{EVENTS}/participations/{event}")
    assert counted["attended"] == 1
    listed = call("GET", f"{EVENTS}/participations/{event}/breakdown?limit=1")
    assert listed["total"] == 1
    call("DELETE", f"{EVENTS}/{event}", status=204)
    call("GET", f"{EVENTS}/{event}", status=404)


@pytest.mark.parametrize("name", ["id", "email"])
def test_a_contacts_part_in_all_events(
    call: Callable[..., Any], contact: str, name: str
) -> None:
    """By record id and by address, page by page."""
    for event in ("w1", "w2"):
        call("PUT", f"{EVENTS}/events/{event}", {**EVENT, "externalEventId": event})
        row = {"email": "ann@example.com", "interactionDateTime": 1_793_527_200_000}
        path = f"{EVENTS}/attendance/{event}/attend/email-create?externalAccountId=acc"
        call("POST", path, {"inputs": [row]})
    who = contact if name == "id" else "ann@example.com"
    path = f"{EVENTS}/participations/contacts/{who}/breakdown?limit=1"
    first = call("GET", path)
    assert first["total"] == 2
    second = call("GET", f"{path}&after={first['paging']['next']['after']}")
    assert "paging" not in second
    events = [
        one["associations"]["marketingEvent"]["externalEventId"]
        for one in first["results"] + second["results"]
    ]
    assert events == ["w1", "w2"]


@pytest.mark.parametrize("kind", ["upsert", "email-upsert"])
def test_a_state_is_recorded_without_an_answer(
    call: Callable[..., Any], contact: str, kind: str
) -> None:
    """The older endpoints for the same thing."""
    call("PUT", f"{EVENTS}/events/w1", EVENT)
    row: dict[str, Any] = {"interactionDateTime": 1_793_527_200_000}
    row |= {"vid": int(contact)} if kind == "upsert" else {"email": "ann@example.com"}
    path = f"{EVENTS}/events/w1/cancel/{kind}?externalAccountId=acc"
    call("POST", path, {"inputs": [row]}, status=204)
    assert call("GET", f"{EVENTS}/participations/acc/w1")["cancelled"] == 1


@pytest.mark.parametrize("name", ["joinedAt", "leftAt"])
def test_a_stay_needs_real_times(
    call: Callable[..., Any], contact: str, name: str
) -> None:
    """ISO 8601 with a zone."""
    call("PUT", f"{EVENTS}/events/w1", EVENT)
    row = {
        "vid": int(contact),
        "interactionDateTime": 1,
        "properties": {name: "2026-11-01T10:00:00"},
    }
    path = f"{EVENTS}/attendance/w1/attend/create?externalAccountId=acc"
    call("POST", path, {"inputs": [row]}, status=400)


@pytest.mark.parametrize(
    ("token", "status"),
    [("sandbox-refresh", 200), ("other", 404)],
    ids=["known", "unknown"],
)
def test_a_refresh_token_is_told(
    call: Callable[..., Any], token: str, status: int
) -> None:
    """Whose it is."""
    call("GET", f"/oauth/v1/refresh-tokens/{token}", status=status)


def test_an_unknown_access_token_is_not_found(call: Callable[..., Any]) -> None:
    """404, in the shape of an error."""
    call("GET", "/oauth/v1/access-tokens/other", status=404)
    call("GET", "/oauth/v1/access-tokens/sandbox-token")


@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
def test_the_account_is_described(api: Api, version: str) -> None:
    """The cheapest way to try a token."""
    details = api.get(f"/account-info/{version}/details").json()
    assert details["portalId"] == 1234567


def test_event_definitions_live_and_die(
    start: Callable[..., RunningSandbox], to_api: Callable[[RunningSandbox], Api]
) -> None:
    """Made, read, renamed, given a property, removed with all that was recorded."""
    api = to_api(start(tier="enterprise"))
    path = "/events/2026-03/event-definitions"
    made = api.post(path, {"label": "Asked a Question!", "propertyDefinitions": []})
    full = made.json()["fullyQualifiedName"]
    assert full == "pe1234567_asked_a_question"
    assert api.get(path).json()["total"] == 1
    assert api.get("/events/v3/events/event-types").json() == {"eventTypes": [full]}
    renamed = api("PATCH", f"{path}/{full}", {"label": "Asked", "description": "x"})
    assert renamed.json()["labels"] == {"singular": "Asked"}
    new = {"label": "Room", "type": "string"}
    assert api.post(f"{path}/{full}/property", new).json()["name"] == "room"
    assert api.post(f"{path}/{full}/property", new).status_code == 409
    contact = api.upsert({"email": "a@example.com"}).json()["results"][0]["id"]
    sent = {"eventName": full, "objectId": contact, "properties": {"room": "7"}}
    assert api.post("/events/v3/send", sent).status_code == 204
    listed = api.get(f"/events/v3/events?objectId={contact}").json()["results"]
    assert [one["properties"] for one in listed] == [{"room": "7"}]
    assert api("DELETE", f"{path}/{full}").status_code == 204
    assert api.get(f"{path}/{full}").status_code == 404
    assert api.get(f"/events/v3/events?objectId={contact}").json()["results"] == []


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"name": "Has Blanks"}, id="name"),
        pytest.param({"name": "x" * 51}, id="long name"),
        pytest.param(
            {"propertyDefinitions": [{"label": "p", "type": "string"}] * 51}, id="many"
        ),
    ],
)
def test_an_event_definition_has_its_limits(
    start: Callable[..., RunningSandbox],
    to_api: Callable[[RunningSandbox], Api],
    change: dict[str, Any],
) -> None:
    """400 for what HubSpot would not take."""
    api = to_api(start(tier="enterprise"))
    body = {"label": "Asked", **change}
    assert api.post("/events/v3/event-definitions", body).status_code == 400
