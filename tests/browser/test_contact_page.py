"""The contact page in a real browser, as a sales person sees it."""

from __future__ import annotations

import html.parser
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
import requests
from needed_programs import missing

from sandbox.server import SandboxSettings, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.browser

TOKEN = {"Authorization": "Bearer sandbox-token"}
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
GROUP = "webinar_engagement"
REASONS = "Live: asked 2 questions\nLive: clicked 1 CTA: <b>Pricing</b>"


def chromium() -> str:
    """The browser."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    return found or missing("Chromium", "put `chromium` on the PATH")


class Page(html.parser.HTMLParser):
    """The texts of a page after the browser has built it, by what they stand for."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.reasons: list[str] = []
        self._open: list[tuple[str, str | None]] = []
        self._in_reasons = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember where a text will belong."""
        facts = dict(attrs)
        if tag == "ol" and facts.get("id") == "reasons":
            self._in_reasons = True
        if tag == "li" and self._in_reasons:
            self.reasons.append("")
        self._open.append((tag, facts.get("data-property")))

    def handle_endtag(self, tag: str) -> None:
        """Close what is open down to the tag."""
        if tag == "ol":
            self._in_reasons = False
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Add a text to everything that it stands in."""
        for _, name in self._open:
            if name:
                self.values[name] = (self.values.get(name, "") + data).strip()
        if self._in_reasons and self.reasons:
            self.reasons[-1] = (self.reasons[-1] + data).strip()


def open_page(url: str, profile: Path) -> Page:
    """Open a page in headless Chromium and return what it built."""
    done = subprocess.run(
        [chromium(), *FLAGS, f"--user-data-dir={profile}", "--dump-dom", url],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    page = Page()
    page.feed(done.stdout)
    page.close()
    return page


@pytest.fixture
def contact_url(tmp_path: Path) -> Iterator[str]:
    """A contact with scores, written through the API."""
    with running(SandboxSettings(database=tmp_path / "crm.sqlite")) as sandbox:
        post = f"{sandbox.url}/crm/v3"

        def send(path: str, body: dict[str, object]) -> dict[str, object]:
            answer = requests.post(post + path, json=body, headers=TOKEN, timeout=10)
            assert answer.ok, answer.status_code
            return dict(answer.json())

        send("/properties/contacts/groups", {"name": GROUP, "label": "Webinars"})
        for name, kind, field in (
            ("webinar_live_lead_score", "number", "number"),
            ("webinar_live_rank", "number", "number"),
            ("webinar_live_level", "string", "text"),
            ("webinar_score_reasons", "string", "textarea"),
            ("webinar_last_event", "string", "text"),
        ):
            send(
                "/properties/contacts",
                {
                    "name": name,
                    "label": name,
                    "groupName": GROUP,
                    "type": kind,
                    "fieldType": field,
                },
            )
        made = send(
            "/objects/contacts",
            {
                "properties": {
                    "email": "ada.brook@example.com",
                    "firstname": "Ada",
                    "lastname": "Brook",
                    "webinar_live_lead_score": "82.4",
                    "webinar_live_rank": "3",
                    "webinar_live_level": "High",
                    "webinar_score_reasons": REASONS,
                    "webinar_last_event": "Forecasting",
                }
            },
        )
        yield f"{sandbox.url}/contacts/{made['id']}"


def test_a_rep_reads_the_score_and_the_reasons(
    contact_url: str, tmp_path: Path
) -> None:
    """Score, level and each reason stand on the page; markup in them is text."""
    page = open_page(contact_url, tmp_path / "profile")

    assert page.values["webinar_live_lead_score"].startswith("82.4")
    assert "High" in page.values["webinar_live_level"]
    assert page.reasons == REASONS.splitlines()


def test_the_index_lists_the_contact(contact_url: str, tmp_path: Path) -> None:
    """The list leads to the contact."""
    page = open_page(
        contact_url.split("/contacts/", maxsplit=1)[0] + "/", tmp_path / "profile"
    )

    assert any("82.4" in value for value in page.values.values())
