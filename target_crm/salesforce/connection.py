"""The way to an organisation: who asks, which host, how long to wait, a sandbox.

`simple-salesforce` knows both OAuth flows, and it only knows https addresses of
salesforce.com. So the seam for a sandbox is below it: an adapter of `requests` that
carries every https call to a loopback address, if one is set.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter

from sync_core.address import check_base_url, is_loopback, keep_outside
from sync_core.errors import FatalError, SettingError, TransientError

if TYPE_CHECKING:
    from target_crm.patience import Patience

_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
# Hosts that a token may be sent to; instance addresses of all Salesforce clouds.
_HOSTS = (".salesforce.com", ".force.com", ".salesforce.mil")
SHARED_DOMAINS = frozenset({"login", "test"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentials:
    """An external client app with a run-as user."""

    client_id: str
    client_secret: str
    domain: str

    @property
    def setting(self) -> str:
        """The setting to look at when it is refused."""
        return "client_secret"

    def to_arguments(self) -> dict[str, Any]:
        """Return what `simple-salesforce` needs."""
        return {"consumer_key": self.client_id, "consumer_secret": self.client_secret}


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtBearer:
    """An external client app that trusts a certificate, and a user it may act as."""

    client_id: str
    username: str
    private_key: str
    domain: str

    @property
    def setting(self) -> str:
        """The setting to look at when it is refused."""
        return "private_key"

    def to_arguments(self) -> dict[str, Any]:
        """Return what `simple-salesforce` needs."""
        return {
            "consumer_key": self.client_id,
            "username": self.username,
            "privatekey": self.private_key,
        }


Credential = ClientCredentials | JwtBearer


@dataclass(frozen=True, slots=True)
class Ticket:
    """A session: its token and the host it is for."""

    token: str
    host: str


class Door(HTTPAdapter):
    """Waits no longer than it should, and leads to a sandbox if one is set.

    Args:
        patience: Bounds in seconds.
        connections: Kept open.
        base: Address of a sandbox; empty means the host that was asked for.
    """

    def __init__(self, patience: Patience, connections: int, base: str = "") -> None:
        self._patience = patience
        self._base = urlsplit(base)
        super().__init__(pool_maxsize=connections)
        keep_outside(self.poolmanager)

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """Send a request."""
        kwargs["timeout"] = kwargs.get("timeout") or (
            self._patience.connect,
            self._patience.read,
        )
        if self._base.netloc:
            url = urlsplit(str(request.url))
            request.url = urlunsplit((*self._base[:2], url.path, url.query, ""))
        return super().send(request, *args, **kwargs)


def to_session(
    api_url: str, patience: Patience, *, connections: int = 4
) -> requests.Session:
    """Return a session that goes to Salesforce by https, or to a sandbox.

    Raises:
        SettingError: `api_url` is not an address on loopback.
    """
    base = check_base_url(api_url, setting="api_url") if api_url else ""
    if base and not is_loopback(urlsplit(base).hostname or ""):
        raise SettingError(
            "`api_url` is only for a sandbox on http://127.0.0.1. Leave it out and set "
            "`domain` to your organisation's My Domain.",
            setting="api_url",
        )
    session = requests.Session()
    session.trust_env = False
    session.max_redirects = 0
    session.mount("https://", Door(patience, connections, base))
    session.mount("http://", _Shut())
    return session


class _Shut(HTTPAdapter):
    """Nothing of ours goes unencrypted to a host that somebody else named."""

    def send(self, *_args: Any, **_kwargs: Any) -> requests.Response:
        """Refuse."""
        raise FatalError("Salesforce was asked for an address without https.")


def log_in(session: requests.Session, credential: Credential) -> Ticket:
    """Return a new session of the organisation.

    Raises:
        SettingError: The credential is refused.
        TransientError: There was no proper answer.
    """
    # Slow to import, and a run without changes opens no session.
    import jwt  # noqa: PLC0415
    from simple_salesforce.exceptions import (  # noqa: PLC0415
        SalesforceAuthenticationFailed,
    )
    from simple_salesforce.login import SalesforceLogin  # noqa: PLC0415

    try:
        token, host = SalesforceLogin(
            session=session, domain=credential.domain, **credential.to_arguments()
        )
    except SalesforceAuthenticationFailed as refusal:
        raise _to_refusal(credential, refusal.code) from None
    except requests.TooManyRedirects as error:
        raise FatalError(
            "Salesforce's token address redirects elsewhere, which is never followed. "
            "Check `domain`.",
            setting="domain",
        ) from error
    except requests.RequestException as error:
        raise _no_answer(type(error).__name__) from error
    except (AttributeError, KeyError, TypeError) as error:
        # The client expects an object with certain keys, whatever the status.
        raise _no_answer("an unreadable answer") from error
    except (ValueError, jwt.PyJWTError) as error:
        raise SettingError(
            "`private_key` is no RSA private key in PEM form.", setting="private_key"
        ) from error
    return Ticket(str(token), check_host(str(host)))


def _to_refusal(
    credential: Credential, code: str | int | None
) -> SettingError | TransientError:
    # Every refusal of OAuth has a code in words; a number is the status of a page.
    if code is None or (isinstance(code, int) and code >= 500):  # noqa: PLR2004
        return _no_answer(f"status {code or 'unknown'}")
    return SettingError(
        f"Salesforce refused the credential ({code}). Check "
        f"`client_id`, `{credential.setting}` and `domain`, and that the app has the "
        "flow switched on for this user.",
        setting=credential.setting,
    )


def _no_answer(why: str) -> TransientError:
    return TransientError(
        f"Salesforce's token address gave no proper answer ({why}). Check `domain`, "
        "the network and Salesforce's status page, then run again."
    )


def check_host(host: str) -> str:
    """Return a host that a token may be sent to.

    Raises:
        FatalError: It is no host of Salesforce.
    """
    name = host.partition(":")[0].lower()
    if not name.endswith(_HOSTS):
        raise FatalError(
            "The token is for a host that is not Salesforce's; it was not used.",
            setting="domain",
        )
    return host


def check_domain(domain: str) -> str:
    """Return a domain without salesforce.com, such as `acme.my`.

    Raises:
        SettingError: It cannot be one.
    """
    name = domain.strip().removeprefix("https://").rstrip("/")
    name = name.removesuffix(".salesforce.com")
    if not _DOMAIN.fullmatch(name):
        raise SettingError(
            "`domain` is your My Domain without salesforce.com, such as acme.my, or "
            "login or test for the JWT flow.",
            setting="domain",
        )
    return name


def read_private_key(text: str) -> str:
    """Return a PEM key from a setting that holds it, or the path of its file.

    Raises:
        SettingError: The file cannot be read.
    """
    if "-----BEGIN" in text:
        return text.replace("\\n", "\n")
    try:
        return Path(text).expanduser().read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(
            "`private_key` is neither PEM text nor the path of a readable PEM file.",
            setting="private_key",
        ) from error


def to_fingerprint(credential: Credential) -> str:
    """Return a name for the organisation's user that reveals neither."""
    user = credential.username if isinstance(credential, JwtBearer) else ""
    text = f"{credential.domain}\0{user or credential.client_id}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]
