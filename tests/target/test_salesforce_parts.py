"""The parts of target-salesforce by themselves: connection, checks, files to deploy."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from crm_world import lead_score
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from salesforce_world import TOKEN, organisation
from singer_sdk.exceptions import ConfigValidationError

from sandbox.faults import Planned, Status
from sandbox.salesforce.fields import CUSTOM_FIELDS
from sync_core.errors import FatalError, SettingError, TransientError
from target_crm.mapping import Property, load_properties
from target_crm.patience import Patience
from target_crm.salesforce.answers import (
    NO_ANSWER,
    Fate,
    Refused,
    Result,
    to_csv_reason,
    to_reply,
    to_result,
)
from target_crm.salesforce.batches import Change, to_parts
from target_crm.salesforce.bulk import to_csv
from target_crm.salesforce.connection import (
    ClientCredentials,
    JwtBearer,
    check_domain,
    check_host,
    log_in,
    read_private_key,
    to_fingerprint,
    to_session,
)
from target_crm.salesforce.entries import is_forwards, to_key
from target_crm.salesforce.fields import Describe, Needs, find_problems
from target_crm.salesforce.metadata import NAMESPACE, to_field, write_metadata
from target_crm.salesforce.people import to_json
from target_crm.salesforce.target import (
    TargetSalesforce,
    check_organisation,
    write_setup,
)

if TYPE_CHECKING:
    from pathlib import Path


def _pem_pair() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


# Connection


@pytest.mark.parametrize("form", ["text", "one line", "file"])
def test_the_jwt_flow_signs_with_the_key_in_whatever_form(
    tmp_path: Path, form: str
) -> None:
    """PEM text, PEM text as an environment variable holds it, or a file."""
    private, public = _pem_pair()
    place = tmp_path / "key.pem"
    place.write_text(private)
    key = {
        "text": private,
        "one line": private.replace("\n", "\\n"),
        "file": str(place),
    }
    with organisation(tmp_path / "state", public_key=public) as org:
        jwt = {"client_secret": None, "username": org.settings.username}
        ran = org.run([lead_score(0)], **jwt, private_key=key[form], domain="login")
        assert ran.outcomes == {"created": 1}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("acme.my", "acme.my"),
        ("acme--dev.sandbox.my", "acme--dev.sandbox.my"),
        ("https://acme.my.salesforce.com/", "acme.my"),
        ("login", "login"),
    ],
)
def test_a_domain_is_written_in_several_ways(given: str, expected: str) -> None:
    """All mean the part before salesforce.com."""
    assert check_domain(given) == expected


@pytest.mark.parametrize(
    "given", ["", "a b", "evil.example/x", "evil.example#", "user@evil.example", "a:1"]
)
def test_a_domain_cannot_lead_elsewhere(given: str) -> None:
    """Nothing that would end the host name."""
    with pytest.raises(SettingError):
        check_domain(given)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "salesforce.com.evil.example", "127.0.0.1", "evilsalesforce.com"],
)
def test_a_token_is_only_used_for_hosts_of_salesforce(host: str) -> None:
    """Whatever the token answer says."""
    assert check_host("acme.my.salesforce.com") == "acme.my.salesforce.com"
    with pytest.raises(FatalError):
        check_host(host)


def test_nothing_goes_out_without_https() -> None:
    """A session of ours has no door for it."""
    with to_session("", Patience()) as session, pytest.raises(FatalError):
        session.get("http://acme.my.salesforce.com/")


_CREDENTIAL = ClientCredentials(client_id="a", client_secret="b", domain="acme.my")
_MOVED = Status(status=302, headers={"Location": "https://evil.example/"})


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        pytest.param(_MOVED, FatalError, id="redirect"),
        pytest.param(Status(status=200, body="<html>"), TransientError, id="a page"),
        pytest.param(Status(status=200, body="[]"), TransientError, id="a list"),
        pytest.param(Status(status=200, body="{}"), TransientError, id="no token"),
        pytest.param(Status(status=502, body="<html>"), TransientError, id="a proxy"),
        pytest.param(
            Status(
                status=200,
                body='{"access_token":"x","instance_url":"https://evil.example"}',
            ),
            FatalError,
            id="a strange host",
        ),
    ],
)
def test_a_token_answer_that_is_none_is_no_token(
    tmp_path: Path, answer: Status, problem: type[Exception]
) -> None:
    """Neither followed, nor used, nor quoted."""
    fault = Planned(part="salesforce", path=TOKEN, fault=answer)
    with (
        organisation(tmp_path / "state", faults=[fault]) as org,
        to_session(org.sandbox.url, Patience()) as session,
        pytest.raises(problem),
    ):
        log_in(session, _CREDENTIAL)


def test_a_network_without_an_answer_is_tried_again() -> None:
    """Refused connections are for now."""
    with (
        to_session("http://127.0.0.1:9", Patience()) as session,
        pytest.raises(TransientError),
    ):
        log_in(session, _CREDENTIAL)


def test_an_account_is_named_without_naming_the_user() -> None:
    """The ledger's name for it goes into run reports."""
    jwt = JwtBearer(
        client_id="a", username="rep@example.com", private_key="k", domain="login"
    )
    names = {to_fingerprint(jwt), to_fingerprint(_CREDENTIAL)}
    assert len(names) == 2
    assert not any("@" in name or "rep" in name for name in names)


def test_a_key_that_is_neither_text_nor_file_is_refused(tmp_path: Path) -> None:
    """Without its value in the message."""
    with pytest.raises(SettingError) as refusal:
        read_private_key(str(tmp_path / "missing.pem"))
    assert "missing" not in str(refusal.value)


def test_every_credential_is_a_secret_setting() -> None:
    """So that logs and --about hide it."""
    settings = TargetSalesforce.config_jsonschema["properties"]
    named = {n for n in settings if n.endswith(("secret", "key", "token", "password"))}
    assert {name for name in named if not settings[name].get("secret")} == set()


def test_an_unknown_choice_is_refused_by_the_settings_themselves() -> None:
    """Before anything is opened."""
    config = {"client_id": "a", "client_secret": "b", "domain": "acme.my"}
    with pytest.raises(ConfigValidationError):
        TargetSalesforce(config={**config, "duplicates": "some"})


# Answers


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (400, b'[{"errorCode":"INVALID_FIELD","message":"x"}]', Refused),
        (404, b"", Refused),
        (403, b'[{"errorCode":"REQUEST_LIMIT_EXCEEDED"}]', FatalError),
        (
            403,
            b'[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"ConcurrentRequests"}]',
            TransientError,
        ),
        (403, b'[{"errorCode":"API_DISABLED_FOR_ORG"}]', FatalError),
        (403, b"<html>", FatalError),
        (401, b"", FatalError),
        (410, b"", FatalError),
        (302, b"", FatalError),
        (500, b"<html>", TransientError),
        (503, b"", TransientError),
        (200, b"<html>", TransientError),
        (200, b'{"torn":', TransientError),
    ],
)
def test_each_answer_has_one_meaning(
    status: int, body: bytes, problem: type[Exception]
) -> None:
    """And none quotes what it holds."""
    with pytest.raises(problem) as told:
        to_reply(status, {}, body, "GET /x")
    assert "html" not in str(told.value)


@pytest.mark.parametrize(
    "entry",
    [None, [], {}, {"success": False}, {"success": False, "errors": [None]}, "x"],
)
def test_an_entry_that_says_nothing_is_no_success(entry: Any) -> None:
    """Its row is refused with a code all the same."""
    result = to_result(entry)
    assert result.reason is not None
    assert result.reason.code in {"REFUSED", "NO_ANSWER"}


def test_a_refused_entry_without_an_id_is_read() -> None:
    """As Salesforce sends it."""
    entry = {
        "success": False,
        "errors": [{"statusCode": "UNABLE_TO_LOCK_ROW", "message": "m"}],
    }
    reason = to_result(entry).reason
    assert reason is not None
    assert (reason.fate, reason.blamed) == (Fate.AGAIN, None)
    assert to_result({"success": True, "id": "1"}) == Result(record_id="1")
    assert NO_ANSWER.reason is not None


@pytest.mark.parametrize(
    ("cell", "code", "blamed"),
    [
        (
            "REQUIRED_FIELD_MISSING:Required fields: [LastName]:LastName --",
            "REQUIRED_FIELD_MISSING",
            "LastName",
        ),
        ("UNABLE_TO_LOCK_ROW:locked: --", "UNABLE_TO_LOCK_ROW", None),
        ("", "REFUSED", None),
    ],
)
def test_a_cell_of_a_result_file_is_a_reason(
    cell: str, code: str, blamed: str | None
) -> None:
    """Code, sentence, fields."""
    reason = to_csv_reason(cell)
    assert (reason.code, reason.blamed) == (code, blamed)


# Writing


@given(st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=700))
def test_requests_hold_each_id_once_and_every_change(ids: list[str]) -> None:
    """At most two hundred of them."""
    changes = [Change(kind="Lead", values={}, record_id=i) for i in ids]
    parts = list(to_parts(changes, range(len(changes))))
    assert sorted(place for part in parts for place in part) == list(range(len(ids)))
    for part in parts:
        named = [ids[place] for place in part if ids[place]]
        assert len(named) == len(set(named))
        assert len(part) <= 200


_TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20
)


@given(st.lists(st.fixed_dictionaries({"a": _TEXT, "b": _TEXT}), min_size=1))
def test_a_job_file_holds_any_text(rows: list[dict[str, str]]) -> None:
    """Quotes, commas and line ends included."""
    text = to_csv(rows).decode()
    assert list(csv.DictReader(io.StringIO(text, newline=""))) == rows
    assert text.split("\n", 1)[0].endswith("\r")


@pytest.mark.parametrize(
    ("kind", "field_type", "text", "expected"),
    [
        ("number", "Number", "3", 3),
        ("number", "Number", "2.5", 2.5),
        ("bool", "Checkbox", "true", True),
        ("string", "Text", "x" * 300, "x" * 254 + "…"),
        ("string", "LongTextArea", "x" * 300, "x" * 300),
        (
            "datetime",
            "DateTime",
            "2026-11-01T10:00:00.000Z",
            "2026-11-01T10:00:00.000Z",
        ),
        ("number", "Number", "", None),
    ],
)
def test_a_value_becomes_what_its_field_takes(
    kind: Any, field_type: str, text: str, expected: Any
) -> None:
    """Null clears; text is cut with a sign that it was."""
    spec = Property(source="live_sum", type=kind, field_type=field_type)
    assert to_json(spec, text) == expected


@given(st.emails(), st.text(max_size=20))
def test_a_tasks_key_tells_nobody(email: str, event: str) -> None:
    """But is the same each time."""
    key = to_key(event, email)
    assert key == to_key(event, email)
    assert "@" not in key
    assert len(key) == 40


def test_a_status_moves_forwards_only() -> None:
    """Along our order, and from nowhere else."""
    order = ["Sent", "Registered", "No Show", "On-demand", "Attended"]
    for place, before in enumerate(order):
        later = [after for after in order if is_forwards(before, after)]
        assert later == order[place + 1 :]
    assert is_forwards("", "Attended")
    assert not is_forwards("VIP", "Attended")


# Checks and files to deploy

PROPERTIES = load_properties(None, "full", "salesforce")


def _describe(name: str, **changed: Any) -> Describe:
    fields = [
        field.to_describe(editable=True) | changed.get(field.name, {})
        for field in CUSTOM_FIELDS.get(name, ())
    ]
    return Describe(name, {"fields": fields, "createable": True, "updateable": True})


def _describes(**changed: Any) -> dict[str, Describe]:
    names = ("Contact", "Lead", "Campaign", "CampaignMember", "Task")
    return {name: _describe(name, **changed) for name in names}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        (
            {"Webinar_Live_Score__c": {"type": "string"}},
            ["has the type string, the mapping says number"] * 2,
        ),
        (
            {"Webinar_Live_Level__c": {"picklistValues": [{"value": "High"}]}},
            ["lacks the values Medium, Low"] * 2,
        ),
        (
            {"Webinar_Live_Level__c": {"updateable": False}},
            ["is read-only for the integration user"] * 2,
        ),
        ({"Webinar_Activity_Key__c": {"externalId": False}}, ["is no external id"]),
        (
            {"Webinar_Event_Key__c": {"createable": False}},
            ["is read-only for the integration user"],
        ),
    ],
)
def test_every_misfit_of_a_field_is_told(
    changed: dict[str, Any], expected: list[str]
) -> None:
    """On contacts and leads alike."""
    found = find_problems(_describes(**changed), PROPERTIES, Needs())
    assert [problem.what for problem in found] == expected


def test_rights_are_checked_for_what_a_run_does() -> None:
    """Creating leads only if it creates them."""
    described = _describes()
    body = {**described["Lead"].body, "createable": False}
    described["Lead"] = Describe("Lead", body)
    found = find_problems(described, PROPERTIES, Needs())
    assert [str(problem) for problem in found] == [
        (
            "Lead: the integration user may not create it. Give the user the "
            "permission set of `leadscore crm setup`."
        )
    ]
    assert not find_problems(described, PROPERTIES, Needs(leads=False))


def test_the_check_of_the_command_line_lists_what_is_missing(tmp_path: Path) -> None:
    """Field by field, without writing."""
    gone = frozenset({"Lead.Webinar_Live_Score__c", "Task.Webinar_Activity_Key__c"})
    with organisation(tmp_path / "state", missing_fields=gone) as org:
        config = {
            "client_id": org.settings.client_id,
            "client_secret": org.settings.client_secret,
            "domain": "acme.my",
            "api_url": org.sandbox.url,
        }
        found = check_organisation(config)
        assert sorted(problem.place for problem in found) == sorted(gone)
        assert not check_organisation({**config, "timeline": "none"})[1:]


def test_an_api_version_that_is_gone_is_named(tmp_path: Path) -> None:
    """And the setting for it."""
    with organisation(tmp_path / "state") as org:
        ran = org.run([lead_score(0)], api_version="30.0")
        assert isinstance(ran.problem, FatalError)
        assert ran.problem.setting == "api_version"


def test_the_source_folder_holds_every_field_twice_and_the_rights(
    tmp_path: Path,
) -> None:
    """On contacts and leads, with keys for campaigns and activities."""
    files = write_setup({"property_set": "full"}, tmp_path)
    names = {str(path.relative_to(tmp_path)) for path in files}
    objects = "force-app/main/default/objects"
    for name in PROPERTIES.properties:
        for kind in ("Contact", "Lead"):
            assert f"{objects}/{kind}/fields/{name}.field-meta.xml" in names
    keys = {
        "Campaign/fields/Webinar_Event_Key__c",
        "Activity/fields/Webinar_Activity_Key__c",
    }
    assert {f"{objects}/{key}.field-meta.xml" for key in keys} < names
    project = json.loads((tmp_path / "sfdx-project.json").read_text())
    assert project["sourceApiVersion"] == "66.0"
    package = ET.parse(tmp_path / "manifest/package.xml").getroot()  # noqa: S314 - ours
    members = {e.text for e in package.iter(f"{{{NAMESPACE}}}members")}
    assert {"Webinar_Lead_Scores", "Activity.Webinar_Activity_Key__c"} < members
    assert len(members) == 2 * len(PROPERTIES.properties) + 3


def test_deployed_fields_are_what_the_sandbox_has(tmp_path: Path) -> None:
    """The twin is an organisation after the deployment: types, sizes, options."""
    write_setup({"property_set": "full"}, tmp_path)
    types = {
        "double": "Number",
        "picklist": "Picklist",
        "textarea": "LongTextArea",
        "string": "Text",
        "datetime": "DateTime",
    }
    folder = tmp_path / "force-app/main/default/objects"
    for kind, fields in CUSTOM_FIELDS.items():
        place = "Activity" if kind == "Task" else kind
        for field in fields:
            path = folder / place / "fields" / f"{field.name}.field-meta.xml"
            root = ET.parse(path).getroot()  # noqa: S314 - ours
            found = {e.tag.removeprefix(f"{{{NAMESPACE}}}"): e.text for e in root}
            assert found["type"] == types[field.type]
            assert found.get("precision", "0") == str(field.precision)
            assert found.get("scale", "0") == str(field.scale)
            assert found.get("unique", "false") == str(field.unique).lower()
            assert len(found["label"]) <= 40


# Metadata WSDL: sequences, so the order counts (CustomField, PermissionSet and parts).
SEQUENCES = {
    "CustomField": (
        "fullName caseSensitive defaultValue description externalId inlineHelpText "
        "label length precision required scale type unique valueSet visibleLines"
    ),
    "valueSet": "restricted valueSetDefinition",
    "valueSetDefinition": "sorted value",
    "value": "fullName default label",
    "PermissionSet": (
        "description fieldPermissions hasActivationRequired label objectPermissions "
        "userPermissions"
    ),
    "fieldPermissions": "editable field readable",
    "objectPermissions": (
        "allowCreate allowDelete allowEdit allowRead modifyAllRecords object "
        "viewAllRecords"
    ),
    "userPermissions": "enabled name",
    "Package": "types version",
    "types": "members name",
}


@pytest.mark.parametrize("timeline", ["campaign_and_task", "none"])
def test_every_file_has_its_elements_in_the_order_of_the_wsdl(
    tmp_path: Path, timeline: str
) -> None:
    """And no other elements; help and descriptions are not longer than they may be."""
    files = write_setup({"property_set": "full", "timeline": timeline}, tmp_path)
    roots = [ET.parse(p).getroot() for p in files if p.suffix == ".xml"]  # noqa: S314
    seen = set()
    for element in (e for root in roots for e in root.iter() if len(e)):
        name = element.tag.removeprefix(f"{{{NAMESPACE}}}")
        order = SEQUENCES[name].split()
        parts = [part.tag.removeprefix(f"{{{NAMESPACE}}}") for part in element]
        assert parts == sorted(parts, key=order.index)
        seen.add(name)
    assert seen == SEQUENCES.keys()
    for root in roots:
        assert len(root.findtext(f"{{{NAMESPACE}}}inlineHelpText") or "") <= 510
        assert len(root.findtext(f"{{{NAMESPACE}}}description") or "") <= 1_000


@pytest.mark.parametrize("field_type", ["Checkbox", "LongTextArea", "Number", "Date"])
def test_each_type_of_field_has_its_elements_in_order(field_type: str) -> None:
    """Those too that the shipped mapping does not use."""
    spec = Property(source="live_sum", field_type=field_type, name="X__c", label="X")
    names = [name for name, _ in to_field("Lead", spec).parts]
    assert names == sorted(names)


def test_a_permission_set_lets_see_and_write_our_fields_only(tmp_path: Path) -> None:
    """No deleting, no viewing of everything."""
    write_setup({"timeline": "none"}, tmp_path)
    sets = tmp_path / "force-app/main/default/permissionsets"
    (path,) = sets.iterdir()
    root = ET.parse(path).getroot()  # noqa: S314 - ours
    fields = {e.text or "" for e in root.iter(f"{{{NAMESPACE}}}field")}
    objects = {e.text for e in root.iter(f"{{{NAMESPACE}}}object")}
    assert {name.partition(".")[0] for name in fields} == {"Contact", "Lead"}
    assert objects == {"Account", "Contact", "Lead"}
    for right in ("allowDelete", "modifyAllRecords", "viewAllRecords"):
        assert {e.text for e in root.iter(f"{{{NAMESPACE}}}{right}")} == {"false"}


def test_a_field_type_that_cannot_be_deployed_is_named() -> None:
    """With those that can."""
    spec = Property(source="live_sum", field_type="Hologram", name="X__c")
    with pytest.raises(SettingError, match=r"Allowed for Salesforce: Checkbox"):
        to_field("Lead", spec)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Before an administrator looks for it."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(SettingError, match="cannot be written"):
        write_metadata(tmp_path / "file", PROPERTIES)
