"""What happened in the sandbox, as JSON for tests in other processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.hubspot.dump import to_dump
from sandbox.salesforce.dump import to_dump as to_salesforce_dump

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from sandbox.faults import FaultPlan
    from sandbox.middleware import SeenRequest
    from sandbox.store import Store


def routes(
    store: Store, seen: Sequence[SeenRequest], plan: FaultPlan
) -> list[BaseRoute]:
    """Return what the CRMs hold, all requests, and faults never hit."""

    async def read_state(_: Request) -> Response:
        with store.transaction() as db:
            return _to_json(msgspec.Raw(to_dump(db).encode()))

    async def read_organisation(_: Request) -> Response:
        with store.transaction() as db:
            lines = to_salesforce_dump(db).splitlines()
        return _to_json([msgspec.Raw(line.encode()) for line in lines])

    async def read_requests(_: Request) -> Response:
        return _to_json(list(seen))

    async def read_unhit(_: Request) -> Response:
        return _to_json(plan.unhit())

    return [
        Route("/sandbox/state.json", read_state),
        Route("/sandbox/salesforce.json", read_organisation),
        Route("/sandbox/requests.json", read_requests),
        Route("/sandbox/unhit.json", read_unhit),
    ]


def _to_json(held: Any) -> Response:
    return Response(msgspec.json.encode(held), media_type="application/json")
