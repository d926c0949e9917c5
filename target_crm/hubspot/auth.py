"""HubSpot credentials: a static token, or OAuth tokens that are renewed in time."""

from __future__ import annotations

import hashlib
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

from sync_core.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Callable

EARLY = 60.0  # seconds before the end of its life that a token is renewed


class Credential(Protocol):
    """Gives the token for the next request."""

    fingerprint: str

    def token(self) -> str:
        """Return a token that is valid now."""

    def renew(self, stale: str) -> bool:
        """Replace a token that was refused; tell whether there is another."""


def to_fingerprint(*parts: str) -> str:
    """Return a name for a credential that does not reveal it."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


class StaticToken:
    """A service key, or the token of a private or static-auth app."""

    def __init__(self, token: str) -> None:
        self._token = token
        self.fingerprint = to_fingerprint(token)

    def token(self) -> str:
        """Return the token."""
        return self._token

    def renew(self, stale: str) -> bool:  # noqa: ARG002 - nothing to renew it with
        """Tell that there is no other token."""
        return False


class OAuthToken:
    """An access token that is renewed by its ``expires_in``, and once after a 401.

    Args:
        fetch: Asks for a token; returns ``access_token`` and ``expires_in``.
        fingerprint: Name of the credential.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        fetch: Callable[[], dict[str, Any]],
        fingerprint: str,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.fingerprint = fingerprint
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = 0.0

    def token(self) -> str:
        """Return a token that is valid now."""
        with self._lock:
            if not self._token or self._clock() >= self._renew_at:
                self._renew()
            return self._token

    def renew(self, stale: str) -> bool:
        """Replace a refused token, unless another thread already did."""
        with self._lock:
            if self._token == stale:
                self._renew()
            return True

    def _renew(self) -> None:
        answer = self._fetch()
        token, life = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not token:
            raise FatalError(
                "HubSpot gave no access token. Check `client_id`, `client_secret` and "
                "`refresh_token`.",
                setting="refresh_token",
            )
        self._token = token
        seconds = float(life) if isinstance(life, int | float) else 0.0
        self._renew_at = self._clock() + max(seconds - EARLY, seconds / 2)
