"""Work on several things at a time, in their order."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Thing = TypeVar("Thing")


def work_abreast(
    things: Iterable[Thing], work: Callable[[Thing], object], most: int
) -> None:
    """Work on things as they come; the first failure ends it.

    Args:
        things: Each is asked for when there is room for it.
        work: What to do with one.
        most: How many may be in work.
    """
    if most == 1:
        for thing in things:
            work(thing)
        return
    running: deque[Future[object]] = deque()
    with ThreadPoolExecutor(most) as pool:
        for thing in things:
            running.append(pool.submit(work, thing))
            if len(running) == most:
                running.popleft().result()
        while running:
            running.popleft().result()
