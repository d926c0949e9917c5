"""The conformance kit passes good targets, and fails bad ones for what they do."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
import requests

from sandbox.conformance.bench import Visit, on_writes
from sandbox.conformance.crms import CLIENT_ID, HUBSPOT, SALESFORCE, open_session
from sandbox.conformance.process import Ran, run_target
from sandbox.conformance.rows import (
    BAD_EMAIL,
    LEAD_SCORES,
    Rows,
    fill,
    read_shape,
    to_confirmed,
)
from sandbox.errors import SandboxError
from sandbox.faults import LoseReply
from sandbox.middleware import SeenRequest
from sandbox.salesforce import SalesforceSettings
from sandbox.server import SandboxSettings, running

if TYPE_CHECKING:
    from collections.abc import Callable

CARELESS = Path(__file__).with_name("careless_target.py")
BLIND = Path(__file__).with_name("blind_target.py")
CHECKS = {
    "all_rows_arrive",
    "second_run_writes_nothing",
    "bad_email_stops_nobody",
    "waits_when_told_429",
    "stops_at_the_daily_limit",
    "lost_reply_makes_no_duplicate",
    "killed_run_converges",
    "state_only_after_effect",
    "no_secret_in_output",
    "no_person_in_output",
}
UPSERT = "/crm/v3/objects/contacts/batch/upsert"


def run_kit(folder: Path, *options: str) -> tuple[int, dict[str, str], str]:
    """Run the kit; return its exit code, the end of each check and what it printed."""
    report = folder / "report.xml"
    command = [sys.executable, "-m", "sandbox.conformance", f"--junitxml={report}"]
    ran = subprocess.run(
        [*command, *options], capture_output=True, text=True, timeout=600, check=False
    )
    ends = {}
    cases = ET.parse(report).iter("testcase") if report.exists() else ()  # noqa: S314
    for case in cases:
        kinds = {child.tag for child in case} & {"failure", "error", "skipped"}
        name = case.attrib["name"].removeprefix("test_")
        ends[name] = kinds.pop() if kinds else "passed"
    return ran.returncode, ends, ran.stdout + ran.stderr


@pytest.mark.slow
@pytest.mark.pipeline
@pytest.mark.parametrize(
    ("crm", "absent"),
    [("hubspot", set()), ("salesforce", {"waits_when_told_429"})],
    ids=["hubspot", "salesforce"],
)
def test_our_targets_pass_every_check(
    tmp_path: Path, crm: str, absent: set[str]
) -> None:
    """No check is waived; Salesforce has no 429."""
    program = Path(sys.executable).with_name(f"target-{crm}")

    code, ends, told = run_kit(
        tmp_path, "--crm", crm, "--target-command", f"{program} --config {{config}}"
    )

    assert ends == dict.fromkeys(CHECKS - absent, "passed"), told
    assert code == 0


@pytest.fixture
def careless(tmp_path: Path) -> list[str]:
    """Options that point the kit at the careless target."""
    config = tmp_path / "careless.json"
    config.write_text(json.dumps({"url": "{url}", "token": "{token}"}))
    command = f"{sys.executable} {CARELESS} {{config}}"
    options = ["--target-command", command, "--target-config", str(config)]
    return [*options, "--stream", "contacts", "--rows", "130"]


def careful(careless: list[str], *virtues: str) -> None:
    """Make the careless target better."""
    config = Path(careless[careless.index("--target-config") + 1])
    options = json.loads(config.read_text()) | dict.fromkeys(virtues, True)
    config.write_text(json.dumps(options))


@pytest.mark.slow
@pytest.mark.pipeline
@pytest.mark.parametrize(
    ("virtues", "failed", "sentence"),
    [
        (
            ["late_state"],
            {"bad_email_stops_nobody"},
            "a row was refused, and the exit code is 0",
        ),
        (
            ["reads_207"],
            {"state_only_after_effect"},
            "confirmed 130 rows, 30 are not there",
        ),
        ([], {"bad_email_stops_nobody", "state_only_after_effect"}, "are not there"),
        (["reads_207", "late_state"], set(), "2 requests, 2 of them writes"),
    ],
    ids=["ignores 207", "early STATE", "both", "neither"],
)
def test_a_target_fails_for_what_it_does_and_nothing_else(
    tmp_path: Path,
    careless: list[str],
    virtues: list[str],
    failed: set[str],
    sentence: str,
) -> None:
    """It has no memory either, which is waived, and told as waived."""
    careful(careless, *virtues)

    code, ends, told = run_kit(
        tmp_path, *careless, "--waive", "second_run_writes_nothing"
    )

    ended_badly = {name for name, end in ends.items() if end != "passed"}
    assert ends.keys() == CHECKS
    assert ended_badly == {*failed, "second_run_writes_nothing"}, told
    assert ends["second_run_writes_nothing"] == "skipped"  # junit's word for a waiver
    assert "waived second_run_writes_nothing: The same rows again" in told
    assert sentence in told
    assert code == (1 if failed else 0)


@pytest.mark.slow
@pytest.mark.pipeline
def test_a_blind_target_fails_for_what_it_does(tmp_path: Path) -> None:
    """It adds people by no key, goes on after a refusal, and prints what it has."""
    config = tmp_path / "blind.json"
    config.write_text(json.dumps({"url": "{url}", "token": "{token}"}))
    command = f"{sys.executable} {BLIND} {{config}}"

    code, ends, told = run_kit(
        tmp_path,
        *("--crm", "salesforce", "--target-command", command),
        *("--target-config", str(config), "--stream", "contacts", "--rows", "130"),
    )

    assert {name for name, end in ends.items() if end != "passed"} == {
        "second_run_writes_nothing",
        "stops_at_the_daily_limit",
        "lost_reply_makes_no_duplicate",
        "killed_run_converges",
        "no_secret_in_output",
        "no_person_in_output",
    }, told
    assert "12 requests after the first refusal" in told
    assert code == 1


@pytest.mark.pipeline
def test_a_target_that_does_not_wait_is_found_out(
    tmp_path: Path, careless: list[str]
) -> None:
    """Sending at once again is not taken for a request that was under way."""
    careful(careless, "hasty")

    code, ends, told = run_kit(tmp_path, *careless, "-k", "waits_when or all_rows")

    assert ends == {"all_rows_arrive": "passed", "waits_when_told_429": "failure"}, told
    assert "it did not wait" in told
    assert code == 1


@pytest.mark.pipeline
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "--target-command"),
        (["--target-command", "x", "--waive", "speed"], "the checks are all_rows"),
        (["--target-command", "x", "--stream", "no.json"], "stream 'no.json' is not"),
        (["--target-command", "x", "--target-config", "no.json"], "no.json"),
    ],
    ids=["no command", "unknown check", "unknown stream", "no settings file"],
)
def test_a_wrong_option_is_told_before_anything_runs(
    tmp_path: Path, options: list[str], sentence: str
) -> None:
    """Exit code 4, as pytest has it for usage."""
    code, ends, told = run_kit(tmp_path, *options)

    assert (code, "passed" in ends.values()) == (4, False), told
    assert sentence in told


def test_the_rows_hold_a_state_after_every_tenth_record() -> None:
    """And one at the end, which covers all."""
    messages = [
        json.loads(line) for line in Rows(LEAD_SCORES, 25).to_lines().splitlines()
    ]

    kinds = [message["type"] for message in messages]
    rows = [to_confirmed(json.dumps(m["value"])) for m in messages if "value" in m]
    emails = [m["record"]["email"] for m in messages if "record" in m]
    assert kinds[0] == "SCHEMA"
    assert rows == [10, 20, 25]
    assert emails == Rows(LEAD_SCORES, 25).emails
    assert len({m["record"]["attendee_id"] for m in messages if "record" in m}) == 25


def test_the_malformed_address_need_not_arrive() -> None:
    """It is one of the rows, not one of the people."""
    rows = Rows(LEAD_SCORES, 5, bad=2)

    assert rows.emails[2] == BAD_EMAIL
    assert BAD_EMAIL not in rows.good_emails
    assert len(rows.good_emails) == 4


@pytest.mark.parametrize("line", ["", "{", "[]", '{"bookmarks": {}}', "2026 INFO done"])
def test_a_line_that_is_no_state_of_ours_is_refused(line: str) -> None:
    """A target must print nothing else on stdout."""
    with pytest.raises(ValueError, match="not the STATE"):
        to_confirmed(line)


def test_placeholders_are_replaced_in_texts_of_any_depth() -> None:
    """Numbers and keys stay."""
    given = {"{url}": 1, "a": ["{url}/x", {"b": "{url}"}]}

    assert fill(given, {"{url}": "u"}) == {"{url}": 1, "a": ["u/x", {"b": "u"}]}


def test_a_stream_can_be_described_in_a_file(tmp_path: Path) -> None:
    """Its schema is that of the record."""
    path = tmp_path / "stream.json"
    record = {"mail": "{email}", "score": 1.5, "live": True, "ids": [], "n": 1}
    shape = {"stream": "people", "key_properties": ["mail"], "record": record}
    path.write_text(json.dumps(shape))

    found = read_shape("hubspot", str(path))

    types = {
        name: facts["type"][0]
        for name, facts in found.to_schema()["schema"]["properties"].items()
    }
    assert found.to_record(7, "a@b.co")["record"]["mail"] == "a@b.co"
    assert types == {
        "mail": "string",
        "score": "number",
        "live": "boolean",
        "ids": "array",
        "n": "integer",
    }


def test_a_file_with_an_unknown_key_describes_no_stream(tmp_path: Path) -> None:
    """The message says what one needs."""
    path = tmp_path / "stream.json"
    path.write_text('{"name": "people"}')

    with pytest.raises(SandboxError, match="key_properties and record"):
        read_shape("hubspot", str(path))


@pytest.fixture
def visit_of() -> Callable[..., Visit]:
    """Makes runs from requests, as `METHOD path`."""

    def make(*asked: str, crm: str = "hubspot") -> Visit:
        requests_ = [
            SeenRequest(
                part=crm, method=method, path=path, status=200, at=0.0, seconds=0.0
            )
            for method, path in (what.split(" ") for what in asked)
        ]
        return Visit(
            crm={"hubspot": HUBSPOT, "salesforce": SALESFORCE}[crm],
            rows=Rows(LEAD_SCORES, 1),
            ran=Ran(code=0, states=(), log="", in_time=True),
            requests=requests_,
            people=Counter(),
            held="",
            secrets=(),
            unhit=(),
        )

    return make


@pytest.mark.parametrize(("inputs", "writes"), [(0, False), (400, True)])
def test_a_composite_writes_people_if_it_carries_rows(
    inputs: int,
    writes: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """One that only asks carries none."""
    seen = SeenRequest(
        part="salesforce",
        method="POST",
        path="/services/data/v66.0/composite",
        status=200,
        at=0.0,
        seconds=0.0,
        inputs=inputs,
    )
    assert SALESFORCE.is_write(seen) is writes
    assert SALESFORCE.writes_people(seen) is writes


@pytest.mark.parametrize(
    ("crm", "what", "is_write", "writes_people"),
    [
        ("hubspot", f"POST {UPSERT}", True, True),
        ("hubspot", "PATCH /crm/v3/objects/contacts/17", True, True),
        ("hubspot", "POST /crm/objects/2026-03/contacts/batch/create", True, True),
        ("hubspot", "POST /crm/v3/objects/contacts/batch/read", False, False),
        ("hubspot", "POST /crm/v3/objects/contacts/search", False, False),
        ("hubspot", "POST /oauth/v1/token", False, False),
        ("hubspot", "POST /crm/v3/properties/contacts", True, False),
        ("hubspot", "GET /crm/v3/objects/contacts/17", False, False),
        ("salesforce", "POST /services/data/v66.0/composite/sobjects", True, True),
        ("salesforce", "PATCH /services/data/v66.0/sobjects/Lead/00Q", True, True),
        ("salesforce", "POST /services/data/v66.0/jobs/ingest", True, True),
        ("salesforce", "PUT /services/data/v66.0/jobs/ingest/7/batches", True, True),
        ("salesforce", "POST /services/data/v66.0/sobjects/Campaign", True, False),
        (
            "salesforce",
            "POST /services/data/v66.0/composite/sobjects/Lead",
            False,
            False,
        ),
        ("salesforce", "POST /services/data/v66.0/composite", False, False),
        ("salesforce", "POST /services/oauth2/token", False, False),
    ],
)
def test_the_kit_knows_a_write_when_it_sees_one(
    visit_of: Callable[..., Visit],
    crm: str,
    what: str,
    is_write: bool,  # noqa: FBT001 - a table's column
    writes_people: bool,  # noqa: FBT001 - likewise
) -> None:
    """Reads that are POSTs are none; what is written beside people is no person."""
    visit = visit_of(what, crm=crm)

    assert (len(visit.writes), len(visit.people_writes)) == (is_write, writes_people)


@pytest.mark.parametrize(
    ("asked", "first", "last", "path", "requests_"),
    [
        ([f"POST {UPSERT}"] * 3, 2, 9, UPSERT, tuple(range(2, 10))),
        ([f"POST {UPSERT}"], 2, 2, UPSERT, (1, 2)),
        (
            [f"PATCH /crm/v3/objects/contacts/{n}" for n in range(3)],
            3,
            3,
            "/crm/v3/objects/contacts/*",
            (3,),
        ),
        (
            ["PATCH /crm/v3/objects/contacts/a@b.co", f"POST {UPSERT}"],
            1,
            1,
            "/crm/v3/objects/contacts/*",
            (1,),
        ),
    ],
    ids=["batches", "one batch", "one request a contact", "addresses in paths"],
)
def test_faults_are_planned_where_the_target_writes_people(
    visit_of: Callable[..., Visit],
    asked: list[str],
    first: int,
    last: int,
    path: str,
    requests_: tuple[int, ...],
) -> None:
    """The path is that of the calm run's first write, without ids."""
    plan = on_writes(visit_of(*asked), LoseReply(), first=first, last=last)

    assert (plan.path, plan.requests, plan.part) == (path, requests_, "hubspot")


def test_the_session_token_of_the_organisation_is_accepted() -> None:
    """Targets that take a token and an instance address need it."""
    org = SalesforceSettings(client_id=CLIENT_ID, client_secret="canary")
    with running(SandboxSettings(salesforce=org)) as box:
        token = open_session(box.url, "canary")

        answer = requests.get(
            f"{box.url}/services/data/v66.0/limits",
            headers={"Authorization": f"Bearer {token}"},
            timeout=10,
        )

    assert answer.status_code == 200


SLOW = "import sys, time; print('{}', flush=True); time.sleep(60)"


def test_a_target_that_does_not_end_is_ended(tmp_path: Path) -> None:
    """The time limit is not taken for an end of its own."""
    (tmp_path / "input.jsonl").write_text("")

    ran = run_target([sys.executable, "-c", SLOW], tmp_path, seconds=0.2)

    assert (ran.in_time, ran.code) == (False, -9)


def test_a_target_is_killed_with_what_it_started(tmp_path: Path) -> None:
    """As soon as the condition holds; what it printed until then is kept."""
    (tmp_path / "input.jsonl").write_text("")
    told = tmp_path / "stdout.jsonl"
    program = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLOW!r}])"
    )

    ran = run_target(
        [sys.executable, "-c", program],
        tmp_path,
        seconds=60,
        kill_when=lambda: told.exists() and told.stat().st_size > 0,
    )

    assert (ran.in_time, ran.code, ran.states) == (True, -9, ("{}",))
