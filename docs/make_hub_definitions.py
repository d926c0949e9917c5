"""Write `docs/hub/*.yml`: the targets as Meltano Hub defines a plugin.

python docs/make_hub_definitions.py

Everything but the few lines in `FACTS` is what the plugin says of itself with
`--about --format=json`, and the groups of settings are those of `meltano.yml`.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import yaml

DOCS = Path(__file__).parent
FOLDER = DOCS / "hub"
PROJECT = DOCS.parent / "meltano.yml"
SETTINGS_PAGE = runpy.run_path(str(DOCS / "make_settings_page.py"))
FACTS: dict[str, dict[str, Any]] = {
    "target-hubspot": {"label": "HubSpot", "domain_url": "https://www.hubspot.com"},
    "target-salesforce": {
        "label": "Salesforce",
        "domain_url": "https://www.salesforce.com",
    },
}
KEYWORDS = ["meltano_sdk", "webinar", "lead-scoring", "crm"]


def to_definition(about: dict[str, Any], groups: list[list[str]]) -> dict[str, Any]:
    """Return a plugin's definition.

    Args:
        about: What it says of itself.
        groups: Settings that are enough to run it, in `meltano.yml`'s form.
    """
    name = about["name"]
    settings = about["settings"]["properties"]
    return {
        "name": name,
        "namespace": name.replace("-", "_"),
        "executable": name,
        "pip_url": "webinar-lead-score",
        "variant": "webinar-lead-score",
        **FACTS[name],
        "description": about["description"].splitlines()[0],
        "usage": to_paragraphs(about["description"]),
        "capabilities": sorted(about["capabilities"]),
        "keywords": KEYWORDS,
        "supported_python_versions": about["supported_python_versions"],
        "settings_group_validation": groups,
        "settings": [to_setting(key, facts) for key, facts in settings.items()],
    }


def to_paragraphs(text: str) -> str:
    """Return a text with each paragraph in one line."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def to_setting(name: str, facts: dict[str, Any]) -> dict[str, Any]:
    """Return a setting in the Hub's form."""
    setting: dict[str, Any] = {
        "name": name,
        "label": facts.get("title") or name.replace("_", " ").capitalize(),
        "description": " ".join(facts["description"].split()),
        "kind": to_kind(facts),
    }
    if facts.get("secret"):
        setting["sensitive"] = True
    if facts.get("enum"):
        setting["options"] = [{"label": v, "value": v} for v in facts["enum"]]
    if facts.get("default") is not None:
        setting["value"] = facts["default"]
    return setting


def to_kind(facts: dict[str, Any]) -> str:
    """Return the Hub's word for a type of JSON schema."""
    if facts.get("enum"):
        return "options"
    kinds = facts.get("type", "object")
    names = [kinds] if isinstance(kinds, str) else kinds
    return str(next(name for name in names if name != "null"))


def make_definition(plugin: str) -> str:
    """Return a plugin's definition as YAML."""
    project = yaml.safe_load(PROJECT.read_text(encoding="utf-8"))
    loaders = project["plugins"]["loaders"]
    groups = next(
        p["settings_group_validation"] for p in loaders if p["name"] == plugin
    )
    definition = to_definition(SETTINGS_PAGE["about"](plugin), groups)
    head = "# Made by `python docs/make_hub_definitions.py` from `--about`.\n"
    return head + yaml.safe_dump(definition, sort_keys=False, allow_unicode=True)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for made in FACTS:
        text = make_definition(made)
        (FOLDER / f"{made}.yml").write_text(text, encoding="utf-8")
