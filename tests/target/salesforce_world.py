"""A sandbox organisation, a state folder and target-salesforce between them."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from crm_world import Ran, Time, World

from sandbox.salesforce import SalesforceSettings
from sandbox.salesforce.dump import to_dump
from sandbox.salesforce.seed import Seed
from sandbox.server import SandboxSettings, running
from target_crm.patience import Clockwork
from target_crm.salesforce.target import TargetSalesforce

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sandbox.faults import Planned
    from sandbox.middleware import SeenRequest

DATA = "/services/data/v66.0"
COLLECTIONS = f"{DATA}/composite/sobjects"
COMPOSITE = f"{DATA}/composite"
TASKS = f"{COLLECTIONS}/Task/Webinar_Activity_Key__c"
JOBS = f"{DATA}/jobs/ingest"
TOKEN = "/services/oauth2/token"


@dataclass(kw_only=True)
class Org(World):
    """One organisation and what a target keeps of it."""

    settings: SalesforceSettings

    def target(self, **changed: Any) -> Any:
        """Return a target that waits in virtual time."""
        time = self.time

        class PatientTarget(TargetSalesforce):
            clockwork: ClassVar[Clockwork] = Clockwork(clock=time, sleep=time.sleep)

        config = {
            "client_id": self.settings.client_id,
            "client_secret": self.settings.client_secret,
            "domain": "acme.my",
            "api_url": self.sandbox.url,
            "state_dir": str(self.folder),
            "max_concurrent_requests": 1,
            **self.config,
            **changed,
        }
        return PatientTarget(
            config={name: value for name, value in config.items() if value is not None}
        )

    @contextlib.contextmanager
    def seed(self) -> Iterator[Seed]:
        """Give access to the records past every rule."""
        with self.sandbox.sandbox.store.transaction() as db:
            yield Seed(db, self.settings, now=self.time.now)

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Return every record of an object, oldest first."""
        with self.seed() as seed:
            return seed.all(kind)

    def one(self, kind: str) -> dict[str, Any]:
        """Return the only record of an object."""
        (found,) = self.all(kind)
        return found

    def dump(self) -> str:
        """Return what the organisation holds, without ids and times."""
        with self.sandbox.sandbox.store.transaction() as db:
            return to_dump(db)


def writes(ran: Ran) -> list[SeenRequest]:
    """Return the requests of a run that changed records."""
    return [
        seen
        for seen in ran.requests
        if seen.method in {"PATCH", "PUT", "DELETE"}
        or (seen.method == "POST" and seen.path != TOKEN and seen.inputs > 0)
        or (seen.method == "POST" and seen.path not in {COMPOSITE, TOKEN})
    ]


@contextlib.contextmanager
def organisation(
    folder: Path,
    *,
    faults: Sequence[Planned] = (),
    checks: bool = True,
    latency_ms: int = 0,
    **settings: Any,
) -> Iterator[Org]:
    """Give an organisation whose planned faults must all have happened at the end."""
    time = Time()
    org = SalesforceSettings(**settings)
    sandbox_settings = SandboxSettings(
        faults=tuple(faults), clock=time, salesforce=org, latency_ms=latency_ms
    )
    with running(sandbox_settings) as sandbox:
        yield Org(sandbox=sandbox, folder=folder, time=time, settings=org)
        assert not checks or sandbox.unhit == ()
