"""Read the hottest leads from the CRM, as a rep would sort them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from sync_core.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Mapping

SEARCH = "/crm/v3/objects/contacts/search"
SORTED_BY = "webinar_live_lead_score"
WINDOW = "Live: "
PLACE = "rank "
PROPERTIES = (
    "firstname",
    "lastname",
    "company",
    "webinar_live_lead_score",
    "webinar_live_level",
    "webinar_score_reasons",
    "webinar_last_event",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """A contact with its live score, as the CRM holds it."""

    contact_id: str
    name: str
    company: str
    score: str
    level: str
    rank: str
    reasons: tuple[str, ...]
    event: str


def read_top_leads(url: str, token: str, count: int) -> list[Lead]:
    """Return the contacts with the best live scores, best first.

    Args:
        url: Base address of the CRM.
        token: Its access token.
        count: How many at most.
    """
    query = {
        "sorts": [{"propertyName": SORTED_BY, "direction": "DESCENDING"}],
        "filterGroups": [
            {"filters": [{"propertyName": SORTED_BY, "operator": "HAS_PROPERTY"}]}
        ],
        "properties": list(PROPERTIES),
        "limit": count,
    }
    response = requests.post(
        url + SEARCH,
        json=query,
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    if not response.ok:
        raise FatalError(
            f"The sandbox's CRM answered {response.status_code} to a search. Delete "
            "the state folder and run again.",
            status=response.status_code,
        )
    return [to_lead(result) for result in response.json()["results"]]


def to_rank(place: str) -> str:
    """Return "3 of 41" of "rank 3 of 41 among 60 attendees"."""
    return place.removeprefix(PLACE).partition(" among ")[0]


def to_lead(result: Mapping[str, Any]) -> Lead:
    """Return a search result as a lead."""
    held = {name: value or "" for name, value in result["properties"].items()}
    name = f"{held.get('firstname', '')} {held.get('lastname', '')}".strip()
    lines = held.get("webinar_score_reasons", "").splitlines()
    live = [line.removeprefix(WINDOW) for line in lines if line.startswith(WINDOW)]
    return Lead(
        contact_id=str(result["id"]),
        name=name or "(no name)",
        company=held.get("company", ""),
        score=held.get("webinar_live_lead_score", ""),
        level=held.get("webinar_live_level", ""),
        rank=to_rank(next((line for line in live if line.startswith(PLACE)), "")),
        reasons=tuple(line for line in live if not line.startswith(PLACE)),
        event=held.get("webinar_last_event", ""),
    )
