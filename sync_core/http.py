"""A careful JSON client: paced, retried once, bounded, and silent about bodies."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter

from sync_core.address import check_base_url, keep_outside
from sync_core.errors import FatalError, TransientError
from sync_core.pace import Pace
from sync_core.retrying import Retrier
from sync_core.verdicts import to_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MAX_BODY = 50_000_000
CHUNK = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds to connect, between two reads, and for one whole answer."""

    connect: float = 10.0
    read: float = 30.0
    total: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A successful answer: its JSON value and its headers, names in lower case."""

    data: Any
    headers: Mapping[str, str] = field(default_factory=dict)


class ApiClient:
    """Reads JSON from one host.

    Redirects are never followed, so a credential never leaves the configured host.
    Proxies and credentials from the environment (``.netrc``) are not used.

    Args:
        base_url: Checked by `check_base_url`.
        setting: The setting that names it, for errors.
        headers: Sent with every request; hold the credential.
        credential: The setting to look at after 401 and 403.
        pace: Rate limit to keep.
        retrier: The one retry layer.
        timeouts: Bounds in seconds.
        clock: Monotonic seconds, for the bound on a whole answer.
    """

    def __init__(  # noqa: PLR0913 - keyword-only, each a bound or a seam
        self,
        base_url: str,
        *,
        setting: str,
        headers: Mapping[str, str],
        credential: str,
        pace: Pace | None = None,
        retrier: Retrier | None = None,
        timeouts: Timeouts | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.base_url = check_base_url(base_url, setting=setting)
        self.setting = setting
        self.credential = credential
        self._timeouts = timeouts or Timeouts()
        self._pace = pace or Pace(10, 1.0)
        self._retrier = retrier or Retrier()
        self._clock = clock
        self._session = requests.Session()
        self._session.trust_env = False
        outside = HTTPAdapter()
        keep_outside(outside.poolmanager)
        self._session.mount("https://", outside)
        self._session.headers.update({"Accept": "application/json", **headers})

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def get_json(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        check: Callable[[Answer], None] | None = None,
    ) -> Answer:
        """Return the answer to ``GET base_url + path``.

        Args:
            path: Starts with a slash; parts from outside must be percent-encoded.
            params: Query parameters.
            check: Called with each answer; may raise `TransientError` (the request
                is repeated) or `FatalError`, for platforms that put their errors
                inside an answer of 200.

        Raises:
            FatalError: The answer is an error, or stays one after all tries.
        """
        return self._retrier.call(lambda: self._attempt(path, params or {}, check))

    def _attempt(
        self,
        path: str,
        params: Mapping[str, str],
        check: Callable[[Answer], None] | None,
    ) -> Answer:
        self._pace.wait()
        what = f"GET {path}"
        try:
            answer = self._fetch(path, params, what)
        except requests.RequestException as error:
            kind = type(error).__name__
            raise TransientError(
                f"{what} did not complete ({kind}). Check `{self.setting}` and the "
                "network, then run again."
            ) from error
        if check:
            check(answer)
        return answer

    def _fetch(self, path: str, params: Mapping[str, str], what: str) -> Answer:
        deadline = self._clock() + self._timeouts.total
        with self._session.get(
            self.base_url + path,
            params=params,
            timeout=(self._timeouts.connect, self._timeouts.read),
            allow_redirects=False,
            stream=True,
        ) as response:
            headers = {k.lower(): v for k, v in response.headers.items()}
            if not 200 <= response.status_code < 300:  # noqa: PLR2004 - RFC 9110
                setting = (
                    self.credential
                    if response.status_code in {401, 403}
                    else self.setting
                )
                raise to_error(
                    response.status_code, headers, what=what, setting=setting
                )
            body = b"".join(self._chunks(response, deadline, what))
        return Answer(data=_to_json(body, what), headers=headers)

    def _chunks(
        self, response: requests.Response, deadline: float, what: str
    ) -> Iterator[bytes]:
        size = 0
        for chunk in response.iter_content(CHUNK):
            size += len(chunk)
            if size > MAX_BODY:
                raise FatalError(
                    f"{what} answered more than {MAX_BODY:,} bytes, which no page "
                    f"should. Check `{self.setting}`.",
                    setting=self.setting,
                )
            if self._clock() > deadline:
                raise TransientError(f"{what} took longer than one answer may.")
            yield chunk


def _to_json(body: bytes, what: str) -> Any:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise TransientError(
            f"{what} answered with something that is not JSON. If that stays so, check "
            "that the address is the platform's API and not a web page."
        ) from error
    return data
