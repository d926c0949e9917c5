"""Scores are made and written while the input is read on.

Each piece of work has a thread that makes what is sent. One thread writes all of it, in
the order in which the pieces began. The engine and the output need the interpreter only
now and then, so that reading, scoring and writing share the cores between them.
"""

from __future__ import annotations

import threading
from queue import Queue
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Step: TypeAlias = Callable[[], None]

#: Pieces that are made at a time: while the engine plans one it computes the other.
MOST_MADE = 2
#: What is made and not yet written takes memory: steps of each piece.
MOST_WAITING = 2


class Stopped(Exception):  # noqa: N818 - it is no error
    """Ends work whose result nobody wants any more."""


class Sender:
    """Does pieces of work in the background.

    A piece of work is an iterator: it makes a step when it is asked for the next one,
    and the step itself writes what was made.
    """

    def __init__(self) -> None:
        self._failure: BaseException | None = None
        self._stop = threading.Event()
        self._pieces: Queue[Queue[Step | None]] = Queue()
        self._lock = threading.Lock()
        self._open = 0
        # A thread that a signal interrupts while it joins another one takes that one
        # for ended, so these say what is done.
        self._room = threading.Semaphore(MOST_MADE)
        self._sent = threading.Event()
        self._sent.set()

    def begin(self, work: Iterator[Step]) -> None:
        """Begin a piece of work when there is room for it."""
        self.await_room()
        self._room.acquire()
        steps: Queue[Step | None] = Queue(MOST_WAITING)
        self._pieces.put(steps)
        with self._lock:
            self._sent.clear()
            self._open += 1
            is_first = self._open == 1
        threading.Thread(target=self._make, args=[work, steps], daemon=True).start()
        if is_first:
            threading.Thread(target=self._write, daemon=True).start()

    def await_room(self) -> None:
        """Wait until one more piece may be made; raise what failed by now."""
        with self._room:
            self.look()

    def wait(self) -> None:
        """Wait until all work is done; raise what ended it, if it failed."""
        self._sent.wait()
        self.look()

    def look(self) -> None:
        """Raise what ended the work, if it failed by now."""
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """End the work at its next step; nothing can be begun afterwards."""
        self._stop.set()
        self._sent.wait()

    def check(self) -> None:
        """End the work that calls this, if it is to be ended."""
        if self._stop.is_set() or self._failure is not None:
            raise Stopped

    def _make(self, work: Iterator[Step], steps: Queue[Step | None]) -> None:
        try:
            for step in work:
                self.check()
                steps.put(step)
        except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
            self._fail(error)
        finally:
            self._room.release()
            steps.put(None)

    def _write(self) -> None:
        """Write until nothing is open; after a failure, only take what is made."""
        is_open = True
        while is_open:
            steps = self._pieces.get()
            while (step := steps.get()) is not None:
                try:
                    self.check()
                    step()
                except BaseException as error:  # noqa: BLE001 - as above
                    self._fail(error)
            is_open = self._end_one()

    def _end_one(self) -> bool:
        """Note that a piece of work is written; tell whether another one is open."""
        with self._lock:
            self._open -= 1
            if not self._open:
                self._sent.set()
            return self._open > 0

    def _fail(self, error: BaseException) -> None:
        """Keep what failed first; what ends because of it is no news."""
        with self._lock:
            if self._failure is None:
                self._failure = error
