"""What Salesforce's answers mean: statuses and error codes as tables.

Facts: the REST guide's pages on status codes and sObject Collections, the limits cheat
sheet, and answers that others have captured (seen 2026-11).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from sync_core.errors import FatalError, TransientError
from sync_core.verdicts import to_error
from target_crm.outcomes import Kind, Outcome
from target_crm.setup import MISSING

if TYPE_CHECKING:
    from collections.abc import Mapping

LIMIT = "REQUEST_LIMIT_EXCEEDED"
EXPIRED = 401
_REFUSALS = frozenset({400, 403, 404, 405, 409, 413, 414, 415})


class Fate(enum.Enum):
    """What to do about a refused row."""

    REJECT = "reject"
    AGAIN = "again"  # the same row, alone, after a moment
    REMATCH = "rematch"  # the record is gone or converted: look for the person again
    STOP = "stop"


FATES: Mapping[str, Fate] = {
    "UNABLE_TO_LOCK_ROW": Fate.AGAIN,
    "SERVER_UNAVAILABLE": Fate.AGAIN,
    "ENTITY_IS_DELETED": Fate.REMATCH,
    "INVALID_CROSS_REFERENCE_KEY": Fate.REMATCH,
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": Fate.REJECT,
    "CANNOT_UPDATE_CONVERTED_LEAD": Fate.REMATCH,
    LIMIT: Fate.STOP,
    "STORAGE_LIMIT_EXCEEDED": Fate.STOP,
}


class Refused(FatalError):  # noqa: N818 - who sends rows catches it and goes on
    """Salesforce refused a whole request because of what it says.

    Attributes:
        reason: Why.
    """

    def __init__(self, reason: Reason, what: str, status: int) -> None:
        super().__init__(
            f"{what}: Salesforce refused what was asked ({reason.code}). Run "
            "`leadscore crm check --crm salesforce`: it names missing fields and "
            "rights.",
            setting="mapping",
            status=status,
        )
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a row or a request was refused.

    Attributes:
        code: Salesforce's status code.
        blamed: The first field it names.
        message: Salesforce's sentence; may name a person.
    """

    code: str
    blamed: str | None = None
    message: str = ""

    @property
    def fate(self) -> Fate:
        """What to do about it."""
        return FATES.get(self.code, Fate.REJECT)

    def to_outcome(self) -> Outcome:
        """Return the outcome of a row that it is the end of."""
        code = MISSING if self.code == "INVALID_FIELD" else self.code
        return Outcome(
            kind=Kind.REJECTED, code=code, field=self.blamed, message=self.message
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer that is a success; headers in lower case."""

    data: Any = None
    text: str = ""
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one record.

    Attributes:
        record_id: Its id, if it was written.
        created: Whether it is new.
        reason: Why it was refused; None if it was not.
    """

    record_id: str = ""
    created: bool = False
    reason: Reason | None = None


UNSAID = Reason(code="REFUSED", message="Salesforce's answer does not say why.")
NO_ANSWER = Result(
    reason=Reason(code="NO_ANSWER", message="Salesforce's answer left this row out.")
)


def to_reply(status: int, headers: Mapping[str, str], body: bytes, what: str) -> Reply:
    """Return a successful answer.

    Raises:
        TransientError: Sending it again may help.
        FatalError: Nothing helps but a person.
        Refused: What the request says was refused.
    """
    if 200 <= status < 300:  # noqa: PLR2004 - RFC 9110
        return _to_success(headers, body, what)
    if status in _REFUSALS:
        reason = to_reason(_decode_error(body))
        if reason.code == LIMIT:
            raise _limit(reason, what)
        if status == 403:  # noqa: PLR2004 - the user, not the row, is refused
            raise FatalError(
                f"{what}: Salesforce refuses this user ({reason.code}). Check that the "
                "user may use the API and the objects: `leadscore crm check`.",
                setting="client_id",
                status=status,
            )
        raise Refused(reason, what, status)
    setting = "client_id" if status == EXPIRED else "domain"
    if status == 410:  # noqa: PLR2004 - Gone: an API version that was retired
        setting = "api_version"
    raise to_error(status, headers, what=what, setting=setting)


def _to_success(headers: Mapping[str, str], body: bytes, what: str) -> Reply:
    if headers.get("content-type", "").startswith("text/csv"):
        return Reply(text=body.decode("utf-8", "replace"), headers=headers)
    if not body:
        return Reply(headers=headers)
    try:
        return Reply(data=msgspec.json.decode(body), headers=headers)
    except (msgspec.DecodeError, RecursionError) as error:
        raise TransientError(
            f"{what} answered with something that is not JSON. If that stays so, check "
            "that `domain` is your organisation's."
        ) from error


def _decode_error(body: bytes) -> Mapping[str, Any]:
    try:
        data = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return {}
    first = data[0] if isinstance(data, list) and data else data
    return first if isinstance(first, dict) else {}


def to_reason(error: Mapping[str, Any]) -> Reason:
    """Return why, from an error body or an entry of `errors`."""
    code = error.get("statusCode") or error.get("errorCode") or UNSAID.code
    fields = error.get("fields")
    named = [str(name) for name in fields] if isinstance(fields, list) else []
    return Reason(
        code=str(code),
        blamed=named[0] if named else None,
        message=str(error.get("message") or ""),
    )


def to_result(entry: Any) -> Result:
    """Return what a collections answer says of one record.

    A refused entry may lack `id`, `created` and `fields` (seen 2026-11).
    """
    if not isinstance(entry, dict):
        return NO_ANSWER
    if entry.get("success"):
        return Result(
            record_id=str(entry.get("id") or ""), created=bool(entry.get("created"))
        )
    errors = entry.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    return Result(reason=to_reason(first if isinstance(first, dict) else {}))


def to_csv_reason(text: str) -> Reason:
    """Return why, from a cell of `sf__Error`: `CODE:sentence:field,field --`."""
    code, _, rest = text.partition(":")
    message, _, fields = rest.removesuffix("--").strip().rpartition(":")
    blamed = fields.split(",")[0].strip()
    return Reason(
        code=code.strip() or UNSAID.code, blamed=blamed or None, message=message
    )


def _limit(reason: Reason, what: str) -> TransientError | FatalError:
    """Two limits share a code: that of the day, and that of long requests at a time."""
    if "concurrent" in reason.message.lower():
        return TransientError(
            f"{what}: too many long requests at the same time.",
            status=403,
            retry_after=5.0,
        )
    return stop(reason, what)


def stop(reason: Reason, what: str) -> FatalError:
    """Return the end of a run: what was written is remembered."""
    why = (
        "the organisation's requests of the last 24 hours are used up"
        if reason.code == LIMIT
        else f"Salesforce takes nothing more ({reason.code})"
    )
    return FatalError(
        f"{what}: {why}. What was written is remembered; run again later, it goes on "
        "where it stopped.",
        status=403,
    )
