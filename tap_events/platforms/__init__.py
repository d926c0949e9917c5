"""The platforms there are. To add one: its module here and its line in `PLATFORMS`."""

from __future__ import annotations

from pkgutil import resolve_name
from typing import TYPE_CHECKING

from sync_core.errors import SettingError
from tap_events.platforms.base import Platform, TimeSource, Tools

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_events.settings import Settings

__all__ = ["PLATFORMS", "Platform", "TimeSource", "Tools", "open_platform"]

# Named, not imported: `--about` and `--discover` need none of them.
PLATFORMS: Mapping[str, str] = {
    "files": "tap_events.platforms.files:FilesPlatform",
    "hubilo": "tap_events.platforms.hubilo:HubiloPlatform",
}


def open_platform(settings: Settings, tools: Tools) -> Platform:
    """Return the configured platform, its settings checked, nothing asked of it yet.

    Raises:
        SettingError: The platform is unknown or one of its settings is wrong.
    """
    if settings.platform not in PLATFORMS:
        known = " or ".join(f"`{name}`" for name in PLATFORMS)
        raise SettingError(
            f"`platform` is `{settings.platform}`, which is none of ours. "
            f"Set it to {known}.",
            setting="platform",
        )
    platform: Platform = resolve_name(PLATFORMS[settings.platform])(settings, tools)
    return platform
