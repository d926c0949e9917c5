"""What an HTTP answer means: one table, status to decision and sentence."""

from __future__ import annotations

import email.utils
import enum
import math
import time
from typing import TYPE_CHECKING, NamedTuple

from sync_core.errors import FatalError, TransientError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Verdict(enum.Enum):
    """What to do about an answer."""

    RETRY = "retry"
    FATAL = "fatal"


class Meaning(NamedTuple):
    """A verdict and the sentence a person reads."""

    verdict: Verdict
    sentence: str


_AGAIN = "It was tried again as long as was polite; run again later."

STATUS_MEANINGS: Mapping[int, Meaning] = {
    400: Meaning(Verdict.FATAL, "The request was refused as malformed."),
    401: Meaning(Verdict.FATAL, "The credential was refused. Check {setting}."),
    403: Meaning(
        Verdict.FATAL,
        "The credential lacks a permission for this. Check the scopes of {setting}.",
    ),
    404: Meaning(Verdict.FATAL, "There is nothing at this address. Check {setting}."),
    408: Meaning(Verdict.RETRY, f"The server gave up waiting. {_AGAIN}"),
    410: Meaning(
        Verdict.FATAL, "There is nothing at this address any more. Check {setting}."
    ),
    423: Meaning(Verdict.RETRY, f"The record is locked. {_AGAIN}"),
    425: Meaning(Verdict.RETRY, f"The server was not ready. {_AGAIN}"),
    429: Meaning(Verdict.RETRY, f"The rate limit is reached. {_AGAIN}"),
    # HubSpot: a portal migration answers 477 with Retry-After, seen 2026-11.
    477: Meaning(Verdict.RETRY, f"The account is being moved. {_AGAIN}"),
}

_SERVER_FAULT = Meaning(Verdict.RETRY, f"The server failed. {_AGAIN}")
_REDIRECT = Meaning(
    Verdict.FATAL,
    "The server redirects elsewhere, which is never followed. Check {setting}.",
)
_REFUSED = Meaning(Verdict.FATAL, "The request was refused. Check {setting}.")


def to_meaning(status: int) -> Meaning:
    """Return what a status that is not a success means."""
    if status in STATUS_MEANINGS:
        return STATUS_MEANINGS[status]
    if status >= 500:  # noqa: PLR2004 - the class of server faults, RFC 9110
        return _SERVER_FAULT
    return _REDIRECT if 300 <= status < 400 else _REFUSED  # noqa: PLR2004


def to_error(
    status: int, headers: Mapping[str, str], *, what: str, setting: str
) -> TransientError | FatalError:
    """Return the error that an unsuccessful answer stands for.

    Args:
        status: HTTP status.
        headers: Answer's headers; only ``Retry-After`` is read.
        what: The request in words, such as ``GET /user/list``.
        setting: The setting to look at when the caller is to blame.
    """
    verdict, sentence = to_meaning(status)
    text = f"{what} answered {status}. {sentence.format(setting=f'`{setting}`')}"
    if verdict is Verdict.RETRY:
        return TransientError(text, status=status, retry_after=to_retry_after(headers))
    return FatalError(text, setting=setting, status=status)


def to_retry_after(
    headers: Mapping[str, str], *, now: float | None = None
) -> float | None:
    """Return the seconds to wait that ``Retry-After`` names, or None.

    RFC 9110 allows seconds or an HTTP date; anything else counts as absent.
    """
    value = next((v for k, v in headers.items() if k.lower() == "retry-after"), "")
    try:
        seconds = float(value)
    except ValueError:
        seconds = _seconds_until(value, time.time() if now is None else now)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _seconds_until(value: str, now: float) -> float:
    try:
        return email.utils.parsedate_to_datetime(value).timestamp() - now
    except (TypeError, ValueError, OverflowError):
        return math.nan
