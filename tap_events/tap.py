"""The tap: checks first, then whole events, oldest change first."""

from __future__ import annotations

import io
import json
from collections import Counter
from contextlib import closing
from copy import deepcopy
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import Tap
from singer_sdk.configuration._dict_config import merge_missing_config_jsonschema
from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.helpers.capabilities import (
    BATCH_CONFIG,
    PluginCapabilities,
    TapCapabilities,
)

from sync_core.plugin import PluginMixin
from sync_core.workdir import WorkDir
from tap_events.platforms import TimeSource, Tools, open_platform
from tap_events.rejected import RejectedRows
from tap_events.selecting import select_events
from tap_events.settings import SCHEMA, to_settings
from tap_events.state import (
    check_not_future,
    check_state,
    parse_state,
    to_bookmark,
)
from tap_events.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from singer_sdk import Stream
    from singer_sdk.helpers.capabilities import CapabilitiesEnum

    from tap_events.platforms import Platform
    from tap_events.records import Bundle
    from tap_events.settings import Settings


class TapEvents(PluginMixin, Tap):
    """Webinar engagement from a platform's API or from its report files.

    Sends events with their sessions, attendees and activities. An event is always
    sent whole, and again for as long as it can still change, because a lead score is
    relative to everybody else in the event.
    """

    name = "tap-events"
    config_jsonschema = deepcopy(SCHEMA)
    message_writer_class = MsgSpecWriter
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.BATCH,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    # Time is a seam: a test hands in a clock and never sleeps.
    time_source: ClassVar[TimeSource] = TimeSource()

    open_bundle: Bundle

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Add the one setting of the SDK that this tap uses."""
        merge_missing_config_jsonschema(BATCH_CONFIG, config_jsonschema)

    @classmethod
    def invoke(cls, **kwargs: Any) -> None:
        """Run from the command line; a torn state file ends it before anything."""
        state = kwargs.pop("state", None)
        if state is not None:
            kwargs["state"] = io.StringIO(json.dumps(parse_state(state.read())))
        super().invoke(**kwargs)

    def discover_streams(self) -> Sequence[Stream]:
        """Return the four streams, the same for every platform."""
        self.sent: Counter[str] = Counter()
        return [stream(self) for stream in STREAMS.values()]

    def load_state(self, state: dict[str, Any]) -> None:
        """Load a state, if it is ours."""
        check_state(state, STREAMS)
        super().load_state(state)

    @cached_property
    def settings(self) -> Settings:
        """The configuration as an object."""
        return to_settings(self.config)

    @cached_property
    def rejected(self) -> RejectedRows:
        """The rows of this run that could not be used."""
        work = WorkDir(self.settings.state_dir)
        return RejectedRows(work, self.settings.max_rejected_rows)

    @cached_property
    def platform(self) -> Platform:
        """The configured platform."""
        tools = Tools(rejected=self.rejected, time=self.time_source)
        return open_platform(self.settings, tools)

    @property
    def bookmark(self) -> datetime | None:
        """How far earlier runs came, in the source's own time."""
        return to_bookmark(self.state.get("bookmarks", {}).get("events", {}))

    def read_bundles(self) -> Iterator[Bundle]:
        """Yield every event that may have changed; the one yielded is the open one."""
        with closing(self.platform):
            found = self.platform.list_events()
            for event in select_events(found, self.settings, self.bookmark):
                self.open_bundle = self.platform.read(event)
                self.rejected.check()
                yield self.open_bundle
                self.sent["events"] += 1
        self._tell()

    def _reset_state_progress_markers(self) -> None:
        """Check everything: this is the SDK's first step of a sync, before any write.

        Settings first, then the credential by the first request, then the state by
        the source's own time.
        """
        check_not_future(self.bookmark, self.platform.now())
        super()._reset_state_progress_markers()

    def _tell(self) -> None:
        """Log the one line that a person reads, and list what was rejected."""
        path = self.rejected.write()
        counts = ", ".join(f"{name} {self.sent[name]:,}" for name in STREAMS)
        rejected = f"; {len(self.rejected)} rows rejected, listed in {path}"
        self.logger.info("sent %s%s", counts, rejected if len(self.rejected) else "")
