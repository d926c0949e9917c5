"""The made-up world of the sandbox: two webinars and the people in them.

Everything is derived from one seed, so a test can compute what must come out of any
platform's look-alike or export. Every name, company and address is invented; all
addresses stand under example.com, example.net and example.org.
"""

from __future__ import annotations

from sandbox.world.build import (
    HUBILO_EVENT_ID,
    HUBILO_NAME,
    ZOOM_NAME,
    World,
    build_world,
)
from sandbox.world.facts import Deed, Person, Stay, Webinar, WebinarSession
from sandbox.world.hubilo_export import write_hubilo_export
from sandbox.world.zoom_reports import write_zoom_reports

__all__ = [
    "HUBILO_EVENT_ID",
    "HUBILO_NAME",
    "ZOOM_NAME",
    "Deed",
    "Person",
    "Stay",
    "Webinar",
    "WebinarSession",
    "World",
    "build_world",
    "write_hubilo_export",
    "write_zoom_reports",
]
