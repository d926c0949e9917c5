"""Gives the sandbox an address: for a terminal, or for as long as a block runs."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvicorn

from sandbox.app import Sandbox, build
from sandbox.errors import SandboxError
from sandbox.hubspot.dump import to_dump
from sandbox.middleware import SeenRequest
from sandbox.settings import SandboxSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.faults import Planned

__all__ = [
    "RunningSandbox",
    "SandboxError",
    "SandboxSettings",
    "SeenRequest",
    "running",
    "serve",
]


@dataclass(frozen=True, slots=True)
class RunningSandbox:
    """A sandbox with an address, as seen by whoever started it."""

    url: str
    sandbox: Sandbox

    @property
    def requests(self) -> list[SeenRequest]:
        """Return every request so far, oldest first."""
        return list(self.sandbox.requests)

    @property
    def unhit(self) -> tuple[Planned, ...]:
        """Return the planned faults that never happened."""
        return self.sandbox.plan.unhit()

    def dump(self) -> str:
        """Return what the CRM holds as canonical JSON, without ids and times."""
        with self.sandbox.store.transaction() as db:
            return to_dump(db)


def serve(settings: SandboxSettings) -> None:
    """Serve until the terminal or the system says stop."""
    with closing(build(settings)) as sandbox, _listening(settings) as listener:
        uvicorn.Server(_config(sandbox)).run(sockets=[listener])


@contextmanager
def running(settings: SandboxSettings | None = None) -> Iterator[RunningSandbox]:
    """Serve from a thread until the block ends."""
    settings = settings or SandboxSettings()
    with closing(build(settings)) as sandbox, _listening(settings) as listener:
        server = _ThreadServer(_config(sandbox))
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listener]}, name="sandbox"
        )
        thread.start()
        try:
            server.wait_until_ready()
            yield RunningSandbox(_url(listener), sandbox)
        finally:
            server.stop()
            thread.join()


class _ThreadServer(uvicorn.Server):
    """A server that starts and stops at once, where uvicorn's own polls."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and tell the thread that waits for it."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self._ready.set()

    async def main_loop(self) -> None:
        """Wait for `stop`, and hang up on clients that only keep their line open."""
        await self._stopped.wait()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    def wait_until_ready(self) -> None:
        """Wait until requests are answered."""
        if not self._ready.wait(timeout=30):
            raise RuntimeError("the sandbox did not start within 30 seconds")

    def stop(self) -> None:
        """End the server from another thread."""
        if self._loop is not None and self._loop.is_running():
            self._loop.call_soon_threadsafe(self._stopped.set)


def _config(sandbox: Sandbox) -> uvicorn.Config:
    return uvicorn.Config(
        sandbox.application(),
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
        server_header=False,
        date_header=False,
        loop="asyncio",
        http="h11",
    )


@contextmanager
def _listening(settings: SandboxSettings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # asyncio turns Nagle off only for sockets that say they are TCP.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            raise SandboxError(
                f"port {settings.port} on {settings.host} cannot be used "
                f"({error.strerror}): choose another port, or 0 for a free one"
            ) from error
        listener.listen(128)
        yield listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
