"""The page about the sandbox says what the sandbox does."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
import typer.main

from leadscore.cli import app
from leadscore.sandboxing import Wishes, to_greeting, to_settings
from sandbox import kits
from sandbox.conformance import plugin, test_conformance
from sandbox.conformance.rows import Shape, read_shape
from sandbox.faults import (
    Drip,
    Fault,
    Hang,
    LoseReply,
    Planned,
    Reset,
    RowErrors,
    Status,
    Truncate,
    parse_faults,
)
from sandbox.server import SandboxSettings, running
from sync_core.workdir import WorkDir

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[2].joinpath("docs", "sandbox.md").read_text("utf-8")
KINDS: tuple[type[Fault], ...] = (
    Status,
    LoseReply,
    Reset,
    Truncate,
    Drip,
    Hang,
    RowErrors,
)


def blocks(language: str) -> list[str]:
    """Return the page's blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def section(title: str) -> str:
    """Return what stands below a title, without what stands below the next one."""
    return re.split(r"\n## ", PAGE.partition(f"\n## {title}\n")[2])[0]


def table(title: str, column: str) -> dict[str, str]:
    """Return the rows of a section's table by the text of their first cell."""
    text = section(title).partition(f"| {column} |")[2].split("\n\n")[0]
    rows = re.findall(r"^\| (`.*?) \| (.*) \|$", text, re.MULTILINE)
    return dict(rows)


def codes(cells: list[str] | dict[str, str]) -> set[str]:
    """Return what stands between backticks."""
    return set(re.findall(r"`([^`]+)`", "\n".join(cells)))


def test_the_example_plan_is_one_with_every_kind_of_fault() -> None:
    """It is read as it stands on the page."""
    (text,) = blocks("yaml")

    plan = parse_faults(text)

    assert {type(planned.fault) for planned in plan} == set(KINDS)
    assert {planned.part for planned in plan} == {"hubilo", "hubspot", "salesforce"}


def test_the_page_names_every_key_of_a_plan() -> None:
    """Of a line, and of each kind."""
    keys = table("Breaking things on purpose", "key")
    kinds = table("Breaking things on purpose", "kind")

    assert codes(keys.keys()) == set(Planned.__struct_fields__)  # type: ignore[arg-type]
    assert codes(kinds.keys()) == {kind.__struct_config__.tag for kind in KINDS}  # type: ignore[arg-type]
    for kind in KINDS:
        told = kinds[f"`{kind.__struct_config__.tag}`"].rpartition("|")[2]
        assert codes([told]) == set(kind.__struct_fields__)


def options_of(command: Any) -> Iterator[str]:
    """Return the names of a command's options."""
    for parameter in command.params:
        yield from parameter.opts
        yield from parameter.secondary_opts


def test_the_page_names_every_option_of_the_command() -> None:
    """And no other."""
    command = typer.main.get_command(app).commands["sandbox"]  # type: ignore[attr-defined]

    assert codes(table("Options", "option").keys()) == set(options_of(command))  # type: ignore[arg-type]


def test_the_page_names_every_option_of_the_kit() -> None:
    """As pytest would list them."""
    sources = map(inspect.getsource, (plugin.pytest_addoption, kits.add_options))
    options = re.findall(r'"(--[a-z-]+)"', "".join(sources))

    told = table("Conformance of any target", "option")

    assert codes(told.keys()) == set(options)  # type: ignore[arg-type]


def test_the_page_names_every_check_with_its_sentence() -> None:
    """The sentence is the one that a run prints."""
    checks = {
        f"`{name.removeprefix('test_')}`": (check.__doc__ or "").splitlines()[0]
        for name, check in vars(test_conformance).items()
        if name.startswith("test_")
    }

    told = table("Conformance of any target", "check")

    assert {k: v.removesuffix(" (HubSpot)") for k, v in told.items()} == checks


def test_the_described_stream_is_one(tmp_path: Path) -> None:
    """The JSON on the page can be used as it stands."""
    config, stream = (json.loads(text) for text in blocks("json"))
    path = tmp_path / "stream.json"
    path.write_text(json.dumps(stream))

    assert isinstance(read_shape("hubspot", str(path)), Shape)
    assert {"{url}", "{token}"} <= set(config.values())


@pytest.mark.parametrize(
    "address",
    sorted(codes(table("For tests", "address").keys())),  # type: ignore[arg-type]
)
def test_the_addresses_for_tests_answer(address: str) -> None:
    """Without a token, as JSON."""
    with running() as sandbox:
        answer = requests.get(sandbox.url + address, timeout=10)

    assert answer.status_code == 200
    assert isinstance(answer.json(), dict | list)


def test_the_organisation_is_told_to_other_processes() -> None:
    """Record by record, without ids."""
    with running() as sandbox:
        with sandbox.sandbox.store.transaction() as db:
            db.execute(
                "INSERT INTO sf_record (id, object, body) VALUES ('1', 'Lead', ?)",
                ('{"Id": "1", "Email": "ann@example.com"}',),
            )
        answer = requests.get(f"{sandbox.url}/sandbox/salesforce.json", timeout=10)

    assert answer.json() == [{"object": "Lead", "Email": "ann@example.com"}]


@pytest.mark.parametrize("served", ["hubspot", "salesforce"])
def test_a_crm_that_is_not_played_is_not_found(served: str) -> None:
    """The other one answers that a token is needed."""
    paths = {
        "hubspot": "/crm/v3/properties/contacts",
        "salesforce": "/services/data/v66.0/limits",
    }
    settings = SandboxSettings(crms=(served,))  # type: ignore[arg-type]
    with running(settings) as sandbox:
        found = {
            name: requests.get(sandbox.url + path, timeout=10).status_code
            for name, path in paths.items()
        }

    assert found == {name: 401 if name == served else 404 for name in paths}


def test_the_tokens_on_the_page_are_those_it_accepts(tmp_path: Path) -> None:
    """They are the defaults of the settings, and what the greeting says."""
    settings = to_settings(WorkDir(tmp_path), Wishes())
    accepted = {
        settings.access_token,
        settings.client_id,
        settings.client_secret,
        settings.refresh_token,
        settings.salesforce.client_id,
        settings.salesforce.client_secret,
        settings.salesforce.username,
    }

    assert accepted == codes([section("Tokens").partition("`target-sales")[0]])
    lines = to_greeting("http://127.0.0.1:8760", settings)
    exports = re.findall(r"^export .*$", PAGE, re.MULTILINE)
    assert set(exports) <= set(lines)
    assert {line.rpartition("=")[2] for line in lines[1:]} - accepted == {
        "http://127.0.0.1:8760",
        "sandbox.my",
    }


def test_the_python_on_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """As it stands there."""
    (text,) = blocks("python")

    exec(compile(text, "sandbox.md", "exec"), {})  # noqa: S102 - our own page

    assert "http://127.0.0.1:" in capsys.readouterr().out
