"""Salesforce's refusals, in the words it uses itself.

Salesforce docs, REST status codes and error responses: the body is a list of
`{"message", "errorCode", "fields"?}`; one row of a batch says `statusCode` instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class ApiError(Exception):
    """An answer that is not a success, ready to be sent."""

    def __init__(
        self, status: int, code: str, message: str, fields: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields

    def to_body(self) -> Any:
        """Return the JSON Salesforce answers with."""
        entry: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields:
            entry["fields"] = list(self.fields)
        return [entry]


class OAuthError(ApiError):
    """A refusal of the token endpoint, which speaks OAuth and not REST."""

    def to_body(self) -> Any:
        """Return the JSON of RFC 6749, section 5.2."""
        return {"error": self.code, "error_description": self.message}


class SeveralMatch(ApiError):  # noqa: N818 - an answer, not a fault
    """Several records have the key of a single upsert: a list of their addresses."""

    def __init__(self, addresses: list[str]) -> None:
        super().__init__(300, "MULTIPLE_CHOICES", "several records match")
        self.addresses = addresses

    def to_body(self) -> Any:
        """Return the addresses (Salesforce docs, upsert: status 300)."""
        return self.addresses


@dataclass(frozen=True, slots=True)
class RowError(Exception):
    """Why one record was refused."""

    code: str
    message: str
    fields: tuple[str, ...] = ()

    def to_entry(self) -> dict[str, Any]:
        """Return an entry of a batch answer's `errors`."""
        return {
            "statusCode": self.code,
            "message": self.message,
            "fields": list(self.fields),
        }

    def to_csv(self) -> str:
        """Return it as Bulk API 2.0 writes it into `sf__Error`."""
        return f"{self.code}:{self.message}:{','.join(self.fields)} --"

    def to_api_error(self) -> ApiError:
        """Return it as the answer to a request for this one record."""
        status = 404 if self.code in {"NOT_FOUND", "ENTITY_IS_DELETED"} else 400
        return ApiError(status, self.code, self.message, self.fields)


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    """Refuse a request for something that is not there."""
    return ApiError(404, "NOT_FOUND", message)


def malformed(message: str) -> ApiError:
    """Refuse a body that is not what the resource takes."""
    return ApiError(400, "JSON_PARSER_ERROR", message)


def no_column(field: str, kind: str) -> ApiError:
    """Refuse a field that is missing, or hidden from this user (they look alike)."""
    return ApiError(
        400, "INVALID_FIELD", f"No such column '{field}' on sobject of type {kind}"
    )


def bad_session() -> ApiError:
    """Refuse a missing, unknown or expired token.

    Seen live: simple-salesforce #406.
    """
    return ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")


def over_limit() -> ApiError:
    """Refuse what exceeds the day's requests: 403, and no Retry-After (seen live)."""
    return ApiError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
