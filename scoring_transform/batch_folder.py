"""Rows as the files of BATCH messages, for a next stage on this machine."""

from __future__ import annotations

import os
import secrets
from typing import IO, TYPE_CHECKING, Any

from sync_core.batch_files import to_path
from sync_core.errors import FatalError, SettingError
from sync_core.workdir import PRIVATE_FILE, WorkDir

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

#: Rows of a file, as in the SDK: a target may hold those of one file in memory.
MOST_ROWS = 10_000
PARQUET, JSON_LINES = "parquet", "jsonl"
ROOT = "batch_config.storage.root"
FAST = 1


class BatchFolder:
    """Writes rows to files, each of which one message names.

    Args:
        config: The setting ``batch_config``, in the SDK's form.

    Attributes:
        size: Rows of a file at most.

    Raises:
        SettingError: It names no form, or no folder on this machine.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        encoding, storage = config.get("encoding") or {}, config.get("storage") or {}
        self._form = _to_form(encoding)
        self._is_packed = encoding.get("compression") == "gzip"
        self._encoding = {"format": self._form} | (
            {"compression": "gzip"} if self._is_packed else {}
        )
        self._folder = _to_folder(storage)
        self._prefix = f"{storage.get('prefix') or ''}{secrets.token_hex(8)}"
        self._number = 0
        self.size = _to_size(config)

    def write(self, stream: str, rows: pl.DataFrame) -> dict[str, Any]:
        """Write a file, whole, and return the BATCH message that names it."""
        self._number += 1
        ending = f"{self._form}.gz" if self._is_packed else self._form
        name = f"{self._prefix}-{stream}-{self._number}.{ending}"
        path = self._folder.folder().resolve() / name
        try:
            descriptor = os.open(
                path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE
            )
            with os.fdopen(descriptor, "wb") as file:
                self._write_to(file, rows)
        except OSError as error:
            raise FatalError(
                f"The batch file {path} cannot be written ({error.strerror}). Check "
                f"the folder's owner and the free space, or set `{ROOT}` to another "
                "folder; then run again.",
                setting=ROOT,
            ) from error
        return {
            "type": "BATCH",
            "stream": stream,
            "encoding": self._encoding,
            "manifest": [path.as_uri()],
        }

    def _write_to(self, file: IO[bytes], rows: pl.DataFrame) -> None:
        if self._form == PARQUET:
            rows.write_parquet(
                file,
                compression="gzip" if self._is_packed else "zstd",
                compression_level=FAST,
            )
        elif self._is_packed:
            rows.write_ndjson(file, compression="gzip", compression_level=FAST)
        else:
            rows.write_ndjson(file)


def _to_form(encoding: Mapping[str, Any]) -> str:
    form = encoding.get("format")
    if form not in (PARQUET, JSON_LINES):
        raise SettingError(
            "`batch_config.encoding.format` says in which form scores go into files: "
            f"set it to `{PARQUET}` or `{JSON_LINES}`.",
            setting="batch_config.encoding.format",
        )
    return str(form)


def _to_folder(storage: Mapping[str, Any]) -> WorkDir:
    root = storage.get("root")
    if not root:
        raise SettingError(
            f"`batch_config` names no folder: set `{ROOT}`, such as "
            "`.leadscore/scores`.",
            setting=ROOT,
        )
    try:
        return WorkDir(to_path(str(root)), setting=ROOT)
    except FatalError as error:
        raise SettingError(
            f"`{ROOT}` is not on this machine. Set it to a local folder, which the "
            "target reads as well.",
            setting=ROOT,
        ) from error


def _to_size(config: Mapping[str, Any]) -> int:
    size = config.get("batch_size")
    if size is None:
        return MOST_ROWS
    if not isinstance(size, int) or size < 1:
        raise SettingError(
            "`batch_config.batch_size` is how many rows a file has at most: set it to "
            f"a whole number from 1 on, or leave it out for {MOST_ROWS}.",
            setting="batch_config.batch_size",
        )
    return size
