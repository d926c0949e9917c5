"""Write a dashboard export: the eight activities that the public API does not have.

One CSV per activity, a row per fact. The platform does not publish the columns of its
own exports, so these are ours; a reader maps columns anyway.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.world.facts import Deed, Webinar

COMMON = (
    "Event ID",
    "Event",
    "Session ID",
    "Session",
    "First Name",
    "Last Name",
    "Email",
)
# activity -> file name, columns of its own
LAYOUTS = {
    "chat": ("chats.csv", ("Message",)),
    "poll_response": ("poll_responses.csv", ("Poll", "Answer")),
    "cta_click": ("cta_clicks.csv", ("CTA",)),
    "raise_hand": ("raised_hands.csv", ()),
    "reaction": ("reactions.csv", ("Reaction",)),
    "session_rating": ("session_ratings.csv", ("Rating",)),
    "file_download": ("file_downloads.csv", ("File",)),
    "question": ("questions.csv", ("Question", "Anonymous")),
}
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"


def write_hubilo_export(folder: Path, webinar: Webinar) -> list[Path]:
    """Write the eight CSV files, times in UTC, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(folder, webinar, kind) for kind in LAYOUTS]


def _write(folder: Path, webinar: Webinar, kind: str) -> Path:
    name, own = LAYOUTS[kind]
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow((*COMMON, *own, "Time (UTC)"))
        for deed in webinar.deeds:
            if deed.kind == kind:
                writer.writerow(_to_row(webinar, deed))
    return path


def _to_row(webinar: Webinar, deed: Deed) -> tuple[str, ...]:
    person = deed.person
    who = (
        (person.first_name, person.last_name, person.spellings[-1])
        if person
        else ("Anonymous", "", "")
    )
    own = {
        "poll_response": (deed.subject, deed.text),
        "raise_hand": (),
        "question": (deed.text, "no" if person else "yes"),
    }.get(deed.kind, (deed.text,))
    session = deed.session
    return (
        str(webinar.number),
        webinar.name,
        str(session.number),
        session.name,
        *who,
        *own,
        deed.at.strftime(TIME_FORMAT),
    )
