"""A few calls at the same time, without threads that outlive an interrupted run."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

A = TypeVar("A")
R = TypeVar("R")


def in_parallel(
    call: Callable[[A], R], arguments: Sequence[A], workers: int
) -> Iterator[tuple[A, R | Exception]]:
    """Yield each argument with its result or exception, as they come in.

    Daemon threads: a signal ends the process at once, whatever they wait for. After
    the first exception no further call is started; those under way are still yielded.
    """
    if workers <= 1 or len(arguments) <= 1:
        yield from _one_by_one(call, arguments)
        return
    waiting: queue.SimpleQueue[A] = queue.SimpleQueue()
    for argument in arguments:
        waiting.put(argument)
    done: queue.SimpleQueue[tuple[A, R | Exception] | None] = queue.SimpleQueue()
    stop = threading.Event()
    crew = min(workers, len(arguments))
    for _ in range(crew):
        threading.Thread(
            target=_work, args=(call, waiting, done, stop), daemon=True
        ).start()
    while crew:
        result = done.get()
        if result is None:
            crew -= 1
        else:
            yield result


def _one_by_one(
    call: Callable[[A], R], arguments: Sequence[A]
) -> Iterator[tuple[A, R | Exception]]:
    for argument in arguments:
        result = _outcome(call, argument)
        yield argument, result
        if isinstance(result, Exception):
            return


def _work(
    call: Callable[[A], R],
    waiting: queue.SimpleQueue[A],
    done: queue.SimpleQueue[tuple[A, R | Exception] | None],
    stop: threading.Event,
) -> None:
    while not stop.is_set():
        try:
            argument = waiting.get_nowait()
        except queue.Empty:
            break
        result = _outcome(call, argument)
        if isinstance(result, Exception):
            stop.set()
        done.put((argument, result))
    done.put(None)


def _outcome(call: Callable[[A], R], argument: A) -> R | Exception:
    try:
        return call(argument)
    except Exception as error:  # noqa: BLE001 - handed to the caller, who raises it
        return error
