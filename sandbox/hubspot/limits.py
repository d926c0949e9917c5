"""How often an account may be asked, by what it pays for."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.hubspot.errors import PORTAL_ID, RateLimitError

if TYPE_CHECKING:
    from sandbox.settings import SandboxSettings, Tier

WINDOW_S = 10.0
DAY_S = 86_400.0
SEARCHES_PER_S = 5  # HubSpot docs, search: five requests a second for an account
OAUTH_BURST = 110  # HubSpot docs: an OAuth app, per installing account


@dataclass(frozen=True, slots=True)
class TierLimits:
    """What a subscription allows."""

    burst: int
    daily: int
    custom_properties: int
    custom_events: bool = False


# HubSpot docs, usage guidelines (privately distributed apps and service keys);
# the number of custom properties is from the product catalogue.
TIERS: dict[Tier, TierLimits] = {
    "free": TierLimits(100, 250_000, 10),
    "starter": TierLimits(100, 250_000, 1_000),
    "professional": TierLimits(190, 625_000, 1_000),
    "enterprise": TierLimits(190, 1_000_000, 1_000, custom_events=True),
}


@dataclass(slots=True)
class Window:
    """Counts what happened in the last so many seconds."""

    limit: int
    seconds: float
    _times: deque[float] = field(default_factory=deque)

    def take(self, now: float) -> bool:
        """Count one request, unless the window is full."""
        while self._times and self._times[0] <= now - self.seconds:
            self._times.popleft()
        if len(self._times) >= self.limit:
            return False
        self._times.append(now)
        return True

    @property
    def left(self) -> int:
        """Return how many more would be taken now."""
        return self.limit - len(self._times)

    def wait(self, now: float) -> float:
        """Return the seconds until one more is taken."""
        return max(0.0, self._times[0] + self.seconds - now) if self._times else 0.0


@dataclass(slots=True)
class Day:
    """Counts what happened since midnight (the account's time zone is UTC)."""

    limit: int
    number: int = -1
    used: int = 0

    def take(self, now: float) -> bool:
        """Count one request, unless the day's are used up."""
        today = int(now // DAY_S)
        if today != self.number:
            self.number, self.used = today, 0
        if self.used >= self.limit:
            return False
        self.used += 1
        return True


class Limits:
    """The account's counters: ten seconds, a day, and searches in a second."""

    def __init__(self, settings: SandboxSettings) -> None:
        tier = TIERS[settings.tier]
        self._settings = settings
        self._burst = Window(settings.burst_limit or tier.burst, WINDOW_S)
        self._oauth = Window(settings.burst_limit or OAUTH_BURST, WINDOW_S)
        self._searches = Window(SEARCHES_PER_S, 1.0)
        self._day = Day(settings.daily_limit or tier.daily)

    def take(self, now: float, *, oauth: bool, search: bool) -> dict[str, str]:
        """Count a request and return the headers that tell what is left.

        Raises:
            RateLimitError: One of the limits is reached.
        """
        if not self._settings.rate_limits:
            return {}
        if search:  # HubSpot docs: search answers carry no rate limit headers
            if not self._searches.take(now):
                raise self._refusal("secondly", "SECONDLY", 1.0)
            return {}
        window = self._oauth if oauth else self._burst
        if not oauth and not self._day.take(now):
            raise self._refusal("daily", "DAILY", DAY_S - now % DAY_S)
        if not window.take(now):
            raise self._refusal(
                "ten_secondly_rolling", "TEN_SECONDLY_ROLLING", window.wait(now)
            )
        return self._headers(window, oauth=oauth)

    def _headers(self, window: Window, *, oauth: bool) -> dict[str, str]:
        headers = {
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(WINDOW_S * 1000)),
            "X-HubSpot-RateLimit-Max": str(window.limit),
            "X-HubSpot-RateLimit-Remaining": str(window.left),
        }
        if not oauth:  # HubSpot docs: the daily pair is absent under OAuth
            left = self._day.limit - self._day.used
            headers["X-HubSpot-RateLimit-Daily"] = str(self._day.limit)
            headers["X-HubSpot-RateLimit-Daily-Remaining"] = str(left)
        return headers

    def _refusal(self, words: str, policy: str, wait: float) -> RateLimitError:
        group = {"groupName": f"publicapi:private-app-api-calls-{words}:{PORTAL_ID}"}
        error = RateLimitError(
            429,
            "RATE_LIMITS",
            f"You have reached your {words} limit.",
            policyName=policy,
            **({} if policy == "SECONDLY" else group),
        )
        if self._settings.retry_after:
            error.headers["Retry-After"] = str(max(1, -int(-wait // 1)))
        return error
