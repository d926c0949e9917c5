"""One rate limit for several processes: a sliding window in a small locked file.

The file holds when the latest requests started, as numbers of the clock that all
processes of one machine share. A process that dies leaves nothing but old numbers, and
the system takes its lock away.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import time
from array import array
from typing import TYPE_CHECKING

from sync_core.pace import Pace
from sync_core.workdir import PRIVATE_FILE, PRIVATE_FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_log = logging.getLogger(__name__)
NOBODY = -1
MAX_BYTES = 1_000_000


class SharedPace(Pace):
    """A pace that processes keep together; alone if the file cannot be written.

    Args:
        path: The file, the same for everybody who shares the limit; made if missing.
        limit: Requests in one window.
        seconds: Length of the window in seconds.
        clock: Seconds that pass alike in every process.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        path: Path,
        limit: int,
        seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(limit, seconds, clock=clock, sleep=sleep)
        self._path = path
        self._file = NOBODY
        self._is_alone = False

    def wait(self) -> None:
        """Return when the next request of any process may start, and count it."""
        with self._lock:
            while not self._is_alone and (delay := self._claim()) > 0:
                self.waits += 1
                self._sleep(delay)
        if self._is_alone:
            super().wait()

    def close(self) -> None:
        """Close the file; a later `wait` opens it again."""
        with self._lock:
            if self._file != NOBODY:
                os.close(self._file)
                self._file = NOBODY

    def _claim(self) -> float:
        """Count a request if one may start; else return how long to wait."""
        try:
            with self._held() as file:
                return self._claim_in(file)
        except OSError as problem:
            self._is_alone = True
            _log.warning(
                "The rate limit is not shared with other processes: %s cannot be "
                "used (%s).",
                self._path,
                problem.strerror,
            )
            return 0.0

    def _claim_in(self, file: int) -> float:
        now = self._clock()
        starts = self._read(file, now)
        if len(starts) >= self.limit:
            return self.seconds - (now - starts[-self.limit])
        starts.append(now)
        os.pwrite(file, starts.tobytes(), 0)
        os.ftruncate(file, len(starts) * starts.itemsize)
        return 0.0

    def _read(self, file: int, now: float) -> array[float]:
        """Return the starts of this window; numbers of before a restart are none."""
        data = os.pread(file, MAX_BYTES, 0)
        whole: array[float] = array("d")
        whole.frombytes(data[: len(data) // whole.itemsize * whole.itemsize])
        return array("d", sorted(t for t in whole if 0 <= now - t < self.seconds))

    @contextlib.contextmanager
    def _held(self) -> Iterator[int]:
        if self._file == NOBODY:
            self._file = self._open()
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield self._file
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _open(self) -> int:
        self._path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        flags = os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(self._path, flags, PRIVATE_FILE)
