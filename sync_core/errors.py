"""Errors whose class is the decision, whose fields are the evidence.

    SingerSDKError
    ├── TransientError   try again; ``retry_after`` says when, if the server did
    ├── RowRejected      this row only; the run goes on
    └── FatalError       stop, state kept
        └── SettingError a setting or mapping is wrong; nothing was written

The text of each is the next step for a person. It never holds a response body, a
record, an e-mail address or a credential.
"""

from __future__ import annotations

from singer_sdk.exceptions import (
    FatalSyncError,
    RetriableSyncError,
    SkippableSyncError,
)


class TransientError(RetriableSyncError):
    """A request may succeed if it is repeated.

    Attributes:
        status: HTTP status, if there was an answer.
        retry_after: Seconds the server asks to wait, if it said so.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class RowRejected(SkippableSyncError):  # noqa: N818 - the row is, the run is not
    """One row was refused; the others go on.

    Attributes:
        code: The refusing side's own code, such as ``INVALID_EMAIL``.
        field: The field or property that caused it, if known.
    """

    def __init__(
        self, message: str, *, code: str | None = None, field: str | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.field = field


class FatalError(FatalSyncError):
    """The run cannot go on; what was confirmed so far stays confirmed.

    Attributes:
        setting: The setting to look at, if one is to blame.
        status: HTTP status, if there was an answer.
    """

    def __init__(
        self, message: str, *, setting: str | None = None, status: int | None = None
    ) -> None:
        super().__init__(message)
        self.setting = setting
        self.status = status


class SettingError(FatalError):
    """A setting or a mapping is wrong; the text names it and what is allowed."""

    def __init__(self, message: str, *, setting: str) -> None:
        super().__init__(message, setting=setting)
