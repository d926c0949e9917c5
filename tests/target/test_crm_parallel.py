"""A few calls at a time: all results, the first problem told, nothing started after."""

from __future__ import annotations

import threading

import pytest

from target_crm.parallel import in_parallel


@pytest.mark.parametrize("workers", [1, 2, 8])
@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_every_argument_comes_back_with_its_result(workers: int, count: int) -> None:
    """In any order."""
    found = dict(in_parallel(lambda n: n * n, range(count), workers))

    assert found == {n: n * n for n in range(count)}


@pytest.mark.parametrize("workers", [1, 4])
def test_after_a_problem_no_further_call_is_started(workers: int) -> None:
    """What was under way is still told."""
    started = []

    def call(number: int) -> int:
        started.append(number)
        if number == 3:
            raise ValueError(number)
        return number

    found = dict(in_parallel(call, range(1_000), workers))

    assert isinstance(found[3], ValueError)
    assert set(found) == set(started)
    assert len(started) < 1_000


def test_calls_really_run_at_the_same_time() -> None:
    """Three that wait for each other all end."""
    barrier = threading.Barrier(3, timeout=10)

    found = dict(in_parallel(lambda n: barrier.wait() >= 0 and n, (1, 2, 3), 3))

    assert found == {1: 1, 2: 2, 3: 3}
