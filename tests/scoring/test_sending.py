"""Scores are made in some threads and written in another, in order, or not at all."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from scoring_transform.sending import MOST_MADE, MOST_WAITING, Sender, Stopped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scoring_transform.sending import Step

SECONDS = 10.0


class Desk:
    """Notes what is made and what is written."""

    def __init__(self) -> None:
        self.made: list[int] = []
        self.written: list[int] = []
        self.may_write = threading.Event()

    def work(self, *numbers: int) -> Iterator[Step]:
        """Make numbers; each is written when that is allowed."""
        for number in numbers:
            self.made.append(number)
            yield lambda number=number: self.write(number)  # type: ignore[misc]

    def write(self, number: int) -> None:
        """Write a number once that is allowed."""
        assert self.may_write.wait(SECONDS)
        self.written.append(number)


def test_everything_is_written_in_the_order_in_which_it_was_made() -> None:
    """Also over several pieces of work."""
    sender, desk = Sender(), Desk()
    desk.may_write.set()

    for first in range(0, 90, 30):
        sender.begin(desk.work(*range(first, first + 30)))
    sender.wait()

    assert desk.written == list(range(90))


def test_it_goes_on_making_while_it_writes() -> None:
    """But no more than may wait: what is made takes memory."""
    sender, desk = Sender(), Desk()

    sender.begin(desk.work(*range(50)))
    for _ in range(int(SECONDS * 100)):
        if len(desk.made) == MOST_WAITING + 2:
            break
        threading.Event().wait(0.01)

    assert len(desk.made) == MOST_WAITING + 2  # one more is written, one is held
    assert desk.written == []
    desk.may_write.set()
    sender.wait()
    assert desk.written == list(range(50))


def test_the_next_piece_is_made_before_the_last_one_is_written() -> None:
    """And still comes out behind it."""
    sender, desk = Sender(), Desk()

    sender.begin(desk.work(1))
    sender.begin(desk.work(2))
    for _ in range(int(SECONDS * 100)):
        if len(desk.made) == 2:
            break
        threading.Event().wait(0.01)

    assert (sorted(desk.made), desk.written) == ([1, 2], [])
    desk.may_write.set()
    sender.wait()
    assert desk.written == [1, 2]


def test_only_so_many_pieces_are_made_at_a_time() -> None:
    """The next one begins when one of them is made, however late that is written."""
    sender, desk = Sender(), Desk()
    may_make = threading.Event()

    def work(number: int) -> Iterator[Step]:
        assert may_make.wait(SECONDS)
        yield from desk.work(number)

    for number in range(MOST_MADE):
        sender.begin(work(number))
    more = threading.Thread(target=lambda: sender.begin(desk.work(MOST_MADE)))
    more.start()
    more.join(0.1)
    assert (more.is_alive(), desk.made) == (True, [])

    may_make.set()
    more.join(SECONDS)
    assert not more.is_alive()
    desk.may_write.set()
    sender.wait()
    assert desk.written == list(range(MOST_MADE + 1))


def test_what_was_made_out_of_turn_is_not_written_after_a_failure() -> None:
    """The piece before it failed, so its rows must not come alone."""
    sender, desk = Sender(), Desk()
    desk.may_write.set()
    is_made = threading.Event()

    def fails() -> Iterator[Step]:
        assert is_made.wait(SECONDS)
        yield from ()
        raise MemoryError

    def works() -> Iterator[Step]:
        yield from desk.work(1)
        is_made.set()

    sender.begin(fails())
    sender.begin(works())

    with pytest.raises(MemoryError):
        sender.wait()
    assert desk.written == []


def test_a_failed_write_ends_all_work() -> None:
    """Whoever waits is told of it, whoever begins too, and nothing more is written."""
    sender, desk = Sender(), Desk()
    desk.may_write.set()

    def fail() -> None:
        raise BrokenPipeError

    def work() -> Iterator[Step]:
        yield fail
        yield from desk.work(*range(100))

    sender.begin(work())

    with pytest.raises(BrokenPipeError):
        sender.wait()
    with pytest.raises(BrokenPipeError):
        sender.begin(desk.work(1))
    assert desk.written == []
    assert len(desk.made) < 100


def test_a_failed_making_is_told() -> None:
    """And nothing that would come after it is written."""
    sender, desk = Sender(), Desk()
    desk.may_write.set()

    def work() -> Iterator[Step]:
        yield from desk.work(1)
        raise MemoryError

    sender.begin(work())

    with pytest.raises(MemoryError):
        sender.wait()
    assert desk.written in ([], [1])


def test_what_is_stopped_writes_nothing_more() -> None:
    """It ends even while something is being written."""
    sender, desk = Sender(), Desk()
    sender.begin(desk.work(*range(100)))

    stopping = threading.Thread(target=sender.stop)
    stopping.start()
    while not sender._stop.is_set():
        threading.Event().wait(0.01)
    desk.may_write.set()
    stopping.join(SECONDS)

    assert not stopping.is_alive()
    assert desk.written in ([], [0])
    with pytest.raises(Stopped):
        sender.begin(desk.work(1))
