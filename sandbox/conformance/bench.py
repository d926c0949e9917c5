"""One target between a stream and a sandbox: run it, then ask what became of it."""

from __future__ import annotations

import json
import re
import secrets
import shlex
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.conformance.crms import CLIENT_ID, open_session
from sandbox.conformance.process import Ran, run_target
from sandbox.conformance.rows import Rows, Shape, fill
from sandbox.faults import LoseReply, Planned
from sandbox.salesforce import SalesforceSettings
from sandbox.server import RunningSandbox, SandboxSettings, running

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sandbox.conformance.crms import Crm
    from sandbox.faults import AnyFault
    from sandbox.middleware import SeenRequest

_ID = re.compile(r"/(\d+|[a-zA-Z0-9]{15}|[a-zA-Z0-9]{18}|[^/]*@[^/]*)(?=/|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """What the kit was told.

    Attributes:
        command: The target's command line, with placeholders.
        config: Its settings, with placeholders.
        rows: How many people are sent.
        seconds: How long one run may take.
    """

    crm: Crm
    command: str
    config: Mapping[str, object]
    shape: Shape
    rows: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One run of the target and what the sandbox saw of it."""

    crm: Crm
    rows: Rows
    ran: Ran
    requests: list[SeenRequest]
    people: Counter[str]
    held: str
    secrets: tuple[str, ...]
    unhit: tuple[Planned, ...]

    @property
    def writes(self) -> list[SeenRequest]:
        """Requests that could have changed the CRM."""
        return [seen for seen in self.requests if self.crm.is_write(seen)]

    @property
    def people_writes(self) -> list[SeenRequest]:
        """Requests that wrote people."""
        return [seen for seen in self.requests if self.crm.writes_people(seen)]

    @property
    def refused(self) -> list[SeenRequest]:
        """Requests that met a planned fault."""
        return [seen for seen in self.requests if seen.fault]

    @property
    def missing(self) -> list[str]:
        """People who should be in the CRM and are not."""
        return [email for email in self.rows.good_emails if not self.people[email]]

    def after(self, seen: SeenRequest) -> list[SeenRequest]:
        """Return the requests that were logged after one."""
        return self.requests[self.requests.index(seen) + 1 :]


@dataclass(slots=True, kw_only=True)
class Bench:
    """A CRM account of its own, and a folder for what the target keeps.

    Attributes:
        token: Accepted by this account alone, so that it is found wherever it leaks.
    """

    kit: Kit
    folder: Path
    token: str = field(default_factory=lambda: f"kit-{secrets.token_hex(12)}")

    def visit(self, rows: Rows, *faults: Planned, kill_at_fault: bool = False) -> Visit:
        """Run the target once against the account."""
        with self._sandbox(faults) as box:
            texts = self._texts(box)
            known = len(box.requests)
            (self.folder / "input.jsonl").write_text(rows.to_lines(), "utf-8")
            ran = run_target(
                self._command(texts),
                self.folder,
                seconds=self.kit.seconds,
                kill_when=lambda: kill_at_fault and _was_hit(box),
            )
            seen, unhit = box.requests[known:], box.unhit
        with self._database() as db:
            return Visit(
                crm=self.kit.crm,
                rows=rows,
                ran=ran,
                requests=seen,
                people=self.kit.crm.count_people(db),
                held=self.kit.crm.dump(db),
                secrets=(self.token, texts["{token}"]),
                unhit=unhit,
            )

    @contextmanager
    def _sandbox(self, faults: tuple[Planned, ...]) -> Iterator[RunningSandbox]:
        settings = SandboxSettings(
            database=self._path,
            access_token=self.token,
            salesforce=SalesforceSettings(
                client_id=CLIENT_ID, client_secret=self.token
            ),
            faults=faults,
        )
        with running(settings) as box:
            yield box

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True)) as db:
            yield db

    @property
    def _path(self) -> Path:
        return self.folder / "sandbox.sqlite"

    def _texts(self, box: RunningSandbox) -> dict[str, str]:
        token = self.token
        if self.kit.crm.name == "salesforce":
            token = open_session(box.url, self.token)
        return {
            "{url}": box.url,
            "{token}": token,
            "{client_id}": CLIENT_ID,
            "{client_secret}": self.token,
            "{folder}": str(self.folder),
            "{config}": str(self.folder / "config.json"),
        }

    def _command(self, texts: Mapping[str, str]) -> list[str]:
        config = json.dumps(fill(self.kit.config, texts))
        (self.folder / "config.json").write_text(config, "utf-8")
        return [fill(word, texts) for word in shlex.split(self.kit.command)]


def _was_hit(box: RunningSandbox) -> bool:
    return any(seen.fault for seen in box.requests)


def on_writes(calm: Visit, fault: AnyFault, *, first: int, last: int) -> Planned:
    """Plan a fault for writes of people: those from one number to another.

    Args:
        calm: A run without faults, which tells where this target writes people.
        fault: What goes wrong.
        first: Counted from 1; if there are fewer writes, the last of them.
        last: Of the writes.
    """
    write = calm.people_writes[0]
    pattern = _ID.sub("/*", write.path)
    alike = [
        seen
        for seen in calm.people_writes
        if seen.method == write.method and _ID.sub("/*", seen.path) == pattern
    ]
    begin = min(first, len(alike))
    return Planned(
        part=calm.crm.name,
        method=write.method,
        path=pattern,
        fault=fault,
        requests=tuple(range(begin, max(begin, last) + 1)),
    )


LOST = LoseReply()
