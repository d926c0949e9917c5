"""Logs and folders: what they must not hold, and who may read them."""

from __future__ import annotations

import logging
import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_core.errors import FatalError, SettingError
from sync_core.identity import pseudonym, to_email_key
from sync_core.redact import RedactingFilter, redact
from sync_core.workdir import WorkDir

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "key"),
    [
        pytest.param(" Ann@Example.COM ", "ann@example.com", id="trim-and-case"),
        pytest.param("ann+tag@example.com", "ann+tag@example.com", id="plus-tag"),
        pytest.param("ﬀ@example.com", "ﬀ@example.com", id="unicode-local-part"),
        pytest.param("", None, id="empty"),
        pytest.param("   ", None, id="blank"),
        pytest.param(None, None, id="none"),
        pytest.param("ann", None, id="no-at"),
        pytest.param("a@b@c", None, id="two-ats"),
        pytest.param("@example.com", None, id="no-local-part"),
        pytest.param("ann@", None, id="no-domain"),
    ],
)
def test_one_person_has_one_key(text: str | None, key: str | None) -> None:
    """Spelling does not make a second person."""
    assert to_email_key(text) == key


@given(st.text())
def test_a_key_is_its_own_key(text: str) -> None:
    """Normalising twice changes nothing more."""
    key = to_email_key(text)

    assert key is None or to_email_key(key) == key


def test_a_pseudonym_needs_the_key() -> None:
    """The same person has one name here and another elsewhere."""
    here, there = pseudonym("A@x.io", b"k1"), pseudonym("a@x.io ", b"k2")

    assert here == pseudonym("a@x.io", b"k1")
    assert here != there
    assert "x.io" not in here


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        pytest.param("to ann.b+c@example.com now", "to <e-mail> now", id="e-mail"),
        pytest.param("GET /x?token=abc&y=1", "GET /x?token=***&y=1", id="url"),
        pytest.param(
            "Authorization: Bearer abc.def-1", "Authorization: Bearer ***", id="bearer"
        ),
        pytest.param("pat-1234 and pat-1234-x", "*** and ***", id="overlapping"),
        pytest.param("nothing", "nothing", id="clean"),
    ],
)
def test_text_is_redacted(text: str, clean: str) -> None:
    """Longest secrets first, so that no part of one is left."""
    assert redact(text, ["pat-1234", "pat-1234-x"]) == clean


def test_a_log_line_loses_its_secrets_and_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The filter acts on the finished text, arguments included."""
    guard = RedactingFilter(["hush"])
    caplog.handler.addFilter(guard)
    try:
        int("hush ann@example.com")
    except ValueError:
        logging.getLogger("x").exception("said %s to %s", "hush", "ann@example.com")
    caplog.handler.removeFilter(guard)

    assert caplog.text.strip().endswith("said *** to <e-mail>")


def test_the_folder_and_its_files_are_private(tmp_path: Path) -> None:
    """Nobody else on the machine may read them."""
    work = WorkDir(tmp_path / "state")
    file = work.file("ledger.sqlite")
    whole = work.write_whole("runs/1.json", b"{}")

    modes = [stat.S_IMODE(p.stat().st_mode) for p in (work.path, file, whole)]
    assert modes == [0o700, 0o600, 0o600]
    assert sorted(p.name for p in whole.parent.iterdir()) == ["1.json"]


def test_a_place_that_cannot_be_written_names_the_setting(tmp_path: Path) -> None:
    """A file in the way is told, with the setting to change."""
    (tmp_path / "state").write_text("in the way")

    with pytest.raises(SettingError, match="`state_dir`"):
        WorkDir(tmp_path / "state").folder()


def test_a_file_in_the_way_of_a_file_is_told(tmp_path: Path) -> None:
    """A folder where the file should be is fatal and named."""
    (tmp_path / "ledger.sqlite").mkdir()

    with pytest.raises(FatalError, match=r"ledger\.sqlite"):
        WorkDir(tmp_path).file("ledger.sqlite")


def test_the_installation_key_stays(tmp_path: Path) -> None:
    """Made once, kept afterwards."""
    first = WorkDir(tmp_path).secret_key()

    assert first == WorkDir(tmp_path).secret_key()
    assert len(first) == 32
