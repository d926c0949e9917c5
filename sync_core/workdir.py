"""The one folder that everything written at run time lives in."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from sync_core.errors import FatalError, SettingError

DEFAULT_STATE_DIR = ".leadscore"
PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


class WorkDir:
    """A private folder; deleting it starts afresh.

    Args:
        path: Its place; made with mode 0700 on first use.
        setting: The setting that named it, for errors.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, setting: str = "state_dir"
    ) -> None:
        self.path = Path(path).expanduser()
        self.setting = setting

    def folder(self, name: str = "") -> Path:
        """Return a folder inside, made if it was missing."""
        folder = self.path / name
        try:
            for part in (self.path, folder):
                part.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        except OSError as error:
            raise SettingError(
                f"The folder {folder} cannot be made ({error.strerror}). Set "
                f"`{self.setting}` to a folder that this user may write to.",
                setting=self.setting,
            ) from error
        return folder

    def file(self, name: str) -> Path:
        """Return the path of a private file inside; made empty if missing."""
        path = self.folder() / name
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, PRIVATE_FILE))
        except OSError as error:
            raise FatalError(
                f"The file {path} cannot be written ({error.strerror}). Check its "
                "owner and the free space, then run again.",
                setting=self.setting,
            ) from error
        return path

    def write_whole(self, name: str, data: bytes) -> Path:
        """Write a file so that a reader sees the old or the new, never a part."""
        path = self.folder() / name
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            descriptor = os.open(partial, os.O_CREAT | os.O_WRONLY, PRIVATE_FILE)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            partial.replace(path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise FatalError(
                f"The file {path} cannot be written ({error.strerror}). Free some "
                "space or check its owner, then run again.",
                setting=self.setting,
            ) from error
        return path

    def secret_key(self) -> bytes:
        """Return this installation's key for pseudonyms, made on first use."""
        path = self.file("pseudonym.key")
        key = path.read_bytes()
        if key:
            return key
        key = secrets.token_bytes(32)
        self.write_whole(path.name, key)
        return key
