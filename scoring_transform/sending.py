"""Scores are made and written while the input is read on: one piece of work at a time.

The engine and the output need the interpreter only now and then, so that reading and
scoring can have a core each.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Stopped(Exception):  # noqa: N818 - it is no error
    """Ends work whose result nobody wants any more."""


class Sender:
    """Does one piece of work after the other, each in the background."""

    def __init__(self) -> None:
        self._failure: BaseException | None = None
        self._stop = threading.Event()
        # A thread that a signal interrupts while it joins another one takes that one
        # for ended, so an event says when work is done.
        self._idle = threading.Event()
        self._idle.set()

    def begin(self, work: Callable[[], None]) -> None:
        """Begin a piece of work when the one before it is done."""
        self.wait()
        self._idle.clear()
        threading.Thread(target=self._run, args=[work], daemon=True).start()

    def wait(self) -> None:
        """Wait until all work is done; raise what ended it, if it failed."""
        self._idle.wait()
        self.look()

    def look(self) -> None:
        """Raise what ended the work, if it failed by now."""
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """End the work at its next step; nothing can be begun afterwards."""
        self._stop.set()
        self._idle.wait()

    def check(self) -> None:
        """End the work that calls this, if it is to be ended."""
        if self._stop.is_set():
            raise Stopped

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
            self._failure = error
        finally:
            self._idle.set()
