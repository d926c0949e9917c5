"""Run the tap: ``python -m tap_events``."""

from __future__ import annotations

from tap_events.tap import TapEvents

TapEvents.cli()
