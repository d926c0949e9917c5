"""Which addresses may be called: https anywhere public, http only on loopback."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sync_core.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def check_base_url(
    url: str, *, setting: str, resolve: Callable[[str], Iterable[str]] | None = None
) -> str:
    """Return a base URL without its last slash, or refuse it.

    ``http`` is only for loopback, so that a sandbox works and a token never travels
    in clear. ``https`` hosts must not resolve to a private, loopback, link-local or
    otherwise internal address. No user part, query or fragment.

    Args:
        url: As configured.
        setting: Its setting, for the error.
        resolve: Returns a host's addresses; the system's resolver if None.

    Raises:
        SettingError: The URL is refused; the text says why.
    """
    parts = urlsplit(url.strip())
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not host:
        raise _refusal(setting, "is not an http or https address")
    if parts.username is not None or parts.query or parts.fragment:
        raise _refusal(setting, "must not hold a user, a query or a fragment")
    if parts.scheme == "http" and not is_loopback(host):
        raise _refusal(setting, "uses http, which is only for a sandbox on loopback")
    if parts.scheme == "https":
        _check_public(host, setting, resolve or _addresses)
    return url.strip().rstrip("/")


def is_loopback(host: str) -> bool:
    """Tell whether a host name is this machine by its plain, literal name."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_public(
    host: str, setting: str, resolve: Callable[[str], Iterable[str]]
) -> None:
    for text in resolve(host):
        address = ipaddress.ip_address(text.partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None)
        if not (mapped or address).is_global:
            raise _refusal(setting, "points to an internal address")


def _addresses(host: str) -> list[str]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []  # an unknown host fails at the first request, which is retried
    return [str(entry[4][0]) for entry in found]


def _refusal(setting: str, why: str) -> SettingError:
    return SettingError(
        f"`{setting}` {why}. Set it to the platform's https address, or to a "
        "sandbox on http://127.0.0.1.",
        setting=setting,
    )
