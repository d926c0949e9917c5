"""Keep credentials and people out of logs and messages."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

STARS = "***"
SHORTEST_SECRET = 4  # a shorter one would star half of every sentence

_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+")
_URL_SECRET = re.compile(
    r"(?i)([?&;](?:access_?token|token|api_?key|hapikey|apikey|key|secret|password"
    r"|client_secret|refresh_token|code|signature|sig|auth)=)[^&\s\"']+"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}")


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return ``text`` without the given secrets, tokens in URLs and e-mail addresses.

    Longer secrets are replaced first, so that one inside another leaves no part.
    """
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, STARS)
    text = _URL_SECRET.sub(rf"\1{STARS}", text)
    text = _BEARER.sub(rf"\1 {STARS}", text)
    return _EMAIL.sub("<e-mail>", text)


class RedactingFilter(logging.Filter):
    """Rewrites each log record before a handler sees it; drops tracebacks.

    Args:
        secrets: Values that must never be printed.
        tracebacks: Keep them, redacted, for a person who is debugging.
    """

    def __init__(self, secrets: Iterable[str], *, tracebacks: bool = False) -> None:
        super().__init__()
        self._secrets = [s for s in secrets if len(s) >= SHORTEST_SECRET]
        self._tracebacks = tracebacks

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the record; every record passes."""
        text = record.getMessage()
        if record.exc_info and self._tracebacks:
            text += "\n" + logging.Formatter().formatException(record.exc_info)
        record.msg, record.args = self.clean(text), ()
        record.exc_info = record.exc_text = record.stack_info = None
        return True

    def clean(self, text: str) -> str:
        """Return ``text`` redacted with this filter's secrets."""
        return redact(text, self._secrets)
