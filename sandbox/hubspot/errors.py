"""HubSpot's refusals, in the words it uses itself.

HubSpot docs, error handling: `status`, `message`, `correlationId`, `category`, and
sometimes `subCategory`, `context`, `errors`; all to be treated as optional.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

PORTAL_ID = 1234567


class ApiError(Exception):
    """An answer that is not a success, ready to be sent."""

    def __init__(self, status: int, category: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.category = category
        self.message = message
        self.more = more
        self.headers: dict[str, str] = {}

    def to_body(self, correlation_id: str) -> dict[str, Any]:
        """Return the JSON object HubSpot answers with."""
        return {
            "status": "error",
            "message": self.message,
            "correlationId": correlation_id,
            **self.more,
            "category": self.category,
        }


class RateLimitError(ApiError):
    """A 429: it carries `errorType` instead of `category`, as seen live."""

    def to_body(self, correlation_id: str) -> dict[str, Any]:
        """Return the JSON object HubSpot answers with."""
        return {
            "status": "error",
            "message": self.message,
            "errorType": "RATE_LIMIT",
            "correlationId": correlation_id,
            **self.more,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One property value that HubSpot does not take."""

    name: str
    code: str
    message: str

    def to_validation(self) -> dict[str, Any]:
        """Return the entry of the JSON list inside HubSpot's message."""
        entry = {
            "isValid": False,
            "message": self.message,
            "error": self.code,
            "name": self.name,
        }
        if self.code == "INVALID_EMAIL":  # seen live without the next two
            return entry
        return {**entry, "localizedErrorMessage": self.message, "portalId": PORTAL_ID}

    def to_detail(self) -> dict[str, Any]:
        """Return the entry of `errors`."""
        return {
            "message": self.message,
            "code": self.code,
            "context": {"propertyName": [self.name]},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RowError:
    """Why one record of a batch was refused."""

    category: str
    message: str
    status: int = 400
    context: dict[str, list[str]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    sub_category: str | None = None

    def to_entry(self, trace_id: str | None = None) -> dict[str, Any]:
        """Return the entry of a 207's `errors`: no links, no errors, as seen live."""
        context = dict(self.context)
        if trace_id is not None:
            context = {"objectWriteTraceId": [trace_id], **context}
        entry: dict[str, Any] = {"status": "error", "category": self.category}
        if self.sub_category:
            entry["subCategory"] = self.sub_category
        return {**entry, "message": self.message, "context": context}

    def to_api_error(self) -> ApiError:
        """Return the refusal of the whole request for this row's sake."""
        more: dict[str, Any] = {}
        if self.context:
            more["context"] = self.context
        if self.problems:
            more["errors"] = [problem.to_detail() for problem in self.problems]
        if self.sub_category:
            more["subCategory"] = self.sub_category
        return ApiError(self.status, self.category, self.message, **more)


def not_valid(problems: list[Problem]) -> RowError:
    """Refuse a record for its values: a JSON list inside a sentence, as seen live."""
    entries = json.dumps(
        [problem.to_validation() for problem in problems], separators=(",", ":")
    )
    return RowError(
        category="VALIDATION_ERROR",
        message=f"Property values were not valid: {entries}",
        problems=tuple(problems),
    )


def contact_exists(existing_id: int) -> RowError:
    """Refuse a second contact with an e-mail address that is taken."""
    return RowError(
        status=409,
        category="CONFLICT",
        message=f"Contact already exists. Existing ID: {existing_id}",
        context={"existingId": [str(existing_id)]},
    )


def invalid(message: str, **more: Any) -> ApiError:
    """Refuse a request that does not say what it must."""
    return ApiError(400, "VALIDATION_ERROR", message, **more)


def not_found(message: str = "resource not found") -> ApiError:
    """Refuse a request for something that is not there."""
    return ApiError(404, "OBJECT_NOT_FOUND", message)


def bad_token() -> ApiError:
    """Refuse a missing or unknown token, in the text seen live."""
    return ApiError(
        401,
        "INVALID_AUTHENTICATION",
        "Authentication credentials not found. This API supports OAuth 2.0 "
        "authentication and you can find more details at "
        "https://developers.hubspot.com/docs/methods/auth/oauth-overview",
    )


def expired_token() -> ApiError:
    """Refuse an OAuth access token after its 30 minutes."""
    return ApiError(
        401,
        "EXPIRED_AUTHENTICATION",
        "The OAuth token used to make this call expired.",
    )


def missing_scopes(scopes: frozenset[str]) -> ApiError:
    """Refuse what the token may not do, in the text seen live."""
    return ApiError(
        403,
        "MISSING_SCOPES",
        "One or more of the following scopes are required.",
        context={
            "requiredGranularScopes": sorted(scopes),
            "links": ["https://developers.hubspot.com/scopes"],
        },
    )
