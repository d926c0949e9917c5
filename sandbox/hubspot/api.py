"""How every HubSpot request is answered: token, limits, scopes, body, then the work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.hubspot.account import Account, to_correlation_id
from sandbox.hubspot.errors import (
    ApiError,
    bad_token,
    expired_token,
    invalid,
    missing_scopes,
)
from sandbox.middleware import INPUTS, ROW_ERRORS

if TYPE_CHECKING:
    import sqlite3
    from random import Random

    from starlette.datastructures import QueryParams

    from sandbox.faults import RowErrors

# HubSpot docs, versioning: v3, and dates in the path since March 2026.
BASES: dict[str, tuple[str, ...]] = {
    "objects": ("/crm/v3/objects", "/crm/objects/2026-03", "/crm/objects/2026-09"),
    "properties": (
        "/crm/v3/properties",
        "/crm/properties/2026-03",
        "/crm/properties/2026-09",
    ),
    "marketing": (
        "/marketing/v3/marketing-events",
        "/marketing/marketing-events/2026-03",
        "/marketing/marketing-events/2026-09",
    ),
    # The specification and other clients disagree on the 2026-09 path: both answer.
    "events": (
        "/events/v3",
        "/events/2026-03",
        "/events/2026-09",
        "/events/custom/2026-09",
    ),
    "occurrences": (
        "/events/v3/events",
        "/events/event-occurrences/2026-03",
        "/events/event-occurrences/2026-09",
    ),
    "timeline": ("/integrators/timeline/v3",),
    "app_events": ("/integrators/timeline/2026-03",),
    "oauth": ("/oauth/v1", "/oauth/v3", "/oauth/2026-03", "/oauth/2026-09"),
    "account": (
        "/account-info/v3",
        "/account-info/2026-03",
        "/account-info/2026-09",
    ),
}


@dataclass(slots=True, kw_only=True)
class Call:
    """One request that may be answered, inside its transaction."""

    account: Account
    db: sqlite3.Connection
    now: float
    path: Mapping[str, str]
    query: QueryParams
    body: Any
    chance: Random
    row_errors: RowErrors | None


@dataclass(frozen=True, slots=True)
class Reply:
    """A success."""

    body: Any = None
    status: int = 200


NO_CONTENT = Reply(status=204)
Handler = Callable[[Call], Reply]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing the API can do, at every version's path.

    Attributes:
        base: The key of `BASES` that the path hangs below.
        body: The shape of the JSON body; None when there is none.
        scopes: What the token must be allowed.
        is_open: Whether it is answered without a token.
        is_search: Whether it counts against the search limit instead.
    """

    method: str
    base: str
    path: str
    handler: Handler
    body: Any = None
    scopes: frozenset[str] = frozenset()
    is_open: bool = False
    is_search: bool = False


def to_routes(account: Account, operations: Sequence[Operation]) -> list[Route]:
    """Return a route for each operation and version."""
    return [
        Route(
            base + operation.path,
            Endpoint(account, operation),
            methods=[operation.method],
        )
        for operation in operations
        for base in BASES[operation.base]
    ]


class Endpoint:
    """Answers one operation; Starlette treats it as an ASGI application."""

    def __init__(self, account: Account, operation: Operation) -> None:
        self._account = account
        self._operation = operation
        self._decoder = msgspec.json.Decoder(operation.body or Any)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        raw = await request.body()
        chance = self._account.next_random()
        headers: dict[str, str] = {}
        try:
            headers = self._admit(request)
            reply = self._work(request, raw, chance)
            status, body = reply.status, reply.body
        except ApiError as error:
            status, body = error.status, error.to_body(to_correlation_id(chance))
            headers |= error.headers
        await _to_response(status, body, headers)(scope, receive, send)

    def _admit(self, request: Request) -> dict[str, str]:
        settings, operation = self._account.settings, self._operation
        if operation.is_open:
            return {}
        now = settings.clock()
        oauth = self._check_token(request, now)
        headers = self._account.limits.take(
            now, oauth=oauth, search=operation.is_search
        )
        # HubSpot docs, error handling: 403 names the scopes; limits are on all answers.
        if not operation.scopes <= settings.scopes:
            error = missing_scopes(operation.scopes - settings.scopes)
            error.headers = headers
            raise error
        return headers

    def _check_token(self, request: Request, now: float) -> bool:
        """Return whether the token is an OAuth access token."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer":
            raise bad_token()
        if token == self._account.settings.access_token:
            return False
        with self._account.store.transaction() as db:
            row = db.execute(
                "SELECT expires FROM hs_token WHERE token = ?", (token,)
            ).fetchone()
        if row is None:
            raise bad_token()
        if row[0] <= now:  # HubSpot docs: an access token lives 30 minutes
            raise expired_token()
        return True

    def _work(self, request: Request, raw: bytes, chance: Random) -> Reply:
        body = self._read(request, raw)
        request.scope[INPUTS] = len(getattr(body, "inputs", ()))
        try:
            with self._account.store.transaction() as db:
                return self._operation.handler(
                    Call(
                        account=self._account,
                        db=db,
                        now=self._account.settings.clock(),
                        path=request.path_params,
                        query=request.query_params,
                        body=body,
                        chance=chance,
                        row_errors=request.scope.get(ROW_ERRORS),
                    )
                )
        except ApiError:
            self._account.forget_definitions()
            raise

    def _read(self, request: Request, raw: bytes) -> Any:
        if self._operation.body is None:
            return request, raw
        kind = request.headers.get("content-type", "").partition(";")[0].strip()
        # Inferred: the documents only show JSON, and not what else is answered.
        if kind != "application/json":
            raise ApiError(415, "VALIDATION_ERROR", "Unsupported media type")
        try:
            return self._decoder.decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise invalid(f"Invalid input JSON: {error}") from error


def _to_response(status: int, body: Any, headers: dict[str, str]) -> Response:
    if body is None:
        return Response(status_code=status, headers=headers)
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        headers=headers,
        media_type="application/json;charset=utf-8",
    )
