"""Reads Singer messages; a line that is none is told without being quoted."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from singer_sdk.contrib.msgspec import MsgSpecReader

from sync_core.errors import FatalError


class QuietReader(MsgSpecReader):
    """The SDK's fast reader, which would log a torn line with the people in it."""

    def __init__(self) -> None:
        super().__init__()
        self._lines = 0

    def deserialize_json(self, line: str) -> dict[str, Any]:
        """Return a message.

        Raises:
            FatalError: The line is no Singer message.
        """
        self._lines += 1
        try:
            message = decode(line)
        except (ValueError, RecursionError) as error:
            raise self._refusal("is not whole JSON") from error
        if not isinstance(message, dict) or "type" not in message:
            raise self._refusal("is no Singer message")
        return message

    def _refusal(self, what: str) -> FatalError:
        return FatalError(
            f"Line {self._lines} of the input {what}. The stage before has stopped or "
            "prints something else to its standard output. What was read before it and "
            "not confirmed is read again by the next run."
        )


# Plain floats, unlike the SDK's decoder: scores have one decimal, and a STATE with
# Decimals could not be written.
_DECODER = msgspec.json.Decoder()


def decode(line: str | bytes) -> Any:
    """Return the value of a line.

    Raises:
        ValueError: It is not JSON.
        RecursionError: It is nested without end.
    """
    try:
        return _DECODER.decode(line)
    except msgspec.DecodeError:
        # Half of a surrogate pair is JSON to the standard library only; the row that
        # holds it is rejected later, alone.
        return json.loads(line)
