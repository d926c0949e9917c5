"""A folder for one process, and an end for the folders of processes that were killed.

A process holds a lock on its folder. The system lets go of it however the process ends,
so a folder whose lock is free belongs to nobody.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sync_core.workdir import WorkDir

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "spill"


class SpillFolder:
    """A private folder below the work folder, made when it is first needed.

    Args:
        state_dir: The work folder.

    Attributes:
        path: The folder, while there is one.
    """

    def __init__(self, state_dir: Path) -> None:
        self._workdir = WorkDir(state_dir)
        self.path: Path | None = None
        self._lock = -1
        parent = self._workdir.path / NAME
        if parent.is_dir():
            with _locked(parent):
                _delete_abandoned(parent)

    def open(self) -> Path:
        """Return the folder, made if there is none."""
        if self.path is None:
            parent = self._workdir.folder(NAME)
            with _locked(parent):
                path = self._workdir.folder(f"{NAME}/{secrets.token_hex(8)}")
                self._lock = os.open(path, os.O_RDONLY)
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


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let no other process make or delete a folder in this one."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _delete_abandoned(parent: Path) -> None:
    for folder in filter(Path.is_dir, parent.iterdir()):
        lock = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            shutil.rmtree(folder)
        finally:
            os.close(lock)
