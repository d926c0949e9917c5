"""The Singer messages that the kit sends: a person a row, STATE among them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from sandbox.errors import SandboxError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

STATE_EVERY = 10
BAD_EMAIL = "kit-bad@nowhere"  # has its @, and no CRM takes it
_ACTIVITIES = (
    "time_in_session",
    "chat",
    "poll_response",
    "cta_click",
    "raise_hand",
    "reaction",
    "session_rating",
    "file_download",
    "question",
)


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the records of a stream look like.

    Attributes:
        stream: Its name.
        key_properties: Its keys.
        record: One record; `{email}` and `{n}` in its texts differ from row to row.
    """

    stream: str
    key_properties: tuple[str, ...]
    record: dict[str, Any]

    def to_schema(self) -> dict[str, Any]:
        """Return the SCHEMA message."""
        properties = {
            name: {"type": [_to_type(value), "null"]}
            for name, value in self.record.items()
        }
        return {
            "type": "SCHEMA",
            "stream": self.stream,
            "schema": {"type": "object", "properties": properties},
            "key_properties": list(self.key_properties),
        }

    def to_record(self, number: int, email: str) -> dict[str, Any]:
        """Return the RECORD message of one person."""
        texts = {"{n}": str(number), "{email}": email}
        return {
            "type": "RECORD",
            "stream": self.stream,
            "record": {name: fill(value, texts) for name, value in self.record.items()},
        }


def fill(value: Any, texts: Mapping[str, str]) -> Any:
    """Return a JSON value with its placeholders replaced."""
    if isinstance(value, str):
        for placeholder, text in texts.items():
            value = value.replace(placeholder, text)
    elif isinstance(value, dict):
        value = {name: fill(held, texts) for name, held in value.items()}
    elif isinstance(value, list):
        value = [fill(held, texts) for held in value]
    return value


def _to_type(value: Any) -> str:
    for kind, name in _TYPES:
        if isinstance(value, kind):
            return name
    return "string"


_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (list, "array"),
    (dict, "object"),
)

LEAD_SCORES = Shape(
    stream="lead_scores",
    key_properties=("event_id", "attendee_id"),
    record={
        "event_id": "kit:1",
        "attendee_id": "a{n}",
        "email": "{email}",
        "first_name": "Kit",
        "last_name": "Person {n}",
        "company": "Example",
        "platform": "kit",
        "event_name": "A webinar",
        "event_starts_at": "2026-11-01T10:00:00Z",
        "event_ends_at": "2026-11-01T11:00:00Z",
        "attended": True,
        "live_lead_score": 97.5,
        "live_sum": 50.1,
        "live_rank": 3,
        "live_max_rank": 210,
        "live_ranked_attendees": 412,
        "live_level": "High",
        "live_p_group": "Hot",
        "live_s_group": "Top",
        "live_reasons": ["asked 2 questions", "watched 59 min"],
        "on_demand_lead_score": 0.0,
        "on_demand_sum": 0.0,
        "on_demand_reasons": [],
        "scored_at": "2026-11-02T10:00:00Z",
        **{f"live_{name}": 2.5 for name in _ACTIVITIES},
        **{f"on_demand_{name}": 0.0 for name in _ACTIVITIES},
    },
)
_HUBSPOT_CONTACTS = Shape(
    stream="contacts",
    key_properties=("email",),
    record={"email": "{email}", "firstname": "Kit", "lastname": "Person {n}"},
)
_SALESFORCE_CONTACTS = Shape(
    stream="Lead",
    key_properties=("Email",),
    record={"Email": "{email}", "LastName": "Person {n}", "Company": "Example"},
)
SHAPES = {
    ("hubspot", "lead_scores"): LEAD_SCORES,
    ("salesforce", "lead_scores"): LEAD_SCORES,
    ("hubspot", "contacts"): _HUBSPOT_CONTACTS,
    ("salesforce", "contacts"): _SALESFORCE_CONTACTS,
}


def read_shape(crm: str, name: str) -> Shape:
    """Return the shape of a name, or the one that a JSON file describes.

    Raises:
        SandboxError: There is none, or the file does not describe one.
    """
    known = SHAPES.get((crm, name))
    if known:
        return known
    try:
        return msgspec.json.decode(Path(name).read_bytes(), type=Shape)
    except (OSError, msgspec.MsgspecError) as error:
        raise SandboxError(
            f"stream {name!r} is not lead_scores, contacts or a JSON file with stream, "
            f"key_properties and record ({error})"
        ) from error


@dataclass(frozen=True, slots=True)
class Rows:
    """So many people; one of them with an address that no CRM takes, if asked for."""

    shape: Shape
    count: int
    bad: int | None = None

    @property
    def emails(self) -> list[str]:
        """Every person's address, in the order of the rows."""
        return [
            BAD_EMAIL if number == self.bad else f"kit-{number}@example.com"
            for number in range(self.count)
        ]

    @property
    def good_emails(self) -> list[str]:
        """The addresses that must arrive."""
        return [email for email in self.emails if email != BAD_EMAIL]

    def to_lines(self) -> str:
        """Return the messages as a tap prints them."""
        return "".join(f"{json.dumps(message)}\n" for message in self._messages())

    def _messages(self) -> Iterator[dict[str, Any]]:
        yield self.shape.to_schema()
        for number, email in enumerate(self.emails):
            yield self.shape.to_record(number, email)
            if (number + 1) % STATE_EVERY == 0:
                yield to_state(number + 1)
        yield to_state(self.count)


def to_state(rows: int) -> dict[str, Any]:
    """Return the STATE message after so many rows."""
    return {"type": "STATE", "value": {"bookmarks": {"kit": {"rows": rows}}}}


def to_confirmed(line: str) -> int:
    """Return how many rows a STATE line of the target confirms.

    Raises:
        ValueError: The line is no STATE of ours.
    """
    try:
        return int(json.loads(line)["bookmarks"]["kit"]["rows"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError("a line on stdout is not the STATE that was sent") from error
