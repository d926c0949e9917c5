"""People whose contact is known: written by its id, whatever became of the address."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from crm_world import READ, UPDATE, UPSERT, Ran, World, lead_score, world
from hypothesis import given
from hypothesis import strategies as st

from sandbox.faults import LoseReply, Planned, RowErrors, Status
from target_crm.crm import Contact
from target_crm.hubspot.contacts import to_ids, to_rounds, to_update
from target_crm.hubspot.marketing import to_ends
from target_crm.hubspot.row_answers import to_answer, to_trace
from target_crm.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from target_crm.crm import Attendance

CONTACTS = "/crm/v3/objects/contacts"
NEW = "new@example.com"
SECOND = {"event_id": "hubilo:2", "event_starts_at": "2026-10-20T10:00:00Z"}
THIRD = {"event_id": "hubilo:3", "event_starts_at": "2026-11-20T10:00:00Z"}
NEWER = {"event_id": "hubilo:9", "event_starts_at": "2026-11-10T10:00:00Z"}
OLDER = {"event_id": "hubilo:2", "event_starts_at": "2026-10-01T10:00:00Z"}


def ask(hubspot: World, method: str, path: str, body: Any = None) -> Any:
    """Do something in HubSpot, past the target."""
    with urllib3.PoolManager() as pool:
        answer = pool.request(
            method,
            hubspot.sandbox.url + path,
            json=body,
            headers={"Authorization": "Bearer sandbox-token"},
        )
    assert answer.status < 300, answer.data
    return json.loads(answer.data) if answer.data else None


def contact_id(hubspot: World, email: str) -> str:
    """Return a contact's id."""
    found = ask(hubspot, "GET", f"{CONTACTS}/{email}?idProperty=email")
    return str(found["id"])


def replace_address(
    hubspot: World, old: str = "p0@example.com", new: str = NEW
) -> None:
    """Give a contact another address, as a rep would."""
    path = f"{CONTACTS}/{old}?idProperty=email"
    ask(hubspot, "PATCH", path, {"properties": {"email": new}})


def merge(hubspot: World, primary: str, second: str) -> None:
    """Merge two contacts."""
    ids = {
        "primaryObjectId": contact_id(hubspot, primary),
        "objectIdToMerge": contact_id(hubspot, second),
    }
    ask(hubspot, "POST", f"{CONTACTS}/merge", ids)


def archive(hubspot: World, email: str = "p0@example.com") -> None:
    """Delete a contact."""
    ask(hubspot, "DELETE", f"{CONTACTS}/{contact_id(hubspot, email)}")


def addresses(hubspot: World) -> set[str]:
    """Return the first addresses of all contacts."""
    return set(hubspot.crm["contacts"])


def paths(ran: Ran) -> list[str]:
    """Return the last parts of the paths that a run asked for.

    The sandbox notes a request after its answer: the last of what somebody did before
    the run may come among them. The target neither patches nor deletes.
    """
    asked = [seen for seen in ran.requests if seen.method not in {"PATCH", "DELETE"}]
    return [seen.path.rpartition("/")[2] for seen in asked]


@pytest.mark.parametrize("version", ["v3", "2026-03"])
def test_a_replaced_address_is_no_other_person(hubspot: World, version: str) -> None:
    """The contact gets the scores and keeps its new address; nobody is made."""
    hubspot.run([lead_score(0)], api_version=version)
    replace_address(hubspot)

    ran = hubspot.run([lead_score(0, live_rank=9)], api_version=version)

    assert (ran.outcomes, paths(ran)) == ({"updated": 1}, ["update"])
    assert addresses(hubspot) == {NEW}
    assert hubspot.contact(NEW)["webinar_live_rank"] == "9"
    assert hubspot.contact(NEW)["email"] == NEW


def test_only_what_changed_is_sent(hubspot: World) -> None:
    """What a rep wrote into another property of ours since then stays."""
    hubspot.run([lead_score(0)])
    values = {"properties": {"webinar_last_event": "Typed by a rep"}}
    ask(hubspot, "PATCH", f"{CONTACTS}/p0@example.com?idProperty=email", values)

    hubspot.run([lead_score(0, live_rank=9)])

    assert hubspot.contact("p0@example.com")["webinar_last_event"] == "Typed by a rep"
    assert hubspot.contact("p0@example.com")["webinar_live_rank"] == "9"


def test_new_and_known_people_are_written_beside_each_other(hubspot: World) -> None:
    """One request for each of the two ways."""
    hubspot.run([lead_score(0)], timeline="none")
    replace_address(hubspot)

    rows = [lead_score(0, live_rank=9), lead_score(1)]
    ran = hubspot.run(rows, timeline="none")

    assert ran.outcomes == {"updated": 1, "created": 1}
    assert sorted(paths(ran)) == ["update", "upsert"]
    assert addresses(hubspot) == {NEW, "p1@example.com"}


def test_a_plan_knows_a_replaced_address(hubspot: World) -> None:
    """It says what the run then does, and reads each person once."""
    hubspot.run([lead_score(0), lead_score(1)])
    replace_address(hubspot)
    rows = [lead_score(0, live_rank=9), lead_score(1), lead_score(2)]

    plan = hubspot.run(rows, dry_run=True)
    ran = hubspot.run(rows)

    assert plan.outcomes == {"updated": 1, "unchanged": 1, "created": 1}
    assert ran.outcomes == plan.outcomes
    assert paths(plan) == ["contacts", "read", "read"]


def test_filling_a_persons_fields_makes_no_twin(hubspot: World) -> None:
    """The read that it costs looks for known people by their id."""
    hubspot.run([lead_score(0)])
    replace_address(hubspot)
    values = {"properties": {"firstname": "Robin"}}
    ask(hubspot, "PATCH", f"{CONTACTS}/{NEW}?idProperty=email", values)

    ran = hubspot.run([lead_score(0, live_rank=9, job_title="CTO")], fill_person=True)

    assert (ran.outcomes, addresses(hubspot)) == ({"updated": 1}, {NEW})
    held = hubspot.contact(NEW)
    assert (held["firstname"], held["jobtitle"]) == ("Robin", "CTO")


@pytest.mark.parametrize("timeline", ["marketing_event", "custom_event", "note"])
def test_a_timeline_makes_no_twin(tmp_path: Path, timeline: str) -> None:
    """An older webinar is told of the contact, not of the address."""
    with world(tmp_path / "state", tier="enterprise") as hubspot:
        hubspot.run([lead_score(0)], timeline=timeline)
        replace_address(hubspot)

        ran = hubspot.run([lead_score(0, **SECOND)], timeline=timeline)

        assert ran.code == 0
        assert ran.report["timeline"] == {"created": 1}
        assert addresses(hubspot) == {NEW}


def test_a_replaced_address_attends(hubspot: World) -> None:
    """Both webinars stand at the one contact."""
    hubspot.run([lead_score(0)])
    replace_address(hubspot)

    hubspot.run([lead_score(0, **THIRD)])

    held = hubspot.crm["contacts"]
    assert {email: len(one["attendance"]) for email, one in held.items()} == {NEW: 2}


def test_a_changed_level_is_noted_at_the_contact(hubspot: World) -> None:
    """Whatever its address is now."""
    hubspot.run([lead_score(0)], level_changes="note")
    replace_address(hubspot)

    ran = hubspot.run([lead_score(0, live_level="Low")], level_changes="note")

    assert ran.code == 0
    assert addresses(hubspot) == {NEW}
    (note,) = hubspot.crm["contacts"][NEW]["notes"]
    assert "High → Low" in note["hs_note_body"]


def test_a_row_that_was_refused_is_sent_again_by_id(tmp_path: Path) -> None:
    """The address was replaced while it waited."""
    fault = RowErrors(rows=(0,))
    planned = Planned(part="hubspot", path=UPDATE, fault=fault, requests=(1,))
    with world(tmp_path / "state", faults=[planned]) as hubspot:
        hubspot.run([lead_score(0)])
        refused = hubspot.run([lead_score(0, live_rank=9)])
        replace_address(hubspot)

        ran = hubspot.run([])

        assert refused.outcomes == {"rejected": 1}
        assert ran.report["resent"] == {"updated": 1}
        assert addresses(hubspot) == {NEW}
        assert hubspot.contact(NEW)["webinar_live_rank"] == "9"


@pytest.mark.parametrize(
    "fault",
    [LoseReply(), Status(status=502), Status(status=400, body="{}")],
    ids=["lost reply", "502", "400"],
)
def test_an_update_that_breaks_is_repeated_without_a_twin(
    tmp_path: Path, fault: Any
) -> None:
    """Sent again by id, a refused hundred in halves."""
    planned = Planned(part="hubspot", path=UPDATE, fault=fault, requests=(1,))
    with world(tmp_path / "state", faults=[planned]) as hubspot:
        hubspot.run([lead_score(n) for n in range(5)])
        replace_address(hubspot)

        ran = hubspot.run([lead_score(n, live_rank=9) for n in range(5)])

        assert ran.outcomes == {"updated": 5}
        assert addresses(hubspot) == {NEW, *(f"p{n}@example.com" for n in range(1, 5))}


# archived


def test_an_archived_contact_is_made_anew_and_then_known(hubspot: World) -> None:
    """Its old id leads nowhere: it is looked for, made, and written by its new id."""
    hubspot.run([lead_score(0), lead_score(1)], timeline="none")
    archive(hubspot)

    rows = [lead_score(n, live_rank=9) for n in range(2)]
    ran = hubspot.run(rows, timeline="none")
    again = hubspot.run([lead_score(0, live_rank=8)], timeline="none")

    assert ran.outcomes == {"created": 1, "updated": 1}
    assert paths(ran) == ["update", "read", "upsert"]
    assert (again.outcomes, paths(again)) == ({"updated": 1}, ["update"])
    assert hubspot.contact("p0@example.com")["webinar_last_event"] == "How to score"


def test_an_archived_contact_whose_address_another_one_has_is_followed(
    hubspot: World,
) -> None:
    """Somebody deleted the contact and made it anew by hand."""
    hubspot.run([lead_score(0)])
    archive(hubspot)
    made = {"properties": {"email": "p0@example.com"}}
    ask(hubspot, "POST", CONTACTS, made)

    ran = hubspot.run([lead_score(0, live_rank=9)])

    assert (ran.outcomes, addresses(hubspot)) == ({"updated": 1}, {"p0@example.com"})
    assert hubspot.contact("p0@example.com")["webinar_last_event"] == "How to score"


def test_an_archived_contact_is_not_made_anew_where_nobody_may_be(
    hubspot: World,
) -> None:
    """`create: only_existing` holds for people who were there once."""
    hubspot.run([lead_score(0)])
    archive(hubspot)

    ran = hubspot.run([lead_score(0, live_rank=9)], create="only_existing")

    assert (ran.outcomes, addresses(hubspot)) == ({"not_sent": 1}, set())


def test_a_request_that_is_answered_404_is_a_contact_that_is_gone(
    tmp_path: Path,
) -> None:
    """For one person alone HubSpot may say it by the status."""
    body = '{"status":"error","category":"OBJECT_NOT_FOUND","message":"no"}'
    fault = Status(status=404, body=body)
    planned = Planned(part="hubspot", path=UPDATE, fault=fault, requests=(1,))
    with world(tmp_path / "state", faults=[planned]) as hubspot:
        hubspot.run([lead_score(0)], timeline="none")

        ran = hubspot.run([lead_score(0, live_rank=9)], timeline="none")

        assert (ran.outcomes, ran.code) == ({"updated": 1}, 0)
        assert paths(ran) == ["update", "read", "update"]


def test_a_contact_that_is_always_gone_is_rejected_and_not_asked_for_ever(
    tmp_path: Path,
) -> None:
    """Found by its address and not by the id that was found: the row waits."""
    body = '{"status":"error","category":"OBJECT_NOT_FOUND","message":"no"}'
    fault = Status(status=404, body=body)
    planned = Planned(part="hubspot", path=UPDATE, fault=fault, requests=(1, 2, 3, 4))
    with world(tmp_path / "state", faults=[planned]) as hubspot:
        hubspot.run([lead_score(0)], timeline="none")
        ran = hubspot.run([lead_score(0, live_rank=9)], timeline="none")
        still = hubspot.run([], timeline="none")

        assert (ran.outcomes, ran.code) == ({"rejected": 1}, 1)
        assert ran.report["reasons"] == {"OBJECT_NOT_FOUND": 1}
        assert still.report["still_rejected"] == 1
        assert addresses(hubspot) == {"p0@example.com"}


def test_an_archived_contact_attends_once_more(hubspot: World) -> None:
    """Nothing about the contact changed, so that only the timeline finds out."""
    hubspot.run([lead_score(0)])
    archive(hubspot)

    ran = hubspot.run([lead_score(0, **SECOND)])

    assert ran.report["timeline"] == {"created": 1}
    assert addresses(hubspot) == {"p0@example.com"}


# merged


def test_a_merged_contact_whose_address_was_replaced_is_followed(
    hubspot: World,
) -> None:
    """Neither the old address nor the old id is the contact's any more."""
    hubspot.run([lead_score(0), lead_score(1)])
    merge(hubspot, "p0@example.com", "p1@example.com")
    replace_address(hubspot)
    rows = [lead_score(n, live_rank=9) for n in range(2)]

    plan = hubspot.run(rows, dry_run=True)
    ran = hubspot.run(rows)

    assert plan.outcomes == ran.outcomes == {"updated": 2}
    assert addresses(hubspot) == {NEW}


@pytest.mark.parametrize("changed", [0, 1])
def test_a_merged_contact_holds_all_values_of_one_row(
    hubspot: World, changed: int
) -> None:
    """Never the score of one and the level of the other, in this run and later ones."""
    low = {"live_level": "Low", "live_lead_score": 12.5, "event_name": "Another"}
    rows = [lead_score(0), lead_score(1, **low)]
    hubspot.run(rows)
    merge(hubspot, "p0@example.com", "p1@example.com")
    for turn, rank in (
        (changed, 7),
        (1 - changed, 17),
        (changed, 8),
        (1 - changed, 18),
    ):
        row = rows[turn] = rows[turn] | {"live_rank": rank}

        hubspot.run(rows)

        held = hubspot.contact("p0@example.com")
        assert held["webinar_live_rank"] == str(rank)
        assert held["webinar_live_level"] == row["live_level"]
        assert held["webinar_last_event"] == row["event_name"]


def test_two_people_who_became_one_do_not_refuse_the_hundred(hubspot: World) -> None:
    """HubSpot refuses a batch in which an id stands twice."""
    people = [lead_score(n) for n in range(4)]
    hubspot.run(people, timeline="none")
    merge(hubspot, "p0@example.com", "p1@example.com")
    hubspot.run([p | {"live_rank": 7} for p in people], timeline="none")

    ran = hubspot.run([p | {"live_rank": 8} for p in people], timeline="none")

    assert (ran.outcomes, paths(ran)) == ({"updated": 4}, ["update", "update"])
    assert {seen.status for seen in ran.requests} == {200}
    assert len(addresses(hubspot)) == 3


def test_a_merged_contact_that_was_read_is_sent_all_values(hubspot: World) -> None:
    """The ledger is lost, so that reading alone tells of the merge."""
    hubspot.run([lead_score(0), lead_score(1)])
    merge(hubspot, "p0@example.com", "p1@example.com")
    (hubspot.folder / "ledger.sqlite").unlink()
    low = {"live_level": "Low", "live_lead_score": 12.5, "live_rank": 9}

    ran = hubspot.run([lead_score(0, live_rank=8), lead_score(1, **low)])

    held = hubspot.contact("p0@example.com")
    values = (held["webinar_live_rank"], held["webinar_live_level"])
    assert (ran.outcomes, len(addresses(hubspot))) == ({"updated": 2}, 1)
    assert values in {("8", "High"), ("9", "Low")}


def test_merged_people_attend_by_the_new_contact(hubspot: World) -> None:
    """Both told of another webinar: one attendance, whoever tells it."""
    hubspot.run([lead_score(0), lead_score(1)])
    merge(hubspot, "p0@example.com", "p1@example.com")

    ran = hubspot.run([lead_score(0, **SECOND), lead_score(1, **SECOND)])

    assert ran.report["timeline"] == {"created": 2}
    (held,) = hubspot.crm["contacts"].values()
    assert len(held["attendance"]) == 2


@pytest.mark.parametrize("newest", [0, 1], ids=["first", "second"])
@pytest.mark.parametrize("workers", [1, 4])
def test_a_merged_contact_keeps_the_newest_event(
    hubspot: World, newest: int, workers: int
) -> None:
    """Whichever row comes last, in the run that finds out and in those after it."""
    held = [lead_score(n, **OLDER, live_level="Low") for n in range(2)]
    held[newest] = lead_score(newest, **NEWER)
    hubspot.run(held)
    merge(hubspot, "p0@example.com", "p1@example.com")
    ends = []
    for rank in (7, 8, 9):
        rows = [row | {"live_rank": rank + n} for n, row in enumerate(held)]

        ran = hubspot.run(rows, timeline="none", max_concurrent_requests=workers)

        ends.append(ran.outcomes)
        contact = hubspot.contact("p0@example.com")
        assert contact["webinar_live_rank"] == str(rank + newest)
        assert contact["webinar_live_level"] == "High"
        assert contact["webinar_last_event_at"].startswith("2026-11-10")
    assert ends == [{"updated": 2}, *[{"updated": 1, "not_sent": 1}] * 2]
    assert [seen.status for seen in ran.requests] == [200]


def test_a_newest_event_that_did_not_change_is_put_back(hubspot: World) -> None:
    """Only the older row comes after the merge; the contact has an id of its own."""
    rows = [lead_score(0, **NEWER), lead_score(1, **OLDER)]
    hubspot.run(rows)
    merge(hubspot, "p0@example.com", "p1@example.com")

    hubspot.run([rows[0], rows[1] | {"live_rank": 99}], timeline="none")
    ran = hubspot.run([rows[0], rows[1] | {"live_rank": 98}], timeline="none")

    held = hubspot.contact("p0@example.com")
    assert held["webinar_live_rank"] == "3"
    assert held["webinar_last_event_at"].startswith("2026-11-10")
    assert (ran.outcomes, ran.requests) == ({"unchanged": 1, "not_sent": 1}, [])


def test_an_older_row_of_a_merged_contact_is_not_sent_alone(hubspot: World) -> None:
    """The newer one is as it was; a plan says the same, and nothing is asked for."""
    rows = [lead_score(0, **NEWER), lead_score(1, **OLDER)]
    hubspot.run(rows)
    merge(hubspot, "p0@example.com", "p1@example.com")
    hubspot.run([row | {"live_rank": 7} for row in rows], timeline="none")
    later = rows[1] | {"live_rank": 99}

    plan = hubspot.run([later], dry_run=True)
    ran = hubspot.run([later], timeline="none")

    assert plan.outcomes == ran.outcomes == {"not_sent": 1}
    assert ran.report["reasons"] == {"superseded_by_a_newer_event": 1}
    assert ran.requests == []
    assert hubspot.contact("p0@example.com")["webinar_live_rank"] == "7"


def test_the_newest_of_a_merged_contact_is_chosen_without_a_ledger(
    hubspot: World,
) -> None:
    """Reading tells that both are one: one of them is written."""
    hubspot.run([lead_score(0), lead_score(1)])
    merge(hubspot, "p0@example.com", "p1@example.com")
    (hubspot.folder / "ledger.sqlite").unlink()

    ran = hubspot.run([lead_score(0, **THIRD), lead_score(1, **NEWER)])

    assert ran.outcomes == {"updated": 1, "not_sent": 1}
    held = hubspot.contact("p0@example.com")["webinar_last_event_at"]
    assert held.startswith("2026-11-20")


def test_a_newest_event_that_could_not_be_restored_is_sent_when_it_comes_again(
    tmp_path: Path,
) -> None:
    """The run breaks between the older event and the newer one."""
    rows = [lead_score(0, **NEWER), lead_score(1, **OLDER)]
    with world(tmp_path / "state", checks=False) as hubspot:
        hubspot.run(rows)
        merge(hubspot, "p0@example.com", "p1@example.com")
        changed = [row | {"live_rank": 7 + n} for n, row in enumerate(rows)]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Writer, "_restore", lambda *_: None)
            hubspot.run(changed, timeline="none")

        ran = hubspot.run(changed, timeline="none")

        assert ran.outcomes == {"updated": 1, "unchanged": 1}
        held = hubspot.contact("p0@example.com")
        assert held["webinar_live_rank"] == "7"


# what it costs


def test_a_lost_ledger_makes_nobody_twice(hubspot: World) -> None:
    """People whose address is as it was are found by it."""
    rows = [lead_score(n) for n in range(3)]
    hubspot.run(rows)
    (hubspot.folder / "ledger.sqlite").unlink()

    ran = hubspot.run([row | {"live_rank": 9} for row in rows], timeline="none")

    assert ran.outcomes == {"updated": 3}
    assert len(addresses(hubspot)) == 3
    assert [seen.path for seen in ran.requests if "contacts/" in seen.path] == [
        READ,
        UPDATE,
    ]


def test_few_changes_cost_one_request(hubspot: World) -> None:
    """And nothing new costs none."""
    rows = [lead_score(n) for n in range(250)]
    first = hubspot.run(rows, timeline="none")
    same = hubspot.run(rows, timeline="none")
    some = [
        row | {"live_rank": 9} if n % 50 == 0 else row for n, row in enumerate(rows)
    ]
    few = hubspot.run(some, timeline="none")

    assert len(first.to(UPSERT)) == 3
    assert same.requests == []
    assert paths(few) == ["update"]


# the parts


@given(st.lists(st.sampled_from("abcde"), max_size=30))
def test_no_id_stands_twice_in_a_request(ids: list[str]) -> None:
    """Nobody is left out, and there are no more requests than must be."""
    people = [
        Contact(email_key=f"{n}@x.example", properties={}, contact_id=one)
        for n, one in enumerate(ids)
    ]

    rounds = to_rounds(people)

    sent = [contact for part in rounds for contact in part.values()]
    assert sorted(c.email_key for c in sent) == sorted(c.email_key for c in people)
    assert len(rounds) == max((ids.count(one) for one in ids), default=0)
    assert all(len({c.contact_id for c in p.values()}) == len(p) for p in rounds)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [(frozenset({"a", "email"}), {"a": "1"}), (None, {"a": "1", "b": "2"})],
    ids=["what changed", "all of it"],
)
def test_an_update_never_holds_the_address(
    changed: frozenset[str] | None, expected: dict[str, str]
) -> None:
    """Even where a mapping names it."""
    values = {"a": "1", "b": "2", "email": "old@x.example"}
    contact = Contact(
        email_key="old@x.example", properties=values, contact_id="7", changed=changed
    )

    assert to_update(contact) == {"id": "7", "properties": expected}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"results": [{"id": "2"}]}, {"b@x.example": "updated"}),
        (
            {"results": [{"id": "9", "objectWriteTraceId": to_trace(0)}]},
            {"a@x.example": "updated"},
        ),
        (
            {
                "results": [],
                "errors": [{"category": "OBJECT_NOT_FOUND", "context": {"ids": ["1"]}}],
            },
            {"a@x.example": "rejected"},
        ),
        ({"results": [{"id": "8"}, {"id": "9"}]}, {}),
    ],
    ids=["by id", "merged, by trace id", "gone", "strangers"],
)
def test_an_answer_to_an_update_is_read_by_id(
    data: dict[str, Any], expected: dict[str, str]
) -> None:
    """Or by trace id, never by position."""
    names = {"1": "a@x.example", "2": "b@x.example"}

    answer = to_answer(dict.fromkeys(names.values()), data, names)

    assert {key: end.kind.value for key, end in answer.ends.items()} == expected


@pytest.mark.parametrize(
    ("merged", "expected"),
    [(None, ["9"]), ("1;2", ["9", "1", "2"]), ("", ["9"])],
    ids=["unset", "two", "empty"],
)
def test_a_contact_answers_to_all_its_ids(
    merged: str | None, expected: list[str]
) -> None:
    """Its own, and those of contacts merged into it."""
    entry = {"id": "9", "properties": {"hs_merged_object_ids": merged}}

    assert to_ids(entry) == expected


@pytest.mark.parametrize(
    ("ids", "data", "expected"),
    [
        ("77", {"results": [{"vid": 7}]}, {"0@x": "created", "1@x": "created"}),
        ("78", {"results": [{"vid": 8}]}, {"1@x": "created"}),
        (
            "78",
            {
                "results": [{"vid": 7}],
                "errors": [{"category": "OBJECT_NOT_FOUND", "context": {"ids": ["8"]}}],
            },
            {"0@x": "created", "1@x": "rejected"},
        ),
        ("7", {"results": [{"vid": 9}]}, {"0@x": "created"}),
        ("78", {"results": [{"vid": 9}]}, {}),
    ],
    ids=["two who are one", "by id", "gone", "merged, alone", "a stranger"],
)
def test_an_attendance_answer_is_read_by_id(
    ids: str,
    data: dict[str, Any],
    expected: dict[str, str],
    attendance: Callable[..., Attendance],
) -> None:
    """And an id that nobody asked for is only taken if one was asked for."""
    people = {
        f"{n}@x": attendance(email_key=f"{n}@x", contact_id=one)
        for n, one in enumerate(ids)
    }

    ends = to_ends(people, data)

    assert {key: end.kind.value for key, end in ends.items()} == expected
