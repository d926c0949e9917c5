"""What HubSpot's answers mean, as tables; the credential and its renewal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sync_core.errors import FatalError, TransientError
from target_crm.hubspot.answers import Refused, to_reason, to_reply
from target_crm.hubspot.auth import OAuthToken, StaticToken
from target_crm.hubspot.marketing import to_input
from target_crm.hubspot.properties import to_definition
from target_crm.mapping import Option, Property

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_crm.crm import Attendance

INVALID = (
    'Property values were not valid: [{"isValid":false,"message":"Email address x is '
    'invalid","error":"INVALID_EMAIL","name":"email"}]'
)


@pytest.mark.parametrize(
    ("error", "code", "blamed"),
    [
        (
            {"category": "VALIDATION_ERROR", "message": INVALID},
            "INVALID_EMAIL",
            "email",
        ),
        (
            {
                "category": "VALIDATION_ERROR",
                "message": "no list here",
                "errors": [
                    {
                        "code": "PROPERTY_DOESNT_EXIST",
                        "context": {"propertyName": ["foo"]},
                    }
                ],
            },
            "PROPERTY_DOESNT_EXIST",
            "foo",
        ),
        (
            {"category": "CONFLICT", "message": "Existing ID: 1"},
            "CONFLICT",
            None,
        ),
        ({"message": "broken list [{oops"}, "REFUSED", None),
        ({"errors": "not a list"}, "REFUSED", None),
        ({}, "REFUSED", None),
    ],
    ids=["list in the sentence", "errors", "category", "torn list", "odd", "empty"],
)
def test_the_most_exact_reason_is_found(
    error: dict[str, Any], code: str, blamed: str | None
) -> None:
    """Every field is optional, as HubSpot says itself."""
    reason = to_reason(error)

    assert (reason.code, reason.blamed) == (code, blamed)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"category": "VALIDATION_ERROR"}, Refused),
        (404, {}, Refused),
        (409, {"category": "CONFLICT"}, Refused),
        (413, {}, Refused),
        (401, {}, FatalError),
        (403, {"context": {"requiredGranularScopes": ["a.b"]}}, FatalError),
        (403, {"context": None}, FatalError),
        (302, {}, FatalError),
        (408, {}, TransientError),
        (423, {}, TransientError),
        (429, {"policyName": "SECONDLY"}, TransientError),
        (429, {}, TransientError),
        (429, {"policyName": "DAILY"}, FatalError),
        (477, {}, TransientError),
        (500, {}, TransientError),
        (502, {}, TransientError),
        (524, {}, TransientError),
    ],
)
def test_every_status_has_one_meaning(
    status: int, body: dict[str, Any], kind: type[Exception]
) -> None:
    """Refused, again, or stop."""
    with pytest.raises(kind):
        to_reply(status, {}, json.dumps(body).encode(), "POST x")


@pytest.mark.parametrize(
    "body", [b"<html>", b'{"a":', b"\xff"], ids=["web", "torn", ""]
)
def test_a_success_that_is_not_json_is_tried_again(body: bytes) -> None:
    """A proxy's page is no answer."""
    with pytest.raises(TransientError):
        to_reply(200, {}, body, "POST x")


def test_an_answer_never_stands_in_an_error() -> None:
    """Its body may name a person."""
    body = json.dumps({"message": "canary@example.com is odd"}).encode()

    with pytest.raises(FatalError) as caught:
        to_reply(401, {}, body, "POST x")

    assert "canary" not in str(caught.value)


def test_a_token_is_renewed_before_it_ends(virtual_clock: Any) -> None:
    """One minute early; the same one until then."""
    tokens = iter(["one", "two", "three"])
    credential = OAuthToken(
        lambda: {"access_token": next(tokens), "expires_in": 1800},
        "f",
        clock=virtual_clock,
    )

    first = credential.token(), credential.token()
    virtual_clock.sleep(1741)

    assert (first, credential.token()) == (("one", "one"), "two")


def test_a_refused_token_is_renewed_once_however_many_ask(virtual_clock: Any) -> None:
    """Threads that were refused with the same token get the same new one."""
    tokens = iter(["one", "two", "three"])
    credential = OAuthToken(
        lambda: {"access_token": next(tokens), "expires_in": 1800},
        "f",
        clock=virtual_clock,
    )
    stale = credential.token()

    renewed = [credential.renew(stale), credential.renew(stale)]

    assert (renewed, credential.token()) == ([True, True], "two")


@pytest.mark.parametrize(
    "answer", [{}, {"access_token": None}, {"access_token": 5}], ids=str
)
def test_an_answer_without_a_token_stops(
    answer: dict[str, Any], virtual_clock: Any
) -> None:
    """The message names the settings."""
    credential = OAuthToken(lambda: answer, "f", clock=virtual_clock)

    with pytest.raises(FatalError, match="refresh_token"):
        credential.token()


def test_a_static_token_has_no_other() -> None:
    """A 401 is final; its name for the ledger does not reveal it."""
    credential = StaticToken("pat-na1-secret")

    assert credential.renew("pat-na1-secret") is False
    assert "secret" not in credential.fingerprint


def test_a_property_is_defined_with_its_options_in_order() -> None:
    """An enumeration's labels default to its values."""
    spec = Property(
        source="live_level",
        name="webinar_live_level",
        label="Level",
        type="enumeration",
        field_type="select",
        options=(Option("High"), Option("Low", "Not much")),
    )

    definition = to_definition(spec, "webinar")

    assert definition["options"] == [
        {"label": "High", "value": "High", "displayOrder": 0, "hidden": False},
        {"label": "Not much", "value": "Low", "displayOrder": 1, "hidden": False},
    ]
    assert definition["groupName"] == "webinar"


def test_an_attendance_without_a_stay_is_dated_by_the_event(
    attendance: Callable[..., Attendance],
) -> None:
    """HubSpot needs a moment; the times of the stay are left out."""
    body = to_input(attendance(joined_at="", left_at=""))

    assert body == {
        "email": "p0@example.com",
        "interactionDateTime": 1_793_527_200_000,
        "properties": {},
    }
