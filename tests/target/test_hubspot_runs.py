"""What a run of target-hubspot leaves in HubSpot, in the ledger and in its report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from crm_world import (
    STATE,
    World,
    activity_score,
    lead_score,
    messages,
    schema,
    to_lines,
    world,
)

from sync_core.errors import FatalError, SettingError

if TYPE_CHECKING:
    from pathlib import Path


def test_new_people_are_created_with_their_scores(hubspot: World) -> None:
    """Every row ends as created, and the contact says what the row says."""
    ran = hubspot.run([lead_score(n) for n in range(3)])

    assert (ran.code, ran.states, ran.outcomes) == (0, [STATE], {"created": 3})
    contact = hubspot.contact("p0@example.com")
    assert {name: contact[name] for name in _SOME} == {
        "webinar_live_lead_score": "97.5",
        "webinar_live_level": "High",
        "webinar_live_rank": "3",
        "webinar_last_event": "How to score",
        "webinar_last_event_at": "2026-11-01T10:00:00.000Z",
        "webinar_score_reasons": "Live: asked 2 questions\nLive: watched 59 min\n"
        "Live: rank 3 of 210 among 412 attendees",
    }


_SOME = (
    "webinar_live_lead_score",
    "webinar_live_level",
    "webinar_live_rank",
    "webinar_last_event",
    "webinar_last_event_at",
    "webinar_score_reasons",
)


def test_the_minimal_set_is_ten_properties(hubspot: World) -> None:
    """An account with HubSpot's smallest number of properties can hold them."""
    hubspot.run([lead_score()])

    assert len(hubspot.crm["properties"]) == 10


def test_the_full_set_holds_every_activity_score(hubspot: World) -> None:
    """Both windows, nine activities, each a number."""
    hubspot.run([lead_score()], property_set="full")

    contact = hubspot.contact("p0@example.com")
    assert contact["webinar_live_time_in_session"] == "2.5"
    assert contact["webinar_on_demand_chat"] == "0"


def test_an_unchanged_second_run_makes_no_request(hubspot: World) -> None:
    """Not one: neither for contacts, nor for properties, nor for the timeline."""
    rows = [lead_score(n) for n in range(120)]
    hubspot.run(rows, [activity_score()])

    again = hubspot.run(rows, [activity_score()])

    assert (again.outcomes, again.requests) == ({"unchanged": 120}, [])
    assert again.states == [STATE]


def test_a_changed_score_costs_one_upsert(hubspot: World) -> None:
    """One per cent changed: one call, and the timeline is not told again."""
    hubspot.run([lead_score(n) for n in range(120)])

    rows = [lead_score(n, live_lead_score=50 if n == 7 else 97.5) for n in range(120)]
    ran = hubspot.run(rows)

    assert ran.outcomes == {"updated": 1, "unchanged": 119}
    assert [seen.inputs for seen in ran.requests] == [1]
    assert hubspot.contact("p7@example.com")["webinar_live_lead_score"] == "50"


def test_attendance_says_when_a_person_was_there(hubspot: World) -> None:
    """First coming and last leaving stand in the row itself: no other is waited for."""
    stay = {
        "live_joined_at": "2026-11-01T10:00:00Z",
        "live_left_at": "2026-11-01T10:59:00Z",
        "on_demand_joined_at": "2026-11-03T10:00:00Z",
    }
    hubspot.run([lead_score(**stay)])

    ((account, event, state, _, times),) = hubspot.crm["contacts"]["p0@example.com"][
        "attendance"
    ]
    assert (account, event, state) == ("webinar-lead-score", "hubilo:1", "ATTENDED")
    assert "2026-11-01T10:59:00.000Z" in times


def test_a_person_who_did_not_attend_has_no_attendance(hubspot: World) -> None:
    """Somebody who only answered a poll by mail is a contact all the same."""
    ran = hubspot.run([lead_score(attended=False)])

    assert ran.outcomes == {"created": 1}
    assert hubspot.crm["marketing_events"] == {} or not hubspot.crm["marketing_events"]


def test_without_a_timeline_only_contacts_are_written(hubspot: World) -> None:
    """`timeline: none` makes no request to marketing events."""
    ran = hubspot.run([lead_score()], timeline="none")

    assert ran.to("marketing") == []


def test_contacts_are_there_before_their_timeline(hubspot: World) -> None:
    """However the streams are mixed: no attendance before the last upsert."""
    ran = hubspot.run(
        [lead_score(n) for n in range(250)], [activity_score(n) for n in range(250)]
    )

    order = ["upsert" in seen.path for seen in ran.writes]
    paths = [s.path for s in ran.requests]
    last_upsert = max(i for i, path in enumerate(paths) if path.endswith("upsert"))
    first_entry = min(i for i, path in enumerate(paths) if "attendance" in path)
    assert last_upsert < first_entry
    assert sum(order) == 3


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["old first", "new first"])
def test_the_latest_event_of_a_person_wins(
    hubspot: World, order: tuple[int, int]
) -> None:
    """In one batch, in either order; both events stand on the timeline."""
    rows = [
        lead_score(0, live_lead_score=10),
        lead_score(
            0,
            event_id="hubilo:2",
            event_starts_at="2026-11-15T10:00:00Z",
            live_lead_score=20,
        ),
    ]

    ran = hubspot.run([rows[place] for place in order])

    assert ran.outcomes == {"created": 1, "not_sent": 1}
    assert ran.report["reasons"] == {"superseded_by_a_newer_event": 1}
    assert hubspot.contact("p0@example.com")["webinar_live_lead_score"] == "20"
    assert len(hubspot.crm["contacts"]["p0@example.com"]["attendance"]) == 2


def test_an_older_event_in_a_later_run_overwrites_nothing(hubspot: World) -> None:
    """It is told to the timeline and costs no upsert."""
    hubspot.run([lead_score(live_lead_score=20)])

    ran = hubspot.run(
        [
            lead_score(
                event_id="hubilo:0",
                event_starts_at="2026-10-01T10:00:00Z",
                live_lead_score=99,
            )
        ]
    )

    assert (ran.outcomes, ran.to("batch/upsert")) == ({"not_sent": 1}, [])
    assert hubspot.contact("p0@example.com")["webinar_live_lead_score"] == "20"
    assert len(hubspot.crm["contacts"]["p0@example.com"]["attendance"]) == 2


@pytest.mark.parametrize("email", [None, "", "  "], ids=["null", "empty", "blank"])
def test_a_person_without_an_address_is_counted_and_not_sent(
    hubspot: World, email: str | None
) -> None:
    """They are ranked, but a CRM cannot know them."""
    ran = hubspot.run([lead_score(0, email=email), lead_score(1)])

    assert (ran.code, ran.outcomes) == (0, {"created": 1, "not_sent": 1})
    assert ran.report["reasons"] == {"no_email": 1}


def test_what_a_newer_event_does_not_have_is_cleared(hubspot: World) -> None:
    """An on-demand level of an old event must not stand beside new scores."""
    hubspot.run([lead_score(on_demand_level="High", on_demand_rank=1)])

    hubspot.run(
        [lead_score(event_id="hubilo:2", event_starts_at="2026-11-20T10:00:00Z")]
    )

    assert "webinar_on_demand_level" not in hubspot.contact("p0@example.com")


def test_a_change_of_level_keeps_the_level_before_and_since_when(
    hubspot: World,
) -> None:
    """A workflow can react to it; a run without a change carries it on."""
    later: dict[str, Any] = {
        "event_id": "hubilo:2",
        "event_starts_at": "2026-11-20T10:00:00Z",
    }
    config: dict[str, Any] = {"property_set": "full"}
    hubspot.run([lead_score(live_level="Low")], **config)
    hubspot.run([lead_score(live_level="High", **later)], **config)
    hubspot.run([lead_score(live_level="High", live_rank=9, **later)], **config)

    contact = hubspot.contact("p0@example.com")
    assert contact["webinar_live_level_previous"] == "Low"
    assert contact["webinar_live_level_since"] == "2026-11-20T10:00:00.000Z"


def test_a_lost_ledger_costs_one_comparison_and_no_duplicate(hubspot: World) -> None:
    """The CRM is read before anything is written; equal contacts are not written."""
    rows = [lead_score(n) for n in range(120)]
    hubspot.run(rows)
    before = hubspot.crm
    (hubspot.folder / "ledger.sqlite").unlink()

    ran = hubspot.run(rows)

    assert (ran.outcomes, ran.to("batch/upsert")) == ({"unchanged": 120}, [])
    assert len(ran.to("batch/read")) == 2
    assert hubspot.crm == before


def test_a_lost_ledger_does_not_let_an_old_event_win(hubspot: World) -> None:
    """The CRM's own date of the last event decides."""
    hubspot.run([lead_score(live_lead_score=20)])
    (hubspot.folder / "ledger.sqlite").unlink()

    ran = hubspot.run(
        [lead_score(event_id="hubilo:0", event_starts_at="2026-10-01T10:00:00Z")]
    )

    assert (ran.outcomes, ran.to("batch/upsert")) == ({"not_sent": 1}, [])
    assert hubspot.contact("p0@example.com")["webinar_live_lead_score"] == "20"


def test_a_torn_ledger_stops_the_run_and_says_what_to_do(hubspot: World) -> None:
    """Never a silent rewrite."""
    hubspot.run([lead_score()])
    path = hubspot.folder / "ledger.sqlite"
    path.write_bytes(b"not a database at all, whatever it was before" * 40)

    ran = hubspot.run([lead_score()])

    assert isinstance(ran.problem, FatalError)
    assert "damaged" in str(ran.problem)
    assert ran.states == []
    assert ran.requests == []


def test_only_existing_people_are_updated(hubspot: World) -> None:
    """`create: only_existing` makes nobody."""
    hubspot.run([lead_score(0)])
    (hubspot.folder / "ledger.sqlite").unlink()

    ran = hubspot.run(
        [lead_score(0, live_rank=9), lead_score(1)], create="only_existing"
    )

    assert ran.outcomes == {"updated": 1, "not_sent": 1}
    assert list(hubspot.crm["contacts"]) == ["p0@example.com"]


def test_a_dry_run_tells_the_difference_and_changes_nothing(hubspot: World) -> None:
    """The difference is to what is in the CRM now, per contact and property."""
    hubspot.run([lead_score(0)])
    before, ledger = hubspot.crm, (hubspot.folder / "ledger.sqlite").read_bytes()

    ran = hubspot.run([lead_score(0, live_rank=4), lead_score(1)], dry_run=True)

    assert ran.outcomes == {"created": 1, "updated": 1}
    plan = {entry["would_be"]: entry["changes"] for entry in ran.report["plan"]}
    assert plan["updated"]["webinar_live_rank"] == {"from": "3", "to": "4"}
    assert plan["created"]["webinar_live_level"] == {"from": "", "to": "High"}
    assert ran.writes == []
    assert hubspot.crm == before
    assert (hubspot.folder / "ledger.sqlite").read_bytes() == ledger


def test_a_dry_run_on_an_empty_account_creates_no_property(hubspot: World) -> None:
    """Not even the group."""
    ran = hubspot.run([lead_score()], dry_run=True)

    assert ran.outcomes == {"created": 1}
    assert not hubspot.crm["properties"]


def test_names_are_filled_only_where_the_crm_has_none(
    hubspot: World, tmp_path: Path
) -> None:
    """`policy: if_empty` never overwrites what a person typed."""
    mapping = tmp_path / "mapping.yml"
    mapping.write_text(
        "group: {name: webinar_engagement, label: Webinar}\n"
        "properties:\n"
        "  webinar_live_rank:\n"
        "    {source: live_rank, type: number, field_type: number, set: minimal}\n"
        "  firstname:\n"
        "    {source: first_name, set: minimal, policy: if_empty, ours: false}\n"
    )
    hubspot.run([lead_score(0, first_name="Ada")], mapping=str(mapping))

    ran = hubspot.run(
        [lead_score(0, first_name="Changed"), lead_score(1)], mapping=str(mapping)
    )

    assert ran.outcomes == {"unchanged": 1, "created": 1}
    assert hubspot.contact("p0@example.com")["firstname"] == "Ada"
    assert hubspot.contact("p1@example.com")["firstname"] == "Pat1"


def test_meltanos_connection_test_writes_nothing(hubspot: World) -> None:
    """It reads with the credential, whatever record is sent."""
    lines = to_lines(
        [
            schema("meltano_test_stream"),
            {
                "type": "RECORD",
                "stream": "meltano_test_stream",
                "record": {"id": 1, "name": "x", "created_at": "2026-01-01"},
            },
        ]
    )

    ran = hubspot.run_lines(lines)

    assert (ran.code, [s.method for s in ran.requests]) == (0, ["GET"])
    assert hubspot.crm["contacts"] == {}


def test_a_wrong_token_fails_the_connection_test(hubspot: World) -> None:
    """The message names the setting, not the token."""
    lines = to_lines(
        [
            schema("meltano_test_stream"),
            {"type": "RECORD", "stream": "meltano_test_stream", "record": {"id": 1}},
        ]
    )

    ran = hubspot.run_lines(lines, access_token="pat-wrong-canary")

    assert isinstance(ran.problem, FatalError)
    assert ran.problem.setting == "access_token"
    assert "canary" not in str(ran.problem)


@pytest.mark.parametrize(
    ("setting", "expected"), [("ignore", None), ("fail", FatalError)]
)
def test_other_streams_are_ignored_or_refused(
    hubspot: World, setting: str, expected: type[Exception] | None
) -> None:
    """As the setting says."""
    ran = hubspot.run_lines(to_lines([schema("orders")]), on_unmapped_stream=setting)

    assert (type(ran.problem) if ran.problem else None) is expected


def test_the_report_adds_up_to_the_rows_read(hubspot: World) -> None:
    """Created, updated, unchanged, rejected and not sent: none is left out."""
    hubspot.run([lead_score(0), lead_score(1)])

    rows: list[dict[str, Any]] = [
        lead_score(0),
        lead_score(1, live_rank=9),
        lead_score(2),
        lead_score(3, email=None),
        lead_score(4, email="nobody"),
        lead_score(5, live_level="Tremendous"),
    ]
    ran = hubspot.run(rows)

    assert ran.report["rows"] == 6
    assert ran.outcomes == {
        "created": 1,
        "updated": 1,
        "unchanged": 1,
        "rejected": 2,
        "not_sent": 1,
    }


@pytest.mark.parametrize(
    ("changed", "code", "blamed"),
    [
        ({"email": "nobody"}, "INVALID_EMAIL", "email"),
        ({"email": "a@b@c.example"}, "INVALID_EMAIL", "email"),
        ({"email": "no-dot@domain"}, "INVALID_EMAIL", "email"),
        ({"event_id": None}, "MISSING_KEY", "event_id"),
        ({"event_starts_at": "soon"}, "INVALID_TIME", "event_starts_at"),
        ({"live_level": "Tall"}, "INVALID_OPTION", "webinar_live_level"),
        ({"live_rank": "third"}, "INVALID_NUMBER", "webinar_live_rank"),
        ({"live_lead_score": float("inf")}, "INVALID_NUMBER", "live_lead_score"),
        ({"event_name": "half \ud83d"}, "INVALID_TEXT", "event_name"),
    ],
    ids=lambda value: repr(value) if isinstance(value, dict) else "",
)
def test_a_bad_row_is_rejected_and_the_others_are_written(
    hubspot: World, changed: dict[str, Any], code: str, blamed: str
) -> None:
    """With the reason and the field; the run ends with exit code 1 and its STATE."""
    sent = messages([lead_score(0), lead_score(1, **changed), lead_score(2)])
    lines = to_lines(sent).replace("Infinity", "1e999")

    ran = hubspot.run_lines(lines)

    assert (ran.code, ran.states) == (1, [STATE])
    assert ran.outcomes == {"created": 2, "rejected": 1}
    (entry,) = ran.report["rejected"]
    assert (entry["code"], entry["property"]) == (code, blamed)


@pytest.mark.parametrize(("tolerated", "code"), [(0, 1), (1, 1), (2, 0)])
def test_the_exit_code_tells_of_more_rejections_than_tolerated(
    hubspot: World, tolerated: int, code: int
) -> None:
    """Everything else is written and confirmed in any case."""
    rows = [lead_score(0), lead_score(1, email="x"), lead_score(2, email="y")]

    ran = hubspot.run(rows, max_rejected=tolerated)

    assert (ran.code, ran.states) == (code, [STATE])


@pytest.mark.parametrize(
    ("config", "setting"),
    [
        ({"api_url": "http://api.hubapi.com"}, "api_url"),
        ({"api_url": "http://169.254.169.254"}, "api_url"),
        ({"api_url": "https://169.254.169.254"}, "api_url"),
        ({"api_url": "https://user@127.0.0.1"}, "api_url"),
        ({"api_url": "https://[::ffff:10.0.0.1]"}, "api_url"),
        ({"api_url": "ftp://127.0.0.1"}, "api_url"),
        ({"access_token": None}, "access_token"),
        ({"access_token": "  "}, "access_token"),
        ({"access_token": None, "client_id": "c"}, "client_secret"),
        ({"mapping": "nowhere.yml"}, "mapping"),
        ({"ledger_url": "no-database"}, "ledger_url"),
        ({"ledger_url": "postgresql+nodriver://x/y"}, "ledger_url"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_a_wrong_setting_is_refused_before_any_request(
    hubspot: World, config: dict[str, Any], setting: str
) -> None:
    """The message names it."""
    ran = hubspot.run([lead_score()], **config)

    assert isinstance(ran.problem, SettingError)
    assert ran.problem.setting == setting
    assert ran.requests == []


def test_a_dated_api_version_is_spoken(tmp_path: Path) -> None:
    """Every path carries the date; contacts and attendance arrive all the same."""
    with world(tmp_path / "state") as hubspot:
        ran = hubspot.run([lead_score()], api_version="2026-03")

        assert ran.outcomes == {"created": 1}
        assert all("2026-03" in seen.path for seen in ran.requests)


def test_state_goes_out_while_rows_still_come(hubspot: World) -> None:
    """As often as the setting says, and only for rows that are written."""
    target = hubspot.target(state_interval_seconds=1)
    assert pytest.approx(1 / 60) == target._MAX_RECORD_AGE_IN_MINUTES
    target.crm_run.close()


def test_two_runs_at_once_are_refused(hubspot: World) -> None:
    """The second one stops at once and names the first."""
    first = hubspot.target()
    run = first.crm_run
    try:
        ran = hubspot.run([lead_score()])
    finally:
        run.close()

    assert isinstance(ran.problem, FatalError)
    assert "process" in str(ran.problem)
    assert ran.requests == []


def test_few_changes_among_many_rows_are_one_call(hubspot: World) -> None:
    """Rows are read in portions; what changed waits until a batch is full."""
    rows = [lead_score(n) for n in range(300)]
    hubspot.run(rows, batch_size_rows=50)

    changed = [
        lead_score(n, live_rank=9) if n % 100 == 0 else row
        for n, row in enumerate(rows)
    ]
    ran = hubspot.run(changed, batch_size_rows=50)

    assert ran.outcomes == {"updated": 3, "unchanged": 297}
    assert [seen.inputs for seen in ran.requests] == [3]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["old first", "new first"])
def test_the_latest_event_wins_over_several_portions(
    hubspot: World, order: tuple[int, int]
) -> None:
    """A person's second row must not be judged before the first is known."""
    newer: dict[str, Any] = {
        "event_id": "hubilo:2",
        "event_starts_at": "2026-11-15T10:00:00Z",
    }
    rows = [
        lead_score(0, live_lead_score=10),
        lead_score(0, live_lead_score=20, **newer),
    ]

    ran = hubspot.run([rows[place] for place in order], batch_size_rows=1)

    assert sum(ran.outcomes.values()) == 2
    assert hubspot.contact("p0@example.com")["webinar_live_lead_score"] == "20"
    assert len(hubspot.crm["contacts"]["p0@example.com"]["attendance"]) == 2


def test_custom_events_carry_the_scores_and_are_told_once(tmp_path: Path) -> None:
    """Also after the ledger was lost: the event's id is made of webinar and person."""
    config = {"timeline": "custom_event"}
    with world(tmp_path / "state", tier="enterprise") as hubspot:
        hubspot.config |= config
        hubspot.run([lead_score(n) for n in range(3)], [activity_score(0)])
        before = hubspot.crm
        (hubspot.folder / "ledger.sqlite").unlink()
        ran = hubspot.run([lead_score(n) for n in range(3)], [activity_score(0)])

        ((name, _, _, values),) = before["contacts"]["p0@example.com"]["events"]
        assert name.endswith("_webinar_engagement")
        assert '"live_lead_score":"97.5"' in values
        assert len(ran.to("/events/")) == 2
        assert hubspot.crm == before


def test_custom_events_need_an_edition_that_has_them(tmp_path: Path) -> None:
    """The message names the setting and the alternative."""
    with world(tmp_path / "state", tier="professional") as hubspot:
        ran = hubspot.run([lead_score()], timeline="custom_event")

        assert isinstance(ran.problem, FatalError)
        assert "marketing_event" in str(ran.problem) or "scope" in str(ran.problem)
        assert ran.states == []


def test_a_dated_version_speaks_dated_paths_for_custom_events(tmp_path: Path) -> None:
    """Definitions and occurrences alike."""
    with world(tmp_path / "state", tier="enterprise") as hubspot:
        ran = hubspot.run(
            [lead_score()], timeline="custom_event", api_version="2026-03"
        )

        assert ran.code == 0
        assert all("2026-03" in seen.path for seen in ran.requests)


def test_a_note_holds_the_breakdown_and_follows_the_score(hubspot: World) -> None:
    """A changed score changes the note; nothing makes a second one."""
    hubspot.config["timeline"] = "note"
    hubspot.run([lead_score(n, event_name="Q&A <live>") for n in range(3)])
    hubspot.run([lead_score(0, live_rank=9, event_name="Q&A <live>")])
    (hubspot.folder / "ledger.sqlite").unlink()

    ran = hubspot.run([lead_score(n, event_name="Q&A <live>") for n in range(3)])

    held = hubspot.crm["contacts"]
    assert ran.code == 0
    assert [len(contact["notes"]) for contact in held.values()] == [1, 1, 1]
    (note,) = held["p0@example.com"]["notes"]
    assert "rank 3 of 210" in note["hs_note_body"]
    assert note["hs_note_body"].startswith("Webinar: Q&amp;A &lt;live&gt;<br>")
    assert hubspot.run([lead_score(1, event_name="Q&A <live>")]).requests == []


def test_an_event_that_was_moved_to_an_earlier_day_is_still_written(
    hubspot: World,
) -> None:
    """The same event is never older than itself."""
    hubspot.run([lead_score(live_rank=3)])

    ran = hubspot.run([lead_score(live_rank=9, event_starts_at="2026-10-20T10:00:00Z")])

    assert ran.outcomes == {"updated": 1}
    assert hubspot.contact("p0@example.com")["webinar_live_rank"] == "9"
