"""A running sandbox, and HubSpot's own client speaking to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from hubspot_clients import Api, Clock, to_client
from hubspot_specs import SpecChecker

from sandbox.server import RunningSandbox, SandboxSettings, running

if TYPE_CHECKING:
    from hubspot import HubSpot


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


Start = Callable[..., RunningSandbox]


@pytest.fixture
def start(clock: Clock) -> Iterator[Start]:
    """A function that starts a sandbox with these settings, until the test ends."""
    with ExitStack() as stack:

        def begin(**settings: Any) -> RunningSandbox:
            full = SandboxSettings(**{"clock": clock, **settings})
            return stack.enter_context(running(full))

        yield begin


@pytest.fixture
def crm(start: Start) -> RunningSandbox:
    """A sandbox with the default settings."""
    return start()


@pytest.fixture(scope="session")
def checker() -> SpecChecker:
    """The published shapes, read once."""
    return SpecChecker()


@pytest.fixture
def checked(checker: SpecChecker, monkeypatch: pytest.MonkeyPatch) -> SpecChecker:
    """Hold every answer that urllib3 reads against its published shape."""
    original = urllib3.PoolManager.request

    def request(self: Any, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        answer = original(self, method, url, *args, **kwargs)
        fields = kwargs.get("fields") or {}
        query = "&".join(f"{k}={v}" for k, v in dict(fields).items())
        joined = f"{url}?{query}" if method == "GET" and query else url
        checker.check(method, joined, kwargs.get("body"), answer.status, answer.data)
        return answer

    monkeypatch.setattr(urllib3.PoolManager, "request", request)
    return checker


@pytest.fixture
def client(crm: RunningSandbox, checked: SpecChecker) -> HubSpot:
    """HubSpot's own client, each answer it gets held against its published shape."""
    return to_client(crm)


@pytest.fixture
def to_api() -> Iterator[Callable[[RunningSandbox], Api]]:
    """A function that returns plain requests for a sandbox."""
    with ExitStack() as stack:

        def make(sandbox: RunningSandbox) -> Api:
            made = Api(sandbox)
            stack.enter_context(made.session)
            return made

        yield make


@pytest.fixture
def api(crm: RunningSandbox, to_api: Callable[[RunningSandbox], Api]) -> Api:
    """Plain requests to the default sandbox."""
    return to_api(crm)
