"""The shape of a user's mapping for tables of his own (``mappings/files/*.yml``).

Where a mapping expects a value, plain text names a column and ``{constant: …}`` is the
value itself. Where only certain words can stand (activity, role, window), plain text
is the word and ``{column: …, values: …}`` reads it from the file.
"""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from sync_core.errors import SettingError
from sync_core.mappings import load_mapping
from tap_events.records import ActivityKind, Role, Window

SETTING = "files_mapping"
IGNORE = "ignore"
WORDED_FORMATS = ("iso", "month_first", "day_first", "epoch_s", "epoch_ms")


class Constant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value that is the same in every row."""

    constant: str | int


Value = str | Constant


class ActivityColumn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column that says what was done; ``ignore`` leaves a row out on purpose."""

    column: str
    values: dict[
        str,
        Literal[
            "time_in_session",
            "chat",
            "poll_response",
            "cta_click",
            "raise_hand",
            "reaction",
            "session_rating",
            "file_download",
            "question",
            "ignore",
        ],
    ]


class RoleColumn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column that says who somebody is; other words mean ``default``."""

    column: str
    values: dict[str, Role]
    default: Role = Role.ATTENDEE


class WindowColumn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column that says live or on demand."""

    column: str
    values: dict[str, Window]


class Times(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the table writes times, and in which zone those are that name none."""

    format: str = "iso"
    timezone: str | None = None

    def __post_init__(self) -> None:
        """Check what a type cannot."""
        if self.format not in WORDED_FORMATS and "%" not in self.format:
            raise ValueError(
                f"unknown time format; use {', '.join(WORDED_FORMATS)} or a pattern "
                "such as '%d/%m/%Y %H:%M'"
            )
        if self.timezone is not None:
            _check_zone(self.timezone)


class EventColumns(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True
):
    """Which event a row belongs to."""

    platform: str = "files"
    id: Value | None = None
    name: Value | None = None
    url: Value | None = None
    starts_at: Value | None = None
    ends_at: Value | None = None
    on_demand_ends_at: Value | None = None

    def __post_init__(self) -> None:
        """Check what a type cannot."""
        if self.id is None and self.name is None:
            raise ValueError("an event needs `id`, or `name` and `starts_at`")
        plain = self.platform.replace("_", "").replace("-", "")
        if not (plain.isascii() and plain.isalnum() and plain.islower()):
            raise ValueError("a platform is one word in lower case")


class SessionColumns(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True
):
    """Which session of the event a row belongs to."""

    id: Value
    name: Value | None = None
    starts_at: Value | None = None
    ends_at: Value | None = None


class PersonColumns(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True
):
    """Who a row is about."""

    email: str | None = None
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    job_title: str | None = None
    company: str | None = None
    phone: str | None = None
    city: str | None = None
    country: str | None = None
    role: Role | RoleColumn = Role.ATTENDEE
    attended: str | None = None
    registered_at: str | None = None
    custom: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check what a type cannot."""
        if not (self.email or self.name or self.last_name):
            raise ValueError("a person needs `email`, `name` or `last_name`")


class ActivityColumns(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True
):
    """What a row says was done; a table may say several things per row."""

    activity: ActivityKind | ActivityColumn
    object: Value | None = None
    detail: Value | None = None
    quantity: str | None = None
    unit: Literal["count", "seconds", "minutes", "hours", "HH:MM:SS"] = "count"
    at: str | None = None
    until: str | None = None
    window: Window | WindowColumn | None = None
    anonymous: str | None = None

    def __post_init__(self) -> None:
        """Check what a type cannot."""
        if self.until and not self.at:
            raise ValueError("`until` needs `at`")
        kind = self.activity
        if kind is ActivityKind.CHAT and self.detail is not None:
            raise ValueError("chat takes no `detail`: messages stay in the file")
        if kind is ActivityKind.TIME_IN_SESSION and not self.has_duration:
            raise ValueError(
                "time_in_session needs `at` and `until`, or `quantity` and a `unit` of "
                "seconds, minutes, hours or HH:MM:SS"
            )

    @property
    def has_duration(self) -> bool:
        """Whether seconds can be told."""
        return bool(self.until) or (self.quantity is not None and self.unit != "count")


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One kind of table: the files it is for and what their columns mean."""

    name: str
    files: str = "*"
    encoding: str | None = None
    skip_lines: int = 0
    times: Times = Times()
    event: EventColumns | None = None
    session: SessionColumns | None = None
    person: PersonColumns
    activities: tuple[ActivityColumns, ...] = ()

    def __post_init__(self) -> None:
        """Check what a type cannot."""
        if self.skip_lines < 0:
            raise ValueError("`skip_lines` is 0 or more")
        if self.encoding is not None:
            _check_encoding(self.encoding)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that the mapping reads, in the order it names them."""
        parts = (self.event, self.session, self.person, *self.activities)
        found = [name for part in parts if part for name in _columns_of(part)]
        return tuple(dict.fromkeys(found))


class TableFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mapping file: the tables it describes."""

    tables: tuple[Table, ...]


_COLUMN_FIELDS = frozenset({"quantity", "at", "until", "anonymous"})
_WORD_FIELDS = frozenset({"activity", "role", "window", "platform", "unit"})


def _columns_of(part: msgspec.Struct) -> list[str]:
    found: list[str] = []
    for field in part.__struct_fields__:
        value = getattr(part, field)
        if isinstance(value, ActivityColumn | RoleColumn | WindowColumn):
            found.append(value.column)
        elif isinstance(value, tuple):
            found.extend(value)
        elif isinstance(value, str) and field not in _WORD_FIELDS:
            found.append(value)
    return found


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(
            "unknown time zone; use a name such as 'UTC' or 'Europe/Berlin'"
        ) from error


def _check_encoding(name: str) -> None:
    try:
        codecs.lookup(name)
    except LookupError as error:
        raise ValueError(
            "unknown encoding; use a name such as 'utf-8' or 'cp1252'"
        ) from error


def load_tables(mapping_path: str | None) -> tuple[Table, ...]:
    """Return the tables of a mapping file, or of all in a folder.

    Raises:
        SettingError: If there is none, or one is wrong.
    """
    if not mapping_path:
        return ()
    place = Path(mapping_path).expanduser()
    files = [place]
    if place.is_dir():
        files = sorted((*place.glob("*.yml"), *place.glob("*.yaml")))
    if not files:
        raise SettingError(
            f"{mapping_path} holds no mapping (*.yml). Set `{SETTING}` to a mapping "
            "file or to a folder with some.",
            setting=SETTING,
        )
    loaded = [load_mapping(file, TableFile, setting=SETTING) for file in files]
    return tuple(table for one in loaded for table in one.tables)
