"""A small Singer mapper that the conformance kit passes, and ways to get it wrong.

It adds up the minutes of everybody's visits to a course. `mistake` in its settings
makes it wrong in one way, which one check of the kit must notice.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import signal
import sqlite3
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 65_536
SCHEMA = {
    "type": "SCHEMA",
    "stream": "totals",
    "key_properties": ["course", "who"],
    "schema": {
        "properties": {
            "course": {"type": "string"},
            "who": {"type": "string"},
            "minutes": {"type": "number"},
        }
    },
}
TOTALS = (
    "select who, sum(millis), max(digits) from visits where course = ?"
    " group by who order by who"
)


def write(message: dict[str, Any]) -> None:
    """Write one message at once."""
    sys.stdout.write(json.dumps(message, default=str) + "\n")
    sys.stdout.flush()


class Toy:
    """The mapper: visits on disk, STATEs until nothing before them is open."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.mistake = config.get("mistake", "")
        folder = Path(config["state_dir"])
        folder.mkdir(exist_ok=True)
        if self.mistake != "leaves-a-killed-runs-files":
            for path in folder.glob("*.sqlite"):
                path.unlink()
        self.path = folder / f"{os.getpid()}.sqlite"
        self.journal = folder / "journal"
        self.db = sqlite3.connect(self.path, isolation_level=None)
        self.db.execute("pragma synchronous = off")
        self.db.execute("pragma journal_mode = off")
        self.db.execute(
            "create table visits (course, id, who, millis, digits, arrived,"
            " primary key (course, id))"
        )
        self.number = 0
        self.since: dict[str, int] = {}
        self.held: list[tuple[int, dict[str, Any]]] = []
        self.announced = False
        self.kept: list[Any] = []

    def take(self, message: dict[str, Any]) -> None:
        """Take one message."""
        self.number += 1
        if self.mistake == "writes-on-at-a-signal":
            time.sleep(0.001)  # a signal that does not wait for it comes before
        kind = message["type"]
        if kind == "SCHEMA" and self.mistake == "starts-anew-at-a-schema":
            self.db.execute("delete from visits")
        elif kind == "STATE":
            self.add_state(message)
        elif kind == "BATCH":
            for record in read_batch(message):
                if self.mistake != "misses-a-row-of-a-batch" or record["id"] != "v0":
                    self.add_visit(record)
        elif kind == "RECORD":
            self.add_record(message["stream"], message["record"])

    def add_record(self, stream: str, record: dict[str, Any]) -> None:
        """Take one record."""
        if stream == "visits":
            self.add_visit(record)
        elif stream == "courses":
            self.close(record["course"])
        elif self.mistake == "stops-at-an-unknown-stream":
            raise SystemExit(1)

    def add_visit(self, record: dict[str, Any]) -> None:
        """Keep a visit; a repeated one replaces itself."""
        course, key = record["course"], record["id"]
        self.since.setdefault(course, self.number)
        if self.mistake == "counts-repeats":
            key = f"{key}-{self.number}"
        elif self.mistake == "keeps-the-last-of-a-person":
            key = record["who"]
        elif self.mistake == "holds-all-in-memory":
            self.kept.append(dict(record))
        elif self.mistake == "mixes-groups":
            course = "all"
        minutes = Decimal(record["minutes"])
        row = [course, key, record["who"], int(minutes * 1000), len(str(minutes))]
        self.db.execute(
            "insert or replace into visits values (?, ?, ?, ?, ?, ?)",
            [*row, self.number],
        )

    def add_state(self, message: dict[str, Any]) -> None:
        """Hold a STATE until it is true."""
        if self.mistake == "passes-a-state-at-once":
            write(message)
        elif self.mistake != "forgets-states":
            self.held.append((self.number, message))
            self.release()

    def release(self) -> None:
        """Write the newest STATE that covers nothing open."""
        limit = min(self.since.values(), default=self.number + 1)
        free = [held for held in self.held if held[0] < limit]
        if free:
            write(free[-1][1])
        self.held = self.held[len(free) :]

    def close(self, course: str) -> None:
        """Write a course's totals, and then what STATE is true by now."""
        if self.mistake == "says-so-before-it-is-done":
            self.since.pop(course, None)
            self.release()
        if self.mistake != "writes-nothing" and not self.is_journaled(course):
            self.write_totals(course)
        if self.mistake != "mixes-groups":
            self.db.execute("delete from visits where course = ?", [course])
        self.since.pop(course, None)
        self.release()

    def is_journaled(self, course: str) -> bool:
        """Return whether a run before has written it, if this mistake is made."""
        if self.mistake != "skips-what-a-killed-run-wrote":
            return False
        self.journal.touch()
        done = self.journal.read_text().split()
        self.journal.write_text(" ".join([*done, course]))
        return course in done

    def write_totals(self, course: str) -> None:
        """Write the records of a course."""
        scope = "all" if self.mistake == "mixes-groups" else course
        for who, millis, digits in self.db.execute(TOTALS, [scope]).fetchall():
            minutes: Any = millis / 1000
            if self.mistake == "writes-numbers-as-text":
                minutes = Decimal(millis)
            elif self.mistake == "heeds-the-spelling":
                minutes = digits
            elif self.mistake == "depends-on-the-time":
                minutes = time.time()
            record = {"course": course, "who": who, "minutes": minutes}
            message = {"type": "RECORD", "stream": "totals", "record": record}
            if self.mistake == "announces-late":
                write(message)
            self.announce()
            if self.mistake != "announces-late":
                write(message)
            if self.mistake == "writes-twice":
                write(message)

    def announce(self) -> None:
        """Write the SCHEMA once."""
        if not self.announced:
            write(SCHEMA)
        self.announced = True

    def finish(self) -> int:
        """Return the exit code at the end of the input."""
        if self.mistake == "announces-without-need":
            self.announce()
        wanted = self.config.get("on_incomplete") == "score"
        if self.mistake == "writes-open-groups" or (
            wanted and self.mistake != "never-writes-open-groups"
        ):
            for course in list(self.since):
                self.close(course)
        if self.mistake == "lets-states-go-at-the-end":
            self.since, code = {}, bool(self.since)
            self.release()
            return int(code)
        return int(bool(self.since) and self.mistake != "keeps-silent")

    def clean(self) -> None:
        """Delete what is on disk."""
        self.db.close()
        if self.mistake != "leaves-its-files":
            self.path.unlink()

    def end(self, number: int, _: object) -> None:
        """End at a signal, with nothing more written."""
        if self.mistake == "writes-on-at-a-signal":
            self.since = {}
            self.release()
        self.clean()
        os._exit(0 if self.mistake == "ends-well-at-a-signal" else 128 + number)


def read_batch(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the records of a BATCH message's files."""
    for address in message["manifest"]:
        path = unquote(urlparse(address).path)
        with (gzip.open if path.endswith("gz") else open)(path, "rb") as source:
            for line in source:
                yield json.loads(line, parse_float=Decimal)


def read_lines(mistake: str) -> Iterator[bytes]:
    """Yield the lines of the input."""
    if mistake != "takes-chunks-for-lines":
        yield from sys.stdin.buffer
        return
    while chunk := os.read(0, CHUNK):
        lines = chunk.split(b"\n")
        yield from (line for line in lines if line[:1] == b"{" and line[-1:] == b"}")


def main() -> int:
    """Run the mapper."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path)
    toy = Toy(json.loads(parser.parse_args().config.read_text()))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, toy.end)
    for line in read_lines(toy.mistake):
        toy.take(json.loads(line, parse_float=Decimal))
    code = toy.finish()
    toy.clean()
    return code


if __name__ == "__main__":
    raise SystemExit(main())
