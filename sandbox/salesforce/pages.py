"""Pages for people: contacts and leads by score, and one as a rep would see it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse
from starlette.routing import Route

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from sandbox.store import Store

SHOWN = 500
WINDOWS = (("Live", "Live"), ("On_Demand", "On-demand"))
_ABOUT = ("Email", "Phone", "Title", "Company", "City", "Country", "LeadSource")
# Nothing on these pages may load or run anything but the style sheet.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Person:
    """A contact or lead as both pages show it."""

    kind: str
    values: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Its record id."""
        return str(self.values["Id"])

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.values.get("Name") or self.values.get("Email") or self.id)

    @property
    def scores(self) -> Sequence[tuple[str, Mapping[str, str]]]:
        """What is known of each window, by the ends of the fields' names."""
        return [(label, self._score(window)) for window, label in WINDOWS]

    @property
    def reasons(self) -> list[str]:
        """Why the scores are what they are."""
        return self._text("Reasons").splitlines()

    @property
    def last_event(self) -> str:
        """The webinar that the scores are from."""
        return self._text("Last_Event")

    @property
    def about(self) -> list[tuple[str, str]]:
        """Standard fields that have a value."""
        return [(n, str(self.values[n])) for n in _ABOUT if self.values.get(n)]

    @property
    def fields(self) -> list[tuple[str, str]]:
        """All custom fields that have a value."""
        return [
            (name, str(value))
            for name, value in sorted(self.values.items())
            if name.endswith("__c")
        ]

    def _score(self, window: str) -> dict[str, str]:
        parts = ("Score", "Level", "Rank", "Ranked")
        return {part.lower(): self._text(f"{window}_{part}") for part in parts}

    def _text(self, ending: str) -> str:
        pattern = re.compile(rf"(?:.*_)?{ending}__c")
        found = next((n for n in self.values if pattern.fullmatch(n)), "")
        value = self.values.get(found, "")
        return f"{value:g}" if isinstance(value, float) else str(value)


def page_routes(store: Store) -> list[BaseRoute]:
    """Return the pages of an organisation."""
    return [
        Route("/salesforce", _page(store, "people.html", read_people)),
        Route("/salesforce/{id}", _page(store, "person.html", read_person)),
    ]


def read_people(db: sqlite3.Connection, _request: Request) -> dict[str, Any] | None:
    """Return contacts and leads, the best live score first."""
    rows = db.execute(
        "SELECT object, body FROM sf_record WHERE object IN ('Contact', 'Lead') "
        "ORDER BY json_extract(body, '$.Webinar_Live_Score__c') DESC NULLS LAST, "
        "number LIMIT ?",
        (SHOWN,),
    )
    people = [Person(kind, msgspec.json.decode(body)) for kind, body in rows]
    (total,) = db.execute(
        "SELECT count(*) FROM sf_record WHERE object IN ('Contact', 'Lead')"
    ).fetchone()
    return {"people": people, "total": total}


def read_person(db: sqlite3.Connection, request: Request) -> dict[str, Any] | None:
    """Return a contact or lead with its campaigns and tasks; None if there is none."""
    row = db.execute(
        "SELECT object, body FROM sf_record WHERE id = ? "
        "AND object IN ('Contact', 'Lead')",
        (request.path_params["id"],),
    ).fetchone()
    if row is None:
        return None
    person = Person(row[0], msgspec.json.decode(row[1]))
    members = _of(db, "CampaignMember", f"{person.kind}Id", person.id)
    names = {m["CampaignId"]: _name(db, m["CampaignId"]) for m in members}
    return {
        "person": person,
        "members": [(names[m["CampaignId"]], m["Status"]) for m in members],
        "tasks": _of(db, "Task", "WhoId", person.id),
    }


def _of(
    db: sqlite3.Connection, kind: str, field: str, record_id: str
) -> list[dict[str, Any]]:
    rows = db.execute(
        "SELECT body FROM sf_record WHERE object = ? AND json_extract(body, ?) = ? "
        "ORDER BY number DESC",
        (kind, f"$.{field}", record_id),
    )
    return [msgspec.json.decode(body) for (body,) in rows]


def _name(db: sqlite3.Connection, record_id: str) -> str:
    row = db.execute(
        "SELECT json_extract(body, '$.Name') FROM sf_record WHERE id = ?", (record_id,)
    ).fetchone()
    return str(row[0]) if row else record_id


@cache
def _environment() -> Environment:
    return Environment(
        loader=ChoiceLoader(
            [PackageLoader("sandbox.salesforce"), PackageLoader("sandbox.pages")]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _page(
    store: Store,
    template: str,
    read: Callable[[sqlite3.Connection, Request], dict[str, Any] | None],
) -> Callable[[Request], Any]:
    async def view(request: Request) -> Response:
        with store.transaction() as db:
            held = read(db, request)
        if held is None:
            missing = _environment().get_template("missing.html")
            return HTMLResponse(missing.render(), status_code=404, headers=_HEADERS)
        page = _environment().get_template(template)
        return HTMLResponse(page.render(held), headers=_HEADERS)

    return view
