"""What happened to a contact, newest first: attendance, notes, events, new levels."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import msgspec

from sandbox.hubspot.clock import to_seconds

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping

    from sandbox.hubspot.records import Record

_STATES = {
    "REGISTERED": "Registered for",
    "ATTENDED": "Attended",
    "CANCELLED": "Cancelled",
}
_BREAKS = frozenset({"br", "p", "div", "li", "tr", "h1", "h2", "h3", "h4", "ul", "ol"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing on a contact's timeline."""

    kind: str
    at: float
    title: str
    text: str = ""


def read_timeline(
    db: sqlite3.Connection, contact: Record, levels: Mapping[str, str]
) -> list[Entry]:
    """Return a contact's timeline, newest first.

    Args:
        db: The account.
        contact: Whose timeline.
        levels: The labels of the properties whose changes are worth an entry.
    """
    contact_id = contact.id
    entries = [
        Entry(kind="created", at=contact.created, title="Contact created"),
        *_attendance(db, contact_id),
        *_notes(db, contact_id),
        *_custom_events(db, contact_id),
        *_app_events(db, contact_id),
        *_levels(db, contact_id, levels),
    ]
    # Of what happened at the same moment, the later line of this list is newer.
    return sorted(entries, key=lambda entry: entry.at)[::-1]


def to_text(markup: str) -> str:
    """Return the words of a note's HTML, with its line breaks."""
    reader = _Words()
    reader.feed(markup)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.words).splitlines())
    return "\n".join(line for line in lines if line)


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        if tag in _BREAKS:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _BREAKS:
            self.words.append("\n")


def _attendance(db: sqlite3.Connection, contact_id: int) -> Iterator[Entry]:
    rows = db.execute(
        "SELECT state, at, properties, body FROM hs_participation_history "
        "JOIN hs_marketing_event ON event_id = id WHERE contact_id = ?",
        (contact_id,),
    )
    for state, at, properties, body in rows:
        event = msgspec.json.decode(body)
        yield Entry(
            kind="marketing-event",
            at=at,
            title=f"{_STATES[state]} {event['eventName']}",
            text=_to_stay(msgspec.json.decode(properties)),
        )


def _to_stay(properties: Mapping[str, str]) -> str:
    if not {"joinedAt", "leftAt"} <= {*properties}:
        return ""
    seconds = to_seconds(properties["leftAt"]) - to_seconds(properties["joinedAt"])
    return f"Stayed {seconds / 60:.0f} min"


def _notes(db: sqlite3.Connection, contact_id: int) -> Iterator[Entry]:
    rows = db.execute(
        "SELECT properties FROM hs_object JOIN hs_association ON from_id = id "
        "WHERE to_id = ? AND archived IS NULL",
        (contact_id,),
    )
    for (text,) in rows:
        note = msgspec.json.decode(text)
        yield Entry(
            kind="note",
            at=to_seconds(note["hs_timestamp"]),
            title="Note",
            text=to_text(note.get("hs_note_body", "")),
        )


def _custom_events(db: sqlite3.Connection, contact_id: int) -> Iterator[Entry]:
    rows = db.execute(
        "SELECT occurrence.name, at, properties, body "
        "FROM hs_event_occurrence occurrence JOIN hs_event_definition definition "
        "ON occurrence.name = definition.name WHERE contact_id = ?",
        (contact_id,),
    )
    for _, at, properties, body in rows:
        held = msgspec.json.decode(properties)
        yield Entry(
            kind="custom-event",
            at=at,
            title=msgspec.json.decode(body)["labels"]["singular"],
            text="\n".join(f"{name}: {value}" for name, value in held.items()),
        )


def _app_events(db: sqlite3.Connection, contact_id: int) -> Iterator[Entry]:
    rows = db.execute(
        "SELECT at, tokens FROM hs_app_event WHERE contact_id = ?", (contact_id,)
    )
    for at, tokens in rows:
        held = msgspec.json.decode(tokens)
        yield Entry(
            kind="app-event",
            at=at,
            title="App event",
            text="\n".join(f"{name}: {value}" for name, value in held.items()),
        )


def _levels(
    db: sqlite3.Connection, contact_id: int, levels: Mapping[str, str]
) -> Iterator[Entry]:
    held: dict[str, str] = {}
    rows = db.execute(
        "SELECT at, properties FROM hs_change WHERE id = ? ORDER BY rowid",
        (contact_id,),
    )
    for at, properties in rows:
        changes = msgspec.json.decode(properties)
        for name in levels.keys() & changes.keys():
            before, after = held.get(name, ""), changes[name]
            held[name] = after
            if before != after:
                words = f"{before} → {after or 'none'}" if before else after
                yield Entry(
                    kind="level-change", at=at, title=f"{levels[name]}: {words}"
                )
