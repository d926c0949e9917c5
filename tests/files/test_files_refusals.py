"""What cannot be read is refused with the next step."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import polars as pl
import pytest

from sync_core.errors import FatalError, SettingError
from tap_events.files.readers import READERS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Look

CHAT = "2026-11-12 16:03:10 From Ada to Everyone:\n\tHi\n"


def test_an_unknown_file_is_named_with_its_header_and_the_readers(
    look: Look, put: Callable[..., Path]
) -> None:
    """The rows are never shown."""
    path = put("other.csv", "Mail;Points\nada@example.com;5\n")
    with pytest.raises(FatalError) as info:
        look.at(path)
    text = str(info.value)
    assert str(path) in text
    assert "'Mail', 'Points'" in text
    assert all(reader.name in text for reader in READERS)
    assert "files_mapping" in text
    assert "ada@example.com" not in text


def test_unknown_parquet_shows_its_columns(
    look: Look, put: Callable[..., Path]
) -> None:
    """Parquet needs a mapping."""
    path = put("other.parquet", b"")
    pl.DataFrame({"mail": ["ada@example.com"], "n": [1]}).write_parquet(path)
    with pytest.raises(FatalError, match="'mail', 'n'"):
        look.at(path)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a,b\n" + "x" * 200_000 + "\n", id="a huge cell"),
        pytest.param('a="1"\n', id="a header only"),
        pytest.param("\n\n", id="blank lines only"),
    ],
)
def test_odd_text_is_an_unknown_file(
    text: str, look: Look, put: Callable[..., Path]
) -> None:
    """Whatever it holds, the message stays short."""
    with pytest.raises(FatalError, match="no report that a reader knows") as info:
        look.at(put("odd.csv", text))
    assert len(str(info.value)) < 1000


def test_torn_parquet_is_refused(look: Look, put: Callable[..., Path]) -> None:
    """A file that only begins like Parquet."""
    with pytest.raises(FatalError, match="begins like Parquet"):
        look.at(put("torn.parquet", b"PAR1 and nothing more"))


def test_a_control_character_in_a_header_is_not_printed(
    look: Look, put: Callable[..., Path]
) -> None:
    """A terminal must not obey a file."""
    with pytest.raises(FatalError) as info:
        look.at(put("evil.csv", "a\x1b[2Jb,c\n1,2\n"))
    assert "\x1b" not in str(info.value)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        pytest.param("nowhere", "does not exist", id="folder"),
        pytest.param("nowhere/report.csv", "does not exist", id="file"),
        pytest.param("nowhere/*.csv", "holds no report file", id="glob"),
    ],
)
def test_a_missing_place_is_a_wrong_setting(
    path: str, reason: str, look: Look, tmp_path: Path
) -> None:
    """The setting and the next step are named."""
    with pytest.raises(SettingError, match=reason) as info:
        look.at(tmp_path / path)
    assert info.value.setting == "files_path"
    assert "`files_path`" in str(info.value)


def test_no_path_at_all_is_a_wrong_setting(look: Look) -> None:
    """An empty list names nothing."""
    with pytest.raises(SettingError, match="`files_path` is empty"):
        look.at()


def test_an_empty_folder_is_a_wrong_setting(look: Look, tmp_path: Path) -> None:
    """Notes, mappings and hidden files are no reports."""
    for name in ("README.md", "mapping.yml", ".DS_Store", "~$report.csv"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    with pytest.raises(SettingError, match="holds no report file"):
        look.at(tmp_path)


def test_a_wrong_time_zone_is_a_wrong_setting(
    look: Look, put: Callable[..., Path]
) -> None:
    """Before anything is read."""
    path = put("chat.txt", CHAT)
    for name in ("Mars/Base", "", "../etc/passwd"):
        look.timezone = name
        with pytest.raises(SettingError, match="no time zone") as info:
            look.at(path)
        assert info.value.setting == "files_timezone"


def test_a_link_out_of_the_folder_is_refused(
    look: Look, put: Callable[..., Path], tmp_path: Path
) -> None:
    """A shared folder must not read what its owner may."""
    secret = tmp_path / "secret.csv"
    secret.write_text("x", encoding="utf-8")
    folder = put("chat.txt", CHAT).parent
    (folder / "link.csv").symlink_to(secret)
    with pytest.raises(SettingError, match=r"link\.csv is a link to a file outside"):
        look.at(folder)


def test_a_broken_link_and_a_pipe_are_refused(
    look: Look, put: Callable[..., Path]
) -> None:
    """A pipe would wait for ever."""
    folder = put("chat.txt", CHAT).parent
    link = folder / "link.csv"
    link.symlink_to(folder / "gone.csv")
    with pytest.raises(SettingError, match="not a regular file"):
        look.at(folder)
    link.unlink()
    os.mkfifo(link)
    with pytest.raises(SettingError, match="not a regular file"):
        look.at(folder)
    with pytest.raises(SettingError, match="neither a file nor a folder"):
        look.at(link)


def test_a_file_named_twice_is_read_once(look: Look, reports: Path) -> None:
    """Folders, files and globs may overlap."""
    path = reports / "collaborate_attendance.csv"
    look.at(path, path, str(reports / "collab*.csv"))
    assert len(look.activities()) == 2


def test_a_file_whose_name_looks_like_a_glob_is_a_file(
    look: Look, put: Callable[..., Path], reports: Path
) -> None:
    """What exists goes before what a pattern may mean."""
    data = (reports / "collaborate_attendance.csv").read_bytes()
    assert look.at(put("report[1].csv", data)).bundle.event.platform == "collaborate"
