"""What HubSpot's answers mean: statuses, policies and error codes as tables.

Facts: HubSpot's error-handling and usage-guidelines pages, and answers that others have
captured (seen 2026-11). "The fields should all be treated as optional", so they are.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from sync_core.errors import FatalError, TransientError
from sync_core.verdicts import to_error, to_retry_after

if TYPE_CHECKING:
    from collections.abc import Mapping

CREDENTIAL = "access_token"
WAIT_BY_POLICY = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0}
LOCKED_WAIT = 2.0  # "423: wait at least 2 seconds", error-handling page
# Reasons that lie with the moment, not with the row.
PASSING_CATEGORIES = frozenset({"RATE_LIMITS", "RATE_LIMIT", "INTERNAL_ERROR"})
UNSAID = "REFUSED"


class Refused(Exception):  # noqa: N818 - a batch is refused, the run is not
    """HubSpot refused a whole request because of what it says.

    Attributes:
        reason: Why.
        status: HTTP status.
    """

    def __init__(self, reason: Reason, status: int = 400) -> None:
        super().__init__(reason.code)
        self.reason = reason
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a row or a request was refused.

    Attributes:
        code: HubSpot's most exact code.
        blamed: The property, if it was named.
        message: HubSpot's sentence; may name a person.
    """

    code: str
    blamed: str | None = None
    message: str = ""

    @property
    def is_passing(self) -> bool:
        """Whether the row may pass if it is sent again."""
        return self.code in PASSING_CATEGORIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer that is a success; headers in lower case."""

    status: int
    data: Any
    headers: Mapping[str, str]


def to_reply(status: int, headers: Mapping[str, str], body: bytes, what: str) -> Reply:
    """Return a successful answer.

    Raises:
        TransientError: Sending it again may help.
        FatalError: Nothing helps but a person.
        Refused: What the request says was refused.
    """
    if 200 <= status < 300:  # noqa: PLR2004 - RFC 9110
        return Reply(status=status, data=_decode(body, what), headers=headers)
    data = _facts(body)
    if status == 429:  # noqa: PLR2004 - the one status with policies
        raise _limit(data, headers, what)
    if status == 403:  # noqa: PLR2004 - missing scopes
        raise _forbidden(data, what)
    if status in _REFUSALS:
        raise Refused(to_reason(data), status)
    setting = CREDENTIAL if status == 401 else "api_url"  # noqa: PLR2004
    problem = to_error(status, headers, what=what, setting=setting)
    if status == 423 and isinstance(problem, TransientError):  # noqa: PLR2004
        problem.retry_after = problem.retry_after or LOCKED_WAIT
    raise problem


_REFUSALS = frozenset({400, 404, 409, 413, 422})


def to_reason(error: Mapping[str, Any]) -> Reason:
    """Return why, from an error body or an entry of ``errors``.

    The most exact facts stand in a JSON list inside the sentence, then in ``errors``,
    then in the category.
    """
    message = str(error.get("message") or "")
    detail = _detail(message) or _first(error.get("errors"))
    context = detail.get("context")
    named = context.get("propertyName") if isinstance(context, dict) else None
    blamed = detail.get("name") or (named[0] if isinstance(named, list) else None)
    code = detail.get("error") or detail.get("code") or error.get("category")
    return Reason(code=str(code or UNSAID), blamed=blamed, message=message)


def _detail(message: str) -> Mapping[str, Any]:
    """``Property values were not valid: [{"error": …, "name": …}]``, seen 2026-11."""
    start = message.find("[{")
    if start < 0:
        return {}
    try:
        found, _ = json.JSONDecoder().raw_decode(message, start)
    except ValueError:
        return {}
    return _first(found)


def _first(entries: Any) -> Mapping[str, Any]:
    if isinstance(entries, list) and entries and isinstance(entries[0], dict):
        return entries[0]
    return {}


def _limit(
    data: Mapping[str, Any], headers: Mapping[str, str], what: str
) -> TransientError | FatalError:
    policy = str(data.get("policyName") or "")
    if policy == "DAILY":
        return FatalError(
            f"{what}: the account's daily number of HubSpot requests is used up. It "
            "starts anew at midnight in the account's time zone; run again then. What "
            "was written is remembered.",
            status=429,
        )
    wait = to_retry_after(headers)
    return TransientError(
        f"{what}: HubSpot's rate limit ({policy or 'unnamed'}) is reached.",
        status=429,
        retry_after=WAIT_BY_POLICY.get(policy) if wait is None else wait,
    )


def _forbidden(data: Mapping[str, Any], what: str) -> FatalError:
    return MissingScope(to_scopes(data), what)


class MissingScope(FatalError):  # noqa: N818 - names the fact
    """The credential lacks a scope.

    Attributes:
        scopes: Their names, as far as HubSpot told them.
    """

    def __init__(self, scopes: tuple[str, ...], what: str) -> None:
        names = ", ".join(scopes) or "a scope that HubSpot does not name"
        super().__init__(
            f"{what}: the credential in `{CREDENTIAL}` lacks {names}. Add it to the "
            "service key or app in HubSpot and run again.",
            setting=CREDENTIAL,
            status=403,
        )
        self.scopes = scopes


def to_scopes(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the scopes that an answer of 403 asks for."""
    context = data.get("context")
    names = context.get("requiredGranularScopes") if isinstance(context, dict) else None
    return tuple(str(name) for name in names) if isinstance(names, list) else ()


def _decode(body: bytes, what: str) -> Any:
    if not body:
        return None
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise TransientError(
            f"{what} answered with something that is not JSON. If that stays so, check "
            "that `api_url` is HubSpot's API and not a web page."
        ) from error


def _facts(body: bytes) -> Mapping[str, Any]:
    try:
        data = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
