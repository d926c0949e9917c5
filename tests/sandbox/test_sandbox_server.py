"""The sandbox has an address, remembers, and is the same each time."""

from __future__ import annotations

import asyncio
import json
import socket
import stat
from typing import TYPE_CHECKING, Any

import pytest
import requests
from hubspot_clients import Api, Clock

from sandbox.faults import FaultPlan, LoseReply, Planned, Status
from sandbox.middleware import Front, SeenRequest
from sandbox.server import SandboxError, SandboxSettings, running

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sandbox.server import RunningSandbox

    Start = Callable[..., RunningSandbox]
    ToApi = Callable[[RunningSandbox], Api]

CONTACTS = "/crm/v3/objects/contacts"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com", ""])  # noqa: S104
def test_only_this_machine_is_served(host: str) -> None:
    """Any other address is refused before anything listens."""
    with pytest.raises(SandboxError, match="loopback"):
        SandboxSettings(host=host)


def test_a_port_that_is_taken_is_named() -> None:
    """And what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(SandboxError, match=f"port {port} .* another port"),
            running(SandboxSettings(port=port)),
        ):
            pytest.fail("it must not start")


def test_the_port_is_free_again_at_once() -> None:
    """Even while a client keeps its line open."""
    with requests.Session() as session:
        with running() as first:
            session.get(first.url, timeout=10)
            port = int(first.url.rpartition(":")[2])
        with running(SandboxSettings(port=port)) as second:
            assert session.get(second.url, timeout=10).status_code == 200


def test_every_request_is_seen(start: Start, to_api: ToApi, clock: Clock) -> None:
    """Part, method, path, status, time and the number of rows."""
    sandbox = start()
    api = to_api(sandbox)
    api.upsert({"email": "a@example.com"}, {"email": "b@example.com"})
    api.get("/contacts/1")
    api.get("/nowhere")
    seen = [
        (r.part, r.method, r.path, r.status, r.at, r.inputs) for r in sandbox.requests
    ]
    assert seen == [
        ("hubspot", "POST", f"{CONTACTS}/batch/upsert", 200, clock.now, 2),
        ("pages", "GET", "/contacts/1", 404, clock.now, 0),
        ("", "GET", "/nowhere", 404, clock.now, 0),
    ]
    assert all(r.seconds >= 0 for r in sandbox.requests)


def test_a_request_is_seen_before_its_client_knows_its_status() -> None:
    """A client may end at the head of an answer, and whoever started it looks then."""
    seen: list[SeenRequest] = []
    known: list[tuple[str, int]] = []

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 401, "headers": []})
        await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": b"no"})

    async def tell(message: Any) -> None:
        known.append((message["type"], len(seen)))

    async def receive() -> Any:
        return {"type": "http.request"}

    front = Front(
        answer,
        part_of=lambda _: "hubspot",
        plan=FaultPlan(),
        seen=seen,
        latency_s=0,
        clock=lambda: 0.0,
    )
    asyncio.run(front({"type": "http", "method": "GET", "path": "/"}, receive, tell))

    assert known == [("http.response.start", 1), ("http.response.body", 1)]
    assert [one.status for one in seen] == [401]


def test_latency_is_added(start: Start, to_api: ToApi) -> None:
    """As much as the setting says."""
    sandbox = start(latency_ms=20)
    to_api(sandbox).get(CONTACTS)
    assert sandbox.requests[0].seconds >= 0.02


def test_the_database_outlives_the_server(tmp_path: Path) -> None:
    """In a file that only its owner can read."""
    database = tmp_path / "state" / "sandbox.sqlite"
    settings = SandboxSettings(database=database)
    with running(settings) as sandbox:
        api = Api(sandbox)
        with api.session:
            api.upsert({"email": "a@example.com"})
        before = sandbox.dump()
    with running(settings) as sandbox:
        assert sandbox.dump() == before
        assert "a@example.com" in before
    assert stat.S_IMODE(database.stat().st_mode) == 0o600


def script(seed: int) -> tuple[list[Any], str]:
    """Do the same things to a new sandbox; return its answers and what it holds."""
    with running(SandboxSettings(seed=seed, clock=Clock())) as sandbox:
        api = Api(sandbox)
        with api.session:
            rows = [{"email": f"p{n}@example.com", "city": "Ulm"} for n in range(20)]
            answers = [
                api.upsert(*rows).json(),
                api.upsert({"email": "nope@"}).json(),
                api.get(f"{CONTACTS}?limit=100").json(),
            ]
            return answers, sandbox.dump()


def test_the_same_seed_gives_the_same_answers() -> None:
    """Ids, order and correlation ids included."""
    assert script(7) == script(7)


def test_another_seed_gives_other_ids_and_the_same_state() -> None:
    """The dump does not speak of ids."""
    (first, first_state), (second, second_state) = script(1), script(2)
    assert first != second
    assert first_state == second_state


def test_the_dump_is_the_same_however_it_was_written(
    start: Start, to_api: ToApi
) -> None:
    """One by one or together, in any order, at any time."""
    rows = [{"email": f"{x}@example.com", "city": x} for x in "abc"]
    together, alone = start(), start(clock=Clock())
    to_api(together).upsert(*rows)
    for row in reversed(rows):
        to_api(alone).upsert(row)
    assert together.dump() == alone.dump()
    assert list(json.loads(together.dump())["contacts"]) == [
        "a@example.com",
        "b@example.com",
        "c@example.com",
    ]


def test_another_process_can_ask_what_happened(start: Start, to_api: ToApi) -> None:
    """State, requests and the faults that were never hit, as JSON."""
    planned = Planned(part="hubilo", requests=(2,), fault=Status(status=500))
    sandbox = start(faults=(planned,))
    api = to_api(sandbox)
    api.upsert({"email": "a@example.com"})
    assert api.get("/sandbox/state.json").text == sandbox.dump()
    seen = api.get("/sandbox/requests.json").json()
    assert (seen[0]["part"], seen[0]["inputs"]) == ("hubspot", 1)
    unhit = api.get("/sandbox/unhit.json").json()
    assert [(one["part"], one["requests"]) for one in unhit] == [("hubilo", [2])]


def test_a_broken_line_says_nothing_on_the_terminal(
    start: Start, to_api: ToApi, caplog: pytest.LogCaptureFixture
) -> None:
    """The server does not take a planned fault for one of its own."""
    planned = Planned(part="hubspot", fault=LoseReply())
    with pytest.raises(requests.ConnectionError):
        to_api(start(faults=(planned,))).upsert({"email": "a@example.com"})
    assert [one for one in caplog.records if one.levelname != "INFO"] == []
