"""The files of a BATCH message, as the stage that reads them sees them."""

from __future__ import annotations

import gzip
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import unquote, urlparse

from sync_core.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Iterator

UNREADABLE: tuple[type[Exception], ...] = (OSError, EOFError, zlib.error)


def to_path(address: str) -> Path:
    """Return the path of a file of a manifest; only local files are read."""
    parts = urlparse(address)
    if parts.scheme not in ("", "file") or parts.netloc not in ("", "localhost"):
        raise FatalError(
            "A BATCH message names a file that is not on this machine. Set "
            "`batch_config.storage.root` of the stage before this one to a local "
            "folder."
        )
    return Path(unquote(parts.path))


def open_lines(path: Path, compression: str | None) -> IO[bytes] | gzip.GzipFile:
    """Open a file of JSON lines."""
    if compression == "gzip":
        return gzip.open(path, "rb")
    return path.open("rb")


@contextmanager
def readable(path: Path, *more: type[Exception]) -> Iterator[None]:
    """Tell what goes wrong with a file without quoting what is in it.

    Args:
        path: The file.
        more: What else a library raises for a file that is damaged.
    """
    try:
        yield
    except UNREADABLE + more as error:
        raise FatalError(
            f"The batch file {path.name} cannot be read ({type(error).__name__}). Run "
            "the stages before this one again."
        ) from error


def to_refusal(form: str) -> FatalError:
    """Return what to raise for a file in a form that is not read."""
    return FatalError(
        f"BATCH files in the format `{form}` cannot be read; set "
        "`batch_config.encoding.format` of the stage before this one to `parquet` or "
        "`jsonl`."
    )
