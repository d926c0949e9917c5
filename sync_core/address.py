"""Which addresses may be called: https anywhere public, http only on loopback.

A name is checked twice: as configured, so that the setting can be named, and when a
connection is made, because a name may resolve to something else by then.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import urllib3
from urllib3.connection import HTTPSConnection

from sync_core.errors import FatalError, SettingError

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
    try:
        parts = urlsplit(url.strip())
    except ValueError as error:
        raise _refusal(setting, "is not an address") from error
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
    if not all(is_public(text) for text in resolve(host)):
        raise _refusal(setting, "points to an internal address")


def is_public(text: str) -> bool:
    """Tell whether an IP address is one of the public internet."""
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_global)


class _PublicConnection(HTTPSConnection):
    """Speaks to nobody inside, whatever the host's name resolved to before."""

    def _new_conn(self) -> socket.socket:
        link = super()._new_conn()
        if not is_public(str(link.getpeername()[0])):
            link.close()
            raise FatalError(
                "The host's name points to an internal address now, and nothing was "
                "sent there. Check the address in the settings and the name server."
            )
        return link


class _PublicPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _PublicConnection


def keep_outside(pools: urllib3.PoolManager) -> None:
    """Refuse every https connection of these pools that leads to an internal host."""
    classes = {**pools.pool_classes_by_scheme, "https": _PublicPool}
    pools.pool_classes_by_scheme = classes


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
