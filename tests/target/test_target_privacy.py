"""Secrets and people appear in no output; files are private."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from crm_world import (
    ATTEND,
    UPSERT,
    World,
    activity_score,
    lead_score,
    messages,
    to_lines,
    world,
)

from sandbox.faults import LoseReply, Planned, RowErrors, Status
from target_crm.target import TargetHubSpot

if TYPE_CHECKING:
    from pathlib import Path

SECRETS = ("sandbox-token", "canary-secret", "canary-refresh")
PERSON = {
    "email": "canary.person@example.com",
    "first_name": "Canaria",
    "last_name": "Kanarienvogel",
    "phone": "+15550001111",
    "company": "Canary Wharf Ltd",
}
BODY = json.dumps(
    {
        "status": "error",
        "message": f"{PERSON['email']} {PERSON['first_name']} {PERSON['phone']}",
        "category": "VALIDATION_ERROR",
    }
)
FAULTS: dict[str, list[Planned]] = {
    "none": [],
    "400 with the person in it": [
        Planned(part="hubspot", path=UPSERT, fault=Status(status=400, body=BODY))
    ],
    "500 with the person in it": [
        Planned(
            part="hubspot",
            path=UPSERT,
            fault=Status(status=500, body=BODY),
            requests=(1,),
        )
    ],
    "401 with the person in it": [
        Planned(part="hubspot", path=UPSERT, fault=Status(status=401, body=BODY))
    ],
    "a row refused with the person in it": [
        Planned(
            part="hubspot",
            path=UPSERT,
            fault=RowErrors(rows=(0,), message=str(PERSON)),
            requests=(1,),
        )
    ],
    "answer lost": [
        Planned(part="hubspot", path=ATTEND, fault=LoseReply(), requests=(1,))
    ],
}
LINES: dict[str, str] = {
    "whole": to_lines(messages([lead_score(0, **PERSON)], [activity_score(0)])),
    "torn": to_lines(messages([lead_score(0, **PERSON)]))[:-200],
    "no message": json.dumps(PERSON) + "\n",
    "record before schema": to_lines(messages([lead_score(0, **PERSON)])[2:]),
    "bad value": to_lines(messages([lead_score(0, **PERSON, live_rank="Canaria")])),
    "unmapped stream": to_lines(
        [
            {"type": "SCHEMA", "stream": "people", "schema": {"properties": {}}},
            {"type": "RECORD", "stream": "people", "record": PERSON},
        ]
    ),
}


def _canaries() -> tuple[str, ...]:
    return (*PERSON.values(), *SECRETS)


@pytest.mark.parametrize("name", FAULTS)
def test_s2_i6_no_fault_brings_a_person_into_a_log_or_an_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """At DEBUG, of every logger; nor into the run report."""
    caplog.set_level(logging.DEBUG)
    with world(tmp_path / "state", faults=FAULTS[name]) as hubspot:
        ran = hubspot.run([lead_score(0, **PERSON)], [activity_score(0)])

        said = caplog.text + repr(ran.problem) + json.dumps(ran.report)
        assert [word for word in _canaries() if word in said] == []


@pytest.mark.parametrize("name", LINES)
def test_s2_i6_no_input_brings_a_person_into_a_log_or_an_error(
    hubspot: World, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """Torn lines, records without a schema, values that do not fit."""
    caplog.set_level(logging.DEBUG)

    ran = hubspot.run_lines(LINES[name])

    said = caplog.text + str(ran.problem) + json.dumps(ran.report)
    assert [word for word in _canaries() if word in said] == []


@pytest.mark.pipeline
@pytest.mark.parametrize("lines", ["whole", "torn", "record before schema"])
def test_s1_s14_a_process_says_nothing_secret_at_debug(
    hubspot: World, tmp_path: Path, lines: str
) -> None:
    """One paragraph and exit code 1 at most; no traceback, no secret, no person."""
    config = {
        "access_token": "sandbox-token",
        "client_secret": "canary-secret",
        "refresh_token": "canary-refresh",
        "api_url": hubspot.sandbox.url,
        "state_dir": str(hubspot.folder),
    }
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))

    ended = subprocess.run(
        [sys.executable, "-m", "target_crm.target", "--config", str(path)],
        input=LINES[lines],
        env={**os.environ, "TARGET_HUBSPOT_LOGLEVEL": "DEBUG"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    said = ended.stdout + ended.stderr
    assert ended.returncode == (0 if lines == "whole" else 1)
    assert "Traceback" not in said
    assert [word for word in _canaries() if word in said] == []


def test_s1_every_credential_is_marked_secret() -> None:
    """A setting that sounds like one is one."""
    properties: dict[str, Any] = TargetHubSpot.config_jsonschema["properties"]
    words = ("token", "secret", "password", "api_key", "ledger_url")

    sounding = {name for name in properties if any(word in name for word in words)}

    assert sounding == {"access_token", "client_secret", "refresh_token", "ledger_url"}
    assert all(properties[name]["secret"] for name in sounding)


def test_every_setting_has_a_title_and_a_description() -> None:
    """They are the Hub's page of the plugin."""
    properties: dict[str, Any] = TargetHubSpot.config_jsonschema["properties"]
    built_in = {
        "add_record_metadata",
        "load_method",
        "batch_size_rows",
        "validate_records",
        "stream_maps",
        "stream_map_config",
        "faker_config",
        "flattening_enabled",
        "flattening_max_depth",
        "flattening_max_key_length",
    }

    bare = [
        name
        for name, facts in properties.items()
        if name not in built_in and not (facts.get("title") and facts["description"])
    ]

    assert bare == []


def test_s4_files_are_private_and_hold_only_mapped_fields(hubspot: World) -> None:
    """0600 in a folder of 0700; a field that nobody mapped is nowhere on disk."""
    hubspot.run(
        [
            lead_score(0, unmapped="nobody-asked-for-this"),
            lead_score(1, email="bad", unmapped="nobody-asked-for-this"),
        ],
        [activity_score(0, unmapped="nobody-asked-for-this")],
    )

    files = [path for path in hubspot.folder.rglob("*") if path.is_file()]
    folders = [path for path in hubspot.folder.rglob("*") if path.is_dir()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert {p.stat().st_mode & 0o777 for p in [*folders, hubspot.folder]} == {0o700}
    assert [p.name for p in files if b"nobody-asked" in p.read_bytes()] == []


def test_s7_a_value_that_looks_like_a_formula_arrives_exact(hubspot: World) -> None:
    """A CRM is no spreadsheet: what is sent stays as it is."""
    hubspot.run([lead_score(0, event_name='=HYPERLINK("http://x")')])

    contact = hubspot.contact("p0@example.com")
    assert contact["webinar_last_event"] == '=HYPERLINK("http://x")'
