"""Who may ask: the token endpoint and the sessions it opens.

Salesforce help, OAuth 2.0 client credentials flow and JWT bearer flow. The
username-password flow is refused: external client apps do not have it, and new
connected apps cannot be made any more (2026).
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

import jwt

from sandbox.salesforce.clock import to_stamp
from sandbox.salesforce.errors import OAuthError, bad_session
from sandbox.salesforce.ids import to_id

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

    from sandbox.salesforce.settings import SalesforceSettings

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ORG_ID = to_id("00D", 1)
# Salesforce help: a JWT may be at most three minutes old; its expiry is checked.
CLOCK_SKEW_S = 180.0


def open_session(
    db: sqlite3.Connection,
    org: SalesforceSettings,
    form: Mapping[str, str],
    authorization: str,
    now: float,
) -> dict[str, Any]:
    """Return the token endpoint's answer.

    Raises:
        OAuthError: The grant or the credential is refused.
    """
    grant = form.get("grant_type", "")
    check = _GRANTS.get(grant)
    if check is None:
        raise OAuthError(400, "unsupported_grant_type", "grant type not supported")
    check(org, form, authorization, now)
    number = db.execute("SELECT count(*) FROM sf_token").fetchone()[0] + 1
    token = f"{ORG_ID[:15]}!sandbox.session.{number}"
    db.execute("INSERT INTO sf_token VALUES (?, ?)", (token, now + org.token_life_s))
    return {
        "access_token": token,
        "scope": "api",
        "instance_url": "https://sandbox.my.salesforce.com",
        "id": f"https://login.salesforce.com/id/{ORG_ID}/{to_id('005', 1)}",
        "token_type": "Bearer",
        "issued_at": str(int(now * 1000)),
    }


def check_session(db: sqlite3.Connection, authorization: str, now: float) -> None:
    """Let a request with a living token pass.

    Raises:
        ApiError: 401 INVALID_SESSION_ID.
    """
    token = authorization.removeprefix("Bearer ").removeprefix("OAuth ")
    row = db.execute("SELECT until FROM sf_token WHERE token = ?", (token,)).fetchone()
    if row is None or row[0] <= now:
        raise bad_session()


def _check_client(
    org: SalesforceSettings, form: Mapping[str, str], authorization: str, _now: float
) -> None:
    given = (form.get("client_id", ""), form.get("client_secret", ""))
    if authorization.startswith("Basic "):
        try:
            text = base64.b64decode(authorization[6:], validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise OAuthError(400, "invalid_client", "invalid credentials") from error
        name, _, secret = text.partition(":")
        given = (name, secret)
    if given[0] != org.client_id:
        raise OAuthError(400, "invalid_client_id", "client identifier invalid")
    if given[1] != org.client_secret:
        raise OAuthError(400, "invalid_client", "invalid client credentials")


def _check_assertion(
    org: SalesforceSettings, form: Mapping[str, str], _authorization: str, now: float
) -> None:
    claims = _read_claims(org, form.get("assertion", ""))
    if claims.get("iss") != org.client_id:
        raise OAuthError(400, "invalid_client_id", "client identifier invalid")
    if claims.get("sub") != org.username:
        raise OAuthError(400, "invalid_grant", "user hasn't approved this consumer")
    audience = str(claims.get("aud", ""))
    if not audience.startswith("https://") or not audience.endswith(".salesforce.com"):
        raise OAuthError(400, "invalid_grant", "audience is invalid")
    try:
        until = float(claims.get("exp", 0))
    except (TypeError, ValueError) as error:
        raise OAuthError(400, "invalid_grant", "exp claim is invalid") from error
    if until < now - CLOCK_SKEW_S:
        raise OAuthError(400, "invalid_grant", f"expired at {to_stamp(until)}")


def _read_claims(org: SalesforceSettings, assertion: str) -> dict[str, Any]:
    options: Any = {"verify_exp": False, "verify_aud": False}
    try:
        if org.public_key is None:
            options["verify_signature"] = False
            return jwt.decode(assertion, options=options)
        return jwt.decode(assertion, org.public_key, ["RS256"], options=options)
    except (jwt.PyJWTError, json.JSONDecodeError) as error:
        raise OAuthError(400, "invalid_grant", "invalid assertion") from error


_GRANTS: dict[
    str, Callable[[SalesforceSettings, Mapping[str, str], str, float], None]
] = {
    "client_credentials": _check_client,
    JWT_GRANT: _check_assertion,
}
