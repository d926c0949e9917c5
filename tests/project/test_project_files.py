"""What the repository says of itself is what its code does."""

from __future__ import annotations

import functools
import re
import runpy
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
MAKER = runpy.run_path(str(ROOT / "docs" / "make_settings_page.py"))
PLUGINS = MAKER["PLUGINS"]
SECRET_NAMES = re.compile(r"token|secret|password|_key$|^key")


@functools.cache
def own_settings(plugin: str) -> dict[str, Any]:
    """A plugin's settings without those that the SDK adds."""
    return dict(MAKER["own_settings"](MAKER["about"](plugin)))


def declared(plugin: str) -> dict[str, Any]:
    """A plugin as `meltano.yml` declares it."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text())
    kinds = project["plugins"].values()
    return next(p for plugins in kinds for p in plugins if p["name"] == plugin)


@pytest.mark.parametrize("plugin", PLUGINS)
def test_meltano_declares_each_setting_and_its_secrecy(plugin: str) -> None:
    """A setting that Meltano does not know cannot be given by a variable."""
    said = {s["name"]: s.get("sensitive", False) for s in declared(plugin)["settings"]}
    real = {
        name: bool(facts.get("secret")) for name, facts in own_settings(plugin).items()
    }

    assert said == real


@pytest.mark.parametrize("plugin", PLUGINS)
def test_what_sounds_secret_is_secret(plugin: str) -> None:
    """A credential that is not marked would be printed."""
    for name, facts in own_settings(plugin).items():
        if SECRET_NAMES.search(name):
            assert facts.get("secret"), name


@pytest.mark.parametrize("plugin", PLUGINS)
def test_each_setting_is_documented(plugin: str) -> None:
    """`--about` is the page that users of a hub read."""
    for name, facts in own_settings(plugin).items():
        assert facts.get("title"), name
        assert facts.get("description", "").endswith((".", ")")), name


def test_the_settings_page_is_what_the_plugins_say() -> None:
    """`docs/settings.md` is made again after a setting changed."""
    page = (ROOT / "docs" / "settings.md").read_text()

    assert page == MAKER["make_page"]()


def command_names(typer_app: Any, prefix: str = "") -> list[str]:
    """Every command below an app, with the groups before its name."""
    own = [
        prefix + (command.name or command.callback.__name__)
        for command in typer_app.registered_commands
    ]
    deeper = [
        name
        for group in typer_app.registered_groups
        for name in command_names(group.typer_instance, f"{prefix}{group.name} ")
    ]
    return own + deeper


def test_the_pages_name_every_command_of_the_command_line() -> None:
    """A command that no page mentions is not found by anybody."""
    from leadscore.cli import app  # noqa: PLC0415 - only this test needs it

    pages = "".join(
        p.read_text() for p in [ROOT / "README.md", *ROOT.glob("docs/*.md")]
    )

    names = command_names(app)
    assert len(names) > 8
    assert [name for name in names if f"leadscore {name}" not in pages] == []


def test_links_between_pages_lead_somewhere() -> None:
    """Every relative link of every page is a file."""
    broken = [
        f"{page.name}: {link}"
        for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / link).exists()
    ]

    assert broken == []


def test_nothing_pins_a_registry_or_a_machine() -> None:
    """What is committed works for everybody."""
    constraints = (ROOT / "constraints.txt").read_text()

    assert "://" not in constraints
    assert not (ROOT / "uv.lock").exists()


def test_python_too_old_is_told_before_anything_is_made(tmp_path: Path) -> None:
    """`run.sh` names the versions it needs and makes no environment."""
    fake = tmp_path / "python3"
    fake.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.9\nexit 1\n')
    fake.chmod(0o755)
    for tool in ("dirname", "cat", "cksum", "tr", "sh"):
        real = subprocess.run(
            ["/bin/sh", "-c", f"command -v {tool}"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        (tmp_path / tool).symlink_to(real)
    copy = tmp_path / "project"
    copy.mkdir()
    for name in ("run.sh", "pyproject.toml", "constraints.txt"):
        (copy / name).write_bytes((ROOT / name).read_bytes())

    done = subprocess.run(
        ["/bin/sh", str(copy / "run.sh")],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": str(tmp_path)},
        timeout=30,
    )

    assert done.returncode == 1
    assert "needs Python 3.11, 3.12 or 3.13, and found Python 3.9.9" in done.stderr
    assert not (copy / ".venv").exists()
