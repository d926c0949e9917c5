"""What the sandbox breaks on purpose: small frozen facts, and the plan that holds them.

A plan says: the n-th request to this part whose path matches this pattern gets
this fault. Faults are plain data, so they can be table rows of a test, be drawn
and shrunk by a property test, or stand in a YAML file::

    - {part: hubspot, path: "*/contacts/batch/upsert", requests: [1, 2],
       fault: {kind: status, status: 503}}
    - {part: hubspot, path: "*/batch/upsert", requests: [3],
       fault: {kind: lose_reply}}
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated

import msgspec

from sandbox.errors import SandboxError

if TYPE_CHECKING:
    from pathlib import Path

Fraction = Annotated[float, msgspec.Meta(ge=0, lt=1)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=600)]
StatusCode = Annotated[int, msgspec.Meta(ge=200, le=599)]


class Fault(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag=True
):
    """One way to break one answer."""


class Status(Fault, frozen=True, tag="status"):
    """Answer with this status instead of doing the work."""

    status: StatusCode
    body: str = '{"status":"error","message":"planned fault"}'
    headers: dict[str, str] = {}
    content_type: str = "application/json"


class LoseReply(Fault, frozen=True, tag="lose_reply"):
    """Do the work, then lose the answer: a reset, or the status of a proxy.

    Attributes:
        status: Of the proxy; none is a reset.
        after_s: A silence before, in which a client may lose its patience.
    """

    status: StatusCode | None = None
    after_s: Seconds = 0.0


class Reset(Fault, frozen=True, tag="reset"):
    """Break the connection after this part of the answer's body; no work if 0."""

    at: Fraction = 0.0


class Drip(Fault, frozen=True, tag="drip"):
    """Do the work, then send the body one byte at a time with this pause."""

    pause_s: Seconds = 1.0


class Hang(Fault, frozen=True, tag="hang"):
    """Wait this long before anything happens."""

    seconds: Seconds = 30.0


class Truncate(Fault, frozen=True, tag="truncate"):
    """Do the work, then send only this part of the body, as if it were whole."""

    at: Fraction = 0.5


class RowErrors(Fault, frozen=True, tag="row_errors"):
    """Refuse these rows (counted from 0) of a batch, as the CRM itself would.

    Attributes:
        rows: Which rows; those beyond the batch are ignored.
        category: The CRM's own word for the reason.
        message: The CRM's own sentence.
        traced: Whether the answer says which row each reason belongs to.
        num_errors: A number of errors to claim instead of the true one.
    """

    rows: tuple[int, ...]
    category: str = "VALIDATION_ERROR"
    message: str = "planned fault: this record was refused"
    traced: bool = True
    num_errors: int | None = None


AnyFault = Status | LoseReply | Reset | Drip | Hang | Truncate | RowErrors


class Planned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fault and the requests it belongs to.

    Attributes:
        part: The look-alike it breaks, such as `hubspot`.
        path: A shell pattern for the path; `*` also matches slashes.
        fault: What goes wrong.
        requests: Which of the matching requests, the first is 1; empty means all.
        method: Only requests with this method; empty means any.
        holds: Only requests whose body holds this text, such as one bad address.
    """

    part: str
    fault: AnyFault
    path: str = "*"
    requests: tuple[Annotated[int, msgspec.Meta(ge=1)], ...] = ()
    method: str = ""
    holds: str = ""

    def matches(self, part: str, method: str, path: str, body: bytes = b"") -> bool:
        """Say whether a request counts for this line of the plan."""
        return (
            self.part == part
            and self.method in ("", method)
            and fnmatchcase(path, self.path)
            and self.holds.encode() in body
        )


class FaultPlan:
    """Counts requests against planned faults, and knows which were never hit."""

    def __init__(self, planned: tuple[Planned, ...] = ()) -> None:
        self._planned = planned
        self._counts = [0] * len(planned)
        self._hits: list[set[int]] = [set() for _ in planned]
        self._is_over = False
        self.reads_bodies = any(line.holds for line in planned)

    def end(self) -> None:
        """Break nothing more: whatever was wrong has been mended."""
        self._is_over = True

    def take(
        self, part: str, method: str, path: str, body: bytes = b""
    ) -> AnyFault | None:
        """Count a request and return the first fault planned for it, if any."""
        found: AnyFault | None = None
        if self._is_over:
            return found
        for index, planned in enumerate(self._planned):
            if not planned.matches(part, method, path, body):
                continue
            self._counts[index] += 1
            number = self._counts[index]
            if found is None and (not planned.requests or number in planned.requests):
                self._hits[index].add(number)
                found = planned.fault
        return found

    def unhit(self) -> tuple[Planned, ...]:
        """Return what was planned and never happened, for a test to fail on."""
        missed: list[Planned] = []
        for planned, hits in zip(self._planned, self._hits, strict=True):
            left = tuple(n for n in planned.requests if n not in hits)
            if left or not hits:
                missed.append(msgspec.structs.replace(planned, requests=left))
        return tuple(missed)


def parse_faults(text: str) -> tuple[Planned, ...]:
    """Read a plan from YAML or JSON text.

    Raises:
        SandboxError: The text is not a plan; the message says where and why.
    """
    try:
        return msgspec.yaml.decode(text, type=tuple[Planned, ...])
    except msgspec.MsgspecError as error:
        raise SandboxError(f"not a fault plan: {error}") from error


def read_faults(path: Path) -> tuple[Planned, ...]:
    """Read a plan from a YAML or JSON file.

    Raises:
        SandboxError: The file is not a plan; the message names it and says why.
    """
    try:
        return parse_faults(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SandboxError(f"{path}: {error}") from error
