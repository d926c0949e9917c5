"""Hubilo's transport: paging, the rate limit, and the server's clock."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from sync_core.errors import FatalError, SettingError
from sync_core.http import ApiClient
from sync_core.pace import Pace
from sync_core.retrying import Retrier
from tap_events.platforms.hubilo.paging import (
    PROFILE,
    TOKEN,
    URL,
    Reading,
    to_data,
    to_page,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_events.platforms.base import Tools
    from tap_events.platforms.hubilo.paging import Listing, Page, Row
    from tap_events.settings import Settings

MAX_PAGES = 100_000
MAX_ROUNDS = 10
# 100 is the documented maximum, but one of the API's own errors says "less than 100".
LIMITS = (100, 99)
# An HTTP date has one length (RFC 9110); a repeated field is joined, the last counts.
HTTP_DATE = 29
BAD_REQUEST = 400


class HubiloApi:
    """Reads whole listings of one organiser's account.

    Args:
        settings: Address, version and credential; the credential is required.
        tools: Clock and sleep.
    """

    def __init__(self, settings: Settings, tools: Tools) -> None:
        if not settings.hubilo_access_token:
            raise SettingError(
                f"`{TOKEN}` is missing. Copy the organiser's access token from the "
                "Hubilo dashboard, or use a sandbox.",
                setting=TOKEN,
            )
        credential = f"{settings.hubilo_auth_prefix} {settings.hubilo_access_token}"
        self._base = f"/api/{quote(settings.hubilo_api_version, safe='')}/integration"
        self._limits: dict[str, int] = {}
        self._client = ApiClient(
            settings.hubilo_api_url,
            setting=URL,
            headers={settings.hubilo_auth_header: credential.strip()},
            credential=TOKEN,
            # 20 requests a second for the organiser, all endpoints together.
            pace=Pace(20, 1.0, clock=tools.time.clock, sleep=tools.time.sleep),
            retrier=Retrier(clock=tools.time.clock, sleep=tools.time.sleep),
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def now(self) -> datetime:
        """Return the time in the ``Date`` header of the organiser's profile."""
        answer = self._client.get_json(
            self._base + PROFILE, check=lambda a: _check(to_data(a, PROFILE))
        )
        text = answer.headers.get("date", "")[-HTTP_DATE:]
        try:
            return parsedate_to_datetime(text).astimezone(UTC)
        except ValueError as error:
            raise FatalError(
                f"GET {PROFILE} answered without a Date header, so the source's own "
                f"time is unknown. Check that `{URL}` is the API itself.",
                setting=URL,
            ) from error

    def read_all(
        self, listing: Listing, params: Mapping[str, str], *, moving: bool = False
    ) -> list[Row]:
        """Return every row of a listing, each once.

        Rows can move between pages while they are read; what the server's own count
        misses is looked for in further rounds.

        Args:
            listing: What to read.
            params: Which event, session, stream.
            moving: It may change while it is read, as a running event does.

        Raises:
            FatalError: Rows are missing even so, or the pages go in circles.
        """
        found: dict[tuple[str, int], Row] = {}
        for number in range(MAX_ROUNDS):
            before = len(found)
            reading = self._read_pages(listing, params, found)
            if reading.is_settled(before if number else -1, moving=moving):
                return list(found.values())
            if number and before == len(found):
                break
        raise FatalError(
            f"GET {listing.path} gives {len(found)} rows and counts {reading.count}, "
            "or changes faster than it can be read. Nothing of this event was sent. "
            "Run again; if it stays so, report it to Hubilo's support.",
            setting=URL,
        )

    def _read_pages(
        self,
        listing: Listing,
        params: Mapping[str, str],
        found: dict[tuple[str, int], Row],
    ) -> Reading:
        """Read one round of pages; add to ``found`` what it does not hold yet."""
        reading = Reading(listing, {})
        number, pages = 0, 1
        while number < pages + reading.from_one:
            page = self._read_page(listing, params, number)
            reading.add(page, number)
            pages = min(page.pages, MAX_PAGES)
            number += 1
        for name, row in reading.found.items():
            found.setdefault(name, row)
        reading.found = found
        return reading

    def _read_page(
        self, listing: Listing, params: Mapping[str, str], number: int
    ) -> Page:
        limit = self._limits.get(listing.path, LIMITS[0])
        query = {**params, "currentPage": str(number), "limit": str(limit)}
        try:
            answer = self._client.get_json(
                self._base + listing.path,
                query,
                check=lambda a: _check(to_page(a, listing, limit)),
            )
        except FatalError as error:
            if error.status != BAD_REQUEST or limit == LIMITS[-1] or number:
                raise
            self._limits[listing.path] = LIMITS[-1]
            return self._read_page(listing, params, number)
        return to_page(answer, listing, limit)


def _check(parsed: object) -> None:
    """An answer that parses is good; parsing raises where it is not."""
    del parsed
