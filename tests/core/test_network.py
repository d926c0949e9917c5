"""Retries, pace, verdicts and the HTTP client, on a clock that tests move."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from sync_core.address import check_base_url
from sync_core.errors import FatalError, SettingError, TransientError
from sync_core.http import MAX_BODY, ApiClient, Timeouts
from sync_core.pace import Pace
from sync_core.retrying import Retrier
from sync_core.verdicts import to_error, to_retry_after
from target_crm.hubspot.wire import Wire
from target_crm.patience import Clockwork, Patience
from target_crm.salesforce.connection import to_session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import VirtualClock


def make_retrier(clock: VirtualClock, **bounds: float) -> Retrier:
    """A retrier whose waits cost nothing and have no jitter."""
    return Retrier(clock=clock, sleep=clock.sleep, jitter=lambda: 1.0, **bounds)  # type: ignore[arg-type]


class Failing:
    """Fails ``times`` times, then returns."""

    def __init__(self, times: int, retry_after: float | None = None) -> None:
        self.left = times
        self.calls = 0
        self.retry_after = retry_after

    def __call__(self) -> str:
        """Fail or return."""
        self.calls += 1
        if self.left:
            self.left -= 1
            raise TransientError("not now.", status=503, retry_after=self.retry_after)
        return "done"


@pytest.mark.parametrize("failures", [0, 1, 7])
def test_up_to_seven_failures_recover(
    virtual_clock: VirtualClock, failures: int
) -> None:
    """Eight tries in all."""
    attempt = Failing(failures)

    assert make_retrier(virtual_clock).call(attempt) == "done"

    assert attempt.calls == failures + 1


def test_the_ninth_try_is_never_made(virtual_clock: VirtualClock) -> None:
    """After eight tries the failure is fatal and keeps its status."""
    attempt = Failing(9)

    with pytest.raises(FatalError, match="8 tries") as caught:
        make_retrier(virtual_clock).call(attempt)

    assert (attempt.calls, caught.value.status) == (8, 503)


def test_waits_double_and_stay_bounded(virtual_clock: VirtualClock) -> None:
    """Without a wish of the server the wait doubles."""
    make_retrier(virtual_clock).call(Failing(4))

    assert virtual_clock.slept == [0.5, 1.0, 2.0, 4.0]


def test_a_server_is_never_asked_before_it_said(virtual_clock: VirtualClock) -> None:
    """Retry-After is obeyed exactly."""
    make_retrier(virtual_clock).call(Failing(2, retry_after=17.0))

    assert virtual_clock.slept == [17.0, 17.0]


def test_a_day_long_wait_stops_at_once(virtual_clock: VirtualClock) -> None:
    """A wait past the bound is told, not slept."""
    with pytest.raises(FatalError, match="asks to wait 86400 s"):
        make_retrier(virtual_clock).call(Failing(1, retry_after=86400.0))

    assert virtual_clock.slept == []


def test_other_failures_are_not_repeated(virtual_clock: VirtualClock) -> None:
    """Only what may pass is repeated."""
    calls = []

    def attempt() -> None:
        calls.append(1)
        raise FatalError("no.")

    with pytest.raises(FatalError, match=r"^no\.$"):
        make_retrier(virtual_clock).call(attempt)
    assert len(calls) == 1


def test_pace_never_exceeds_its_window(virtual_clock: VirtualClock) -> None:
    """No stretch of one second holds more than the limit."""
    pace = Pace(5, 1.0, clock=virtual_clock, sleep=virtual_clock.sleep)
    starts = []
    for _ in range(23):
        pace.wait()
        starts.append(virtual_clock.now)

    windows = [sum(1 for s in starts if t <= s < t + 1.0) for t in starts]
    assert max(windows) == 5
    assert starts[-1] - starts[0] == pytest.approx(4.0)


def test_pace_learns_a_narrower_window(virtual_clock: VirtualClock) -> None:
    """What the server says about itself wins."""
    pace = Pace(100, 10.0, clock=virtual_clock, sleep=virtual_clock.sleep)
    pace.learn(2, 10.0)
    for _ in range(4):
        pace.wait()

    assert virtual_clock.slept == [10.0]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param("3", 3.0, id="seconds"),
        pytest.param("0", 0.0, id="zero"),
        pytest.param("-5", 0.0, id="negative"),
        pytest.param("Thu, 01 Jan 1970 00:01:40 GMT", 60.0, id="http-date"),
        pytest.param("soon", None, id="garbage"),
        pytest.param("nan", None, id="nan"),
        pytest.param("inf", None, id="infinite"),
        pytest.param("", None, id="empty"),
    ],
)
def test_retry_after_forms(value: str, seconds: float | None) -> None:
    """Seconds and dates are read; anything else counts as absent."""
    assert to_retry_after({"Retry-After": value}, now=40.0) == seconds


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        pytest.param(status, kind, id=str(status))
        for status, kind in [
            *((s, TransientError) for s in (408, 423, 425, 429, 477)),
            *((s, TransientError) for s in (500, 502, 503, 504, 521, 524)),
            *((s, FatalError) for s in (301, 302, 307, 400, 401, 403, 404, 410, 422)),
        ]
    ],
)
def test_each_status_has_one_verdict(status: int, kind: type[Exception]) -> None:
    """The table decides, and the sentence names the request."""
    error = to_error(status, {}, what="GET /x", setting="access_token")

    assert type(error) is kind
    assert str(error).startswith(f"GET /x answered {status}.")


GOOD_URLS = [
    "https://api.example.com",
    "https://api.example.com/base/",
    "http://127.0.0.1:8080",
    "http://localhost:1",
    "http://[::1]:9",
]
BAD_URLS = [
    "",
    "api.example.com",
    "ftp://example.com",
    "file:///etc/passwd",
    "http://example.com",
    "http://127.0.0.1.example.com",
    "http://0x7f000001",
    "http://2130706433",
    "http://0177.0.0.1",
    "http://10.0.0.1",
    "http://localhost.",
    "https://user@example.com",
    "https://user:pw@example.com",
    "https://example.com?x=1",
    "https://example.com#x",
    "https://",
    "//example.com",
    "javascript:alert(1)",
    "http://0x7f.1",
    "http://127.1",
    "http://[::ffff:169.254.169.254]",
    "http://169.254.169.254/latest/meta-data",
    "http://metadata.google.internal",
    "http://example.com@127.0.0.1",
    "https://api.example.com@169.254.169.254",
    "http://127.0.0.1@example.com",
    "http://loopback",
    "gopher://127.0.0.1:25",
    "https://example.com\\@169.254.169.254#",
    "https://[::1",
]
# What a host may be written as; no resolver is asked, or it is the system's own.
LITERALS = [
    "https://127.0.0.1",
    "https://[::1]",
    "https://[::ffff:169.254.169.254]",
    "https://[::ffff:a9fe:a9fe]",
    "https://169.254.169.254",
    "https://10.0.0.1:8443",
    "https://100.64.0.1",
    "https://[fd00:ec2::254]",
    "https://0.0.0.0",
    "https://2130706433",
    "https://0x7f000001",
    "https://0177.0.0.1",
    "https://127.1",
]
INTERNAL = [
    "10.0.0.1",
    "172.16.0.9",
    "192.168.1.1",
    "127.0.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - an address to refuse, not to bind
    "::1",
    "fe80::1%eth0",
    "fd00::1",
    "::ffff:169.254.169.254",
    "::ffff:10.1.2.3",
]


@pytest.mark.parametrize("url", LITERALS)
def test_s6_an_internal_address_is_refused_however_it_is_written(url: str) -> None:
    """Decimal, octal, hexadecimal, short, and IPv4 inside IPv6."""
    with pytest.raises(SettingError, match="internal address"):
        check_base_url(url, setting="api_url")


@pytest.mark.parametrize("url", GOOD_URLS)
def test_public_https_and_loopback_http_are_allowed(url: str) -> None:
    """A trailing slash is the only thing that changes."""
    checked = check_base_url(url, setting="api_url", resolve=lambda _: ["8.8.8.8"])

    assert checked == url.rstrip("/")


@pytest.mark.parametrize("url", BAD_URLS)
def test_s6_other_addresses_are_refused(url: str) -> None:
    """Clear text, users, queries and foreign schemes are refused by name."""
    with pytest.raises(SettingError, match="`api_url`"):
        check_base_url(url, setting="api_url", resolve=lambda _: ["8.8.8.8"])


@pytest.mark.parametrize("address", INTERNAL)
def test_s6_a_name_that_points_inside_is_refused(address: str) -> None:
    """One internal address among public ones is enough."""
    with pytest.raises(SettingError, match="internal address"):
        check_base_url(
            "https://x.example",
            setting="api_url",
            resolve=lambda _: ["8.8.8.8", address],
        )


@pytest.fixture
def rebound(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, list[bytes]]]:
    """A listener on loopback to which a public name resolves after it was checked."""
    heard: list[bytes] = []
    real = socket.getaddrinfo
    answers = iter(["8.8.8.8"])

    def resolve(host: str, *args: Any, **kwargs: Any) -> Any:
        if host != "api.example.com":
            return real(host, *args, **kwargs)
        return real(next(answers, "127.0.0.1"), *args, **kwargs)

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def listen() -> None:
            with contextlib.suppress(OSError):
                while True:
                    link, _ = listener.accept()
                    with link:
                        heard.append(link.recv(1))

        thread = threading.Thread(target=listen)
        thread.start()
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        yield listener.getsockname()[1], heard
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def read_platform(url: str, clock: VirtualClock) -> None:
    """Ask as the tap asks."""
    api = ApiClient(url, setting="api_url", headers={}, credential="access_token")
    try:
        api.get_json("/x")
    finally:
        api.close()


def read_hubspot(url: str, clock: VirtualClock) -> None:
    """Ask as target-hubspot asks."""
    wire = Wire(url, clockwork=Clockwork(clock=clock, sleep=clock.sleep))
    try:
        wire.send("GET x", wire.plain("GET", "/x"))
    finally:
        wire.close()


def read_salesforce(url: str, clock: VirtualClock) -> None:
    """Ask as target-salesforce asks."""
    with to_session("", Patience()) as session:
        session.get(url)


@pytest.mark.parametrize("ask", [read_platform, read_hubspot, read_salesforce])
def test_s6_a_name_that_points_inside_later_is_told_nothing(
    rebound: tuple[int, list[bytes]], virtual_clock: VirtualClock, ask: Any
) -> None:
    """The check at the start saw a public address; not a byte goes to the other."""
    port, heard = rebound
    url = f"https://api.example.com:{port}"
    if ask is read_salesforce:
        check_base_url(url, setting="domain")

    with pytest.raises(FatalError, match="internal address now"):
        ask(url, virtual_clock)

    assert heard in ([], [b""])


class Server(ThreadingHTTPServer):
    """Answers from a list; remembers what it was asked."""

    daemon_threads = True
    answers: ClassVar[list[tuple[int, dict[str, str], bytes]]] = []


class Handler(BaseHTTPRequestHandler):
    """One answer a request, the last one for ever."""

    def do_GET(self) -> None:
        """Answer."""
        server = self.server
        assert isinstance(server, Scripted)
        server.asked.append((self.path, dict(self.headers)))
        last = len(server.asked) > len(server.script)
        status, headers, body = server.script[-1 if last else len(server.asked) - 1]
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class Scripted(Server):
    """A server with its own script."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: list[tuple[int, dict[str, str], bytes]] = []
        self.asked: list[tuple[str, dict[str, str]]] = []

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    """A scripted server on loopback."""
    with Scripted() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def client(scripted: Scripted, virtual_clock: VirtualClock) -> Iterator[ApiClient]:
    """A client of the scripted server that never really waits."""
    made = ApiClient(
        scripted.url,
        setting="api_url",
        headers={"Authorization": "Bearer canary-token-1"},
        credential="access_token",
        retrier=make_retrier(virtual_clock),
        timeouts=Timeouts(connect=2, read=2, total=30),
    )
    yield made
    made.close()


OK = (200, {}, b'{"data": [1, 2]}')


@pytest.mark.parametrize(
    "first",
    [
        pytest.param((503, {}, b"canary-body"), id="server-fault"),
        pytest.param((429, {"Retry-After": "2"}, b"canary-body"), id="rate-limit"),
        pytest.param((200, {}, b'{"data": [1'), id="truncated-json"),
        pytest.param((200, {}, b"<html>canary-body"), id="a-web-page"),
        pytest.param((200, {"Content-Length": "99"}, b'{"data": []}'), id="short-body"),
        pytest.param((200, {"Content-Encoding": "gzip"}, b"not gzip"), id="bad-gzip"),
    ],
)
def test_a_passing_fault_is_repeated_once(
    scripted: Scripted, client: ApiClient, first: tuple[int, dict[str, str], bytes]
) -> None:
    """The second answer counts, and the credential is sent both times."""
    scripted.script = [first, OK]

    assert client.get_json("/x").data == {"data": [1, 2]}

    assert [h["Authorization"] for _, h in scripted.asked] == [
        "Bearer canary-token-1"
    ] * 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param((401, {}, b"canary-body"), "`access_token`", id="credential"),
        pytest.param((403, {}, b"canary-body"), "scopes", id="permission"),
        pytest.param((404, {}, b"canary-body"), "`api_url`", id="address"),
        pytest.param(
            (302, {"Location": "http://127.0.0.1:1/steal"}, b""), "redirect", id="away"
        ),
        pytest.param((200, {}, b"canary-body"), "not JSON", id="never-json"),
    ],
)
def test_a_lasting_fault_is_told_without_its_body(
    scripted: Scripted,
    client: ApiClient,
    answer: tuple[int, dict[str, str], bytes],
    said: str,
) -> None:
    """The error names the request and the setting, never the body or the token."""
    scripted.script = [answer]

    with pytest.raises(FatalError, match="GET /x") as caught:
        client.get_json("/x", {"q": "1"})

    assert said in str(caught.value)
    assert "canary" not in repr(caught.value)


def test_a_bomb_is_refused(scripted: Scripted, client: ApiClient) -> None:
    """A small body that unpacks to more than a page may have is not kept."""
    import gzip  # noqa: PLC0415

    bomb = gzip.compress(b"0" * (MAX_BODY + 1))
    scripted.script = [(200, {"Content-Encoding": "gzip"}, bomb)]

    with pytest.raises(FatalError, match="more than 50,000,000 bytes"):
        client.get_json("/x")


def test_an_error_inside_an_answer_of_200_is_seen(
    scripted: Scripted, client: ApiClient
) -> None:
    """A platform's own status in the body decides, and is retried like any other."""
    scripted.script = [(200, {}, json.dumps({"status": 500}).encode()), OK]

    def check(answer: object) -> None:
        if getattr(answer, "data", {}).get("status") == 500:
            raise TransientError("the body says 500.")

    assert client.get_json("/x", check=check).data == {"data": [1, 2]}


def test_no_server_is_a_clear_error(virtual_clock: VirtualClock) -> None:
    """A refused connection is repeated, then told with its setting."""
    client = ApiClient(
        "http://127.0.0.1:9",
        setting="api_url",
        headers={},
        credential="access_token",
        retrier=make_retrier(virtual_clock),
    )

    with pytest.raises(FatalError, match="`api_url` and the network"):
        client.get_json("/x")
    client.close()
    assert len(virtual_clock.slept) == 7
