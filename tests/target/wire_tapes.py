"""Tapes of the calls that the targets make: how they are recorded and played.

They were recorded against the sandbox, not against a CRM, and each file says so. What a
tape pins is our side: method, path, query and body of each request.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import vcr
import yaml

from sandbox.server import SandboxSettings, running

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FOLDER = Path(__file__).parents[1] / "cassettes"
ADDRESS = "http://127.0.0.1"  # stands for the sandbox; nothing listens there
HIDDEN = "hidden"
_SECRET = re.compile(r'"(access_token|refresh_token|id_token|signature)": ?"[^"]*"')
_SECRET_FIELDS = frozenset({"client_secret", "refresh_token", "assertion"})
_KEPT = frozenset({"content-type", "retry-after", "sforce-duplicate-rule-header"})
NOTE = """\
# Recorded against this project's sandbox on {day}, not against {crm} itself.
# Recorded again by: python tests/cassettes/record.py
"""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One thing that a target asks of its CRM.

    Attributes:
        connect: Returns the CRM at an address.
        ask: What is recorded; returns what it makes of the answers.
        expected: What it returns.
        before: Done to the account first, and not recorded.
        settings: Of the sandbox, for the recording.
    """

    name: str
    connect: Callable[[str], Any]
    ask: Callable[[Any], Any]
    expected: Any
    before: Callable[[Any], Any] = lambda _crm: None
    settings: Mapping[str, Any]

    @property
    def path(self) -> Path:
        """Where its tape lies."""
        return FOLDER / f"{self.name}.yaml"


def play(call: Call) -> tuple[Any, Any]:
    """Ask again, of the tape alone; return what came of it and the tape."""
    with _recorder("none").use_cassette(str(call.path)) as tape:
        return _ask(call, ADDRESS), tape


def record(call: Call) -> Any:
    """Ask a sandbox, and keep what was said."""
    call.path.parent.mkdir(parents=True, exist_ok=True)
    call.path.unlink(missing_ok=True)
    with running(SandboxSettings(**call.settings)) as sandbox:
        crm = call.connect(sandbox.url)
        try:
            call.before(crm)
        finally:
            crm.close()
        with _recorder("all").use_cassette(str(call.path)):
            return _ask(call, sandbox.url)


def _ask(call: Call, url: str) -> Any:
    crm = call.connect(url)
    try:
        return call.ask(crm)
    finally:
        crm.close()


def _recorder(mode: str) -> vcr.VCR:
    recorder = vcr.VCR(
        record_mode=mode,
        match_on=["method", "path", "query", "body"],
        before_record_request=clean_request,
        before_record_response=clean_response,
    )
    recorder.register_serializer("told", Told)
    recorder.serializer = "told"
    return recorder


class Told:
    """YAML that says at its top where it comes from."""

    @staticmethod
    def serialize(tape: Any) -> str:
        """Return a tape as text."""
        uri = tape["interactions"][0]["request"]["uri"]
        crm = "Salesforce" if "/services/" in uri else "HubSpot"
        note = NOTE.format(day=datetime.now(UTC).date(), crm=crm)
        return note + yaml.safe_dump(tape, width=88, allow_unicode=True)

    @staticmethod
    def deserialize(text: str) -> Any:
        """Return the tape that a text holds."""
        return yaml.safe_load(text)


def clean_request(request: Any) -> Any:
    """Leave out the credentials, the port and what does not matter."""
    url = urlsplit(request.uri)
    request.uri = f"{ADDRESS}{url.path}" + (f"?{url.query}" if url.query else "")
    request.headers = {
        name: value
        for name, value in request.headers.items()
        if name.lower() in _KEPT | {"content-type"}
    }
    if request.body and url.path.endswith("/token"):
        request.body = _clean_form(request.body)
    return request


def _clean_form(body: bytes | str) -> str:
    text = body.decode() if isinstance(body, bytes) else body
    return urlencode(
        [
            (name, HIDDEN if name in _SECRET_FIELDS else value)
            for name, value in parse_qsl(text)
        ]
    )


def clean_response(response: dict[str, Any]) -> dict[str, Any]:
    """Leave out tokens and what does not matter."""
    body = response["body"]["string"]
    text = body.decode() if isinstance(body, bytes) else body
    cleaned = _SECRET.sub(rf'"\1":"{HIDDEN}"', text)
    headers = {
        name: value
        for name, value in response["headers"].items()
        if name.lower() in _KEPT
    }
    return {**response, "headers": headers, "body": {"string": cleaned.encode()}}
