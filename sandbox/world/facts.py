"""What the made-up world consists of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who registered.

    ``group`` is what the platform calls them (ATTENDEE, SPEAKER, BOOTH MEMBER,
    ORGANISER). ``spellings`` are the addresses they logged in with, each the same
    mailbox; more than one means more than one registration.
    """

    number: int
    first_name: str
    last_name: str
    spellings: tuple[str, ...]
    job_title: str
    company: str
    phone: str
    city: str
    country: str
    group: str
    registered_at: datetime

    @property
    def email(self) -> str:
        """The one mailbox behind all spellings."""
        return self.spellings[0].strip().lower()

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebinarSession:
    """One session of a webinar."""

    number: int
    name: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One time that a person watched, live or recorded.

    ``milliseconds`` is what the platform counted; it may be less than what lies
    between joining and leaving.
    """

    person: Person
    session: WebinarSession
    stream: str
    joined_at: datetime
    left_at: datetime
    milliseconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing a person did besides watching; nobody in particular if anonymous."""

    kind: str
    person: Person | None
    session: WebinarSession
    subject: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Webinar:
    """One webinar with all that happened in it."""

    number: int
    name: str
    starts_at: datetime
    ends_at: datetime
    sessions: tuple[WebinarSession, ...]
    people: tuple[Person, ...]
    deleted: tuple[Person, ...]
    stays: tuple[Stay, ...]
    deeds: tuple[Deed, ...]
