"""Rows S1, S2, S4, S9 and S14 of the security table, for both targets."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from crm_world import lead_score, messages, to_lines, world
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fault_rows_hubspot import at as at_hubspot
from fault_rows_hubspot import limit, status
from fault_rows_salesforce import at as at_salesforce
from fault_rows_salesforce import error
from fault_story import present
from salesforce_world import TOKEN, organisation

from sandbox.faults import LoseReply, Planned, RowErrors, Status
from scoring_transform.mapper import ScoringTransform
from tap_events.tap import TapEvents
from target_crm.salesforce.target import TargetSalesforce
from target_crm.target import TargetHubSpot

if TYPE_CHECKING:
    from pathlib import Path

PLUGINS: tuple[Any, ...] = (
    TapEvents,
    ScoringTransform,
    TargetHubSpot,
    TargetSalesforce,
)
SOUNDS_SECRET = re.compile("token|secret|key|password")
PERSON = {
    "email": "canary.person@example.com",
    "first_name": "Canaria",
    "last_name": "Kanarienvogel",
    "phone": "+15550001111",
    "company": "Canary Wharf Ltd",
}
SAID = " ".join(PERSON.values())
LINES = {
    "whole": to_lines(messages([lead_score(0, **PERSON), lead_score(1)])),
    "torn": to_lines(messages([lead_score(0, **PERSON)]))[:-200],
    "schema broken": to_lines(messages([lead_score(0, **PERSON, live_rank="Canaria")])),
    "no schema": to_lines(messages([lead_score(0, **PERSON)])[2:]),
}
HUBSPOT_SECRETS = {
    "access_token": "sandbox-token",
    "client_id": "canary-client",
    "client_secret": "canary-secret",
    "refresh_token": "canary-refresh",
}
SALESFORCE_SECRETS = {
    "client_id": "canary-client",
    "client_secret": "canary-secret",
    "domain": "acme.my",
}


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a process ended.

    Attributes:
        said: All that it printed.
        kept: The bytes of every file that it left, by name.
    """

    code: int
    said: str
    kept: dict[str, bytes]


@pytest.fixture(scope="module")
def private_key() -> str:
    """A key that opens nothing but this test's sandbox."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def run(
    crm: str,
    folder: Path,
    *,
    lines: str = LINES["whole"],
    faults: tuple[Planned, ...] = (),
    debug: bool = False,
    **config: Any,
) -> Ended:
    """Run a target as a process at DEBUG, with every credential that it knows."""
    secrets = HUBSPOT_SECRETS if crm == "hubspot" else SALESFORCE_SECRETS
    org: Any = {k: v for k, v in secrets.items() if k in {"client_id", "client_secret"}}
    opened: Any = (
        world(folder / "state", faults=faults)
        if crm == "hubspot"
        else organisation(folder / "state", faults=faults, **org)
    )
    with opened as account:
        path = folder / "config.json"
        ours = {"api_url": account.sandbox.url, "state_dir": str(account.folder)}
        path.write_text(json.dumps({**secrets, **ours, **config}))
        ended = subprocess.run(
            [shutil.which(f"target-{crm}") or sys.executable, "--config", str(path)],
            input=lines,
            env={
                **os.environ,
                f"TARGET_{crm.upper()}_LOGLEVEL": "DEBUG",
                "LEADSCORE_DEBUG": "1" if debug else "",
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    files = [path for path in (folder / "state").rglob("*") if path.is_file()]
    return Ended(
        code=ended.returncode,
        said=ended.stdout + ended.stderr,
        kept={str(path.relative_to(folder)): path.read_bytes() for path in files},
    )


def found(text: str | bytes, words: Any) -> list[str]:
    """Return the words that a text holds."""
    raw = text.encode() if isinstance(text, str) else text
    return [word for word in words if word.encode() in raw]


def secrets_of(crm: str) -> list[str]:
    """Return what must not be found anywhere."""
    given = HUBSPOT_SECRETS if crm == "hubspot" else SALESFORCE_SECRETS
    open_ones = {"client_id", "domain"}
    return [*(v for k, v in given.items() if k not in open_ones), "sandbox.session"]


SALESFORCE_DAY = error(403, "REQUEST_LIMIT_EXCEEDED", f"TotalRequests {SAID}")
AWAY = Status(status=302, headers={"Location": "http://127.0.0.1:9/?token=canary"})
FATAL = {
    "hubspot C5 day": (at_hubspot(limit("DAILY")), "midnight"),
    "hubspot C5 Retry-After of a day": (
        at_hubspot(limit("", **{"Retry-After": "86400"})),
        "86400",
    ),
    "hubspot C6 token refused": (at_hubspot(status(401)), "`access_token`"),
    "hubspot scope missing": (at_hubspot(status(403)), "`access_token`"),
    "hubspot A18 redirect": (at_hubspot(AWAY), "redirect"),
    "hubspot no such address": (
        at_hubspot(status(404), "/crm/v3/properties/contacts"),
        "run again",
    ),
    "salesforce C5 day": (at_salesforce(SALESFORCE_DAY), "24 hours"),
    "salesforce C6 login denied": (
        at_salesforce(Status(status=400, body='{"error":"invalid_client"}'), TOKEN),
        "`client_secret`",
    ),
    "salesforce API switched off": (
        at_salesforce(error(403, "API_DISABLED_FOR_ORG", SAID)),
        "API_DISABLED_FOR_ORG",
    ),
    "salesforce A18 redirect": (at_salesforce(AWAY, TOKEN), "redirect"),
    "salesforce version retired": (at_salesforce(error(410, "GONE")), "api_version"),
}


@pytest.mark.pipeline
@pytest.mark.parametrize("name", FATAL)
def test_s1_s2_s14_a_fatal_fault_is_one_paragraph(tmp_path: Path, name: str) -> None:
    """Exit code 1, what to do, no traceback, no secret, no person."""
    crm = name.partition(" ")[0]
    fault, sentence = FATAL[name]

    ended = run(crm, tmp_path, faults=(fault,))

    (stopped,) = re.findall(r"^Stopped: (.*)$", ended.said, re.MULTILINE)
    assert ended.code == 1
    assert sentence in stopped
    assert "Traceback" not in ended.said
    assert found(ended.said, [*PERSON.values(), *secrets_of(crm), "canary"]) == []


PASSING = {
    "hubspot C1 row refused": at_hubspot(RowErrors(rows=(1,), message=SAID)),
    "hubspot C2 batch refused": at_hubspot(status(400)),
    "hubspot C3 reply lost": at_hubspot(LoseReply()),
    "salesforce C1 row refused": at_salesforce(
        RowErrors(rows=(1,), category="FIELD_X", message=SAID)
    ),
    "salesforce C2 batch refused": at_salesforce(error(400, "JSON_PARSER_ERROR", SAID)),
    "salesforce C3 reply lost": at_salesforce(LoseReply()),
}


@pytest.mark.pipeline
@pytest.mark.parametrize("name", PASSING)
def test_s1_s2_a_passing_fault_leaves_no_secret(tmp_path: Path, name: str) -> None:
    """Not in the output, the report, the rejected rows, the ledger or the STATE."""
    crm = name.partition(" ")[0]

    ended = run(crm, tmp_path, faults=(PASSING[name],))

    assert ended.code == (1 if "C1" in name else 0)
    assert found(ended.said, [*PERSON.values(), *secrets_of(crm)]) == []
    assert [n for n, raw in ended.kept.items() if found(raw, secrets_of(crm))] == []
    reports = [raw for name, raw in ended.kept.items() if "/runs/" in name]
    assert [raw for raw in reports if found(raw, PERSON.values())] == []


@pytest.mark.pipeline
@pytest.mark.parametrize("crm", ["hubspot", "salesforce"])
@pytest.mark.parametrize("lines", LINES)
def test_s2_s14_input_is_never_repeated(tmp_path: Path, crm: str, lines: str) -> None:
    """Torn lines, values that do not fit, records without a schema."""
    ended = run(crm, tmp_path, lines=LINES[lines])

    assert ended.code == (0 if lines == "whole" else 1)
    assert "Traceback" not in ended.said
    assert found(ended.said, [*PERSON.values(), *secrets_of(crm)]) == []


@pytest.mark.pipeline
def test_s14_a_traceback_is_only_for_who_asks(tmp_path: Path) -> None:
    """With LEADSCORE_DEBUG it comes, still without a secret or a person."""
    ended = run("hubspot", tmp_path, lines=LINES["torn"], debug=True)

    assert "Traceback" in ended.said
    assert found(ended.said, [*PERSON.values(), *secrets_of("hubspot")]) == []


@pytest.mark.pipeline
def test_s1_a_private_key_is_never_repeated(tmp_path: Path, private_key: str) -> None:
    """Neither its lines nor the assertion that it signed."""
    config: dict[str, Any] = {
        "client_secret": None,
        "username": "integration@sandbox.example",
        "private_key": private_key,
        "domain": "login",
    }
    ended = run("salesforce", tmp_path, **config)

    lines = private_key.splitlines()[1:-1]
    assert ended.code == 0
    assert found(ended.said, [*lines, "assertion=", "sandbox.session"]) == []
    assert [n for n, raw in ended.kept.items() if found(raw, lines)] == []


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: str(plugin.name))
def test_s1_a_setting_that_sounds_secret_is_secret(plugin: Any) -> None:
    """In the schema, and so for the log filter, Meltano and the Hub."""
    settings: dict[str, Any] = plugin.config_jsonschema["properties"]

    sounding = {name for name in settings if SOUNDS_SECRET.search(name)}

    assert [n for n in sorted(sounding) if not settings[n].get("secret")] == []


def test_s1_a_setting_that_is_not_marked_is_found_out() -> None:
    """The pattern of the test above is no empty word."""
    assert SOUNDS_SECRET.search("api_key")
    assert SOUNDS_SECRET.search("webhook_secret")
    assert not SOUNDS_SECRET.search("api_url")


@pytest.mark.pipeline
@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: str(plugin.name))
@pytest.mark.parametrize("form", ["json", "markdown"])
def test_s1_about_tells_names_and_no_values(plugin: Any, form: str) -> None:
    """Whatever the environment holds."""
    prefix = plugin.name.upper().replace("-", "_")
    settings = plugin.config_jsonschema["properties"]
    secret = {name for name, facts in settings.items() if facts.get("secret")}
    given = {f"{prefix}_{name.upper()}": f"canary-{name}" for name in secret}

    told = subprocess.run(
        [shutil.which(plugin.name) or plugin.name, "--about", "--format", form],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert told.returncode == 0, told.stderr
    assert found(told.stdout, secret) == list(secret)
    assert found(told.stdout + told.stderr, given.values()) == []


@pytest.mark.parametrize("crm", ["hubspot", "salesforce"])
def test_s4_files_are_private_and_hold_only_what_is_mapped(
    tmp_path: Path, crm: str
) -> None:
    """0600 in a folder of 0700; a field that nobody mapped is nowhere on disk."""
    opened: Any = world if crm == "hubspot" else organisation
    with opened(tmp_path / "state") as account:
        more = {"unmapped": "nobody-asked-for-this"}
        account.run([lead_score(0, **more), lead_score(1, email="bad", **more)])
        files = [path for path in account.folder.rglob("*") if path.is_file()]
        folders = [path for path in account.folder.rglob("*") if path.is_dir()]

        assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
        modes = {path.stat().st_mode & 0o777 for path in [*folders, account.folder]}
        assert modes == {0o700}
        assert [p.name for p in files if b"nobody-asked" in p.read_bytes()] == []
        assert "nobody-asked" not in account.sandbox.dump()


HOSTILE = {
    "a statement": '"; DROP TABLE contacts; --',
    "a quote": "'",
    "a true condition": "' OR '1'='1",
    "a SOQL wildcard": "%' OR Name LIKE '%",
    "a backslash and a quote": "\\'",
    "a placeholder": ":name ?1 {0} %s",
    "a path": "../../../etc/passwd",
    "a query": "?a=1&b=2#c",
    "NUL": "a\x00b",
    "line ends": "a\r\nX-Injected: 1",
    "a lone surrogate": "\ud83d",
    "a formula": "=1+1",
    "markup": "<script>alert(1)</script>",
}


@pytest.mark.parametrize("crm", ["hubspot", "salesforce"])
@pytest.mark.parametrize("name", HOSTILE)
def test_s9_a_hostile_name_is_a_value_and_nothing_else(
    tmp_path: Path, crm: str, name: str
) -> None:
    """As platform, event, attendee, name and address: its row ends, the other arrives.

    Whatever the row itself comes to, nothing else changes, and a rerun asks nothing
    that it did not ask before.
    """
    text = HOSTILE[name]
    bad = lead_score(
        0,
        event_id=f"hubilo:{text}",
        attendee_id=text,
        platform=text,
        event_name=text,
        first_name=text,
        email=f"{text}@example.com",
    )
    opened: Any = world if crm == "hubspot" else organisation
    with opened(tmp_path / "state") as account:
        ran = account.run([bad, lead_score(1)])
        again = account.run([lead_score(1)])

        assert sum(ran.report["outcomes"].values()) == 2
        assert ran.report["outcomes"]["created"] >= 1
        assert again.report["outcomes"]["unchanged"] == 1
        assert "p1@example.com" in present(account)
