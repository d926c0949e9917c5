"""Pages for people: the contacts by score, and one contact as a rep would see it."""

from __future__ import annotations

from sandbox.pages.views import routes

__all__ = ["routes"]
