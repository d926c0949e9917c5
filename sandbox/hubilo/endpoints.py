"""The endpoints that a reader needs, each as strict as its documentation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.hubilo import rows
from sandbox.hubilo.answers import (
    MISSING,
    RateLimit,
    Refusal,
    Row,
    cut_page,
    to_envelope,
)
from sandbox.world import Webinar, World, build_world

PREFIX = "/api/{version}/integration"
# The made-up event is over by then; the sandbox never lives before it.
WORLD_NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
STREAM_TYPES = ("LIVE", "RECORDED")

Query = Mapping[str, str]
View = Callable[[Request], Awaitable[Response]]


class HubiloSettings(Protocol):
    """What this look-alike needs of the sandbox's settings."""

    @property
    def access_token(self) -> str:
        """The organiser's static token."""

    @property
    def seed(self) -> int:
        """The world's seed."""

    @property
    def rate_limits(self) -> bool:
        """Whether 429 is ever answered."""

    @property
    def clock(self) -> Callable[[], float]:
        """Seconds since 1970."""


def routes(
    settings: HubiloSettings,
    *,
    world: World | None = None,
    not_before: datetime | None = WORLD_NOW,
) -> list[BaseRoute]:
    """Return the look-alike's routes.

    Args:
        settings: The sandbox's.
        world: What to serve; the seed's world if None.
        not_before: The earliest ``Date`` to tell, so that a demo on a machine whose
            clock is behind still finds its event in the past; None tells the clock.
    """
    hubilo = _Hubilo(
        webinar=(world or build_world(settings.seed)).hubilo,
        settings=settings,
        rate=RateLimit(settings.clock, enabled=settings.rate_limits),
        not_before=not_before,
    )
    return [
        Route(f"{PREFIX}{path}", hubilo.serve(endpoint), methods=["GET"])
        for path, endpoint in hubilo.endpoints().items()
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hubilo:
    webinar: Webinar
    settings: HubiloSettings
    rate: RateLimit
    not_before: datetime | None

    def endpoints(self) -> dict[str, Callable[[Query], Any]]:
        return {
            "/organiser/profile": lambda _: {"data": rows.PROFILE},
            "/event/list": self.list_events,
            "/event/detail": self.read_event,
            "/analytics/session/session-info": self.list_sessions,
            "/analytics/session/register": self.list_registrations,
            "/analytics/session/attendee": self.list_attendance,
            "/user/list": self.list_users,
            "/user/deleted/list": self.list_deleted,
        }

    def serve(self, endpoint: Callable[[Query], Any]) -> View:
        """Return the view: rate limit, credential, endpoint, in that order."""

        async def view(request: Request) -> Response:
            headers = {"Date": self._date()}
            try:
                headers |= self.rate.count()
                self._check_token(request)
                found = endpoint(request.query_params)
            except Refusal as refusal:
                headers |= self.rate.headers()
                newest = request.url.path.endswith("/user/deleted/list")
                if newest and refusal.inside_200:
                    refusal = Refusal(refusal.status, refusal.message, inside_200=False)
                return refusal.to_response(headers)
            return JSONResponse(to_envelope(found), headers=headers)

        return view

    def _date(self) -> str:
        now = datetime.fromtimestamp(self.settings.clock(), UTC)
        if self.not_before:
            now = max(now, self.not_before)
        return format_datetime(now, usegmt=True)

    def _check_token(self, request: Request) -> None:
        given = request.headers.get("authorization", "")
        if given != f"Bearer {self.settings.access_token}":
            raise Refusal(401, "Invalid Access")

    def list_events(self, query: Query) -> Row:
        """GET /event/list: searchInput looks into the name."""
        wanted = query.get("searchInput", "").lower()
        found = [w for w in (self.webinar,) if wanted in w.name.lower()]
        page = cut_page([rows.to_event_row(w) for w in found], query)
        return {
            "data": page.rows,
            "currentPage": page.number,
            "totalPages": page.total_pages,
        }

    def read_event(self, query: Query) -> Row:
        """GET /event/detail."""
        self._check_event(query)
        return {"data": rows.to_event_detail(self.webinar)}

    def list_sessions(self, query: Query) -> Row:
        """GET session-info: a default limit of 10, ``currentpage`` in lower case."""
        self._check_event(query)
        found = [rows.to_session_row(session) for session in self.webinar.sessions]
        page = cut_page(found, query, default=10)
        return {
            "data": page.rows,
            "currentpage": page.number,
            "totalPages": page.total_pages,
            "count": page.count,
        }

    def list_registrations(self, query: Query) -> Row:
        """GET session/register: no page parameters are documented, so one page."""
        self._check_event(query)
        self._check_agenda(query)
        found = rows.to_registration_rows(self.webinar)
        return {"data": found, "currentPage": 1, "count": len(found), "totalPages": 1}

    def list_attendance(self, query: Query) -> Row:
        """GET session/attendee: streamType is required, LIVE or RECORDED."""
        self._check_event(query)
        number = self._check_agenda(query)
        stream = query.get("streamType", "")
        if stream not in STREAM_TYPES:
            raise Refusal(400, MISSING)
        session = next(s for s in self.webinar.sessions if s.number == number)
        found = rows.to_attendance_rows(self.webinar, session, stream)
        page = cut_page(found, query)
        return {
            "sessionName": session.name,
            "sessionId": session.number,
            "cepCredits": 0,
            "data": page.rows,
            "currentpage": page.number,
            "count": page.count,
            "totalPages": page.total_pages,
        }

    def list_users(self, query: Query) -> Row:
        """GET /user/list: rows and total one level deeper than anywhere else.

        A maximum of 100 is documented, but its own error says "less than 100".
        """
        self._check_event(query)
        if query.get("limit") == "100":
            raise Refusal(400, "Limit must be less than 100")
        page = cut_page(rows.to_user_rows(self.webinar), query, default=99)
        total = [{"count": page.count}] if page.count else []
        return {"data": [{"paginatedResults": page.rows, "totalCount": total}]}

    def list_deleted(self, query: Query) -> Row:
        """GET /user/deleted/list: the newest endpoint, with HTTP's own statuses."""
        if not query.get("eventId"):
            raise Refusal(400, "eventId is required", inside_200=False)
        self._check_event(query)
        page = cut_page(rows.to_deleted_rows(self.webinar.deleted), query)
        return {
            "total": page.count,
            "currentPage": page.number,
            "limit": page.limit,
            "users": page.rows,
        }

    def _check_event(self, query: Query) -> None:
        if query.get("eventId") != str(self.webinar.number):
            raise Refusal(400, MISSING)

    def _check_agenda(self, query: Query) -> int:
        numbers = {str(session.number) for session in self.webinar.sessions}
        if query.get("agendaId") not in numbers:
            raise Refusal(400, MISSING)
        return int(query["agendaId"])
