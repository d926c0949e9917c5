"""From messages to scores: what is open, what is closed, when scores go out."""

from __future__ import annotations

import json
import logging
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from scoring_transform.batches import BatchFiles
from scoring_transform.events import EventFacts
from scoring_transform.scorer import Scorer
from scoring_transform.sending import Sender
from scoring_transform.states import HeldStates
from scoring_transform.store import STREAMS, Store
from scoring_transform.writing import Writer
from sync_core.errors import FatalError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from scoring_transform.model import Model
    from scoring_transform.sending import Step
    from scoring_transform.states import HeldState
    from scoring_transform.store import Group
    from scoring_transform.writing import Outlet

MOST_UNPARSED = 48 << 20
MOST_CLOSED = 5_000
MOST_STATES = 16 << 20
NATIVE = ("events", *STREAMS)

logger = logging.getLogger("scoring_transform")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When something has to happen.

    Attributes:
        at_end: Whether only the end of the input completes events.
        rows: Activities of open events that may be in memory.
        seconds: How long scores may wait.
        folder: Where rows beyond that go.
    """

    at_end: bool
    rows: int
    seconds: float
    folder: Path


class Pipeline:
    """Takes the messages of a tap in order and writes scores and STATE.

    Closed events wait until there are enough of them, so that many are scored in one
    go; then all of them are scored and written, and after that the newest STATE that
    covers nothing open.
    """

    def __init__(
        self,
        *,
        model: Model,
        limits: Limits,
        outlet: Outlet,
        now: Callable[[], dt.datetime],
        clock: Callable[[], float],
    ) -> None:
        self.model = model
        self.limits = limits
        self._clock = clock
        self._sender = Sender()
        self._writer = Writer(outlet, self._sender.check)
        self._store = Store(limits.folder)
        self._scorer = Scorer(model, now, outlet.streams)
        self._states = HeldStates()
        self._files = BatchFiles()
        self._known: set[str] = set()
        self._facts: dict[str, EventFacts] = {}
        self._closed: dict[str, int] = {}
        self._waiting_since: float | None = None
        self._partial: Counter[str] = Counter()
        self._number = 0

    def add_schema(self, message: Mapping[str, Any]) -> None:
        """Note that a stream was announced; a repeated one changes nothing."""
        self._number += 1
        self._known.add(_stream_of(message))

    def add_lines(self, stream: str, block: bytes, count: int) -> None:
        """Take RECORD lines of one stream."""
        self._check_known(stream)
        self._store.add_lines(stream, block, self._number + 1, count)
        self._number += count
        self._settle_if_due()

    def add_record(self, message: Mapping[str, Any]) -> None:
        """Take one record; an event's own record completes the event."""
        stream, record = _stream_of(message), message.get("record")
        self._number += 1
        if stream not in NATIVE:
            return
        self._check_known(stream)
        if stream == "events":
            self._close(EventFacts.of(record))
        else:
            line = json.dumps(message).encode() + b"\n"
            self._store.add_lines(stream, line, self._number, 1)
        self._settle_if_due()

    def add_batch(self, message: Mapping[str, Any]) -> None:
        """Take the files of a BATCH message."""
        stream = _stream_of(message)
        self._number += 1
        if stream not in NATIVE:
            return
        self._check_known(stream)
        if stream == "events":
            raise FatalError(
                "`events` came as BATCH. Send it as RECORD: its records complete the "
                "events, and a STATE would run ahead of them."
            )
        for frame in self._files.read(message, self._number):
            self._store.add_frame(stream, frame, self._number)
            if self._store.height > self.limits.rows:
                self._settle()
        self._settle_if_due()

    def add_state(self, line: bytes) -> None:
        """Hold a STATE until what it may cover is out."""
        self._number += 1
        self._states.add(self._number, line)
        self._wait()
        self._settle_if_due()

    def idle(self) -> None:
        """Do what is due while no input comes."""
        self._sender.look()
        if self._is_late():
            self._settle()

    def finish(self) -> None:
        """Score what is left, and say what could not be scored."""
        self._settle()
        if self._store.since and self._may_score_open():
            self._number += 1
            self._closed = dict.fromkeys(self._store.since, self._number)
            self._settle()
        self._finish_sending()
        self._warn()
        if self._store.since:
            raise FatalError(
                f"{len(self._store.since)} events were never completed in the input, "
                "so they were not scored and their STATE was withheld. Run again; if "
                "the source sends `events` first or not at all, set `close_events: "
                "at_end`, or `on_incomplete: score`."
            )

    def close(self) -> None:
        """Delete what is on disk; nothing can be scored afterwards."""
        self._store.close()

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Have everything sent at the end of a block, or nothing more if it fails."""
        try:
            yield
            self._finish_sending()
        except BaseException:
            self._sender.stop()
            raise

    def _warn(self) -> None:
        """Tell what was read but could not count as it should."""
        for name, count in sorted(self._store.unknown.items()):
            logger.warning("Ignored %d records of the activity `%s`.", count, name)
        for name, count in sorted(self._partial.items()):
            logger.warning(
                "%d events report `%s` for only a part of their time, so its ranks "
                "there favour whoever was seen.",
                count,
                name,
            )

    def _may_score_open(self) -> bool:
        return self.limits.at_end or self.model.file.on_incomplete == "score"

    def _check_known(self, stream: str) -> None:
        if stream not in self._known:
            raise FatalError(
                f"A record of `{stream}` came before its SCHEMA. The stage before this "
                "one does not follow the Singer specification."
            )

    def _close(self, facts: EventFacts) -> None:
        """Note that everything of an event has been read."""
        if facts.event_id in self._closed:
            self._settle()
        self._facts[facts.event_id] = facts
        self._partial.update(facts.partial_activities)
        if not self.limits.at_end:
            self._closed[facts.event_id] = self._number
            self._wait()

    def _wait(self) -> None:
        """Note since when something could be written that has not been."""
        if self._waiting_since is None:
            self._waiting_since = self._clock()

    def _settle_if_due(self) -> None:
        if (
            self._store.unparsed > MOST_UNPARSED
            or len(self._closed) >= MOST_CLOSED
            or self._states.size > MOST_STATES
            or self._is_late()
        ):
            self._settle()

    def _is_late(self) -> bool:
        since = self._waiting_since
        return since is not None and self._clock() - since >= self.limits.seconds

    def _settle(self) -> None:
        """Have all closed events scored, and send the STATE that is true then."""
        self._waiting_since = None
        self._store.parse()
        self._sender.await_room()
        self._files.delete_covered()
        closed, self._closed = self._closed, {}
        facts = [self._facts.pop(e, EventFacts(event_id=e)) for e in closed]
        groups = list(self._store.take(closed)) if closed else []
        reads_files = any(group.parts is not None for group in groups)
        state = self._states.release(self._store.since.values())
        self._sender.begin(self._to_steps(facts, groups, state))
        if reads_files:
            self._finish_sending()
        self._store.forget(closed)
        self._store.spill_beyond(self.limits.rows)

    def _finish_sending(self) -> None:
        """Wait until everything is out, and delete the files that were read for it."""
        self._sender.wait()
        self._files.delete_covered()

    def _to_steps(
        self, facts: Sequence[EventFacts], groups: list[Group], state: HeldState | None
    ) -> Iterator[Step]:
        """Score groups of closed events; yield what writes them, and then a STATE."""
        while groups:
            group = groups.pop(0)
            known = [fact for fact in facts if fact.event_id in group.closed]
            for stream, rows in self._scorer.score(known, group):
                yield partial(self._writer.write_rows, stream, rows)
            del group
        yield partial(self._confirm, state)

    def _confirm(self, state: HeldState | None) -> None:
        """Write a STATE, and note that nothing before it is needed again."""
        if state:
            self._writer.write_line(state.line)
        self._writer.flush()
        if state:
            self._files.cover(state.number)


def _stream_of(message: Mapping[str, Any]) -> str:
    stream = message.get("stream")
    if not isinstance(stream, str):
        raise FatalError("The input has a message without the name of its stream.")
    return stream
