"""Folders, files and globs to the report files they mean."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING

from sync_core.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SETTING = "files_path"
# What people keep beside reports without meaning it as one.
_BESIDE = frozenset({".md", ".yml", ".yaml"})
_WILD = frozenset("*?[")


def find_files(paths: Sequence[str]) -> list[Path]:
    """Return the report files that folders, files and globs name, each once.

    Raises:
        SettingError: If a path does not exist or nothing is found.
    """
    if not paths:
        raise SettingError(
            f"`{SETTING}` is empty. Name a folder of report files, a file or a glob.",
            setting=SETTING,
        )
    found: dict[Path, Path] = {}
    for path in paths:
        for file in _find(path):
            found.setdefault(file.resolve(), file)
    return sorted(found.values(), key=str)


def _find(path: str) -> Iterator[Path]:
    place = Path(path).expanduser()
    if place.exists():
        matches = [place]
    elif _WILD & set(path):
        matches = [Path(name) for name in glob.glob(str(place), recursive=True)]  # noqa: PTH207 - an absolute pattern
    else:
        raise SettingError(
            f"{path} does not exist. Set `{SETTING}` to a folder with report files, "
            "a file or a glob such as 'reports/**/*.csv'.",
            setting=SETTING,
        )
    files = [file for match in matches for file in _files_of(match)]
    if not files:
        raise SettingError(
            f"{path} holds no report file. Put the exported reports there, or set "
            f"`{SETTING}` to where they are.",
            setting=SETTING,
        )
    yield from files


def _files_of(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
    elif place.is_dir():
        yield from _walk(place)
    elif place.exists():
        raise SettingError(
            f"{place} is neither a file nor a folder. Set `{SETTING}` to report files.",
            setting=SETTING,
        )


def _walk(folder: Path) -> Iterator[Path]:
    """Yield a folder's files; hidden ones and notes are not reports."""
    root = folder.resolve()
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(parent, name)
            if name.startswith((".", "~$")) or file.suffix.lower() in _BESIDE:
                continue
            yield _checked(file, root)


def _checked(file: Path, root: Path) -> Path:
    """Refuse links that lead out of the folder, pipes and devices."""
    if not file.is_file():
        raise SettingError(
            f"{file} is not a regular file, or a link to nothing. Remove it from the "
            f"folder that `{SETTING}` names.",
            setting=SETTING,
        )
    if not file.resolve().is_relative_to(root):
        raise SettingError(
            f"{file} is a link to a file outside its folder. Copy the file there, or "
            f"name the other folder in `{SETTING}` as well.",
            setting=SETTING,
        )
    return file
