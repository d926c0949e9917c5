"""Several requests in one, which counts as one.

REST docs, "Send Multiple Requests Using Composite" (seen 2026-11): at most 25
subrequests, of which at most 5 are queries or sObject Collections; each has its own
status and body, and may refer to what an earlier one was answered. Salesforce Help
000386264: a query in a body is not bound to the length of an address.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from sandbox.salesforce.call import Call, Reply
from sandbox.salesforce.errors import ApiError, RowError, malformed

MAX_SUBREQUESTS = 25
MAX_HEAVY = 5
BAD = 400
METHODS = frozenset({"DELETE", "GET", "PATCH", "POST", "PUT"})
# REST docs, composite subrequest: these three come from the request around it.
INHERITED = frozenset({"accept", "authorization", "content-type"})
_SERVED = re.compile(r"/(sobjects/.+|query/?|queryAll/?|composite/sobjects(/.*)?)")
_HEAVY = re.compile(r"/(query|queryAll|composite/sobjects)(/.*)?")
_NAME = re.compile(r"[A-Za-z0-9]\w*", re.ASCII)
_REFERENCE = re.compile(r"@\{(\w+)((?:\.\w+|\[\d+\])*)\}", re.ASCII)
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]", re.ASCII)


class Subrequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One request within another."""

    method: str
    url: str
    referenceId: str  # noqa: N815 - Salesforce's name
    body: Any = None
    httpHeaders: dict[str, str] = {}  # noqa: N815

    @property
    def path(self) -> str:
        """The path below the version."""
        return urlsplit(self.url).path


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a composite request."""

    compositeRequest: list[Subrequest]  # noqa: N815 - Salesforce's name
    allOrNone: bool = False  # noqa: N815
    collateSubrequests: bool = True  # noqa: N815


def composite(call: Call) -> Reply:
    """POST /composite."""
    try:
        wish = msgspec.convert(call.json(), Wish)
    except msgspec.ValidationError as error:
        raise malformed(str(error)) from error
    _check(call, wish.compositeRequest)
    done = _Work(call).run(wish)
    return Reply(body={"compositeResponse": done.answers}, rows=done.rows)


def _check(call: Call, parts: list[Subrequest]) -> None:
    """Refuse the whole request for what is wrong with its form."""
    heavy = [p for p in parts if _HEAVY.fullmatch(p.path.removeprefix(call.base))]
    if not parts or len(parts) > MAX_SUBREQUESTS or len(heavy) > MAX_HEAVY:
        raise ApiError(
            400,
            "LIMIT_EXCEEDED",
            f"1 to {MAX_SUBREQUESTS} subrequests, at most {MAX_HEAVY} of them queries "
            "or collections",
        )
    names = [part.referenceId for part in parts]
    if len(set(names)) < len(names) or not all(map(_NAME.fullmatch, names)):
        # REST docs, subrequest result: since version 52 the whole request fails.
        raise malformed(
            "Provided referenceId must be unique, start with a letter or a number, "
            "and contain only letters, numbers and underscores ('_')."
        )
    for part in parts:
        if not part.path.startswith(f"{call.base}/") or part.method not in METHODS:
            raise malformed("Each url must be of this version, each method in capitals")
        if INHERITED & {name.lower() for name in part.httpHeaders}:
            raise malformed("A subrequest inherits this header, it cannot have its own")


@dataclasses.dataclass(slots=True)
class _Work:
    """What a composite request has done so far."""

    call: Call
    answers: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    bodies: dict[str, Any] = dataclasses.field(default_factory=dict)
    rows: int = 0
    collections: int = 0

    def run(self, wish: Wish) -> _Work:
        """Answer every part, in order."""
        self.call.db.execute("SAVEPOINT composite")
        for part in wish.compositeRequest:
            self._answer(part, self._reply(part))
        good = [a for a in self.answers if a["httpStatusCode"] < BAD]
        if wish.allOrNone and len(good) < len(self.answers):
            self.call.db.execute("ROLLBACK TO composite")
            for answer in good:
                answer |= {"httpStatusCode": BAD, "body": _halted(_ROLLED_BACK)}
        self.call.db.execute("RELEASE composite")
        return self

    def _answer(self, part: Subrequest, reply: Reply) -> None:
        self.bodies[part.referenceId] = reply.body
        self.answers.append(
            {
                "body": reply.body,
                "httpHeaders": {},
                "httpStatusCode": reply.status,
                "referenceId": part.referenceId,
            }
        )

    def _reply(self, part: Subrequest) -> Reply:
        self.call.db.execute("SAVEPOINT part")
        try:
            reply = self._send(part)
        except ApiError as error:
            self.call.db.execute("ROLLBACK TO part")
            reply = Reply(status=error.status, body=error.to_body())
        self.call.db.execute("RELEASE part")
        return reply

    def _send(self, part: Subrequest) -> Reply:
        url = urlsplit(self._resolved(part.url))
        path = url.path.removeprefix(self.call.base)
        if self.call.send is None or not _SERVED.fullmatch(path):
            raise ApiError(400, "BAD_REQUEST", "The resource is not supported here")
        body = self._resolved(part.body)
        reply = self.call.send(
            dataclasses.replace(
                self.call,
                method=part.method,
                path=path,
                params=dict(parse_qsl(url.query)),
                headers={k.lower(): v for k, v in part.httpHeaders.items()},
                body=b"" if body is None else msgspec.json.encode(body),
                refused=self._refused(part, path, body),
            )
        )
        self.rows += reply.rows
        return reply

    def _refused(self, part: Subrequest, path: str, body: Any) -> dict[int, RowError]:
        """Return the rows of a collection that a plan or the automations refuse.

        A plan counts the rows of all collections of the request through.
        """
        records = body.get("records") if isinstance(body, dict) else None
        if part.method == "GET" or not _HEAVY.fullmatch(path) or not records:
            return {}
        self.collections += 1
        room = self.call.org.batches_per_transaction
        if room and self.collections > room:
            return dict.fromkeys(range(len(records)), _APEX)
        planned = self.call.refused.items()
        return {row - self.rows: why for row, why in planned if row >= self.rows}

    def _resolved(self, value: Any) -> Any:
        """Return a value with what it refers to; a text that is a reference whole."""
        if isinstance(value, dict):
            return {name: self._resolved(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self._resolved(part) for part in value]
        if not isinstance(value, str) or "@{" not in value:
            return value
        return _REFERENCE.sub(lambda found: str(self._value(found)), value)

    def _value(self, found: re.Match[str]) -> Any:
        value: Any = self.bodies.get(found[1])
        try:
            for name, number in _STEP.findall(found[2]):
                value = value[name] if name else value[int(number)]
        except (KeyError, IndexError, TypeError) as error:
            raise _unresolved(found) from error
        if value is None or isinstance(value, (dict, list)):
            raise _unresolved(found)
        return value


_ROLLED_BACK = (
    "The transaction was rolled back since another operation in the same transaction "
    "failed."
)
_APEX = RowError(  # answer that others have captured (stackexchange 377154)
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
    "LeadTrigger: System.LimitException: Apex CPU time limit exceeded",
)


def _unresolved(found: re.Match[str]) -> ApiError:
    message = (
        f"Invalid reference specified. No value for {found[1]}{found[2]} found in "
        f"{found[1]}."
    )
    return ApiError(400, "PROCESSING_HALTED", message)


def _halted(message: str) -> Any:
    return ApiError(400, "PROCESSING_HALTED", message).to_body()
