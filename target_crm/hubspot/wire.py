"""Requests to HubSpot through its own client, with our patience and our care.

`hubspot-api-client` knows the paths and the forms of the requests. Everything between
the request and its meaning is ours, because the client waits for ever, logs bodies and
follows redirects: time-outs, one retry layer, the pace, the token, the reading of
answers. The client speaks the paths of version 3; dated versions are written over them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec
import urllib3

from sync_core.address import check_base_url, keep_outside
from sync_core.errors import FatalError, TransientError
from sync_core.pace import Pace
from sync_core.retrying import Retrier
from sync_core.shared_pace import SharedPace
from target_crm.crm import Traffic
from target_crm.hubspot.answers import Reply, to_reply
from target_crm.patience import Clockwork, Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from target_crm.hubspot.auth import Credential

MAX_BODY = 50_000_000
CHUNK = 65_536
FIRST_LIMIT = 100  # requests in ten seconds on the smallest edition, until it is told
WINDOW = 10.0
SLACK = 0.5  # seconds: we count when a request starts, HubSpot when it arrives
# Version 3 path to dated path; HubSpot's own specifications of 2026-03 and 2026-09.
_DATED = (
    (re.compile(r"^/crm/v3/objects/"), "/crm/objects/{version}/"),
    (re.compile(r"^/crm/v3/properties/"), "/crm/properties/{version}/"),
    (
        re.compile(r"^/marketing/v3/marketing-events/"),
        "/marketing/marketing-events/{version}/",
    ),
    (re.compile(r"^/oauth/v1/"), "/oauth/{version}/"),
    (re.compile(r"^/events/v3/"), "/{events}/{version}/"),
)


@dataclass(frozen=True, slots=True)
class ApiPaths:
    """Which paths of HubSpot to speak.

    Attributes:
        version: ``v3`` or a date such as ``2026-03``.
        events: Where a dated version has custom events: its specification of 2026-09
            says ``events/custom``, other clients of that version say ``events``.
    """

    version: str = "v3"
    events: str = "events"

    def of(self, path: str) -> str:
        """Return the path of this version for one of version 3."""
        if self.version == "v3":
            return path
        for pattern, dated in _DATED:
            place = dated.format(version=self.version, events=self.events)
            path, count = pattern.subn(place, path)
            if count:
                break
        return path


class Wire:
    """Sends requests to one HubSpot account.

    Args:
        base_url: HubSpot, or a sandbox on loopback.
        paths: The version to speak.
        patience: Bounds in seconds.
        connections: Kept open; as many as calls at the same time.
        clockwork: Clock and sleep.
        pace_file: Keeps the rate limit together with other processes; None alone.
    """

    def __init__(
        self,
        base_url: str,
        *,
        paths: ApiPaths | None = None,
        patience: Patience | None = None,
        connections: int = 4,
        clockwork: Clockwork | None = None,
        pace_file: Path | None = None,
    ) -> None:
        self.base_url = check_base_url(base_url, setting="api_url")
        self.traffic = Traffic()
        self._paths = paths or ApiPaths()
        self._patience = patience or Patience()
        self._time = clockwork or Clockwork()
        self._pace = _to_pace(pace_file, self._time)
        self._retrier = Retrier(
            clock=self._time.clock,
            sleep=self._time.sleep,
            max_tries=self._patience.tries,
            max_seconds=self._patience.total,
        )
        self._pool = urllib3.PoolManager(
            maxsize=connections, retries=False, cert_reqs="CERT_REQUIRED"
        )
        keep_outside(self._pool)
        self._credential: Credential | None = None
        self._pauses = 0

    def use(self, credential: Credential) -> None:
        """Take the credential for all further requests."""
        self._credential = credential

    def api(self, package: str, name: str) -> Any:
        """Return an API object of `hubspot-api-client` that sends through this wire.

        Args:
            package: Such as ``hubspot.crm.contacts``.
            name: Such as ``BatchApi``.
        """
        module = import_module(package)
        ours = {"request": self._request, "sanitize_for_serialization": _as_it_is}
        client = type("CarefulClient", (module.ApiClient,), ours)
        configuration = module.Configuration(host=self.base_url)
        api = getattr(module, name)(api_client=client(configuration))
        api.api_client.user_agent = "webinar-lead-score (hubspot-api-client)"
        return api

    def plain(self, method: str, path: str, body: Any = None) -> Callable[..., Any]:
        """Return a call for `send` to a path that the client does not know.

        Args:
            method: Of HTTP.
            path: Of version 3, with its parts percent-encoded.
            body: Sent as JSON.
        """

        def call(
            *, _request_timeout: Any, _headers: Any, _preload_content: bool
        ) -> urllib3.BaseHTTPResponse:
            return self._request(
                method,
                self.base_url + path,
                headers={**_headers, "Accept": "application/json"},
                body=body,
                _preload_content=_preload_content,
                _request_timeout=_request_timeout,
            )

        return call

    def send(self, what: str, call: Callable[..., Any], *args: Any) -> Reply:
        """Return the answer to one call of an API object.

        Args:
            what: The request in words, for errors.
            call: A method of an API object.
            args: Its arguments.

        Raises:
            FatalError: The answer is an error, or stays one after all tries.
            Refused: What the request says was refused.
        """
        deadline = self._time.clock() + self._patience.total
        return self._retrier.call(lambda: self._attempt(what, call, args, deadline))

    def pause(self, seconds: float) -> None:
        """Wait before rows are sent again that could not be taken at the moment."""
        self._pauses += 1
        self._time.sleep(seconds)

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()
        self._pace.close()

    @property
    def waits(self) -> int:
        """How often a request had to wait."""
        return self._pace.waits + self._retrier.waits + self._pauses

    def _attempt(
        self,
        what: str,
        call: Callable[..., Any],
        args: tuple[Any, ...],
        deadline: float,
    ) -> Reply:
        token = self._credential.token() if self._credential else ""
        status, headers, body = self._exchange(what, call, args, token, deadline)
        if status == 401 and self._credential and self._credential.renew(token):  # noqa: PLR2004
            token = self._credential.token()
            status, headers, body = self._exchange(what, call, args, token, deadline)
        self._learn(headers)
        return to_reply(status, headers, body, what)

    def _exchange(
        self,
        what: str,
        call: Callable[..., Any],
        args: tuple[Any, ...],
        token: str,
        deadline: float,
    ) -> tuple[int, Mapping[str, str], bytes]:
        self._pace.wait()
        self.traffic.requests += 1
        left = max(1.0, deadline - self._time.clock())
        timeout = (self._patience.connect, min(self._patience.read, left))
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            response = call(
                *args,
                _preload_content=False,
                _request_timeout=timeout,
                _headers=headers,
            )
            return self._read(response, what, deadline)
        except urllib3.exceptions.HTTPError as error:
            kind = type(error).__name__
            raise TransientError(
                f"{what} did not complete ({kind}). Check `api_url`, the network and "
                "HubSpot's status page, then run again: nothing that was not "
                "confirmed is lost."
            ) from error

    def _request(
        self,
        method: str,
        url: str,
        query_params: Any = None,
        headers: Any = None,
        post_params: Any = None,
        body: Any = None,
        _preload_content: bool = True,  # noqa: FBT001, FBT002
        _request_timeout: Any = None,
    ) -> urllib3.BaseHTTPResponse:
        """Stand in for the client's transport: no retry, no redirect, no log."""
        connect, read = _request_timeout
        query = f"?{urlencode(query_params)}" if query_params else ""
        content: dict[str, Any] = {}
        if post_params:
            content = {"fields": dict(post_params), "encode_multipart": False}
            headers.pop("Content-Type", None)
        elif body is not None:
            headers = {"Content-Type": "application/json", **headers}
            content = {"body": msgspec.json.encode(body)}
        return self._pool.request(
            method,
            self._dated(url) + query,
            headers=headers,
            timeout=urllib3.Timeout(connect=connect, read=read),
            redirect=False,
            preload_content=False,
            **content,
        )

    def _dated(self, url: str) -> str:
        return self.base_url + self._paths.of(url.removeprefix(self.base_url))

    def _read(
        self, response: urllib3.BaseHTTPResponse, what: str, deadline: float
    ) -> tuple[int, Mapping[str, str], bytes]:
        parts = []
        try:
            for chunk in response.stream(CHUNK):
                parts.append(chunk)
                self._check_bounds(len(parts) * CHUNK, what, deadline)
        except BaseException:
            response.close()
            raise
        response.release_conn()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return response.status, headers, b"".join(parts)

    def _check_bounds(self, size: int, what: str, deadline: float) -> None:
        if size > MAX_BODY:
            raise FatalError(f"{what} answered more than {MAX_BODY:,} bytes.")
        if self._time.clock() > deadline:
            raise TransientError(f"{what} took longer than one answer may.")

    def _learn(self, headers: Mapping[str, str]) -> None:
        """Take over the limits of the account that the answer tells."""
        limit = _number(headers, "x-hubspot-ratelimit-max")
        interval = _number(headers, "x-hubspot-ratelimit-interval-milliseconds")
        if limit and interval:
            self._pace.learn(limit, interval / 1000 + SLACK)
        left = _number(headers, "x-hubspot-ratelimit-daily-remaining")
        if left is not None:
            self.traffic.daily_left = left
        self.traffic.waits = self.waits


def _as_it_is(_client: Any, value: Any) -> Any:
    """What we send is JSON already: no model of the client has to be taken apart."""
    return value


def _to_pace(file: Path | None, time: Clockwork) -> Pace:
    seconds = WINDOW + SLACK
    if file is None:
        return Pace(FIRST_LIMIT, seconds, clock=time.clock, sleep=time.sleep)
    return SharedPace(file, FIRST_LIMIT, seconds, clock=time.clock, sleep=time.sleep)


def _number(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "")
    return int(text) if text.isdigit() else None
