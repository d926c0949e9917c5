"""What an engine must do that Narwhals does not say for all of them alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scoring_transform.frames import Frame

#: The times that are read: seconds must stand there, an offset need not (UTC).
TIME_PATTERN = (
    r"\A\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:?\d{2})?\z"
)


def bad_time(where: str) -> str:
    """Return the refusal of a time, which does not quote it."""
    return (
        f"A `{where}` is not a date and time. Write ISO 8601 with seconds, such as "
        "2026-03-02T10:00:00Z, or a timestamp column."
    )


def missing_key(where: str) -> str:
    """Return the refusal of a row that does not say what it belongs to."""
    return (
        f"A row has no `{where}`. Without it the row cannot be scored: fill it in "
        "where the dataset is made."
    )


class Engine(Protocol):
    """Scores datasets, all at once or some whole events at a time."""

    @property
    def at_once(self) -> int:
        """How many portions may be in work."""

    def portions(self) -> Iterator[Portion]:
        """Yield what scores some events each, all of them in the end."""

    def finish(self) -> None:
        """Make the result visible, if writing it did not."""

    def release(self) -> None:
        """Let go of everything that was kept."""


class Portion(Protocol):
    """Reads, scores and writes some events; all frames of one score are of one."""

    def read(self, stream: str) -> Frame:
        """Return a dataset of the input with the columns that it has."""

    def to_instants(self, frame: Frame, columns: Mapping[str, str]) -> Frame:
        """Add columns of microseconds since 1970 for columns of texts or times.

        What is no time becomes null.
        """

    def to_checked(
        self,
        frame: Frame,
        stream: str,
        keys: Sequence[str],
        times: Mapping[str, str],
    ) -> Frame:
        """Return the frame, or refuse it for a missing key or a bad time."""

    def to_moments(self, frame: Frame, columns: Sequence[str]) -> Frame:
        """Replace microseconds since 1970 by texts as in the streams."""

    def to_list(self, frame: Frame, column: str, parts: Sequence[str]) -> Frame:
        """Replace columns by one list of those of their values that are not null."""

    def keep(self, frame: Frame) -> Frame:
        """Compute a frame that is used several times once."""

    def keep_all(self, *frames: Frame) -> Sequence[Frame]:
        """Do so with several frames, which may begin with the same steps."""

    def write(
        self, tables: Mapping[str, Frame], keys: Mapping[str, Sequence[str]]
    ) -> None:
        """Write every table of the result, ordered by its keys within a file."""
