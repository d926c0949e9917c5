"""Several requests in one, which Salesforce counts as one.

Facts (REST guide, Composite; Salesforce Help 000386264; seen 2026-11): at most 25
parts, of which at most five may be queries or collections; each is answered with its
own status; a part's headers are its own; a query in a body is not bound to the length
of an address. A text with `@{` would be read as a reference to another part's answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from sync_core.errors import FatalError
from target_crm.salesforce.answers import Refused, Reply, to_reply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_crm.salesforce.api import Api

PATH = "/composite"
MAX_HEAVY = 5  # queries and collections in one request
NOT_FOUND = 404
SINCE_COLLATED = 48.0
_REFERENCE = b"@{"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One request within another."""

    method: str
    path: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def may_ride(self) -> bool:
        """Tell whether it means the same within another request."""
        return _REFERENCE not in msgspec.json.encode(self.body)

    def to_json(self, base: str, place: int) -> dict[str, Any]:
        """Return it as the composite resource takes it."""
        found: dict[str, Any] = {
            "method": self.method,
            "url": base + self.path,
            "referenceId": f"part{place}",
        }
        if self.body is not None:
            found["body"] = self.body
        if self.headers:
            found["httpHeaders"] = dict(self.headers)
        return found


def get_all(api: Api, paths: Sequence[str], *, may_miss: bool = False) -> list[Any]:
    """Return the bodies of several GETs in one request; at most five queries.

    Args:
        api: Sends it.
        paths: Of what to get.
        may_miss: Whether what is not there is None instead of a refusal.

    Raises:
        Refused: One of them was refused.
    """
    parts = [Part(method="GET", path=path) for path in paths]

    def attempt() -> list[Any]:
        return [
            None
            if may_miss and answer.get("httpStatusCode") == NOT_FOUND
            else to_part_reply(answer).data
            for answer in exchange(api, parts)
        ]

    found: list[Any] = api.retry(attempt)
    return found


def write_all(api: Api, parts: Sequence[Part]) -> list[Any | Refused]:
    """Return the body of each part's answer, or why the part was refused.

    Raises:
        TransientError: It is not known which of them were done.
        Refused: The whole request was.
    """
    return [_body_or_refusal(entry) for entry in exchange(api, parts)]


def exchange(api: Api, parts: Sequence[Part]) -> list[Any]:
    """Return the answers of all parts as they came; one try."""
    listed = [part.to_json(api.base, place) for place, part in enumerate(parts)]
    wish: dict[str, Any] = {"allOrNone": False, "compositeRequest": listed}
    if api.version >= SINCE_COLLATED:
        wish["collateSubrequests"] = False  # in their order, each on its own
    answer = api.send("POST", PATH, json=wish, again=False).data
    found = answer.get("compositeResponse") if isinstance(answer, dict) else None
    entries = found if isinstance(found, list) else []
    if len(entries) != len(parts) or not all(map(_is_answer, entries)):
        raise FatalError("Salesforce's composite answer is not whole.")
    return entries


def to_part_reply(entry: Mapping[str, Any]) -> Reply:
    """Return one part's answer.

    Raises:
        TransientError: Sending it again may help.
        FatalError: Nothing helps but a person.
        Refused: What the part says was refused.
    """
    body = msgspec.json.encode(entry.get("body"))
    return to_reply(entry["httpStatusCode"], {}, body, f"POST {PATH}")


def to_query_path(soql: str) -> str:
    """Return the path of a query."""
    return f"/query?q={quote(soql, safe='')}"


def _is_answer(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("httpStatusCode"), int)


def _body_or_refusal(entry: Mapping[str, Any]) -> Any | Refused:
    try:
        return to_part_reply(entry).data
    except Refused as refusal:
        return refusal
