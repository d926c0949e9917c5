"""The whole product on the embedded sandbox: two sources, scores, a CRM."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadscore.pipeline import Job, run_job
from leadscore.reports import RunTotals, read_totals
from leadscore.top import Lead, read_top_leads
from sandbox.server import SandboxSettings, running
from sandbox.world import build_world, write_hubilo_export, write_zoom_reports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from leadscore.home import Home

JOB = "demo"
ENVIRONMENT = "demo"
TOP = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """What a run of the demo did and what stands in the CRM now."""

    url: str
    totals: RunTotals
    leads: list[Lead]
    seconds: float


@contextmanager
def running_demo(
    home: Home, port: int, told: Callable[[str], None]
) -> Iterator[DemoResult]:
    """Run the demo once; the sandbox stays up until the block ends.

    Yields:
        The one result.
    """
    settings = SandboxSettings(database=home.work.file("sandbox.sqlite"), port=port)
    reports = home.work.folder("demo")
    world = build_world()
    write_hubilo_export(reports / "hubilo-export", world.hubilo)
    write_zoom_reports(reports / "zoom-reports", world.zoom)
    with running(settings) as sandbox:
        started, wall = time.monotonic(), time.time()
        variables = {
            "TAP_EVENTS_HUBILO_API_URL": sandbox.url,
            "TAP_EVENTS_HUBILO_ACCESS_TOKEN": settings.access_token,
            "TARGET_HUBSPOT_API_URL": sandbox.url,
            "TARGET_HUBSPOT_ACCESS_TOKEN": settings.access_token,
        }
        job = Job(name=JOB, environment=ENVIRONMENT, variables=variables)
        run_job(home, job, told)
        yield DemoResult(
            url=sandbox.url,
            totals=read_totals(home.work, since=wall),
            leads=read_top_leads(sandbox.url, settings.access_token, TOP),
            seconds=time.monotonic() - started,
        )
