"""`leadscore weights`: show, check and reset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from leadscore.cli import app
from leadscore.weights import with_default_weights
from scoring_transform.model import read_model
from sync_core.errors import SettingError
from sync_core.mappings import shipped

if TYPE_CHECKING:
    from pathlib import Path

CUSTOM = """\
# mine
name: mine
weights: # all nine
  time_in_session: 100
  chat: 0
  poll_response: 0
  cta_click: 0
  raise_hand: 0
  reaction: 0
  session_rating: 0
  file_download: 0
  question: 0

# levels stay
rounding: half_up
"""


@pytest.fixture
def custom(tmp_path: Path) -> Path:
    """A scoring file of somebody's own."""
    path = tmp_path / "scoring.yml"
    path.write_text(CUSTOM)
    return path


def test_show_lists_nine_weights_and_their_total(custom: Path) -> None:
    """Every activity stands in the table."""
    result = CliRunner().invoke(app, ["weights", "show", "--file", str(custom)])

    assert result.exit_code == 0, result.output
    rows = [line.split() for line in result.output.splitlines() if "│" in line]
    assert len([row for row in rows if "total" not in row]) == 9
    assert "total" in result.output


def test_check_accepts_the_shipped_file() -> None:
    """What is shipped is valid."""
    result = CliRunner().invoke(
        app, ["weights", "check", "--file", str(shipped("scoring.yml"))]
    )

    assert result.exit_code == 0, result.output
    assert "is valid" in result.output


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param("session: 100", "session: 99", "total 99, not 100", id="99"),
        pytest.param("session: 100", "session: 101", "from 0 to 100", id="101"),
        pytest.param("chat: 0", "chat: -1", "from 0 to 100", id="negative"),
        pytest.param("chat: 0", "chats: 0", "unknown key `chats`", id="unknown"),
        pytest.param("  chat: 0\n", "", "chat", id="missing"),
    ],
)
def test_check_refuses_wrong_weights(
    custom: Path, old: str, new: str, said: str
) -> None:
    """The reason names what was found."""
    custom.write_text(CUSTOM.replace(old, new, 1))

    result = CliRunner().invoke(app, ["weights", "check", "--file", str(custom)])

    assert isinstance(result.exception, SettingError)
    assert said in str(result.exception)


def test_reset_restores_weights_and_nothing_else(custom: Path) -> None:
    """Comments and other keys of the file stay as they were."""
    result = CliRunner().invoke(app, ["weights", "reset", "--file", str(custom)])

    assert result.exit_code == 0, result.output
    restored, default = read_model(custom), read_model(shipped("scoring.yml"))
    assert restored.weights == default.weights
    assert (restored.name, restored.file.rounding) == ("mine", "half_up")
    text = custom.read_text()
    assert text.startswith("# mine\nname: mine\nweights: # all nine\n  time_in_session")
    assert text.endswith("\n\n# levels stay\nrounding: half_up\n")


@pytest.mark.parametrize("total", [99, 101, 0])
def test_reset_mends_a_file_whose_weights_are_wrong(custom: Path, total: int) -> None:
    """Reset is the way out of a wrong total."""
    custom.write_text(CUSTOM.replace("session: 100", f"session: {total}"))

    result = CliRunner().invoke(app, ["weights", "reset", "--file", str(custom)])

    assert result.exit_code == 0, result.output
    assert read_model(custom).weight_of("time_in_session") == 25


def test_a_file_without_weights_is_not_guessed_at() -> None:
    """Nothing is written where there is no block to replace."""
    assert with_default_weights("name: x\n") is None


def test_reset_keeps_the_comments_of_the_weights() -> None:
    """The shipped file is the same after it, to the last letter."""
    text = shipped("scoring.yml").read_text(encoding="utf-8")
    changed = text.replace("chat: 10 ", "chat: 35.5 ").replace(
        "time_in_session: 25", "time_in_session: -1"
    )

    assert text != changed
    assert text == with_default_weights(changed)
    assert text == with_default_weights(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("  chat: 0\n", "", id="missing"),
        pytest.param("  chat: 0\n", "  quiz: 0\n", id="unknown"),
        pytest.param("  chat: 0\n", "  chat: 0\n  chat: 0\n", id="twice"),
        pytest.param("  chat: 0\n", "  chat: 0\n  chat\n", id="torn"),
        pytest.param("  chat: 0\n", "  chat: lots # really\n", id="text"),
        pytest.param("  chat: 0\n", "  chat:\n", id="nothing"),
    ],
)
def test_reset_mends_what_check_refuses(custom: Path, old: str, new: str) -> None:
    """A missing, unknown, repeated or unreadable activity."""
    custom.write_text(CUSTOM.replace(old, new, 1))
    with pytest.raises(SettingError):
        read_model(custom)

    result = CliRunner().invoke(app, ["weights", "reset", "--file", str(custom)])

    assert result.exit_code == 0, result.output
    assert read_model(custom).weights == read_model(shipped("scoring.yml")).weights
