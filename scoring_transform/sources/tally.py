"""What became of foreign records, in numbers: nothing is dropped in silence."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

logger = logging.getLogger("scoring_transform")


class Tally:
    """Counts by stream, rule and reason; holds nothing of any record.

    Attributes:
        records: Records read, by stream; also those of streams that no rule is for.
        sent: What came of them, by our streams.
        left_out: Rules that a condition or an `ignore` kept from a record.
        rejected: By stream, rule and reason.
        undescribed: Events without a record of their own.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.records: Counter[str] = Counter()
        self.unmapped: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        self.left_out: Counter[tuple[str, str]] = Counter()
        self.rejected: Counter[tuple[str, str, str]] = Counter()
        self.undescribed = 0

    def to_sentences(self) -> Iterator[str]:
        """Yield what a person should know, the sum last."""
        for (stream, rule, reason), count in sorted(self.rejected.items()):
            yield f"source {self.name}: {count} × rejected: {stream}, {rule}: {reason}"
        if self.undescribed:
            yield (
                f"source {self.name}: {self.undescribed} events have no record of "
                "their own, so they have no name and no times"
            )

    def to_summary(self) -> str:
        """Return the sum of a run in one line."""
        made = ", ".join(f"{n} {stream}" for stream, n in sorted(self.sent.items()))
        return (
            f"source {self.name}: {self.records.total()} records read: "
            f"{made or 'nothing'} made; {self.left_out.total()} left out by the "
            f"mapping, {self.rejected.total()} rejected, {self.unmapped.total()} of "
            "streams without a rule"
        )

    def log(self, silent: Iterable[str]) -> None:
        """Tell what became of the records, and which mapped streams sent nothing."""
        for sentence in self.to_sentences():
            logger.warning(sentence)
        for (stream, rule), count in sorted(self.left_out.items()):
            logger.info(
                "source %s: %d × left out: %s, %s", self.name, count, stream, rule
            )
        for stream, count in sorted(self.unmapped.items()):
            logger.info(
                "source %s: %d × no rule for stream %s", self.name, count, stream
            )
        for stream in sorted(silent):
            logger.info(
                "source %s: nothing came of stream %s; is it selected in the tap?",
                self.name,
                stream,
            )
        logger.info(self.to_summary())
