"""What stands in front of every part: the request log, the delay and the faults."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.faults import (
    AnyFault,
    Drip,
    FaultPlan,
    Hang,
    LoseReply,
    Reset,
    RowErrors,
    Status,
    Truncate,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

ROW_ERRORS = "sandbox.row_errors"
INPUTS = "sandbox.inputs"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRequest:
    """One request as the sandbox saw it; status 0 means it got no answer.

    Attributes:
        part: The look-alike that was asked.
        at: When it came, by the sandbox's clock.
        seconds: How long the answer took in real time.
        inputs: How many rows a batch carried.
        fault: The kind of fault that was planned for it.
    """

    part: str
    method: str
    path: str
    status: int
    at: float
    seconds: float
    inputs: int = 0
    fault: str = ""


@dataclass(slots=True)
class Answer:
    """An answer held back until it is known what becomes of it."""

    start: Message = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)

    async def collect(self, message: Message) -> None:
        """Stand in for the connection while the application answers."""
        if message["type"] == "http.response.start":
            self.start = message
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")


class Front:
    """Logs, delays and breaks requests on their way to the parts."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        part_of: Callable[[Scope], str],
        plan: FaultPlan,
        seen: list[SeenRequest],
        latency_s: float,
        clock: Callable[[], float],
    ) -> None:
        self._app = app
        self._part_of = part_of
        self._plan = plan
        self._seen = seen
        self._latency_s = latency_s
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, whole or broken as planned."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        part, body = self._part_of(scope), b""
        if self._plan.reads_bodies:
            body, receive = await _read_ahead(receive)
        fault = self._plan.take(part, scope["method"], scope["path"], body)
        line = _Line(self._seen, scope, send, part=part, fault=fault, at=self._clock())
        try:
            if self._latency_s:
                await asyncio.sleep(self._latency_s)
            await self._answer(fault, scope, receive, line)
        finally:
            line.note()

    async def _answer(
        self, fault: AnyFault | None, scope: Scope, receive: Receive, line: _Line
    ) -> None:
        match fault:
            case None:
                await self._app(scope, receive, line.send)
            case RowErrors():
                scope[ROW_ERRORS] = fault
                await self._app(scope, receive, line.send)
            case Hang():
                await asyncio.sleep(fault.seconds)
                await self._app(scope, receive, line.send)
            case Status():
                await _drain(receive)
                await _send_status(fault, line)
            case Reset(at=0.0):
                await _drain(receive)
                await line.reset()
            case _:
                answer = Answer()
                await self._app(scope, receive, answer.collect)
                await _send_broken(fault, answer, line)


class _Line:
    """The connection of one request, which is logged before its client can know."""

    def __init__(
        self,
        seen: list[SeenRequest],
        scope: Scope,
        send: Send,
        *,
        part: str,
        fault: AnyFault | None,
        at: float,
    ) -> None:
        self._seen = seen
        self._scope = scope
        self._send = send
        self._part = part
        self._fault = str(type(fault).__struct_config__.tag) if fault else ""
        self._at = at
        self._began = time.perf_counter()
        self._status = 0
        self._head: Message | None = None
        self._is_noted = False

    async def send(self, message: Message) -> None:
        """Pass a message on; the last one only after the request is logged.

        The head waits for the first part of the body: a client may know enough by it.
        """
        if message["type"] == "http.response.start":
            self._status, self._head = message["status"], message
            return
        if not message.get("more_body"):
            self.note()
        if self._head is not None:
            head, self._head = self._head, None
            await self._send(head)
        await self._send(message)

    async def reset(self) -> None:
        """Break the connection as a crashed server or a cut cable would.

        uvicorn hands every application the `send` of its connection object, and
        that object holds the transport (both of its HTTP implementations, 0.40+).
        """
        self.note()
        transport: Any = self._send.__self__.transport  # type: ignore[attr-defined]
        link = transport.get_extra_info("socket")
        with contextlib.suppress(OSError):  # the client may have gone first
            link.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
        transport.abort()
        await asyncio.sleep(0)  # lets the server notice that the connection is gone
        await asyncio.sleep(0)

    def note(self) -> None:
        """Log the request, once."""
        if self._is_noted:
            return
        self._is_noted = True
        self._seen.append(
            SeenRequest(
                part=self._part,
                method=self._scope["method"],
                path=self._scope["path"],
                status=self._status,
                at=self._at,
                seconds=time.perf_counter() - self._began,
                inputs=self._scope.get(INPUTS, 0),
                fault=self._fault,
            )
        )


async def _send_broken(
    fault: LoseReply | Reset | Drip | Truncate, answer: Answer, line: _Line
) -> None:
    match fault:
        case LoseReply():
            line.note()
            await asyncio.sleep(fault.after_s)
            if fault.status is None:
                await line.reset()
            else:
                await _send_status(Status(status=fault.status), line)
        case Reset():
            cut = int(len(answer.body) * fault.at)
            await line.send(answer.start)
            await _send_body(line, answer.body[:cut], more=True)
            await line.reset()
        case Truncate():
            body = answer.body[: int(len(answer.body) * fault.at)]
            await line.send(_with_length(answer.start, len(body)))
            await _send_body(line, body)
        case Drip():
            await line.send(answer.start)
            for byte in answer.body:
                await _send_body(line, bytes([byte]), more=True)
                await asyncio.sleep(fault.pause_s)
            await _send_body(line, b"")


async def _drain(receive: Receive) -> None:
    """Read the request to its end, so that only the planned thing goes wrong."""
    while True:
        message = await receive()
        if message["type"] != "http.request" or not message.get("more_body"):
            return


async def _read_ahead(receive: Receive) -> tuple[bytes, Receive]:
    """Return the body of a request, and a way to receive it once more."""
    messages: list[Message] = []
    while not messages or messages[-1].get("more_body"):
        messages.append(await receive())
    body = b"".join(message.get("body", b"") for message in messages)
    left = iter(messages)

    async def again() -> Message:
        return next(left, None) or await receive()

    return body, again


async def _send_status(fault: Status, line: _Line) -> None:
    body = fault.body.encode()
    headers = [(b"content-type", fault.content_type.encode())]
    headers += [(k.lower().encode(), v.encode()) for k, v in fault.headers.items()]
    start = {
        "type": "http.response.start",
        "status": fault.status,
        "headers": headers,
    }
    await line.send(_with_length(start, len(body)))
    await _send_body(line, body)


async def _send_body(
    line: _Line, body: bytes | bytearray, *, more: bool = False
) -> None:
    await line.send(
        {"type": "http.response.body", "body": bytes(body), "more_body": more}
    )


def _with_length(start: Message, length: int) -> Message:
    kept = [(k, v) for k, v in start["headers"] if k != b"content-length"]
    return {**start, "headers": [*kept, (b"content-length", b"%d" % length)]}
