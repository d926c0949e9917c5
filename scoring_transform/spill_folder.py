"""A folder for one process, and an end for the folders of processes that were killed.

A process holds a lock on its folder. The system lets go of it however the process ends,
so a folder whose lock is free belongs to nobody.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sync_core.errors import SettingError
from sync_core.workdir import WorkDir

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "spill"
OURS = re.compile(r"run-[0-9a-f]{16}")
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


class SpillFolder:
    """A private folder below the work folder, made when it is first needed.

    Args:
        state_dir: The work folder.

    Attributes:
        path: The folder, while there is one.
    """

    def __init__(self, state_dir: Path) -> None:
        self._workdir = WorkDir(state_dir)
        self._parent = self._workdir.path / NAME
        self.path: Path | None = None
        self._lock = -1

    def open(self) -> Path:
        """Return the folder, made if there is none.

        Raises:
            SettingError: It cannot be made, or a link leads elsewhere.
        """
        if self.path is None:
            self._workdir.folder(NAME)
            with _locked(self._parent):
                path = self._workdir.folder(f"{NAME}/run-{secrets.token_hex(8)}")
                self._lock = os.open(path, FOLDER)
                fcntl.flock(self._lock, fcntl.LOCK_EX)
            self.path = path
        return self.path

    def close(self) -> None:
        """Delete the folder with all that is in it."""
        if self.path is not None:
            with suppress(FileNotFoundError):
                shutil.rmtree(self.path)
            os.close(self._lock)
            self.path = None

    def delete_abandoned(self) -> None:
        """Delete the folders of processes that were killed, and nothing else."""
        if not self._parent.is_dir():
            return
        with _locked(self._parent):
            for folder in self._parent.iterdir():
                if OURS.fullmatch(folder.name):
                    _delete_if_free(folder)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let no other process make or delete a folder in this one."""
    try:
        lock = os.open(folder, FOLDER)
    except OSError as error:
        raise SettingError(
            f"{folder} is no folder that this user may use ({error.strerror}). Remove "
            "it, or set `state_dir` to another folder.",
            setting="state_dir",
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _delete_if_free(folder: Path) -> None:
    """Delete a folder that nobody holds; it may also go away by itself."""
    try:
        lock = os.open(folder, FOLDER)
    except OSError:
        return  # a link, somebody else's, or gone: not ours to delete
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pass
    else:
        with suppress(FileNotFoundError):
            shutil.rmtree(folder)
    finally:
        os.close(lock)
