"""One request and its answer, as the resources see them.

REST docs, status codes and error responses: 400 for a body that cannot be read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from sandbox.salesforce.errors import RowError, malformed
from sandbox.salesforce.records import Records

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

    from sandbox.salesforce.schema import Schema
    from sandbox.salesforce.settings import SalesforceSettings


@dataclass(frozen=True)
class Call:
    """A request to the REST API by a session that may ask.

    Attributes:
        path: What follows `/services/data/v66.0`.
        refused: Rows of a batch that a fault plan refuses.
        send: Answers another call within the same request.
    """

    method: str
    path: str
    version: str
    db: sqlite3.Connection
    org: SalesforceSettings
    schema: Schema
    now: float
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    refused: Mapping[int, RowError] = field(default_factory=dict)
    send: Callable[[Call], Reply] | None = None

    @cached_property
    def records(self) -> Records:
        """The organisation's records."""
        option = self.headers.get("sforce-duplicate-rule-header", "")
        return Records(
            db=self.db,
            org=self.org,
            schema=self.schema,
            now=self.now,
            allow_save="allowsave=true" in option.lower().replace(" ", ""),
        )

    @property
    def base(self) -> str:
        """The path of this API version."""
        return f"/services/data/v{self.version}"

    def json(self) -> dict[str, Any]:
        """Return the body as a JSON object.

        Raises:
            ApiError: It is none.
        """
        try:
            data = msgspec.json.decode(self.body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise malformed("Unexpected character in the request body") from error
        if not isinstance(data, dict):
            raise malformed("The request body must be a JSON object")
        return data


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer: JSON, or CSV text.

    Attributes:
        rows: How many records the request carried, for the sandbox's log.
    """

    status: int = 200
    body: Any = None
    csv: str | None = None
    rows: int = 0


NOTHING = Reply(status=204)
