"""The whole sandbox as one application: a short list of parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Match

from sandbox import hubilo, hubspot, pages, report, salesforce
from sandbox.faults import FaultPlan
from sandbox.middleware import Front, SeenRequest
from sandbox.store import Store
from sandbox.world import World, build_world

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.types import ASGIApp, Scope

    from sandbox.settings import SandboxSettings


@dataclass(frozen=True, slots=True)
class Part:
    """A look-alike: its name in fault plans and logs, and what it answers."""

    name: str
    routes: Sequence[BaseRoute]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A sandbox that answers in process; `sandbox.server` gives it an address."""

    settings: SandboxSettings
    store: Store
    plan: FaultPlan
    requests: list[SeenRequest] = field(default_factory=list)

    def close(self) -> None:
        """Let go of the database."""
        self.store.close()

    def application(self) -> ASGIApp:
        """Return the ASGI application of all parts, behind log, delay and faults."""
        parts = to_parts(self)
        routes = [route for part in parts for route in part.routes]
        return Front(
            Starlette(routes=routes),
            part_of=to_part_of(parts),
            plan=self.plan,
            seen=self.requests,
            latency_s=self.settings.latency_ms / 1000,
            clock=self.settings.clock,
        )


def build(settings: SandboxSettings) -> Sandbox:
    """Open the database and put the parts together."""
    store = Store(settings.database, [hubspot.TABLES, salesforce.TABLES])
    return Sandbox(settings=settings, store=store, plan=FaultPlan(settings.faults))


def to_parts(sandbox: Sandbox) -> list[Part]:
    """Return every look-alike there is, the pages, and the report for tests."""
    settings, store = sandbox.settings, sandbox.store
    world = made_up_world(settings.seed)
    crms = [
        Part("hubspot", hubspot.routes(settings, store)),
        Part("salesforce", salesforce.routes(settings, store)),
    ]
    return [
        Part("hubilo", hubilo.routes(settings, world=world)),
        *(part for part in crms if part.name in settings.crms),
        Part("pages", pages.routes(store)),
        Part("report", report.routes(store, sandbox.requests, sandbox.plan)),
    ]


@cache
def made_up_world(seed: int) -> World:
    """Return the people and webinars of a seed; making them takes a moment."""
    return build_world(seed)


def to_part_of(parts: Sequence[Part]) -> Callable[[Scope], str]:
    """Return a function that names the part a request is for."""

    def part_of(scope: Scope) -> str:
        for part in parts:
            if any(route.matches(scope)[0] != Match.NONE for route in part.routes):
                return part.name
        return ""

    return part_of
