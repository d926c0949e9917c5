"""Tokens: made, refreshed, looked at; and the account they belong to."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from sandbox.hubspot.api import NO_CONTENT, Call, Operation, Reply
from sandbox.hubspot.errors import PORTAL_ID, ApiError, not_found

_DOMAIN = "sandbox.invalid"
_STATIC_LIFE_S = 86_400


def create_token(call: Call) -> Reply:
    """Give an access token for a refresh token (form-encoded, HubSpot docs)."""
    settings, form = call.account.settings, _to_form(call)
    _check_client(call, form)
    if form.get("grant_type") != "refresh_token":
        raise _refused("unsupported_grant_type", "grant_type must be refresh_token")
    if form.get("refresh_token") != settings.refresh_token:
        raise _refused("invalid_grant", "missing or unknown refresh token")
    token = f"sandbox-oauth-{call.chance.getrandbits(64):016x}"
    expires = call.now + settings.token_life_s
    call.db.execute("INSERT INTO hs_token VALUES (?, ?)", (token, expires))
    body = {
        "token_type": "bearer",
        "access_token": token,
        "refresh_token": settings.refresh_token,
        "expires_in": settings.token_life_s,
    }
    return Reply(body)


def read_access_token(call: Call) -> Reply:
    """Say whose token it is and how long it lives."""
    token = call.path["token"]
    left = _seconds_left(call, token)
    # Inferred: the published shapes do not say what a token that ended is answered.
    if left is None or left <= 0:
        raise not_found("The access token is unknown or has expired")
    return Reply(_to_token_info(call, token) | {"expires_in": int(left), "app_id": 1})


def introspect(call: Call) -> Reply:
    """Say whether a token in the form is alive."""
    form = _to_form(call)
    _check_client(call, form)
    token = form.get("token", "")
    left = _seconds_left(call, token)
    if left is None or left <= 0:
        return Reply({"active": False})
    info = _to_token_info(call, token)
    return Reply(info | {"active": True, "expires_in": int(left)})


def revoke(call: Call) -> Reply:
    """End the life of an access token."""
    form = _to_form(call)
    _check_client(call, form)
    token = form.get("token", "")
    call.db.execute("DELETE FROM hs_token WHERE token = ?", (token,))
    return NO_CONTENT


def read_refresh_token(call: Call) -> Reply:
    """Say whose refresh token it is."""
    settings, token = call.account.settings, call.path["token"]
    # Inferred, as for access tokens.
    if token != settings.refresh_token:
        raise not_found("The refresh token is unknown")
    info = _to_token_info(call, token)
    return Reply(info | {"client_id": settings.client_id, "token_type": "refresh"})


def read_account(_: Call) -> Reply:
    """Describe the account: the cheapest call that needs a token."""
    return Reply(
        {
            "portalId": PORTAL_ID,
            "accountType": "DEVELOPER_TEST",
            "timeZone": "UTC",
            "companyCurrency": "USD",
            "additionalCurrencies": [],
            "utcOffset": "+00:00",
            "utcOffsetMilliseconds": 0,
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "na1",
        }
    )


def _to_form(call: Call) -> dict[str, str]:
    _, raw = call.body
    return {name: values[-1] for name, values in parse_qs(raw.decode()).items()}


def _check_client(call: Call, form: dict[str, str]) -> None:
    settings = call.account.settings
    given = (form.get("client_id"), form.get("client_secret"))
    # HubSpot docs, OAuth: client id and secret stand in the form.
    if given != (settings.client_id, settings.client_secret):
        raise _refused("invalid_client", "missing or unknown client id or secret")


def _refused(error: str, message: str) -> ApiError:
    is_client = error == "invalid_client"
    status, code = (
        (401, "BAD_CLIENT_SECRET") if is_client else (400, "BAD_REFRESH_TOKEN")
    )
    return ApiError(status, code, message, error=error, error_description=message)


def _seconds_left(call: Call, token: str) -> float | None:
    if token == call.account.settings.access_token:
        return _STATIC_LIFE_S
    row = call.db.execute(
        "SELECT expires FROM hs_token WHERE token = ?", (token,)
    ).fetchone()
    return None if row is None else row[0] - call.now


def _to_token_info(call: Call, token: str) -> dict[str, Any]:
    return {
        "token": token,
        "user": f"admin@{_DOMAIN}",
        "user_id": 1,
        "hub_id": PORTAL_ID,
        "hub_domain": _DOMAIN,
        "scopes": sorted(call.account.settings.scopes),
        "token_type": "access",
    }


def _operation(method: str, path: str, handler: Any) -> Operation:
    return Operation(
        method=method, base="oauth", path=path, handler=handler, is_open=True
    )


OPERATIONS = (
    _operation("POST", "/token", create_token),
    _operation("POST", "/token/introspect", introspect),
    _operation("POST", "/token/revoke", revoke),
    _operation("GET", "/access-tokens/{token}", read_access_token),
    _operation("GET", "/refresh-tokens/{token}", read_refresh_token),
    Operation(method="GET", base="account", path="/details", handler=read_account),
)
