"""The two pages and their style sheet."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.hubspot import records
from sandbox.hubspot.clock import to_seconds
from sandbox.hubspot.definitions import CONTACT
from sandbox.pages.layout import Layout, Property, ScoreNames, read_layout
from sandbox.pages.timeline import read_timeline

if TYPE_CHECKING:
    import sqlite3

    from sandbox.hubspot.records import Record
    from sandbox.store import Store

PAGE_SIZE = 50
_ABOUT = (
    ("email", "Email"),
    ("phone", "Phone"),
    ("jobtitle", "Job title"),
    ("company", "Company"),
    ("city", "City"),
    ("country", "Country/Region"),
    ("lifecyclestage", "Lifecycle stage"),
)
# Nothing on these pages may load or run anything but the style sheet.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
View = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A contact's score in one window, as far as it has one."""

    names: ScoreNames
    value: str
    level: str
    rank: str
    ranked: str

    @property
    def place(self) -> str:
        """Return the rank of how many."""
        if not self.rank or not self.ranked:
            return self.rank
        return f"{self.rank} of {self.ranked}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A contact as both pages show it."""

    id: int
    name: str
    values: dict[str, str]
    scores: Sequence[Score]
    reasons: Sequence[str]
    breakdown: Sequence[str]


def routes(store: Store) -> list[BaseRoute]:
    """Return the pages of an account."""
    environment = _environment()
    style = files("sandbox.pages").joinpath("style.css").read_text("utf-8")

    async def read_style(_: Request) -> Response:
        return Response(style, media_type="text/css", headers=_HEADERS)

    return [
        Route("/", _page(store, environment, "index.html", read_index)),
        Route(
            "/contacts/{id:int}", _page(store, environment, "contact.html", read_one)
        ),
        Route("/style.css", read_style),
    ]


def read_index(db: sqlite3.Connection, request: Request) -> dict[str, Any] | None:
    """Return a page of contacts, the best live score first."""
    layout = read_layout(db)
    (total,) = db.execute(
        "SELECT count(*) FROM hs_object WHERE type = ? AND archived IS NULL", (CONTACT,)
    ).fetchone()
    asked = request.query_params.get("page", "1")
    pages = max(1, -(-total // PAGE_SIZE))
    page = min(max(1, int(asked)), pages) if asked.isdecimal() else 1
    score = layout.live.score if layout.live else ""
    rows = db.execute(
        "SELECT id, type, properties, created, updated, archived FROM hs_object "
        "WHERE type = ? AND archived IS NULL ORDER BY "
        "CAST(NULLIF(json_extract(properties, ?), '') AS REAL) DESC NULLS LAST, id "
        "LIMIT ? OFFSET ?",
        (CONTACT, f'$."{score}"', PAGE_SIZE, (page - 1) * PAGE_SIZE),
    ).fetchall()
    people = [_to_person(records.to_record(row), layout) for row in rows]
    return {
        "layout": layout,
        "people": people,
        "total": total,
        "page": page,
        "pages": pages,
        "first": (page - 1) * PAGE_SIZE + 1,
    }


def read_one(db: sqlite3.Connection, request: Request) -> dict[str, Any] | None:
    """Return everything about one contact, or nothing if there is none."""
    number = request.path_params["id"]
    found = records.load(db, CONTACT, [number])
    if number not in found:
        return None
    layout = read_layout(db)
    person = _to_person(found[number], layout)
    return {
        "layout": layout,
        "person": person,
        "about": [row for row in _ABOUT if person.values.get(row[0])],
        "timeline": read_timeline(db, found[number], layout.levels),
    }


def to_day(moment: float | str) -> str:
    """Return a time as people write it."""
    seconds = to_seconds(moment) if isinstance(moment, str) else moment
    return f"{datetime.fromtimestamp(seconds, UTC):%-d %b %Y, %H:%M} UTC"


def to_shown(value: str, definition: Property) -> str:
    """Return a property's value as people read it."""
    return to_day(value) if definition.type == "datetime" and value else value


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("sandbox.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["day"] = to_day
    environment.filters["shown"] = to_shown
    return environment


def _page(
    store: Store,
    environment: Environment,
    template: str,
    read: Callable[[sqlite3.Connection, Request], dict[str, Any] | None],
) -> View:
    page = environment.get_template(template)
    missing = environment.get_template("missing.html")

    async def view(request: Request) -> Response:
        with store.transaction() as db:
            held = read(db, request)
        if held is None:
            return HTMLResponse(missing.render(), status_code=404, headers=_HEADERS)
        return HTMLResponse(page.render(held), headers=_HEADERS)

    return view


def _to_person(record: Record, layout: Layout) -> Person:
    values = record.all_properties()
    name = f"{values.get('firstname', '')} {values.get('lastname', '')}".strip()
    return Person(
        id=record.id,
        name=name or values.get("email", f"Contact {record.id}"),
        values=values,
        scores=[_to_score(values, names) for names in layout.scores],
        reasons=values.get(layout.reasons, "").splitlines(),
        breakdown=values.get(layout.breakdown, "").splitlines(),
    )


def _to_score(values: dict[str, str], names: ScoreNames) -> Score:
    return Score(
        names=names,
        value=values.get(names.score, ""),
        level=values.get(names.level, ""),
        rank=values.get(names.rank, ""),
        ranked=values.get(names.ranked, ""),
    )
