"""Bad input: one clear paragraph, exit code not 0, nothing written to the CRM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from stages import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from stages import Line

pytestmark = pytest.mark.pipeline

TAP, MAPPER, TARGET = "tap-events", "scoring-transform", "target-hubspot"


def with_scoring(line: Line, old: str, new: str) -> None:
    """Change the shipped scoring file in one place."""
    text = (ROOT / "mappings/scoring.yml").read_text()
    assert old in text
    path = line.folder / "scoring.yml"
    path.write_text(text.replace(old, new, 1))
    line.config[MAPPER]["scoring"] = str(path)


def with_properties(line: Line, old: str, new: str) -> None:
    """Change the shipped CRM mapping in one place."""
    text = (ROOT / "mappings/hubspot.yml").read_text()
    assert old in text
    path = line.folder / "hubspot.yml"
    path.write_text(text.replace(old, new, 1))
    line.config[TARGET]["mapping"] = str(path)


def with_setting(line: Line, stage: str, name: str, value: Any) -> None:
    """Change one setting."""
    line.config[stage][name] = value


def with_a_picture(line: Line) -> None:
    """Put a file among the reports that is none."""
    line.use_reports()
    (line.folder / "reports" / "poster.csv").write_bytes(
        b"\x89PNG\r\n\x1a\n" + b"\0" * 99
    )


def with_a_foreign_table(line: Line) -> None:
    """Put a table among the reports that no reader and no mapping knows."""
    line.use_reports()
    (line.folder / "reports" / "sales.csv").write_text("region,amount\nnorth,12\n")


def with_state(line: Line, text: str) -> None:
    """Hand the tap a state file."""
    line.state_file.write_text(text)


CASES: dict[str, tuple[Callable[[Line], None], str, str]] = {
    "weights-of-99": (
        lambda line: with_scoring(line, "chat: 10", "chat: 9"),
        MAPPER,
        "the weights total 99, not 100: add 1",
    ),
    "an-unknown-activity": (
        lambda line: with_scoring(line, "  chat: 10", "  chats: 10"),
        MAPPER,
        "unknown key `chats`",
    ),
    "an-unknown-key-of-the-scoring-file": (
        lambda line: with_scoring(line, "rounding:", "rouding:"),
        MAPPER,
        "unknown key `rouding`",
    ),
    "an-unknown-key-of-the-crm-mapping": (
        lambda line: with_properties(line, "    label: ", "    lable: "),
        TARGET,
        "unknown key `lable`",
    ),
    "a-missing-mapping-file": (
        lambda line: with_setting(line, TARGET, "mapping", "nowhere.yml"),
        TARGET,
        "`mapping`",
    ),
    "a-missing-folder": (
        lambda line: with_setting(line, TAP, "files_path", "nowhere"),
        TAP,
        "`files_path`",
    ),
    "an-unknown-platform": (
        lambda line: with_setting(line, TAP, "platform", "zooom"),
        TAP,
        "hubilo",
    ),
    "a-wrong-token-of-the-platform": (
        lambda line: with_setting(line, TAP, "hubilo_access_token", "wrong"),
        TAP,
        "`hubilo_access_token`",
    ),
    "a-wrong-token-of-the-crm": (
        lambda line: with_setting(line, TARGET, "access_token", "wrong"),
        TARGET,
        "`access_token`",
    ),
    "a-picture-among-the-reports": (with_a_picture, TAP, "poster.csv"),
    "a-table-nobody-knows": (with_a_foreign_table, TAP, "sales.csv"),
    "a-torn-state-file": (lambda line: with_state(line, '{"bookm'), TAP, "state"),
    "a-state-file-that-is-a-list": (lambda line: with_state(line, "[]"), TAP, "state"),
    "an-empty-state-file": (lambda line: with_state(line, ""), TAP, "state"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_bad_input_is_told_before_anything_is_written(
    line: Line, case: tuple[Callable[[Line], None], str, str]
) -> None:
    """The stage that sees it says what is wrong, and the CRM is as it was."""
    spoil, stage, said = case
    spoil(line)

    ran = line.run()

    assert ran.codes[stage] == 1
    paragraph = ran.logs[stage].strip().splitlines()[-1]
    assert said in "".join(ran.logs[stage].splitlines()[-3:])
    assert "Traceback" not in ran.logs[stage]
    assert len(paragraph) < 1200
    assert line.writes == 0
