"""Requests to one organisation: renewed session, one retry layer, bounds, no bodies."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from sync_core.errors import FatalError, TransientError
from sync_core.retrying import Retrier
from target_crm.crm import Traffic
from target_crm.patience import Clockwork, Patience
from target_crm.salesforce.answers import EXPIRED, Reply, to_reply
from target_crm.salesforce.connection import Ticket, log_in, to_session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_crm.salesforce.connection import Credential

MAX_BODY = 200_000_000
CHUNK = 65_536
_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    content: dict[str, Any]
    headers: Mapping[str, str]

    @property
    def what(self) -> str:
        """The request in words, without what it asks for."""
        return f"{self.method} {self.path.partition('?')[0]}"


class Api:
    """The REST API of one organisation.

    Args:
        credential: Opens sessions.
        api_url: A sandbox on loopback; empty is Salesforce.
        version: Such as ``66.0``.
        connections: Kept open.
        clockwork: Clock and sleep.
        patience: Bounds in seconds.
    """

    def __init__(
        self,
        credential: Credential,
        *,
        api_url: str = "",
        version: str = "66.0",
        connections: int = 4,
        clockwork: Clockwork | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.version = float(version)
        self.base = f"/services/data/v{version}"
        self.traffic = Traffic()
        self.time = clockwork or Clockwork()
        self._patience = patience or Patience()
        self._credential = credential
        self._session = to_session(api_url, self._patience, connections=connections)
        self._retrier = Retrier(
            clock=self.time.clock,
            sleep=self.time.sleep,
            max_seconds=self._patience.total,
        )
        self._ticket: Ticket | None = None
        self._lock = threading.Lock()
        self._pauses = 0

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def pause(self, seconds: float) -> None:
        """Wait before rows are sent again that could not be taken at the moment."""
        with self._lock:
            self._pauses += 1
        self.time.sleep(seconds)

    def retry(self, attempt: Any) -> Any:
        """Return what an attempt returns, repeated while it fails for now."""
        return self._retrier.call(attempt)

    def send(  # noqa: PLR0913 - keyword-only: what HTTP has
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        again: bool = True,
    ) -> Reply:
        """Return the answer to a request below this API version.

        Args:
            method: HTTP's.
            path: Begins with a slash; what comes from outside must be quoted.
            params: Of the address.
            json: Body as JSON.
            data: Body as CSV.
            headers: More of them.
            again: May be repeated; not if it creates what no key guards.

        Raises:
            FatalError: The answer is an error, or stays one after all tries.
            TransientError: Only if not `again`.
            Refused: What the request says was refused.
        """
        more = dict(headers or {})
        if data is not None:
            more["Content-Type"] = "text/csv; charset=UTF-8"
        request = _Request(
            method, path, {"params": params, "json": json, "data": data}, more
        )
        deadline = self.time.clock() + self._patience.total

        def attempt() -> Reply:
            return self._attempt(request, deadline)

        reply: Reply = self.retry(attempt) if again else attempt()
        return reply

    def query(self, soql: str) -> list[dict[str, Any]]:
        """Return all rows of a query."""
        return self.rows(self.send("GET", "/query", params={"q": soql}).data)

    def rows(self, page: Any) -> list[dict[str, Any]]:
        """Return the rows of a first page and of all that follow it."""
        found: list[dict[str, Any]] = []
        while True:
            records = page.get("records") if isinstance(page, dict) else None
            if not isinstance(records, list):
                raise FatalError("Salesforce's list has no `records`.")
            found += records
            following = str(page.get("nextRecordsUrl") or "")
            if page.get("done") is not False or not following:
                return found
            page = self.send("GET", following.removeprefix(self.base)).data

    def _attempt(self, request: _Request, deadline: float) -> Reply:
        ticket = self._open(None)
        status, headers, body = self._exchange(request, ticket, deadline)
        if status == EXPIRED:
            ticket = self._open(ticket)
            status, headers, body = self._exchange(request, ticket, deadline)
        self._learn(headers)
        return to_reply(status, headers, body, request.what)

    def _open(self, stale: Ticket | None) -> Ticket:
        """Return the session; a new one if there is none or it is the stale one."""
        with self._lock:
            if self._ticket is None or self._ticket is stale:
                self.traffic.requests += 1
                self._ticket = log_in(self._session, self._credential)
            return self._ticket

    def _exchange(
        self, request: _Request, ticket: Ticket, deadline: float
    ) -> tuple[int, Mapping[str, str], bytes]:
        with self._lock:
            self.traffic.requests += 1
        left = max(1.0, deadline - self.time.clock())
        try:
            with self._session.request(
                request.method,
                f"https://{ticket.host}{self.base}{request.path}",
                headers={**request.headers, "Authorization": f"Bearer {ticket.token}"},
                timeout=(self._patience.connect, min(self._patience.read, left)),
                allow_redirects=False,
                stream=True,
                **request.content,
            ) as response:
                headers = {k.lower(): v for k, v in response.headers.items()}
                return response.status_code, headers, self._read(response, deadline)
        except requests.RequestException as error:
            kind = type(error).__name__
            raise TransientError(
                f"{request.what} did not complete ({kind}). Check `domain`, the "
                "network and Salesforce's status page, then run again: nothing that "
                "was not confirmed is lost."
            ) from error

    def _read(self, response: requests.Response, deadline: float) -> bytes:
        parts, size = [], 0
        for chunk in response.iter_content(CHUNK):
            parts.append(chunk)
            size += len(chunk)
            if size > MAX_BODY:
                raise FatalError(f"Salesforce answered more than {MAX_BODY:,} bytes.")
            if self.time.clock() > deadline:
                raise TransientError("Salesforce took longer than one answer may.")
        return b"".join(parts)

    def _learn(self, headers: Mapping[str, str]) -> None:
        found = _USAGE.search(headers.get("sforce-limit-info", ""))
        if found:
            self.traffic.daily_left = max(0, int(found[2]) - int(found[1]))
        self.traffic.waits = self._retrier.waits + self._pauses


def to_text(value: str) -> str:
    r"""Return a SOQL text literal: `\` and `'` escaped, as the SOQL guide says."""
    plain = value.replace("\\", "\\\\").replace("'", "\\'")
    for sign, name in (("\n", "n"), ("\r", "r"), ("\t", "t")):
        plain = plain.replace(sign, f"\\{name}")
    return f"'{plain}'"
