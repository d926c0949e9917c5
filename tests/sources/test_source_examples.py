"""The examples run as their pages say, and their scores are these."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from source_kit import records_of

from leadscore.explain import explain_rows
from scoring_transform.mapper import ScoringTransform

if TYPE_CHECKING:
    from source_kit import Messages

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "data" / "sources"
EXAMPLES = ["zoom-tap", "web-events"]
#: They change with every run, or with every change of the rules' file.
VARYING = {"scored_at", "model", "model_hash"}


def score(
    example: str, tmp_path: Path, lines: bytes | None = None, **changes: Any
) -> Messages:
    """Return what the real mapper sends for an example's input."""
    folder = ROOT / "examples" / example
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    output = io.BytesIO()
    mapper = ScoringTransform(
        config=config | {"state_dir": str(tmp_path)} | changes,
        parse_env_config=False,
        output=output,
    )
    mapper.listen(io.BytesIO(lines or (folder / "sample.singer").read_bytes()))
    return [json.loads(line) for line in output.getvalue().splitlines()]


def to_golden(messages: Messages) -> list[dict[str, Any]]:
    """Return records and STATE without what varies."""
    return [
        {"stream": message["stream"], **_without_varying(message["record"])}
        if message["type"] == "RECORD"
        else {"state": message["value"]}
        for message in messages
        if message["type"] in {"RECORD", "STATE"}
    ]


def _without_varying(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in VARYING}


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_gives_exactly_these_scores(example: str, tmp_path: Path) -> None:
    """To the last field; made anew by ``python test_source_examples.py``."""
    text = (GOLDEN / f"{example}.jsonl").read_text(encoding="utf-8")
    expected = [json.loads(line) for line in text.splitlines()]
    assert to_golden(score(example, tmp_path)) == expected


def test_the_page_on_scores_shows_what_explain_says(tmp_path: Path) -> None:
    """Of Ben in the Zoom example, all but the line with model and time."""
    sent = score("zoom-tap", tmp_path)
    (lead,) = [r for r in records_of(sent, "lead_scores") if r["first_name"] == "Ben"]
    who = lead["attendee_id"]
    parts = [
        row for row in records_of(sent, "activity_scores") if row["attendee_id"] == who
    ]
    said = [line for line in explain_rows(lead, parts) if not line.startswith("Model")]
    page = (ROOT / "docs" / "scoring.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    assert "\n".join(said) + "\n" in blocks


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_copy_of_a_shipped_mapping_gives_the_same(
    example: str, tmp_path: Path
) -> None:
    """The way to a mapping of one's own, as the pages say."""
    folder = ROOT / "examples" / example
    name = json.loads((folder / "config.json").read_text(encoding="utf-8"))["source"]
    copy = shutil.copy(ROOT / "mappings" / "sources" / f"{name}.yml", tmp_path)
    assert to_golden(score(example, tmp_path, source=str(copy))) == to_golden(
        score(example, tmp_path)
    )


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_order_of_an_input_changes_no_score(example: str, tmp_path: Path) -> None:
    """Records backwards, SCHEMA first and STATE last."""
    lines = (ROOT / "examples" / example / "sample.singer").read_bytes().splitlines()
    parts = {
        kind: [line for line in lines if json.loads(line)["type"] == kind]
        for kind in ("SCHEMA", "RECORD", "STATE")
    }
    turned = [*parts["SCHEMA"], *parts["RECORD"][::-1], *parts["STATE"]]
    again = score(example, tmp_path, b"\n".join(turned) + b"\n")
    assert to_golden(again) == to_golden(score(example, tmp_path))


def commands_of(example: str) -> list[tuple[str, str]]:
    """Return the commands of an example's page, each with what it prints."""
    page = (ROOT / "examples" / example / "README.md").read_text(encoding="utf-8")
    block = "".join(re.findall(r"```console\n(.*?)```", page, re.DOTALL))
    found = re.findall(r"^\$ (.*)\n((?:[^$].*\n)*)", block, re.MULTILINE)
    return [(str(command), str(printed)) for command, printed in found]


@pytest.mark.pipeline
@pytest.mark.parametrize("example", EXAMPLES)
def test_the_commands_of_a_page_print_what_it_shows(
    example: str, tmp_path: Path
) -> None:
    """In a copy of the folder, with the installed command."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    commands = commands_of(example)
    assert len(commands) == 2
    told = ""
    for command, printed in commands:
        done = subprocess.run(  # noqa: S602 - the page's own commands
            command,
            shell=True,
            check=True,
            capture_output=True,
            text=True,
            cwd=tmp_path / "examples" / example,
            env={**os.environ, "PATH": path},
            timeout=60,
        )
        told += done.stderr
        assert done.stdout == printed
    assert_told(example, told)


def assert_told(example: str, told: str) -> None:
    """Check that the log has every line that the page shows of it."""
    page = (ROOT / "examples" / example / "README.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    for line in shown.splitlines():
        assert line in told
    assert "northwind" not in told


if __name__ == "__main__":
    for name in EXAMPLES:
        rows = to_golden(score(name, Path(".leadscore")))
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (GOLDEN / f"{name}.jsonl").write_text(text, encoding="utf-8")
