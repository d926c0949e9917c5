"""A person can see the contacts by score, and why one of them has it."""

from __future__ import annotations

import shutil
import subprocess
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from needed_programs import missing

from sandbox.pages.timeline import to_text

if TYPE_CHECKING:
    from pathlib import Path

    from hubspot_clients import Api, Clock

PROPERTIES = "/crm/v3/properties/contacts"
LEVELS = [{"label": x, "value": x} for x in ("High", "Medium", "Low")]
FIELDS: list[dict[str, Any]] = [
    {"name": "webinar_live_lead_score", "type": "number", "fieldType": "number"},
    {
        "name": "webinar_live_level",
        "label": "Live level",
        "type": "enumeration",
        "fieldType": "select",
        "options": LEVELS,
    },
    {"name": "webinar_live_rank", "type": "number", "fieldType": "number"},
    {"name": "webinar_live_ranked_attendees", "type": "number", "fieldType": "number"},
    {"name": "webinar_score_reasons", "type": "string", "fieldType": "textarea"},
    {"name": "webinar_last_event", "type": "string", "fieldType": "text"},
    {"name": "webinar_last_event_at", "type": "datetime", "fieldType": "date"},
]
ANN = {
    "email": "ann@example.com",
    "firstname": "Ann",
    "lastname": "Lee <b>",
    "company": "Brightwater & Sons",
    "webinar_live_lead_score": "96.8",
    "webinar_live_level": "High",
    "webinar_live_rank": "3",
    "webinar_live_ranked_attendees": "41",
    "webinar_score_reasons": "asked 2 questions\nclicked 1 CTA: <Pricing>\n"
    "watched 9 min",
    "webinar_last_event": "Cold chain <script>alert(1)</script>",
    "webinar_last_event_at": "2026-10-29T15:00:00Z",
}


class Page(HTMLParser):
    """What a page says: values by property, items of lists by id, all its tags."""

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__()
        self.values: dict[str, list[str]] = {}
        self.items: dict[str, list[str]] = {}
        self.tags: list[str] = []
        self._property = self._list = ""
        self.feed(text)
        self.close()
        for name, items in self.items.items():
            self.items[name] = [item.strip() for item in items]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note properties and lists."""
        held = dict(attrs)
        self.tags.append(tag)
        self._property = held.get("data-property") or ""
        if self._property:
            self.values.setdefault(self._property, []).append("")
        if tag in ("ol", "ul"):
            self._list = held.get("id") or ""
            self.items.setdefault(self._list, [])
        if tag == "li":
            self.items[self._list].append("")

    def handle_endtag(self, tag: str) -> None:
        """Leave a value or a list."""
        self._property = ""
        if tag in ("ol", "ul"):
            self._list = ""

    def handle_data(self, data: str) -> None:
        """Collect the words."""
        if self._property:
            self.values[self._property][-1] += data
        if self._list and self.items[self._list]:
            self.items[self._list][-1] += data


@pytest.fixture
def scored(api: Api) -> Api:
    """An account with score properties."""
    group = {"name": "webinar_engagement", "label": "Webinar engagement"}
    api.post(f"{PROPERTIES}/groups", group)
    inputs = [
        {"label": f["name"], "groupName": "webinar_engagement", **f} for f in FIELDS
    ]
    made = api.post(f"{PROPERTIES}/batch/create", {"inputs": inputs})
    assert made.status_code == 201
    return api


def read(api: Api, path: str) -> Page:
    """Return a page."""
    answer = api.session.get(api.url + path, timeout=10)
    assert answer.status_code == 200
    return Page(answer.text)


def write(api: Api, row: dict[str, str]) -> str:
    """Write one contact and return its id."""
    return str(api.upsert(row).json()["results"][0]["id"])


def test_a_contact_shows_its_score_and_why(scored: Api) -> None:
    """Score, level, rank of how many, the reasons in their order."""
    page = read(scored, f"/contacts/{write(scored, ANN)}")
    assert page.values["webinar_live_lead_score"][0] == "96.8"
    assert page.values["webinar_live_level"][0] == "High"
    assert page.values["webinar_live_rank"][0] == "3"
    assert page.values["webinar_live_ranked_attendees"][0] == "41"
    assert page.items["reasons"] == [
        "asked 2 questions",
        "clicked 1 CTA: <Pricing>",
        "watched 9 min",
    ]


def test_what_people_wrote_is_text(scored: Api) -> None:
    """Names and titles with tags in them make no tags."""
    page = read(scored, f"/contacts/{write(scored, ANN)}")
    assert page.values["webinar_last_event"][0] == ANN["webinar_last_event"]
    assert not {"script", "b"} & set(page.tags)


def test_the_pages_can_load_nothing_else(api: Api) -> None:
    """The browser is told so."""
    for path in ("/", "/contacts/1", "/style.css"):
        headers = api.session.get(api.url + path, timeout=10).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_the_index_has_the_best_first(scored: Api) -> None:
    """As numbers, not as text; whoever has no score comes last."""
    for name, score in (("a", "9.5"), ("b", ""), ("c", "100.0"), ("d", "10.0")):
        write(
            scored, {"email": f"{name}@example.com", "webinar_live_lead_score": score}
        )
    page = read(scored, "/")
    assert page.values["webinar_live_lead_score"] == ["100.0", "10.0", "9.5"]


def test_the_index_tells_the_rank_of_how_many(scored: Api) -> None:
    """And the two strongest reasons."""
    write(scored, ANN)
    page = read(scored, "/")
    assert page.values["webinar_live_rank"] == ["rank 3 of 41"]
    assert "watched 9 min" not in str(page.values)


def test_the_index_has_pages(scored: Api) -> None:
    """Fifty contacts on each."""
    rows = [
        {"email": f"p{n}@example.com", "webinar_live_lead_score": str(n)}
        for n in range(51)
    ]
    scored.upsert(*rows)
    assert len(read(scored, "/").values["webinar_live_lead_score"]) == 50
    assert read(scored, "/?page=2").values["webinar_live_lead_score"] == ["0"]
    assert read(scored, "/?page=99").values["webinar_live_lead_score"] == ["0"]
    assert len(read(scored, "/?page=x").values["webinar_live_lead_score"]) == 50


def test_an_account_without_scores_has_pages_too(api: Api) -> None:
    """Empty, and with a contact that has nothing but an address."""
    assert "no contacts yet" in api.session.get(api.url, timeout=10).text
    contact = write(api, {"email": "ann@example.com"})
    assert "ann@example.com" in api.session.get(api.url, timeout=10).text
    page = read(api, f"/contacts/{contact}")
    assert page.values["email"] == ["ann@example.com"]


def test_other_custom_properties_are_listed_with_their_labels(scored: Api) -> None:
    """In their own group."""
    scored.post(f"{PROPERTIES}/groups", {"name": "other", "label": "Other things"})
    new = {
        "name": "favourite",
        "label": "Favourite colour",
        "type": "string",
        "fieldType": "text",
        "groupName": "other",
    }
    scored.post(PROPERTIES, new)
    contact = write(scored, {**ANN, "favourite": "green"})
    text = scored.session.get(f"{scored.url}/contacts/{contact}", timeout=10).text
    assert "Other things" in text
    assert "Favourite colour" in text
    assert read(scored, f"/contacts/{contact}").values["favourite"] == ["green"]


def test_a_contact_that_is_not_there_is_not_found(api: Api) -> None:
    """With a way back."""
    answer = api.session.get(f"{api.url}/contacts/1", timeout=10)
    assert answer.status_code == 404
    assert 'href="/"' in answer.text


def test_the_timeline_is_newest_first(scored: Api, clock: Clock) -> None:
    """Attendance, notes and changes of level among each other."""
    contact = write(scored, {**ANN, "webinar_live_level": "Low"})
    event = {
        "eventName": "Cold chain",
        "eventOrganizer": "Acme",
        "externalAccountId": "acc",
        "externalEventId": "w1",
    }
    events = "/marketing/v3/marketing-events"
    scored("PUT", f"{events}/events/w1", event)
    stay = {"joinedAt": "2026-11-01T08:00:00Z", "leftAt": "2026-11-01T08:59:00Z"}
    row = {
        "vid": int(contact),
        "interactionDateTime": int((clock.now - 60) * 1000),
        "properties": stay,
    }
    path = f"{events}/attendance/w1/attend/create?externalAccountId=acc"
    assert scored.post(path, {"inputs": [row]}).status_code == 200
    note = {
        "properties": {
            "hs_timestamp": str(int((clock.now + 60) * 1000)),
            "hs_note_body": "<p>Score <b>96.8</b></p><script>x</script>",
        },
        "associations": [
            {
                "to": {"id": contact},
                "types": [
                    {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 202}
                ],
            }
        ],
    }
    assert scored.post("/crm/v3/objects/notes", note).status_code == 201
    clock.now += 120
    write(scored, ANN)
    page = read(scored, f"/contacts/{contact}")
    titles = [item.split("\n")[0] for item in page.items["timeline"]]
    assert titles == [
        "Live level: Low → High",
        "Note",
        "Live level: Low",
        "Contact created",
        "Attended Cold chain",
    ]
    assert "Stayed 59 min" in page.items["timeline"][4]
    assert "Score 96.8" in page.items["timeline"][1]


def test_a_custom_event_is_on_the_timeline(start: Any, to_api: Any) -> None:
    """With its properties."""
    api = to_api(start(tier="enterprise"))
    contact = write(api, {"email": "ann@example.com"})
    definition = {
        "label": "Asked a question",
        "name": "asked",
        "propertyDefinitions": [{"label": "Event", "name": "event", "type": "string"}],
    }
    api.post("/events/v3/event-definitions", definition)
    sent = {"eventName": "asked", "objectId": contact, "properties": {"event": "W1"}}
    assert api.post("/events/v3/send", sent).status_code == 204
    timeline = read(api, f"/contacts/{contact}").items["timeline"]
    assert any("Asked a question" in one and "event: W1" in one for one in timeline)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("plain", "plain"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<ul><li>a</li><li>b &amp; c</li></ul>", "a\nb & c"),
        ("<p>a <b>b</b></p>\n<p>c</p>", "a b\nc"),
        ("1 < 2", "1 < 2"),
        ("", ""),
    ],
    ids=["plain", "breaks", "list", "paragraphs", "sign", "empty"],
)
def test_a_notes_markup_becomes_words(markup: str, text: str) -> None:
    """Lines stay lines."""
    assert to_text(markup) == text


@pytest.mark.browser
def test_a_browser_shows_the_score(scored: Api, tmp_path: Path) -> None:
    """Headless, the page as the browser understood it."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    browser = found or missing("Chromium", "put `chromium` on the PATH")
    contact = write(scored, ANN)
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"]
    options += ["--no-first-run", "--disable-background-networking"]
    options += ["--disable-component-update", "--disable-sync"]
    options += [f"--user-data-dir={tmp_path}", "--dump-dom"]
    shown = subprocess.run(
        [browser, *options, f"{scored.url}/contacts/{contact}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    page = Page(shown)
    assert page.values["webinar_live_lead_score"][0] == "96.8"
    assert page.items["reasons"][0] == "asked 2 questions"
