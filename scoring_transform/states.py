"""STATE messages that wait until what they cover has been scored and sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class HeldState(NamedTuple):
    """A STATE and its number among all messages of the input."""

    number: int
    line: bytes


class HeldStates:
    """Every STATE that may still be forwarded, oldest first.

    A STATE may cover everything read before it. So it may go on only when every event
    whose first message came before it has been scored and sent.
    """

    def __init__(self) -> None:
        self._held: list[HeldState] = []
        self.size = 0

    def add(self, number: int, line: bytes) -> None:
        """Keep a STATE."""
        self._held.append(HeldState(number, line))
        self.size += len(line)

    def release(self, open_since: Iterable[int]) -> HeldState | None:
        """Return the newest STATE that covers nothing open, and forget older ones.

        Args:
            open_since: The number of the first message of every open event.
        """
        starts = sorted(open_since)
        limit = starts[0] if starts else None
        free = [s for s in self._held if limit is None or s.number < limit]
        self._held = self._thin(self._held[len(free) :], starts)
        self.size = sum(len(state.line) for state in self._held)
        return free[-1] if free else None

    @staticmethod
    def _thin(held: list[HeldState], starts: list[int]) -> list[HeldState]:
        """Keep only the newest STATE between two openings: no other can matter."""
        kept: list[HeldState] = []
        openings = iter([*starts, float("inf")])
        opening = next(openings)
        for state in held:
            if opening > state.number:
                kept.pop()
            while opening <= state.number:
                opening = next(openings)
            kept.append(state)
        return kept
