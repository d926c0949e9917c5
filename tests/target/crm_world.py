"""A sandbox CRM, a state folder and a target between them, for tests to run."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from sandbox.server import SandboxSettings, running
from target_crm.patience import Clockwork
from target_crm.target import TargetHubSpot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sandbox.faults import Planned
    from sandbox.middleware import SeenRequest
    from sandbox.server import RunningSandbox

UPSERT = "/crm/v3/objects/contacts/batch/upsert"
UPDATE = "/crm/v3/objects/contacts/batch/update"
READ = "/crm/v3/objects/contacts/batch/read"
ATTEND = "/marketing/v3/marketing-events/attendance/*"
START = "2026-11-01T10:00:00Z"
STATE = {"bookmarks": {"events": {"replication_key_value": START}}}
ACTIVITIES = (
    "time_in_session",
    "chat",
    "poll_response",
    "cta_click",
    "raise_hand",
    "reaction",
    "session_rating",
    "file_download",
    "question",
)


class Time:
    """Seconds since 1970 that pass only when somebody sleeps; the sandbox's too."""

    def __init__(self) -> None:
        self.now = 1_793_600_000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        """Return the virtual time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.slept.append(seconds)
        self.now += seconds


def lead_score(number: int = 0, **changed: Any) -> dict[str, Any]:
    """Return a record of `lead_scores` as the mapper writes it."""
    record: dict[str, Any] = {
        "event_id": "hubilo:1",
        "attendee_id": f"a{number}",
        "email": f"p{number}@example.com",
        "first_name": f"Pat{number}",
        "platform": "hubilo",
        "event_name": "How to score",
        "event_url": "https://events.example.com/1",
        "event_starts_at": START,
        "event_ends_at": "2026-11-08T10:00:00Z",
        "attended": True,
        "live_lead_score": 97.5,
        "live_sum": 50.1,
        "live_rank": 3,
        "live_max_rank": 210,
        "live_ranked_attendees": 412,
        "live_level": "High",
        "live_p_group": "Hot",
        "live_s_group": "Top",
        "live_joined_at": "2026-11-01T10:00:00Z",
        "live_left_at": "2026-11-01T10:59:00Z",
        "live_reasons": ["asked 2 questions", "watched 59 min"],
        "on_demand_lead_score": 0,
        "on_demand_sum": 0,
        "on_demand_rank": None,
        "on_demand_level": None,
        "on_demand_reasons": [],
        "scored_at": "2026-11-02T10:00:00Z",
    }
    record |= {f"live_{name}": 2.5 for name in ACTIVITIES}
    record |= {f"on_demand_{name}": 0 for name in ACTIVITIES}
    return record | changed


def activity_score(number: int = 0, **changed: Any) -> dict[str, Any]:
    """Return a record of `activity_scores`: an hour in a live session."""
    return {
        "event_id": "hubilo:1",
        "attendee_id": f"a{number}",
        "email": f"p{number}@example.com",
        "window": "live",
        "activity": "time_in_session",
        "value": 3540,
        "unit": "seconds",
        "score": 22.5,
        "first_at": "2026-11-01T10:00:00Z",
        "last_at": "2026-11-01T10:59:00Z",
    } | changed


def schema(stream: str) -> dict[str, Any]:
    """Return a SCHEMA message."""
    keys = ["event_id", "attendee_id"]
    return {
        "type": "SCHEMA",
        "stream": stream,
        "schema": {"type": "object", "properties": {}},
        "key_properties": keys if stream == "lead_scores" else [],
    }


def messages(
    scores: Iterable[Mapping[str, Any]], activities: Iterable[Mapping[str, Any]] = ()
) -> list[Any]:
    """Return what a mapper sends for these records."""
    return [
        schema("lead_scores"),
        schema("activity_scores"),
        *({"type": "RECORD", "stream": "lead_scores", "record": r} for r in scores),
        *(
            {"type": "RECORD", "stream": "activity_scores", "record": record}
            for record in activities
        ),
        {"type": "STATE", "value": STATE},
    ]


def to_lines(sent: Iterable[Any]) -> str:
    """Return messages as a mapper prints them."""
    return "".join(f"{json.dumps(message)}\n" for message in sent)


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What one run of the target did.

    Attributes:
        code: Exit code; None if it was stopped by an exception.
        problem: The exception.
        states: STATE lines printed.
        report: The run report.
        requests: Requests of this run.
    """

    code: int | None
    problem: Exception | None
    states: list[Any]
    report: dict[str, Any]
    requests: list[SeenRequest]

    @property
    def outcomes(self) -> dict[str, int]:
        """Rows by outcome, without the zeros."""
        return {name: n for name, n in self.report["outcomes"].items() if n}

    def to(self, path: str) -> list[SeenRequest]:
        """Return the requests whose path holds a text."""
        return [seen for seen in self.requests if path in seen.path]

    @property
    def writes(self) -> list[SeenRequest]:
        """Requests that wrote contacts or timeline entries."""
        return self.to("upsert") + self.to("batch/update") + self.to("attendance")


@dataclass(kw_only=True)
class World:
    """One CRM account and what a target keeps of it."""

    sandbox: RunningSandbox
    folder: Path
    time: Time
    config: dict[str, Any] = field(default_factory=dict)

    def run(
        self,
        scores: Iterable[Mapping[str, Any]],
        activities: Iterable[Mapping[str, Any]] = (),
        **changed: Any,
    ) -> Ran:
        """Run the target over records."""
        return self.run_lines(to_lines(messages(scores, activities)), **changed)

    def run_lines(self, lines: str, **changed: Any) -> Ran:
        """Run the target over lines of input."""
        before = len(self.sandbox.requests)
        target = self.target(**changed)
        out, code, problem = io.StringIO(), 0, None
        with contextlib.redirect_stdout(out):
            try:
                target.listen(io.StringIO(lines))
            except SystemExit as end:
                code = int(str(end.code))
            except Exception as error:  # noqa: BLE001 - handed to the test
                problem = error
        states = [json.loads(line) for line in out.getvalue().splitlines()]
        return Ran(
            code=None if problem else code,
            problem=problem,
            states=states,
            report=self.reports[-1] if self.reports else {},
            requests=self.sandbox.requests[before:],
        )

    def target(self, **changed: Any) -> TargetHubSpot:
        """Return a target that waits in virtual time."""
        time = self.time

        class PatientTarget(TargetHubSpot):
            clockwork: ClassVar[Clockwork] = Clockwork(clock=time, sleep=time.sleep)

        config = {
            "access_token": "sandbox-token",
            "api_url": self.sandbox.url,
            "state_dir": str(self.folder),
            "max_concurrent_requests": 1,
            **self.config,
            **changed,
        }
        return PatientTarget(
            config={name: value for name, value in config.items() if value is not None}
        )

    @property
    def reports(self) -> list[dict[str, Any]]:
        """The run reports, oldest first."""
        found = sorted((self.folder / "runs").glob("*.json"))
        return [json.loads(path.read_bytes()) for path in found]

    @property
    def crm(self) -> dict[str, Any]:
        """What the CRM holds."""
        held: dict[str, Any] = json.loads(self.sandbox.dump())
        return held

    def contact(self, email: str) -> dict[str, str]:
        """Return a contact's properties."""
        properties: dict[str, str] = self.crm["contacts"][email]["properties"]
        return properties

    @property
    def waiting(self) -> list[dict[str, Any]]:
        """The last fact about every rejected row."""
        path = self.folder / "rejected.jsonl"
        if not path.exists():
            return []
        facts = [json.loads(line) for line in path.read_text().splitlines()]
        last = {(fact["event_id"], fact["attendee_id"]): fact for fact in facts}
        return [fact for fact in last.values() if fact["status"] == "rejected"]


@contextlib.contextmanager
def world(
    folder: Path,
    *,
    faults: Sequence[Planned] = (),
    checks: bool = True,
    **settings: Any,
) -> Iterator[World]:
    """Give a world whose planned faults must all have happened when it ends.

    Args:
        folder: Where the target keeps what it keeps.
        faults: Planned.
        checks: Whether it is this function that looks whether they happened.
        settings: Of the sandbox.
    """
    time = Time()
    sandbox_settings = SandboxSettings(faults=tuple(faults), clock=time, **settings)
    with running(sandbox_settings) as sandbox:
        yield World(sandbox=sandbox, folder=folder, time=time)
        assert not checks or sandbox.unhit == ()
