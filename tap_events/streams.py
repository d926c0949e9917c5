"""The four streams. An event's children are sent before it: its record closes it."""

from __future__ import annotations

import logging
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

import singer_sdk.typing as th
from singer_sdk import Stream
from singer_sdk.helpers.conform import TypeConformanceLevel

from tap_events.records import ActivityKind, Role, Window
from tap_events.state import BOOKMARK, to_bookmark

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from singer_sdk.helpers._batch import BatchConfig
    from singer_sdk.helpers.types import Context, Record

    from tap_events.records import Bundle
    from tap_events.tap import TapEvents

KEY = th.Property("event_id", th.StringType, required=True)


def to_record(value: Any) -> dict[str, Any]:
    """Return a value object as a RECORD: times in UTC, enumerations as text."""
    return {f.name: _to_json(getattr(value, f.name)) for f in fields(value)}


def _to_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value


class EventStream(Stream):
    """What the four streams have in common."""

    # Records are built from typed values, so the SDK need not conform them again.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    _tap: TapEvents

    def get_batch_config(self, config: Mapping[str, Any]) -> BatchConfig | None:
        """Return None: a parent in BATCH would let STATE pass before its record."""
        del config
        return None


class Events(EventStream):
    """Webinars; the record of one is sent when everything else of it has been."""

    name = "events"
    primary_keys: ClassVar[Sequence[str]] = ("event_id",)
    replication_key = "updated_at"
    is_sorted = True
    # A STATE after every event, so that a later failure repeats no finished one.
    STATE_MSG_FREQUENCY = 1
    schema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("event_id", th.StringType, required=True),
        th.Property("platform", th.StringType, required=True),
        th.Property("name", th.StringType, required=True),
        th.Property("starts_at", th.DateTimeType),
        th.Property("ends_at", th.DateTimeType),
        th.Property("on_demand_ends_at", th.DateTimeType),
        th.Property("url", th.StringType),
        th.Property("updated_at", th.DateTimeType, required=True),
    ).to_dict()

    def get_records(self, context: Context | None) -> Iterable[Record]:
        """Yield the events that may have changed, oldest change first."""
        del context
        for bundle in self._tap.read_bundles():
            # One width, because the SDK compares bookmarks as text.
            changed_at = bundle.event.updated_at.replace(microsecond=0)
            yield to_record(replace(bundle.event, updated_at=changed_at))

    def get_replication_key_signpost(
        self, context: Context | None = None
    ) -> datetime | None:
        """Return None: a bookmark is a time of the source, never of our clock."""
        del context
        return None

    def get_child_context(self, record: Record, context: Context | None) -> Context:
        """Return the event's id, all that a child needs."""
        del context
        return {"event_id": record["event_id"]}

    def _increment_stream_state(
        self, latest_record: Record, *, context: Context | None = None
    ) -> None:
        """Move the bookmark, but never back: looking back sends older events again."""
        reached = to_bookmark(self.get_context_state(context))
        latest = to_bookmark({BOOKMARK: latest_record["updated_at"]})
        if reached is None or latest is None or latest >= reached:
            super()._increment_stream_state(latest_record, context=context)


class EventChild(EventStream):
    """A stream of one open event at a time; its state is the event's."""

    parent_stream_type = Events
    # Without this the state would hold a bookmark for every event there ever was.
    state_partitioning_keys: ClassVar[Sequence[str]] = ()

    def get_records(self, context: Context | None) -> Iterable[Record]:
        """Yield what is known of the event that is open."""
        del context
        seen: set[Any] = set()
        for value in self.select(self._tap.open_bundle):
            record = to_record(value)
            key = tuple(record[name] for name in self.primary_keys)
            if key not in seen:
                seen.add(key)
                yield record
        self._tap.sent[self.name] += len(seen)

    def select(self, bundle: Bundle) -> Iterable[Any]:
        """Return this stream's part of an event."""
        return getattr(bundle, self.name)  # type: ignore[no-any-return]

    def log(
        self, message: str, *args: Any, level: int = logging.INFO, **kwargs: Any
    ) -> None:
        """Log, but not each beginning of a child: there is one per event."""
        if level > logging.INFO:
            super().log(message, *args, level=level, **kwargs)


class Sessions(EventChild):
    """Sessions of an event."""

    name = "sessions"
    primary_keys: ClassVar[Sequence[str]] = ("event_id", "session_id")
    schema: ClassVar[dict[str, Any]] = th.PropertiesList(
        KEY,
        th.Property("session_id", th.StringType, required=True),
        th.Property("name", th.StringType),
        th.Property("starts_at", th.DateTimeType),
        th.Property("ends_at", th.DateTimeType),
    ).to_dict()


class Attendees(EventChild):
    """People of an event, registered or present."""

    name = "attendees"
    primary_keys: ClassVar[Sequence[str]] = ("event_id", "attendee_id")
    schema: ClassVar[dict[str, Any]] = th.PropertiesList(
        KEY,
        th.Property("attendee_id", th.StringType, required=True),
        th.Property("email", th.StringType),
        th.Property("first_name", th.StringType),
        th.Property("last_name", th.StringType),
        th.Property("job_title", th.StringType),
        th.Property("company", th.StringType),
        th.Property("phone", th.StringType),
        th.Property("city", th.StringType),
        th.Property("country", th.StringType),
        th.Property("role", th.StringType, allowed_values=[*Role], required=True),
        th.Property("registered_at", th.DateTimeType),
        th.Property("attended", th.BooleanType, required=True),
        th.Property("custom", th.ObjectType(additional_properties=th.StringType)),
    ).to_dict()


class Activities(EventChild):
    """What people of an event did, one record an act."""

    name = "activities"
    primary_keys: ClassVar[Sequence[str]] = ("event_id", "activity_id")
    schema: ClassVar[dict[str, Any]] = th.PropertiesList(
        KEY,
        th.Property("activity_id", th.StringType, required=True),
        th.Property("attendee_id", th.StringType),
        th.Property(
            "activity", th.StringType, allowed_values=[*ActivityKind], required=True
        ),
        th.Property("session_id", th.StringType),
        th.Property("window", th.StringType(allowed_values=[*Window, None])),
        th.Property("object_id", th.StringType),
        th.Property("quantity", th.NumberType, required=True),
        th.Property("occurred_at", th.DateTimeType),
        th.Property("ended_at", th.DateTimeType),
        th.Property("anonymous", th.BooleanType, required=True),
        th.Property("detail", th.StringType),
    ).to_dict()

    def get_batch_config(self, config: Mapping[str, Any]) -> BatchConfig | None:
        """Return the configured BATCH settings: this is the one large stream."""
        return Stream.get_batch_config(self, config)


STREAMS: dict[str, type[EventStream]] = {
    "events": Events,
    "sessions": Sessions,
    "attendees": Attendees,
    "activities": Activities,
}
