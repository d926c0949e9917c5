"""Keep under a rate limit instead of running into it."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Pace:
    """At most ``limit`` requests in any ``seconds``, counted where they start.

    Safe to share between threads. A sliding window: a burst of ``limit`` is allowed,
    as every vendor's own window allows it.

    Args:
        limit: Requests in one window.
        seconds: Length of the window in seconds.
        clock: Monotonic seconds.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        limit: int,
        seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.limit = limit
        self.seconds = seconds
        self.waits = 0
        self._clock = clock
        self._sleep = sleep
        self._starts: deque[float] = deque()
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when the next request may start, and count it."""
        with self._lock:
            while (delay := self._delay()) > 0:
                self.waits += 1
                self._sleep(delay)
            self._starts.append(self._clock())

    def learn(self, limit: int, seconds: float) -> None:
        """Take over the window that the server says it keeps."""
        with self._lock:
            self.limit, self.seconds = max(1, limit), seconds

    def close(self) -> None:
        """Let go of what is held; nothing is, in one process."""

    def _delay(self) -> float:
        now = self._clock()
        while self._starts and now - self._starts[0] >= self.seconds:
            self._starts.popleft()
        if len(self._starts) < self.limit:
            return 0.0
        return self.seconds - (now - self._starts[-self.limit])
