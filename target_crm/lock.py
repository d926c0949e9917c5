"""One run at a time in a state folder; the second one stops and names the first."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

from sync_core.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def hold(path: Path, who: str) -> Iterator[None]:
    """Hold a lock file; the system lets go of it when the process ends.

    Raises:
        FatalError: Another process holds it.
    """
    with path.open("r+") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            first = stream.read().strip() or "unknown"
            raise FatalError(
                f"Another {who} (process {first}) is using {path.parent}. "
                "Wait until it has ended, or set `state_dir` to another folder.",
                setting="state_dir",
            ) from error
        stream.truncate()
        stream.write(str(os.getpid()))
        stream.flush()
        yield
