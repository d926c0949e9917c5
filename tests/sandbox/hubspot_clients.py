"""Ways to speak to the sandbox's HubSpot: its own client, and plain requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests
from hubspot import HubSpot

if TYPE_CHECKING:
    from sandbox.server import RunningSandbox

START = 1_793_527_200.0  # 2026-11-01T10:00:00Z


class Clock:
    """Seconds since 1970 that pass only when a test says so."""

    def __init__(self) -> None:
        """Begin at a round time."""
        self.now = START

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def to_client(sandbox: RunningSandbox, bearer: str = "sandbox-token") -> HubSpot:
    """Return HubSpot's own client for a sandbox."""
    return HubSpot(access_token=bearer, host=sandbox.url)


class Api:
    """Plain requests with the token, for what the official clients cannot send."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        """Begin a session."""
        self.session = requests.Session()
        self.session.headers["Authorization"] = "Bearer sandbox-token"
        self.url = sandbox.url

    def __call__(self, method: str, path: str, body: Any = None) -> requests.Response:
        """Send one request."""
        return self.session.request(method, self.url + path, json=body, timeout=10)

    def get(self, path: str) -> requests.Response:
        """Send a GET."""
        return self("GET", path)

    def post(self, path: str, body: Any = None) -> requests.Response:
        """Send a POST."""
        return self("POST", path, body)

    def upsert(self, *rows: dict[str, str], traced: bool = False) -> requests.Response:
        """Upsert contacts by their e-mail address."""
        inputs: list[dict[str, Any]] = [
            {"id": row["email"], "idProperty": "email", "properties": row}
            for row in rows
        ]
        if traced:
            inputs = [
                {**one, "objectWriteTraceId": str(n)} for n, one in enumerate(inputs)
            ]
        return self.post("/crm/v3/objects/contacts/batch/upsert", {"inputs": inputs})
