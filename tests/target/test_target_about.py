"""What the targets say of themselves, as Meltano Hub takes it over."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml
from crm_world import World, lead_score, messages, to_lines
from singer_sdk.helpers.capabilities import PluginCapabilities

ROOT = Path(__file__).parents[2]
HUB = runpy.run_path(str(ROOT / "docs" / "make_hub_definitions.py"))
TARGETS = tuple(HUB["FACTS"])
KINDS = {"string", "integer", "boolean", "object", "array", "options"}


@pytest.fixture(scope="module", params=TARGETS)
def definition(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A target's definition, made of what it says now."""
    text = HUB["make_definition"](request.param)
    assert (ROOT / "docs" / "hub" / f"{request.param}.yml").read_text() == text
    return dict(yaml.safe_load(text))


def test_every_setting_is_labelled_described_and_typed(
    definition: dict[str, Any],
) -> None:
    """A page of the Hub shows nothing else of them."""
    for setting in definition["settings"]:
        assert setting["label"], setting["name"]
        assert setting["description"].endswith((".", ")")), setting["name"]
        assert setting["kind"] in KINDS, setting["name"]


def test_credentials_are_sensitive_and_have_no_default(
    definition: dict[str, Any],
) -> None:
    """Those of every group that is enough to run it."""
    settings = {setting["name"]: setting for setting in definition["settings"]}
    groups = definition["settings_group_validation"]
    named = {name for group in groups for name in group}

    assert named <= settings.keys()
    secret = {name for name, facts in settings.items() if facts.get("sensitive")}
    assert "ledger_url" in secret
    assert all(secret & set(group) for group in groups)
    assert all("value" not in settings[name] for name in secret)


def test_the_project_declares_the_capabilities_that_the_target_says(
    definition: dict[str, Any],
) -> None:
    """`meltano.yml`, the Hub and `--about` agree, in the SDK's words."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text())
    (declared,) = [
        set(plugin["capabilities"])
        for plugin in project["plugins"]["loaders"]
        if plugin["name"] == definition["name"]
    ]

    said = set(definition["capabilities"])
    assert said == declared
    assert said <= {str(capability) for capability in PluginCapabilities}


def test_the_description_is_one_sentence_and_the_usage_has_no_indentation(
    definition: dict[str, Any],
) -> None:
    """Of the class's own words, as a page shows them."""
    assert definition["description"].count(".") == 1
    assert not any(line.startswith(" ") for line in definition["usage"].splitlines())


def test_a_setting_that_does_nothing_is_not_offered(
    definition: dict[str, Any],
) -> None:
    """Load methods, metadata columns and flattening are for databases."""
    names = {setting["name"] for setting in definition["settings"]}

    assert names.isdisjoint({"load_method", "add_record_metadata"})
    assert not any(name.startswith("flattening") for name in names)


def test_stream_maps_work_as_they_are_said_to(hubspot: World) -> None:
    """Rows are left out and values changed before they reach a contact."""
    rows = [lead_score(0), lead_score(1)]
    sent = messages(rows)
    sent[0] = json.loads(json.dumps(sent[0]))
    sent[0]["schema"]["properties"] = {name: {} for name in rows[0]}
    sent[0]["schema"]["properties"] |= {
        name: {"type": ["string", "null"]}
        for name in ("event_id", "attendee_id", "email", "event_name")
    }
    maps = {
        "lead_scores": {
            "__filter__": "email != 'p1@example.com'",
            "event_name": "'Webinar: ' + event_name",
        }
    }

    ran = hubspot.run_lines(to_lines(sent), stream_maps=maps)

    assert (ran.code, ran.outcomes) == (0, {"created": 1})
    contact = hubspot.contact("p0@example.com")
    assert contact["webinar_last_event"] == "Webinar: How to score"
    assert contact["webinar_live_rank"] == "3"
