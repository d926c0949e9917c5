"""Which properties an account has, and what the pages make of them by their names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from sandbox.hubspot.definitions import CONTACT, CONTACT_GROUP

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

WINDOWS = {"live": "Live", "on_demand": "On-demand"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """A property as the pages show it."""

    name: str
    label: str
    description: str
    group: str
    type: str
    field_type: str

    @property
    def is_long(self) -> bool:
        """Say whether its lines matter."""
        return self.field_type == "textarea"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group of properties with its label."""

    name: str
    label: str
    properties: Sequence[Property]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreNames:
    """The names of the properties that tell about one window's score."""

    window: str
    label: str
    score: str
    level: str
    rank: str
    ranked: str

    @property
    def id(self) -> str:
        """Return what the page calls this window's card."""
        return f"score-{self.window.replace('_', '-')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """All custom properties of contacts, and the part each plays.

    A part is known by how a name ends, so that other property names in a mapping
    still make a page; whatever plays no part is listed in its group.
    """

    groups: Sequence[Group]
    scores: Sequence[ScoreNames]
    reasons: str
    breakdown: str
    last_event: str
    last_event_at: str
    levels: Mapping[str, str]

    @property
    def live(self) -> ScoreNames | None:
        """Return the score that contacts are sorted by."""
        return self.scores[0] if self.scores else None


def read_layout(db: sqlite3.Connection) -> Layout:
    """Return the layout of the account's custom contact properties."""
    properties = _read_properties(db)
    names = [one.name for one in properties]
    scores = [_to_score_names(names, window) for window in WINDOWS]
    return Layout(
        groups=_read_groups(db, properties),
        scores=[score for score in scores if score.score],
        reasons=_ending(names, "reasons"),
        breakdown=_ending(names, "breakdown"),
        last_event=_ending(names, "last_event"),
        last_event_at=_ending(names, "last_event_at"),
        levels={one.name: one.label for one in properties if _is_level(one)},
    )


def _read_properties(db: sqlite3.Connection) -> list[Property]:
    rows = db.execute(
        "SELECT body FROM hs_property WHERE type = ? ORDER BY position", (CONTACT,)
    )
    bodies: list[dict[str, Any]] = [msgspec.json.decode(body) for (body,) in rows]
    return [
        Property(
            name=body["name"],
            label=body["label"],
            description=body["description"],
            group=body["groupName"],
            type=body["type"],
            field_type=body["fieldType"],
        )
        for body in bodies
        if not body["hubspotDefined"]
    ]


def _read_groups(db: sqlite3.Connection, properties: list[Property]) -> list[Group]:
    rows = db.execute("SELECT name, body FROM hs_group WHERE type = ?", (CONTACT,))
    labels = {name: msgspec.json.decode(body)["label"] for name, body in rows}
    used = dict.fromkeys(one.group for one in properties)
    return [
        Group(
            name=name,
            label=labels.get(name, name) if name != CONTACT_GROUP else "More fields",
            properties=[one for one in properties if one.group == name],
        )
        for name in used
    ]


def _is_level(one: Property) -> bool:
    return one.type == "enumeration" and one.name.endswith("_level")


def _to_score_names(names: list[str], window: str) -> ScoreNames:
    return ScoreNames(
        window=window,
        label=WINDOWS[window],
        score=_ending(names, f"{window}_(lead_)?score"),
        level=_ending(names, f"{window}_level"),
        rank=_ending(names, f"{window}_rank"),
        ranked=_ending(names, f"{window}_ranked_attendees"),
    )


def _ending(names: list[str], pattern: str) -> str:
    """Return the first name that ends so, or nothing."""
    ending = re.compile(f"(?:.*_)?{pattern}")
    return next((name for name in names if ending.fullmatch(name)), "")
