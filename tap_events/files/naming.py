"""Names of people and events as the files write them, and ids made of them."""

from __future__ import annotations

import functools
import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_SHOWN = re.compile(r"(?P<shown>.*?)\s*\((?P<original>[^()]+)\)")
_TEAMS_TAGS = re.compile(
    r"\s*(?:\((?:External|Unverified|Guest|Anonymous|Extern|Gast)\)|\[[^\]]*\])\s*$",
    re.IGNORECASE,
)
_TELEPHONE = re.compile(r"\+?[\d\s()-]{6,}")
_ID_DIGITS = 20
# Nobody's name is longer; patterns backtrack, and a hostile cell may be huge.
_LONGEST_NAME = 300


@functools.lru_cache(maxsize=100_000)
def to_name_key(name: str) -> str:
    """Return what two spellings of one exact name have in common."""
    return " ".join(unicodedata.normalize("NFKC", name).split()).casefold()


def to_names(shown: str) -> tuple[str, ...]:
    """Return the names in ``Shown (Original)``, the registered one first."""
    whole = " ".join(shown.split())[:_LONGEST_NAME]
    if not whole:
        return ()
    if found := _SHOWN.fullmatch(whole):
        return tuple(filter(None, (found["original"], found["shown"], whole)))
    return (whole,)


def to_teams_name(cell: str) -> str:
    """Return a Teams name without ``(External)``, ``[Company]`` and the like."""
    name = " ".join(cell.split())[:_LONGEST_NAME]
    while (bare := _TEAMS_TAGS.sub("", name)) != name:
        name = bare
    return name


def to_turned(name: str) -> str:
    """Return ``Ada Brook`` for ``Brook, Ada``; other names as they are."""
    last, comma, first = (part.strip() for part in name.partition(","))
    return f"{first} {last}" if comma and first and last else name


def is_telephone(name: str) -> bool:
    """Whether a name is the number of somebody who dialled in."""
    return bool(_TELEPHONE.fullmatch(name.strip()[:_LONGEST_NAME]))


def is_anonymous(name: str, email: str) -> bool:
    """Whether a report says that somebody chose not to be named."""
    return not email and to_name_key(name).startswith("anonymous")


def to_first_and_last(name: str) -> dict[str, str]:
    """Split a display name as well as it can be, for files without the parts."""
    *first, last = to_turned(name).split() or [""]
    if not first:
        return {"first_name": last} if last else {}
    return {"first_name": " ".join(first), "last_name": last}


def to_digest(*parts: object) -> str:
    """Return a short, stable id made of several parts."""
    text = "\x1f".join(str(part) for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:_ID_DIGITS]


def to_object_id(text: str) -> str:
    """Return the id of a question or poll that has only its text."""
    return to_digest(to_name_key(text))


def to_native_id(topic: str, wall: datetime | None) -> str:
    """Return the id of an event known by its topic and wall-clock start only."""
    start = f"{wall:%Y%m%dT%H%M}" if wall else "undated"
    return f"{start}-{to_digest(to_name_key(topic))[:12]}"


def to_digits(text: str) -> str:
    """Return a webinar id without its dashes and spaces."""
    return "".join(char for char in text if char.isdecimal())
