"""Ends the process on a signal even while the engine works and hears nothing."""

from __future__ import annotations

import os
import signal
import socket
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

GRACE = 2.0
ENDING = frozenset({signal.SIGTERM, signal.SIGINT})


class PromptEnd:
    """Watches for signals while its block runs.

    Python hears a signal only between two of its own steps, and one call of the engine
    may take longer than whoever sent the signal will wait. So a thread waits for it
    too: if the block has not ended soon after, the process ends there and then, and
    nothing more is written.

    Args:
        clean: Deletes what must not stay behind.
        grace: Seconds that the usual way has.
    """

    def __init__(self, clean: Callable[[], None], grace: float = GRACE) -> None:
        self._clean, self._grace = clean, grace
        self._ended = threading.Event()
        self._hears, self._tells = socket.socketpair()
        self._tells.settimeout(0)
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._before = -1

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._before = signal.set_wakeup_fd(
            self._tells.fileno(), warn_on_full_buffer=False
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop watching; whatever ends the block ends it in the usual way."""
        self._ended.set()
        signal.set_wakeup_fd(self._before)
        self._tells.close()
        self._thread.join()
        self._hears.close()

    def _watch(self) -> None:
        while number := self._hears.recv(1):
            if number[0] in ENDING and not self._ended.wait(self._grace):
                self._end(number[0])

    def _end(self, number: int) -> None:
        try:
            self._clean()
        finally:
            os._exit(128 + number)
