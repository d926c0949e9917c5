"""The look-alike is as strict as HubSpot, where the official clients do not look."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from hubspot_clients import Api, Clock

    from sandbox.server import RunningSandbox

    Start = Callable[..., RunningSandbox]
    ToApi = Callable[[RunningSandbox], Api]

V3 = "/crm/v3/objects/contacts"
PROPERTIES = "/crm/v3/properties/contacts"
EVENTS = "/marketing/v3/marketing-events"

GROUP = {"name": "webinar", "label": "Webinar"}
FIELDS: list[dict[str, Any]] = [
    {"name": "score", "type": "number", "fieldType": "number"},
    {
        "name": "level",
        "type": "enumeration",
        "fieldType": "select",
        "options": [{"label": "High", "value": "High"}],
    },
    {
        "name": "tags",
        "type": "enumeration",
        "fieldType": "checkbox",
        "options": [{"label": "A", "value": "a"}, {"label": "B", "value": "b"}],
    },
    {"name": "moment", "type": "datetime", "fieldType": "date"},
    {"name": "day", "type": "date", "fieldType": "date"},
    {"name": "badge", "type": "string", "fieldType": "text", "hasUniqueValue": True},
]


def add_fields(api: Api) -> None:
    """Make one property of each kind."""
    api.post(f"{PROPERTIES}/groups", GROUP)
    inputs = [{"label": f["name"], "groupName": "webinar", **f} for f in FIELDS]
    answer = api.post(f"{PROPERTIES}/batch/create", {"inputs": inputs})
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        pytest.param("score", "97.5", "97.5", id="number"),
        pytest.param("score", "-3", "-3", id="negative number"),
        pytest.param("score", "", None, id="cleared"),
        pytest.param("level", "High", "High", id="option"),
        pytest.param("tags", "a;b", "a;b", id="several options"),
        pytest.param(
            "moment",
            "2026-11-01T11:00:00+01:00",
            "2026-11-01T10:00:00.000Z",
            id="time with zone",
        ),
        pytest.param(
            "moment", "1793527200000", "2026-11-01T10:00:00.000Z", id="milliseconds"
        ),
        pytest.param("day", "2026-11-01", "2026-11-01", id="day"),
        pytest.param("day", "1793491200000", "2026-11-01", id="midnight"),
    ],
)
def test_a_value_that_fits_is_kept(
    api: Api, name: str, value: str, kept: str | None
) -> None:
    """As HubSpot would show it."""
    add_fields(api)
    made = api.upsert({"email": "a@example.com", name: value})
    assert made.status_code == 200
    contact = made.json()["results"][0]["id"]
    read = api.get(f"{V3}/{contact}?properties={name}").json()
    assert read["properties"][name] == kept


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        pytest.param("score", "1,000", "INVALID_INTEGER", id="comma"),
        pytest.param("score", "1.2.3", "INVALID_INTEGER", id="two periods"),
        pytest.param("score", "1e-14", "INVALID_INTEGER", id="exponent"),
        pytest.param("score", " 1", "INVALID_INTEGER", id="space"),
        pytest.param("level", "high", "INVALID_OPTION", id="option in other case"),
        pytest.param("tags", "a;c", "INVALID_OPTION", id="one unknown option"),
        pytest.param("moment", "yesterday", "INVALID_LONG", id="no time"),
        pytest.param("moment", "2026-11-01T10:00:00", "INVALID_LONG", id="no zone"),
        pytest.param("day", "1793491200001", "INVALID_DATE", id="not midnight"),
        pytest.param("day", "1 Nov", "INVALID_DATE", id="no day"),
        pytest.param("createdate", "1793491200000", "READ_ONLY_VALUE", id="read only"),
        pytest.param("nothing", "1", "PROPERTY_DOESNT_EXIST", id="unknown"),
        pytest.param("firstname", "x" * 65_537, "STRING_TOO_LONG", id="too long"),
        pytest.param("email", "a@b@example.com", "INVALID_EMAIL", id="two at signs"),
        pytest.param("email", "a b@example.com", "INVALID_EMAIL", id="blank"),
    ],
)
def test_a_value_that_does_not_fit_is_named(
    api: Api, name: str, value: str, code: str
) -> None:
    """With HubSpot's code, and nothing is written."""
    add_fields(api)
    answer = api.post(V3, {"properties": {"email": "a@example.com", name: value}})
    assert answer.status_code == 400
    details = answer.json()["errors"]
    assert [(d["code"], d["context"]["propertyName"]) for d in details] == [
        (code, [name])
    ]
    assert api.get(V3).json()["results"] == []


@pytest.mark.parametrize(
    "value", [42, 4.2, True, None, ["x"]], ids=["int", "float", "bool", "null", "list"]
)
def test_values_must_be_text(api: Api, value: Any) -> None:
    """HubSpot's schema has strings only."""
    answer = api.post(V3, {"properties": {"email": "a@example.com", "city": value}})
    assert answer.status_code == 400
    assert answer.json()["category"] == "VALIDATION_ERROR"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"{", 400, id="torn"),
        pytest.param(b"[]", 400, id="list"),
        pytest.param(b"{}", 400, id="nothing in it"),
        pytest.param(b"\xff", 400, id="not UTF-8"),
    ],
)
def test_a_body_that_is_not_the_right_json_is_refused(
    api: Api, body: bytes, status: int
) -> None:
    """400, never 500."""
    answer = api.session.post(
        api.url + f"{V3}/batch/upsert",
        data=body,
        headers={"Content-Type": "application/json"},
        timeout=10,
    )
    assert answer.status_code == status


def test_a_body_must_say_that_it_is_json(api: Api) -> None:
    """415 for anything else."""
    answer = api.session.post(api.url + V3, data=b"{}", timeout=10)
    assert answer.status_code == 415


@pytest.mark.parametrize(
    "path",
    [
        "/crm/objects/2026-03/contacts/batch/upsert",
        "/crm/objects/2026-09/contacts/batch/upsert",
        "/crm/objects/2026-09/0-1/batch/upsert",
    ],
    ids=["2026-03", "2026-09", "by type id"],
)
def test_the_dated_paths_write_the_same_contacts(api: Api, path: str) -> None:
    """One account behind all versions."""
    one = {"id": "a@example.com", "idProperty": "email", "properties": {"city": "Ulm"}}
    assert api.post(path, {"inputs": [one]}).status_code == 200
    read = api.get(f"{V3}/a@example.com?idProperty=email&properties=city").json()
    assert read["properties"]["city"] == "Ulm"


def test_an_object_type_that_is_not_played_is_refused(api: Api) -> None:
    """The sandbox knows contacts and notes."""
    assert api.get("/crm/v3/objects/llamas").status_code == 400


def test_trace_ids_that_repeat_do_not_count(api: Api) -> None:
    """One bad row refuses all, as without them."""
    inputs = [
        {
            "id": email,
            "idProperty": "email",
            "objectWriteTraceId": "same",
            "properties": {},
        }
        for email in ("a@example.com", "nope@")
    ]
    answer = api.post(f"{V3}/batch/upsert", {"inputs": inputs})
    assert answer.status_code == 400
    assert api.get(V3).json()["results"] == []


def test_an_upsert_needs_an_id_property(api: Api) -> None:
    """Record ids are for updates."""
    answer = api.post(f"{V3}/batch/upsert", {"inputs": [{"id": "1", "properties": {}}]})
    assert answer.status_code == 400


def test_a_unique_property_is_a_key(api: Api) -> None:
    """And its values belong to one contact each."""
    add_fields(api)
    row = {"id": "B7", "idProperty": "badge", "properties": {"city": "Ulm"}}
    made = api.post(f"{V3}/batch/upsert", {"inputs": [row]}).json()["results"][0]
    again = api.post(f"{V3}/batch/upsert", {"inputs": [row]}).json()["results"][0]
    assert (made["new"], again["new"]) == (True, False)
    assert made["id"] == again["id"]
    taken = api.post(V3, {"properties": {"email": "x@example.com", "badge": "B7"}})
    assert taken.status_code == 400


def test_taking_the_address_of_another_contact_is_a_conflict(api: Api) -> None:
    """An update cannot do it either."""
    api.upsert({"email": "a@example.com"}, {"email": "b@example.com"})
    owner = api.get(f"{V3}/a@example.com?idProperty=email").json()["id"]
    answer = api(
        "PATCH",
        f"{V3}/b@example.com?idProperty=email",
        {"properties": {"email": "A@example.com"}},
    )
    assert answer.status_code == 409
    assert answer.json()["context"] == {"existingId": [owner]}


def test_an_address_that_was_given_up_is_free(api: Api) -> None:
    """After a change of address and after archiving."""
    api.upsert({"email": "a@example.com"})
    api(
        "PATCH",
        f"{V3}/a@example.com?idProperty=email",
        {"properties": {"email": "b@example.com"}},
    )
    assert api.upsert({"email": "a@example.com"}).json()["results"][0]["new"]
    old = api.get(f"{V3}/b@example.com?idProperty=email").json()["id"]
    assert api("DELETE", f"{V3}/{old}").status_code == 204
    assert api.upsert({"email": "b@example.com"}).json()["results"][0]["new"]


def test_a_merged_contact_answers_for_both(api: Api) -> None:
    """Both ids and both addresses mean the one that is left, which has a new id."""
    api.upsert({"email": "a@example.com"}, {"email": "b@example.com", "city": "Ulm"})
    first = api.get(f"{V3}/a@example.com?idProperty=email").json()["id"]
    second = api.get(f"{V3}/b@example.com?idProperty=email").json()["id"]
    body = {"primaryObjectId": first, "objectIdToMerge": second}
    joined = api.post(f"{V3}/merge", body).json()["id"]
    asked = "city,email,hs_additional_emails,hs_merged_object_ids"
    read = api.get(f"{V3}/{second}?properties={asked}").json()
    assert joined not in {first, second}
    assert {api.get(f"{V3}/{x}").json()["id"] for x in (first, second)} == {joined}
    assert read["id"] == joined
    assert read["properties"]["hs_merged_object_ids"] == f"{first};{second}"
    assert read["properties"]["city"] == "Ulm"
    assert read["properties"]["email"] == "a@example.com"
    assert read["properties"]["hs_additional_emails"] == "b@example.com"
    written = api.upsert({"email": "b@example.com"}).json()["results"]
    assert len(written) == 1


@pytest.mark.parametrize(
    ("properties", "first"),
    [({"phone": "1"}, "a@example.com"), ({"email": "b@example.com"}, "b@example.com")],
    ids=["by the key alone", "asked for"],
)
def test_an_upsert_by_an_additional_address_loses_none(
    api: Api, properties: dict[str, str], first: str
) -> None:
    """Both still lead to the one contact."""
    one, two = (
        api.upsert({"email": f"{x}@example.com"}).json()["results"][0]["id"]
        for x in "ab"
    )
    ids = {"primaryObjectId": one, "objectIdToMerge": two}
    assert api.post(f"{V3}/merge", ids).status_code == 200
    row = {"id": "b@example.com", "idProperty": "email", "properties": properties}
    assert api.post(f"{V3}/batch/upsert", {"inputs": [row]}).status_code == 200
    found = [
        api.get(f"{V3}/{x}@example.com?idProperty=email").json()["properties"]["email"]
        for x in "ab"
    ]
    assert found == [first, first]


def test_a_forgotten_address_cannot_come_back(api: Api, crm: RunningSandbox) -> None:
    """A GDPR delete removes the contact and blocks its address."""
    api.upsert({"email": "a@example.com", "city": "Ulm"})
    body = {"objectId": "A@example.com", "idProperty": "email"}
    assert api.post(f"{V3}/gdpr-delete", body).status_code == 204
    assert "a@example.com" not in crm.dump()
    answer = api.upsert({"email": "a@example.com"}, {"email": "b@example.com"})
    assert answer.status_code == 400


def test_the_lifecycle_stage_only_moves_forward(api: Api) -> None:
    """Unless it is cleared first."""
    stages = ["customer", "lead", "", "lead"]
    seen = []
    for stage in stages:
        api.upsert({"email": "a@example.com", "lifecyclestage": stage})
        path = f"{V3}/a@example.com?idProperty=email&properties=lifecyclestage"
        seen.append(api.get(path).json()["properties"]["lifecyclestage"])
    assert seen == ["customer", "customer", None, "lead"]


def test_what_does_not_change_is_not_modified(api: Api, clock: Clock) -> None:
    """The time of the last change stays."""
    first = api.upsert({"email": "a@example.com", "city": "Ulm"}).json()["results"][0]
    clock.now += 60
    same = api.upsert({"email": "a@example.com", "city": "Ulm"}).json()["results"][0]
    assert same["updatedAt"] == first["updatedAt"]
    changed = api.upsert({"email": "a@example.com", "city": "Bonn"}).json()["results"]
    assert changed[0]["updatedAt"] > first["updatedAt"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        pytest.param({"fieldType": "select"}, "fieldType", id="pair"),
        pytest.param({"type": "colour"}, "fieldType", id="type"),
        pytest.param({"groupName": "none"}, "group", id="group"),
        pytest.param({"name": "Score"}, "Name", id="name"),
        pytest.param(
            {"type": "enumeration", "fieldType": "select"}, "options", id="no options"
        ),
    ],
)
def test_a_definition_that_does_not_fit_is_refused(
    api: Api, change: dict[str, str], word: str
) -> None:
    """400 and what is wrong."""
    api.post(f"{PROPERTIES}/groups", GROUP)
    whole = {
        "name": "score",
        "label": "Score",
        "type": "number",
        "fieldType": "number",
        "groupName": "webinar",
        **change,
    }
    answer = api.post(PROPERTIES, whole)
    assert answer.status_code == 400
    assert word in answer.json()["message"]


def test_a_definition_changes_and_goes(api: Api) -> None:
    """Labels change, values of a removed property are not taken any more."""
    add_fields(api)
    changed = api("PATCH", f"{PROPERTIES}/score", {"label": "Points"})
    assert changed.json()["label"] == "Points"
    assert api("DELETE", f"{PROPERTIES}/score").status_code == 204
    assert api.get(f"{PROPERTIES}/score").status_code == 404
    assert api.upsert({"email": "a@example.com", "score": "1"}).status_code == 400


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_hubspots_own_properties_stay(api: Api, method: str) -> None:
    """They are not ours to change."""
    body = {"label": "E"} if method == "PATCH" else None
    assert api(method, f"{PROPERTIES}/email", body).status_code == 400


def test_a_group_with_properties_stays(api: Api) -> None:
    """It can go once it is empty."""
    add_fields(api)
    path = f"{PROPERTIES}/groups/webinar"
    assert api("DELETE", path).status_code == 400
    names = [{"name": field["name"]} for field in FIELDS]
    api.post(f"{PROPERTIES}/batch/archive", {"inputs": names})
    assert api("DELETE", path).status_code == 204
    assert api.get(path).status_code == 404


def test_a_free_account_has_ten_custom_properties(start: Start, to_api: ToApi) -> None:
    """The eleventh is refused, and is told apart from the others."""
    api = to_api(start(tier="free"))
    api.post(f"{PROPERTIES}/groups", GROUP)
    inputs = [
        {
            "name": f"p{number}",
            "label": "P",
            "type": "number",
            "fieldType": "number",
            "groupName": "webinar",
        }
        for number in range(11)
    ]
    answer = api.post(f"{PROPERTIES}/batch/create", {"inputs": inputs})
    assert answer.status_code == 207
    assert len(answer.json()["results"]) == 10
    assert "limit of 10 custom properties" in answer.json()["errors"][0]["message"]


def test_a_scope_that_is_missing_is_named(start: Start, to_api: ToApi) -> None:
    """403 with the scope, and reading still works."""
    scopes = frozenset({"crm.schemas.contacts.read", "crm.objects.contacts.read"})
    api = to_api(start(scopes=scopes))
    answer = api.post(f"{PROPERTIES}/groups", GROUP)
    assert answer.status_code == 403
    assert answer.json()["category"] == "MISSING_SCOPES"
    assert answer.json()["context"]["requiredGranularScopes"] == [
        "crm.schemas.contacts.write"
    ]
    assert api.get(PROPERTIES).status_code == 200


@pytest.mark.parametrize(
    "header",
    [None, "Bearer", "Bearer wrong", "Basic sandbox-token"],
    ids=["none", "empty", "unknown", "other scheme"],
)
def test_only_the_right_token_is_let_in(api: Api, header: str | None) -> None:
    """401 for every other."""
    api.session.headers.pop("Authorization")
    if header:
        api.session.headers["Authorization"] = header
    assert api.get("/account-info/v3/details").status_code == 401


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param({"client_secret": "x"}, 401, id="secret"),
        pytest.param({"refresh_token": "x"}, 400, id="refresh token"),
        pytest.param({"grant_type": "password"}, 400, id="grant"),
    ],
)
def test_a_token_needs_the_right_form(
    api: Api, change: dict[str, str], status: int
) -> None:
    """And the reason is told."""
    form = {
        "grant_type": "refresh_token",
        "client_id": "sandbox-client",
        "client_secret": "sandbox-secret",
        "refresh_token": "sandbox-refresh",
        **change,
    }
    answer = api.session.post(api.url + "/oauth/2026-03/token", data=form, timeout=10)
    assert answer.status_code == status
    assert answer.json()["error_description"]


def test_a_revoked_token_is_dead(api: Api) -> None:
    """Introspection says so, and the API refuses it."""
    client = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
    form = {"grant_type": "refresh_token", "refresh_token": "sandbox-refresh", **client}
    base = api.url + "/oauth/2026-03/token"
    token = api.session.post(base, data=form, timeout=10).json()["access_token"]
    asked = {"token": token, **client}
    alive = api.session.post(f"{base}/introspect", data=asked, timeout=10)
    assert alive.json()["active"]
    api.session.post(f"{base}/revoke", data=asked, timeout=10)
    dead = api.session.post(f"{base}/introspect", data=asked, timeout=10)
    assert not dead.json()["active"]
    api.session.headers["Authorization"] = f"Bearer {token}"
    assert api.get(V3).status_code == 401


def test_the_headers_count_down(api: Api) -> None:
    """Ten-second window and day; none on a search."""
    first = api.get(V3).headers
    second = api.get(V3).headers
    assert first["X-HubSpot-RateLimit-Max"] == "190"
    assert first["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
    assert int(second["X-HubSpot-RateLimit-Remaining"]) == 188
    assert int(second["X-HubSpot-RateLimit-Daily-Remaining"]) == 624_998
    search = api.post(f"{V3}/search", {})
    assert not [name for name in search.headers if "ratelimit" in name.lower()]


def test_the_day_ends_at_midnight(start: Start, to_api: ToApi, clock: Clock) -> None:
    """Until then the policy is DAILY, and Retry-After tells how long."""
    api = to_api(start(daily_limit=1, retry_after=True))
    assert api.get(V3).status_code == 200
    refused = api.get(V3)
    assert refused.json()["policyName"] == "DAILY"
    assert refused.headers["Retry-After"] == str(14 * 3600)
    clock.now += 14 * 3600
    assert api.get(V3).status_code == 200


def test_five_searches_a_second(api: Api, clock: Clock) -> None:
    """The sixth waits for the next second, other calls do not."""
    answers = [api.post(f"{V3}/search", {}).status_code for _ in range(6)]
    assert answers == [200] * 5 + [429]
    refused = api.post(f"{V3}/search", {}).json()
    assert refused["message"] == "You have reached your secondly limit."
    assert refused["policyName"] == "SECONDLY"
    assert api.get(V3).status_code == 200
    clock.now += 1
    assert api.post(f"{V3}/search", {}).status_code == 200


def test_without_rate_limits_nobody_waits(start: Start, to_api: ToApi) -> None:
    """A switch for measuring other things."""
    api = to_api(start(rate_limits=False, burst_limit=1))
    assert [api.get(V3).status_code for _ in range(3)] == [200] * 3


def test_the_search_index_runs_behind(
    start: Start, to_api: ToApi, clock: Clock
) -> None:
    """New contacts are missing, changed ones have their old values."""
    api = to_api(start(index_lag_s=30))

    def search() -> list[str]:
        body = {"properties": ["city"], "limit": 200}
        found = api.post(f"{V3}/search", body).json()["results"]
        return [one["properties"]["city"] for one in found]

    api.upsert({"email": "a@example.com", "city": "Ulm"})
    assert search() == []
    clock.now += 30
    assert search() == ["Ulm"]
    api.upsert({"email": "a@example.com", "city": "Bonn"})
    assert search() == ["Ulm"]
    clock.now += 30
    assert search() == ["Bonn"]


@pytest.mark.parametrize(
    ("one", "found"),
    [
        pytest.param({"operator": "EQ", "value": "B"}, "b", id="equal"),
        pytest.param({"operator": "NEQ", "value": "b"}, "acd", id="not equal"),
        pytest.param({"operator": "IN", "values": ["a", "b"]}, "ab", id="in"),
        pytest.param({"operator": "NOT_IN", "values": ["a"]}, "bcd", id="not in"),
        pytest.param({"operator": "HAS_PROPERTY"}, "abc", id="has"),
        pytest.param({"operator": "NOT_HAS_PROPERTY"}, "d", id="has not"),
        pytest.param({"operator": "LT", "value": "b"}, "a", id="less"),
        pytest.param({"operator": "LTE", "value": "b"}, "ab", id="at most"),
        pytest.param({"operator": "GT", "value": "b"}, "c", id="more"),
        pytest.param({"operator": "CONTAINS_TOKEN", "value": "c*"}, "c", id="token"),
    ],
)
def test_a_filter_finds_its_contacts(api: Api, one: dict[str, Any], found: str) -> None:
    """By every operator."""
    rows = [{"email": f"{x}@example.com", "city": x} for x in "abc"]
    api.upsert(*rows, {"email": "d@example.com"})
    body = {"filterGroups": [{"filters": [{"propertyName": "city", **one}]}]}
    results = api.post(f"{V3}/search", body).json()["results"]
    assert "".join(r["properties"]["email"][0] for r in results) == found


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"limit": 201}, id="page"),
        pytest.param({"after": "9999", "limit": 2}, id="too far"),
        pytest.param({"filterGroups": [{"filters": []}] * 6}, id="groups"),
        pytest.param(
            {"sorts": [{"propertyName": "city"}, {"propertyName": "email"}]}, id="sorts"
        ),
        pytest.param({"sorts": ["nothing"]}, id="sort by nothing"),
        pytest.param({"sorts": ["{"]}, id="torn sort"),
        pytest.param(
            {
                "filterGroups": [
                    {"filters": [{"propertyName": "x", "operator": "HAS_PROPERTY"}]}
                ]
            },
            id="property",
        ),
        pytest.param(
            {
                "filterGroups": [
                    {"filters": [{"propertyName": "city", "operator": "LIKE"}]}
                ]
            },
            id="operator",
        ),
        pytest.param(
            {
                "filterGroups": [
                    {"filters": [{"propertyName": "city", "operator": "EQ"}] * 7}
                ]
            },
            id="filters",
        ),
    ],
)
def test_a_search_beyond_the_limits_is_refused(api: Api, body: dict[str, Any]) -> None:
    """400, as documented."""
    assert api.post(f"{V3}/search", body).status_code == 400


def test_a_note_needs_its_time(api: Api) -> None:
    """`hs_timestamp` is required, but not again when it changes."""
    notes = "/crm/v3/objects/notes"
    refused = api.post(notes, {"properties": {"hs_note_body": "x"}})
    assert refused.json()["errors"][0]["context"] == {"propertyName": ["hs_timestamp"]}
    made = api.post(notes, {"properties": {"hs_timestamp": "1793527200000"}})
    changed = {"properties": {"hs_note_body": "y"}}
    path = f"{notes}/{made.json()['id']}"
    assert api("PATCH", path, changed).status_code == 200


@pytest.mark.parametrize(
    ("contact", "kind"), [("1", 202), (None, 201)], ids=["contact", "kind"]
)
def test_a_note_for_nobody_is_not_written(
    api: Api, crm: RunningSandbox, contact: str | None, kind: int
) -> None:
    """An association that cannot be made refuses the note."""
    api.upsert({"email": "a@example.com"})
    known = api.get(f"{V3}/a@example.com?idProperty=email").json()["id"]
    link = {
        "to": {"id": contact or known},
        "types": [
            {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": kind}
        ],
    }
    body = {"properties": {"hs_timestamp": "1793527200000"}, "associations": [link]}
    assert api.post("/crm/v3/objects/notes", body).status_code == 400
    assert api.get("/crm/v3/objects/notes").json()["results"] == []


def make_event(api: Api) -> None:
    """Make the event `w1` of `acc`."""
    event = {
        "eventName": "Cold chain",
        "eventOrganizer": "Acme",
        "externalAccountId": "acc",
        "externalEventId": "w1",
    }
    assert api("PUT", f"{EVENTS}/events/w1", event).status_code == 200


def attend(api: Api, state: str, at: int, vid: int) -> Any:
    """Record one contact's state."""
    path = f"{EVENTS}/attendance/w1/{state}/create?externalAccountId=acc"
    row = {"vid": vid, "interactionDateTime": at}
    return api.post(path, {"inputs": [row]})


def test_attendance_sent_twice_is_one(api: Api, crm: RunningSandbox) -> None:
    """The same state, the same time: nothing is added to the timeline."""
    make_event(api)
    vid = int(api.upsert({"email": "a@example.com"}).json()["results"][0]["id"])
    for _ in range(2):
        attend(api, "register", 1_793_000_000_000, vid)
        assert attend(api, "attend", 1_793_527_200_000, vid).status_code == 200
    contact = json.loads(crm.dump())["contacts"]["a@example.com"]
    assert [row[2] for row in contact["attendance"]] == ["ATTENDED"]
    page = api.session.get(f"{api.url}/contacts/{vid}", timeout=10).text
    assert page.count("Registered for Cold chain") == 1
    assert page.count("Attended Cold chain") == 1


def test_an_older_state_does_not_replace_a_newer_one(
    api: Api, crm: RunningSandbox
) -> None:
    """A registration that comes late does not undo the attendance."""
    make_event(api)
    vid = int(api.upsert({"email": "a@example.com"}).json()["results"][0]["id"])
    attend(api, "attend", 1_793_527_200_000, vid)
    attend(api, "register", 1_793_000_000_000, vid)
    contact = json.loads(crm.dump())["contacts"]["a@example.com"]
    assert [row[2] for row in contact["attendance"]] == ["ATTENDED"]


def test_an_unknown_contact_cannot_attend(api: Api) -> None:
    """It is named beside the others."""
    make_event(api)
    answer = attend(api, "attend", 1, 999).json()
    assert answer["results"] == []
    assert answer["errors"][0]["context"] == {"ids": ["999"]}


def test_an_unknown_state_is_refused(api: Api) -> None:
    """There are three."""
    make_event(api)
    assert attend(api, "ponder", 1, 1).status_code == 400


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("/events/nothing?externalAccountId=acc", 404, id="event"),
        pytest.param("/events/w1?externalAccountId=other", 404, id="account"),
        pytest.param("/events/w1", 400, id="no account"),
        pytest.param("/1", 404, id="record id"),
        pytest.param("/participations/acc/nothing", 404, id="participations"),
    ],
)
def test_an_event_that_is_not_there_is_not_found(
    api: Api, path: str, status: int
) -> None:
    """By any way to name it."""
    make_event(api)
    assert api.get(EVENTS + path).status_code == status


def test_an_event_goes_with_its_attendance(api: Api, crm: RunningSandbox) -> None:
    """Nothing of it is left on the timeline."""
    make_event(api)
    vid = int(api.upsert({"email": "a@example.com"}).json()["results"][0]["id"])
    attend(api, "attend", 1_793_527_200_000, vid)
    path = f"{EVENTS}/events/w1?externalAccountId=acc"
    assert api("DELETE", path).status_code == 204
    held = json.loads(crm.dump())
    assert held["marketing_events"] == []
    assert held["contacts"]["a@example.com"]["attendance"] == []


def test_an_event_is_changed_by_both_its_ids(api: Api) -> None:
    """And cancelled."""
    make_event(api)
    path = f"{EVENTS}/events/w1"
    query = "?externalAccountId=acc"
    event = api("PATCH", path + query, {"eventName": "Warm chain"}).json()
    assert event["eventName"] == "Warm chain"
    by_id = api("PATCH", f"{EVENTS}/{event['objectId']}", {"eventType": "WEBINAR"})
    assert by_id.json()["eventType"] == "WEBINAR"
    assert api.post(f"{path}/cancel{query}").json()["eventCancelled"]
    wrong = api("PATCH", path + query, {"startDateTime": "soon"})
    assert wrong.status_code == 400


def test_custom_events_are_for_enterprise(api: Api) -> None:
    """Other subscriptions get 403."""
    body = {"eventName": "pe1234567_x", "properties": {}, "email": "a@example.com"}
    assert api.post("/events/v3/send", body).status_code == 403


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param({}, 204, id="fine"),
        pytest.param({"eventName": "nothing"}, 400, id="event"),
        pytest.param({"properties": {"x": "1"}}, 400, id="property"),
        pytest.param({"properties": {"event": "x" * 257}}, 400, id="long"),
        pytest.param({"email": None}, 400, id="nobody"),
        pytest.param({"email": "b@example.com"}, 204, id="stranger"),
        pytest.param({"occurredAt": "soon"}, 400, id="time"),
    ],
)
def test_a_custom_event_is_checked(
    start: Start, to_api: ToApi, change: dict[str, Any], status: int
) -> None:
    """As far as an answer without a body can tell."""
    api = to_api(start(tier="enterprise"))
    definition = {
        "label": "Asked",
        "name": "asked",
        "propertyDefinitions": [{"label": "Event", "name": "event", "type": "string"}],
    }
    assert api.post("/events/v3/event-definitions", definition).status_code == 200
    assert api.post("/events/v3/event-definitions", definition).status_code == 409
    api.upsert({"email": "a@example.com"})
    body = {"eventName": "asked", "email": "a@example.com", "properties": {}, **change}
    assert api.post("/events/2026-09/send", body).status_code == status
