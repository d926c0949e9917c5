"""A platform on loopback that answers from rows, and runs of the tap against it."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from singer_sdk.contrib.msgspec import MsgSpecWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Json = dict[str, Any]
PREFIX = "/api/v1/integration"
NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
START = datetime(2026, 9, 22, 14, tzinfo=UTC)
TOKEN = "canary-token-7f3a"


class Clock(Protocol):
    """What the shared virtual clock offers."""

    slept: list[float]

    def __call__(self) -> float:
        """Return the seconds."""

    def sleep(self, seconds: float) -> None:
        """Let them pass."""


@dataclass
class Reply:
    """An HTTP answer, as raw as a test needs it."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    @classmethod
    def of(cls, value: Any, status: int = 200, **headers: str) -> Reply:
        """Return a JSON answer."""
        return cls(status, json.dumps(value).encode(), dict(headers))


def ok(data: Json) -> Json:
    """Wrap data as the API does."""
    return {"status": 200, "data": data, "message": "", "flag": 0}


def milli(at: datetime) -> str:
    """Return a time as the API writes it."""
    return str(int(at.timestamp() * 1000))


def event_row(number: int = 7, **changes: Any) -> Json:
    """Return an event of September that ended on the 20th of October."""
    row = {
        "id": number,
        "name": f"Event {number}",
        "startTimeMilli": milli(START),
        "endTimeMilli": milli(datetime(2026, 10, 20, 17, tzinfo=UTC)),
    }
    return row | changes


def session_row(number: int = 70, **changes: Any) -> Json:
    """Return a session of one hour."""
    row = {
        "agendaId": number,
        "agendaName": f"Session {number}",
        "startTimeMilli": milli(START),
        "endTimeMilli": milli(datetime(2026, 9, 22, 15, tzinfo=UTC)),
    }
    return row | changes


def user_row(number: int, **changes: Any) -> Json:
    """Return a registrant."""
    row = {
        "id": f"r{number}",
        "userId": f"u{number}",
        "email": f"person{number}@example.com",
        "firstName": f"Person{number}",
        "groups": [{"groupName": "Attendee", "groupType": ""}],
        "createdAt": "2026-09-01T10:00:00.000Z",
        "loginMagicLink": "https://sandbox.example.com/canary-link",
        "qrCode": "canary-qr",
    }
    return row | changes


def stay(minute: int = 0, seconds: int = 600, **changes: Any) -> Json:
    """Return an entry of a stream history."""
    left = minute * 60 + seconds
    row = {
        "joinTime": f"2026-09-22 14:{minute:02d}:00",
        "leaveTime": f"{START + timedelta(seconds=left):%Y-%m-%d %H:%M:%S}",
        "duration": seconds * 1000,
    }
    return row | changes


def watcher(number: int, *stays: Json, **changes: Any) -> Json:
    """Return a row of attendance."""
    row = {
        "email": f" Person{number}@Example.com",
        "firstName": f"Person{number}",
        "streamHistory": list(stays or (stay(),)),
    }
    return row | changes


@dataclass
class Account:
    """A small organiser's account, served with the API's own paging.

    ``twist`` sees every answer of the API before it is sent and may return another
    one; it is told the path below the prefix, the query and how many requests to
    that path came before.
    """

    events: list[Json] = field(default_factory=lambda: [event_row()])
    sessions: list[Json] = field(default_factory=lambda: [session_row()])
    users: list[Json] = field(
        default_factory=lambda: [user_row(n) for n in range(1, 251)]
    )
    deleted: list[Json] = field(default_factory=list)
    live: list[Json] = field(
        default_factory=lambda: [watcher(n) for n in range(1, 131)]
    )
    recorded: list[Json] = field(default_factory=lambda: [watcher(1, stay(30))])
    now: datetime | None = NOW
    twist: Callable[[str, dict[str, str], int, Json], Json | Reply] | None = None
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def answer(self, path: str, query: dict[str, str]) -> Reply:
        """Answer one request."""
        before = sum(1 for seen, _ in self.seen if seen == path)
        self.seen.append((path, query))
        body = ok(self._data(path, query))
        twisted = self.twist(path, query, before, body) if self.twist else body
        reply = twisted if isinstance(twisted, Reply) else Reply.of(twisted)
        if self.now:
            reply.headers.setdefault("Date", format_datetime(self.now, usegmt=True))
        return reply

    def _data(self, path: str, query: dict[str, str]) -> Json:
        if path == "/organiser/profile":
            return {"data": {"id": "o1"}}
        listing = {
            "/event/list": self.events,
            "/analytics/session/session-info": self.sessions,
            "/user/list": self.users,
            "/user/deleted/list": self.deleted,
        }.get(path)
        if path == "/analytics/session/attendee":
            listing = self.live if query["streamType"] == "LIVE" else self.recorded
        assert listing is not None, path
        number, limit = int(query["currentPage"]), int(query["limit"])
        rows = listing[number * limit : (number + 1) * limit]
        return _shape(path, rows, len(listing), -(-len(listing) // limit))


def _shape(path: str, rows: list[Json], count: int, pages: int) -> Json:
    if path == "/user/list":
        return {"data": [{"paginatedResults": rows, "totalCount": [{"count": count}]}]}
    if path == "/user/deleted/list":
        return {"users": rows, "total": count}
    return {"data": rows, "totalPages": pages, "count": count}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        """Answer from the account."""
        parts = urlsplit(self.path)
        path = parts.path.removeprefix(PREFIX)
        self.server.account.headers.append(dict(self.headers.items()))
        reply = self.server.account.answer(path, dict(parse_qsl(parts.query)))
        self.send_response_only(reply.status)
        headers = {"Content-Type": reply.content_type, **reply.headers}
        headers.setdefault("Content-Length", str(len(reply.body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    account: Account


@contextmanager
def serving(account: Account) -> Iterator[Account]:
    """Give an account an address."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.account = account
        account.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield account
        finally:
            server.shutdown()
            thread.join()


class ListWriter(MsgSpecWriter):
    """Keeps what would be written to the next stage."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def write_message(self, message: Any) -> None:
        """Keep a message as its line."""
        self.lines.append(self.format_message(message).decode())


@dataclass
class Run:
    """What one run of the tap wrote, and the error it ended with."""

    lines: list[str]
    error: Exception | None = None

    @property
    def messages(self) -> list[Json]:
        """All messages."""
        return [json.loads(line) for line in self.lines]

    def records(self, stream: str) -> list[Json]:
        """Return the records of a stream."""
        return [
            m["record"]
            for m in self.messages
            if m["type"] == "RECORD" and m["stream"] == stream
        ]

    @property
    def states(self) -> list[Json]:
        """All states."""
        return [m["value"] for m in self.messages if m["type"] == "STATE"]

    @property
    def bookmark(self) -> str | None:
        """The last state's bookmark of events."""
        marks = self.states[-1]["bookmarks"].get("events", {}) if self.states else {}
        return marks.get("replication_key_value")
