"""Batches of contacts: no good row lost, no outcome guessed, few calls."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from target_crm.crm import Contact
from target_crm.hubspot.answers import Reason, Refused, Reply
from target_crm.hubspot.contacts import Contacts, to_keys
from target_crm.hubspot.row_answers import to_answer, to_trace
from target_crm.outcomes import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass
class RefusingWire:
    """HubSpot as it answers where trace ids do not help: a bad row refuses all.

    Attributes:
        bad: Addresses that it refuses.
        written: Addresses it accepted, once for each time.
        calls: Requests so far.
    """

    bad: frozenset[str]
    written: list[str] = field(default_factory=list)
    calls: int = 0

    def api(self, *_: str) -> Any:
        """Return anything: the calls come to `send`."""
        return self

    upsert = update = read = None

    def send(self, *request: Any) -> Reply:
        """Answer as HubSpot would."""
        self.calls += 1
        body = request[-1]
        ids = [entry["id"] for entry in body["inputs"]]
        if self.bad & set(ids):
            raise Refused(Reason(code="INVALID_EMAIL", blamed="email"))
        self.written += ids
        return Reply(status=200, data={"results": to_results(body)}, headers={})

    def pause(self, seconds: float) -> None:
        """Wait no time."""


def to_results(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return results without trace ids, in an order of their own."""
    results = [
        {"id": str(n), "new": True, "properties": {"email": entry["id"]}}
        for n, entry in enumerate(body["inputs"])
    ]
    random.Random(1).shuffle(results)  # noqa: S311 - an order, not a secret
    return results


def contacts(count: int) -> list[Contact]:
    """Return distinct contacts."""
    return [
        Contact(email_key=f"p{n}@example.com", properties={"webinar_live_rank": "1"})
        for n in range(count)
    ]


@given(
    count=st.integers(1, 100),
    places=st.sets(st.integers(0, 99), max_size=6),
)
@example(count=100, places={0})
@example(count=100, places={99})
@example(count=1, places={0})
def test_halving_finds_every_bad_row_and_writes_the_others_once(
    count: int, places: set[int]
) -> None:
    """At most 14 more calls for each bad row in a hundred."""
    people = contacts(count)
    bad = frozenset(people[n].email_key for n in places if n < count)
    wire = RefusingWire(bad)

    outcomes = Contacts(wire).upsert(people)  # type: ignore[arg-type]

    ends = {p.email_key: o.kind for p, o in zip(people, outcomes, strict=True)}
    assert {key for key, kind in ends.items() if kind is Kind.REJECTED} == bad
    assert sorted(wire.written) == sorted({p.email_key for p in people} - bad)
    assert wire.calls <= 1 + 14 * len(bad)


def _entry(**changed: Any) -> dict[str, Any]:
    return {"id": "9", "new": False, "properties": {"email": "b@x.example"}} | changed


A, B = "a@x.example", "b@x.example"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"results": [_entry()]}, {B: "updated"}),
        ({"results": [_entry(properties={"email": "B@X.example"})]}, {B: "updated"}),
        ({"results": [_entry(objectWriteTraceId=to_trace(0))]}, {A: "updated"}),
        ({"results": [_entry(new=True)]}, {B: "created"}),
        ({"results": [_entry(properties=None)]}, {}),
        ({"results": []}, {}),
        ({}, {}),
        ({"results": [_entry()], "numErrors": 7}, {B: "updated"}),
        (
            {
                "results": [_entry()],
                "errors": [{"category": "X", "context": {"ids": [B]}}],
            },
            {B: "rejected"},
        ),
        (
            {
                "results": [],
                "errors": [
                    {"category": "X", "context": {"objectWriteTraceId": [to_trace(1)]}}
                ],
            },
            {B: "rejected"},
        ),
        ({"errors": [{"category": "X"}]}, {}),
        ({"errors": [{"category": "X", "context": "odd"}]}, {}),
        (
            {
                "results": [
                    _entry(),
                    _entry(id="8", properties={"email": "c@x.example"}),
                ]
            },
            {A: "updated", B: "updated"},
        ),
        (
            {
                "results": [
                    _entry(properties={"email": "c@x.example"}),
                    _entry(properties={"email": "d@x.example"}),
                ]
            },
            {},
        ),
    ],
    ids=[
        "by e-mail",
        "by e-mail in capitals",
        "by trace id",
        "new",
        "no properties",
        "empty",
        "nothing at all",
        "numErrors disagrees",
        "in both lists",
        "error by trace id",
        "error without a context",
        "error with an odd context",
        "merged: the only one left",
        "two strangers are not guessed",
    ],
)
def test_an_answer_is_read_by_name_and_never_by_position(
    data: dict[str, Any], expected: dict[str, str]
) -> None:
    """What an answer does not tell of a row stays open."""
    people = {c: Contact(email_key=c, properties={}) for c in (A, B)}

    answer = to_answer(people, data)

    assert {key: end.kind.value for key, end in answer.ends.items()} == expected


def test_a_row_that_is_never_answered_is_rejected_with_the_reason_that_was_told() -> (
    None
):
    """After three tries; the reason that named nobody is the best there is."""
    sent: list[list[str]] = []
    wire = _ScriptedWire(
        lambda: {
            "results": [],
            "errors": [{"category": "VALIDATION_ERROR", "message": "no"}],
        },
        sent,
    )

    outcomes = Contacts(wire).upsert(contacts(2))  # type: ignore[arg-type]

    assert [(o.kind, o.code) for o in outcomes] == [
        (Kind.REJECTED, "VALIDATION_ERROR")
    ] * 2
    assert len(sent) == 3


def test_a_missing_property_is_not_halved() -> None:
    """It concerns every row, so that searching for the guilty one is a waste."""
    wire = RefusingWire(frozenset())

    def refuse(*_: Any) -> Reply:
        wire.calls += 1
        raise Refused(Reason(code="PROPERTY_DOESNT_EXIST", blamed="webinar_live_rank"))

    wire.send = refuse  # type: ignore[method-assign]

    outcomes = Contacts(wire).upsert(contacts(100))  # type: ignore[arg-type]

    assert wire.calls == 1
    assert {o.code for o in outcomes} == {"PROPERTY_DOESNT_EXIST"}


@pytest.mark.parametrize(
    ("properties", "keys"),
    [
        ({"email": "A@x.example"}, ["a@x.example"]),
        (
            {"email": "a@x.example", "hs_additional_emails": "B@x.example;c@x.example"},
            ["a@x.example", "b@x.example", "c@x.example"],
        ),
        ({"email": None}, []),
        (None, []),
    ],
    ids=["capitals", "merged", "no address", "no properties"],
)
def test_a_contact_answers_to_all_its_addresses(
    properties: dict[str, str] | None, keys: list[str]
) -> None:
    """Its own, and those of contacts merged into it."""
    assert to_keys({"id": "1", "properties": properties}) == keys


def test_the_address_is_only_written_to_new_people() -> None:
    """A known contact may have another one by now."""
    bodies: list[Mapping[str, Any]] = []
    wire = _ScriptedWire(lambda: {"results": []}, [], bodies)
    people = [
        Contact(email_key=A, properties={}, contact_id="7"),
        Contact(email_key=B, properties={}),
    ]

    Contacts(wire).upsert(people)  # type: ignore[arg-type]

    sent = {e["id"]: e["properties"] for body in bodies for e in body["inputs"]}
    assert sent == {"7": {}, B: {"email": B}}


@dataclass
class _ScriptedWire:
    answer: Callable[[], dict[str, Any]]
    sent: list[list[str]]
    bodies: list[Mapping[str, Any]] = field(default_factory=list)
    upsert = update = read = None

    def api(self, *_: str) -> Any:
        return self

    def send(self, *request: Any) -> Reply:
        body = request[-1]
        ids = [entry["id"] for entry in body["inputs"]]
        self.sent.append(ids)
        self.bodies.append(body)
        return Reply(status=207, data=self.answer(), headers={})

    def pause(self, seconds: float) -> None:
        """Wait no time."""
