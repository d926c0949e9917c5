"""Several portions in work: in their order, no more than may be, and none in secret."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from scoring_transform.datasets.abreast import work_abreast

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 10.0


@pytest.mark.parametrize("most", [1, 2, 3])
def test_everything_is_worked_on_once(most: int) -> None:
    """Also if there is nothing, or less than may be in work."""
    for number in (0, 1, 2, 7):
        done: list[int] = []
        work_abreast(range(number), done.append, most)
        assert sorted(done) == list(range(number))


def things(number: int, asked: list[int]) -> Iterator[int]:
    """Yield numbers, and note which were asked for."""
    for thing in range(number):
        asked.append(thing)
        yield thing


def test_so_many_are_in_work_and_no_more() -> None:
    """Two meet; a third is not asked for before one of them is done."""
    both = threading.Barrier(2)
    asked: list[int] = []
    seen: list[int] = []

    def work(_: int) -> None:
        both.wait(SECONDS)
        seen.append(len(asked))

    work_abreast(things(4, asked), work, 2)

    assert asked == [0, 1, 2, 3]
    assert max(seen[:2]) <= 3


@pytest.mark.parametrize("most", [1, 2])
def test_the_first_failure_ends_it(most: int) -> None:
    """What is in work ends, and nothing more is asked for than was in work."""
    asked: list[int] = []

    def work(number: int) -> None:
        if number == 3:
            raise MemoryError

    with pytest.raises(MemoryError):
        work_abreast(things(50, asked), work, most)
    assert len(asked) <= 4 + most


def test_a_failure_of_the_things_themselves_is_told() -> None:
    """A dataset that cannot be read while others are in work."""

    def broken() -> Iterator[int]:
        yield 1
        raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        work_abreast(broken(), lambda _: None, 2)
