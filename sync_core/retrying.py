"""The one retry layer: bounded tries, bounded time, and the server's own wish."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, TypeVar

import tenacity

from sync_core.errors import FatalError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

MAX_TRIES = 8
MAX_SECONDS = 600.0
FIRST_WAIT = 0.5
LONGEST_WAIT = 60.0


class Retrier:
    """Repeats a call that failed for now.

    A call fails for now by raising `TransientError`. It is repeated after the wait
    the server asked for, else after a doubling wait with jitter, until ``max_tries``
    or until the next wait would pass ``max_seconds``: then `FatalError`, at once.

    Args:
        clock: Monotonic seconds.
        sleep: Waits for seconds.
        jitter: A number in [0, 1).
        max_tries: Calls in all, the first included.
        max_seconds: Bound on the whole, waits included.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        max_tries: int = MAX_TRIES,
        max_seconds: float = MAX_SECONDS,
    ) -> None:
        self.max_tries = max_tries
        self.max_seconds = max_seconds
        self.waits = 0
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter

    def call(self, attempt: Callable[[], T]) -> T:
        """Return what ``attempt`` returns, repeated while it fails for now.

        Raises:
            FatalError: The tries or the time are used up; the cause is chained.
        """
        start = self._clock()
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TransientError),
            wait=self._wait,
            stop=lambda state: self._is_over(state, start),
            sleep=self._pause,
            retry_error_callback=_give_up,
        )
        return retrying(attempt)

    def _pause(self, seconds: float) -> None:
        self.waits += 1
        self._sleep(seconds)

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = _error_of(state)
        backoff = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (state.attempt_number - 1))
        backoff *= 0.5 + self._jitter() / 2
        return backoff if error.retry_after is None else max(error.retry_after, 0.0)

    def _is_over(self, state: tenacity.RetryCallState, start: float) -> bool:
        spent = self._clock() - start
        return (
            state.attempt_number >= self.max_tries
            or spent + self._wait(state) > self.max_seconds
        )


def _error_of(state: tenacity.RetryCallState) -> TransientError:
    outcome = state.outcome
    error = outcome.exception() if outcome else None
    if isinstance(error, TransientError):
        return error
    raise TypeError("only a TransientError is retried")


def _give_up(state: tenacity.RetryCallState) -> T:  # type: ignore[type-var]
    error = _error_of(state)
    wait = error.retry_after
    asked = f" The server asks to wait {wait:.0f} s." if wait else ""
    raise FatalError(
        f"{error}{asked} {state.attempt_number} tries.", status=error.status
    ) from error
