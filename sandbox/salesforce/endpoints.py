"""The look-alike's three addresses: token, versions, and everything versioned."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.faults import RowErrors
from sandbox.middleware import INPUTS, ROW_ERRORS
from sandbox.salesforce import bulk, router
from sandbox.salesforce.call import Call, Reply
from sandbox.salesforce.errors import ApiError, RowError, not_found
from sandbox.salesforce.pages import page_routes
from sandbox.salesforce.schema import Schema
from sandbox.salesforce.tokens import check_session, open_session

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from starlette.requests import Request

    from sandbox.salesforce.settings import SalesforceSettings
    from sandbox.store import Store

# Salesforce docs, request limits: the address and headers share 16,384 bytes.
MAX_ADDRESS = 16_384
METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"]
_PATH = re.compile(r"/services/data/v(\d+\.\d)(/.*)?")


class Settings(Protocol):
    """What this look-alike needs of the sandbox's settings."""

    @property
    def salesforce(self) -> SalesforceSettings:
        """The organisation."""

    @property
    def clock(self) -> Callable[[], float]:
        """Seconds since 1970."""


def routes(settings: Settings, store: Store) -> list[BaseRoute]:
    """Return the look-alike's routes."""
    salesforce = _Salesforce(
        settings.salesforce, Schema(settings.salesforce), store, settings.clock
    )
    return [
        Route("/services/oauth2/token", salesforce.give_token, methods=["POST"]),
        Route("/services/data", salesforce.list_versions, methods=["GET"]),
        Route("/services/data/{rest:path}", salesforce.answer, methods=METHODS),
        *page_routes(store),
    ]


@dataclass(frozen=True, slots=True)
class _Salesforce:
    org: SalesforceSettings
    schema: Schema
    store: Store
    clock: Callable[[], float]

    async def give_token(self, request: Request) -> Response:
        """POST /services/oauth2/token."""
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        header = request.headers.get("authorization", "")
        try:
            with self.store.transaction() as db:
                body = open_session(db, self.org, form, header, self.clock())
        except ApiError as error:
            return JSONResponse(error.to_body(), error.status)
        return JSONResponse(body)

    async def list_versions(self, _request: Request) -> Response:
        """GET /services/data: needs no session (REST docs, versions)."""
        numbers = range(self.org.oldest_version, self.org.newest_version + 1)
        return JSONResponse(
            [
                {"label": f"v{n}", "url": f"/services/data/v{n}.0", "version": f"{n}.0"}
                for n in numbers
            ]
        )

    async def answer(self, request: Request) -> Response:
        """Answer everything below a version."""
        body = await request.body()
        headers: dict[str, str] = {}
        try:
            with self.store.transaction() as db:
                reply, used = self._reply(request, body, db)
            # REST docs, limit info header: on every answer of a session.
            info = f"api-usage={used}/{self.org.daily_limit}"
            headers["Sforce-Limit-Info"] = info
        except ApiError as error:
            reply = Reply(status=error.status, body=error.to_body())
        request.scope[INPUTS] = reply.rows
        return _to_response(reply, headers)

    def _reply(
        self, request: Request, body: bytes, db: sqlite3.Connection
    ) -> tuple[Reply, int]:
        call = self._to_call(request, body, db)
        check_session(db, request.headers.get("authorization", ""), call.now)
        router.check_version(call)
        if len(str(request.url)) > MAX_ADDRESS:
            raise ApiError(414, "URI_TOO_LONG", "The address is too long")
        bulk.run_due(call)
        router.count_request(call)
        reply = _guarded(call)
        if call.org.job_s <= 0:
            bulk.run_due(call)
        return reply, router.used_requests(db, call.now)

    def _to_call(self, request: Request, body: bytes, db: sqlite3.Connection) -> Call:
        found = _PATH.fullmatch(request.scope["path"])
        if not found:
            raise not_found()
        return Call(
            method=request.method,
            path=found[2] or "",
            version=found[1],
            db=db,
            org=self.org,
            schema=self.schema,
            now=self.clock(),
            params=dict(request.query_params),
            headers=dict(request.headers),
            body=body,
            refused=_to_refused(request.scope.get(ROW_ERRORS)),
            send=router.answer,
        )


def _guarded(call: Call) -> Reply:
    """Answer; a refused request still counts, so it must not undo the counting."""
    call.db.execute("SAVEPOINT request")
    try:
        reply = router.answer(call)
    except ApiError as error:
        call.db.execute("ROLLBACK TO request")
        reply = Reply(status=error.status, body=error.to_body())
    call.db.execute("RELEASE request")
    return reply


def _to_refused(fault: Any) -> dict[int, RowError]:
    if not isinstance(fault, RowErrors):
        return {}
    return {row: RowError(fault.category, fault.message) for row in fault.rows}


def _to_response(reply: Reply, headers: dict[str, str]) -> Response:
    if reply.csv is not None:
        kind = "text/csv"
        return Response(reply.csv, reply.status, headers, media_type=kind)
    if reply.body is None:
        return Response(status_code=reply.status, headers=headers)
    return JSONResponse(reply.body, reply.status, headers)
