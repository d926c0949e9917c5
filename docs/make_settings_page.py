"""Write `docs/settings.md` and `docs/hub/` from what each plugin says of itself.

python docs/make_settings_page.py
"""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

PLUGINS = ("tap-events", "scoring-transform", "target-hubspot", "target-salesforce")
PAGE = Path(__file__).with_name("settings.md")
FROM_THE_SDK = frozenset(
    {
        "add_record_metadata",
        "batch_size_rows",
        "faker_config",
        "flattening_enabled",
        "flattening_max_depth",
        "flattening_max_key_length",
        "flattening_separator",
        "load_method",
        "stream_map_config",
        "stream_maps",
    }
)
HEAD = """\
# Settings

Each plugin prints this itself: `tap-events --about`. In Meltano a setting is given in
`meltano.yml`, or as a variable: `TAP_EVENTS_PLATFORM`, `TARGET_HUBSPOT_ACCESS_TOKEN`.
Settings marked *secret* belong in the environment or `.env`, never in a file that is
committed. The SDK's own settings (stream maps, batch sizes) come on top.

This page is made by `python docs/make_settings_page.py`.
"""


def about(plugin: str) -> dict[str, Any]:
    """Return what a plugin says of itself."""
    program = Path(sys.executable).with_name(plugin)
    done = subprocess.run(  # noqa: S603 - our own program
        [program, "--about", "--format=json"],
        check=True,
        capture_output=True,
        timeout=60,
    )
    return dict(json.loads(done.stdout))


def own_settings(facts: dict[str, Any]) -> dict[str, Any]:
    """Return a plugin's settings without those that the SDK adds."""
    properties: dict[str, Any] = facts["settings"]["properties"]
    return {k: v for k, v in properties.items() if k not in FROM_THE_SDK}


def to_section(facts: dict[str, Any]) -> str:
    """Return one plugin's part of the page."""
    required = facts["settings"].get("required", [])
    rows = [
        to_row(name, setting, is_required=name in required)
        for name, setting in own_settings(facts).items()
    ]
    head = f"\n## {facts['name']}\n\n{' '.join(facts['description'].split())}\n\n"
    table = "| setting | default | what it does |\n|---|---|---|\n"
    return head + table + "".join(rows)


def to_row(name: str, setting: dict[str, Any], *, is_required: bool) -> str:
    """Return one setting as a row of a table."""
    marks = [
        word
        for word, holds in [
            ("*secret*", setting.get("secret")),
            ("*required*", is_required),
        ]
        if holds
    ]
    default = setting.get("default")
    shown = "" if default is None else f"`{json.dumps(default)}`".replace('"', "")
    words = " ".join(setting["description"].split()).replace("|", "\\|")
    return f"| {' '.join([f'`{name}`', *marks])} | {shown} | {words} |\n"


def make_page() -> str:
    """Return the whole page."""
    return HEAD + "".join(to_section(about(plugin)) for plugin in PLUGINS)


if __name__ == "__main__":
    PAGE.write_text(make_page(), encoding="utf-8")
    runpy.run_path(str(PAGE.with_name("make_hub_definitions.py")), run_name="__main__")
