"""simple-salesforce, unchanged, on its way to a sandbox on loopback."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from requests import Session
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce

from sandbox.salesforce import SalesforceSettings
from sandbox.salesforce.seed import Seed
from sandbox.server import SandboxSettings, running

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = "66.0"


class Clock:
    """A wall clock that stands still unless it is moved."""

    def __init__(self, now: float = 1_793_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time."""
        return self.now


class ToLoopback(HTTPAdapter):
    """Sends every https call of a session to a sandbox: the client knows only https."""

    def __init__(self, base: str) -> None:
        self._base = urlsplit(base)
        super().__init__()

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Send to the sandbox what was meant for Salesforce."""
        url = urlsplit(request.url)
        request.url = urlunsplit((*self._base[:2], url.path, url.query, ""))
        return super().send(request, *args, **kwargs)


class Org:
    """A running organisation and a client that is logged in."""

    def __init__(self, box: Any, org: SalesforceSettings, session: Session) -> None:
        self.box = box
        self.settings = org
        self.session = session
        self._client: Salesforce | None = None

    @property
    def sf(self) -> Salesforce:
        """A client with the client credentials flow."""
        if self._client is None:
            self._client = self.login()
        return self._client

    def login(self, **more: Any) -> Salesforce:
        """Return a client with another credential."""
        given = {
            "consumer_key": self.settings.client_id,
            "consumer_secret": self.settings.client_secret,
            "domain": "acme.my",
            **more,
        }
        return Salesforce(session=self.session, version=VERSION, **given)

    @contextmanager
    def seed(self) -> Iterator[Seed]:
        """Give access to the records past the rules."""
        with self.box.sandbox.store.transaction() as db:
            yield Seed(db, self.settings, now=self.box.sandbox.settings.clock())

    def get(self, path: str, **more: Any) -> Any:
        """Ask for any path without the client's own error handling."""
        token = more.pop("token", None) or self.sf.session_id
        return self.session.request(
            more.pop("method", "GET"),
            f"https://acme.my.salesforce.com{path}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=10,
            **more,
        )

    def collect(self, method: str, path: str, records: list[Any], **more: Any) -> Any:
        """Send records to sObject Collections."""
        return self.sf.restful(
            f"composite/sobjects{path}",
            method=method,
            json={"records": records, **more},
        )


@contextmanager
def organisation(*, faults: Any = (), clock: Any = None, **org: Any) -> Iterator[Org]:
    """Run a sandbox with this organisation."""
    settings = SalesforceSettings(**org)
    more = {"clock": clock} if clock else {}
    with (
        running(SandboxSettings(salesforce=settings, faults=faults, **more)) as box,
        Session() as session,
    ):
        session.mount("https://", ToLoopback(box.url))
        yield Org(box, settings, session)


def record(kind: str, **values: Any) -> dict[str, Any]:
    """Return a record as collections take it."""
    return {"attributes": {"type": kind}, **values}


def code(entry: dict[str, Any]) -> str:
    """Return the status code of a refused entry; empty for an accepted one."""
    return "" if entry["success"] else entry["errors"][0]["statusCode"]
